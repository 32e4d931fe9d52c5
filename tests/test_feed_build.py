"""A GTFS-JP zip as a dataset: declared, built, published; the feed as a zip, its stops as a table and on the map."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.gtfs import read_gtfs
from pipelines.model import ROW
from publish.cli import main
from tests.test_gtfs import FEED, feed

DECLARATION = """\
kind: gtfs_jp
edition: gtfs-jp-v3
title: 見本市バス
description: 見本市のバスの時刻表です。
section: 交通政策課
frequency: annual
as_of: "2026-04-01"
source_file: inbox/feed.zip
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    assert main(["init", str(root), "--code", "352136", "--name", "美祢市"]) == 0
    (folder,) = (root / "datasets").glob("352136*")
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "gtfs_jp.yml").write_text(DECLARATION, encoding="utf-8")
    return root


def build(workspace: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], Path]:
    (folder,) = (workspace / "datasets").glob("352136*")
    (folder / "inbox" / "feed.zip").write_bytes(source.read_bytes())
    capsys.readouterr()
    main(["run", "--workspace", str(workspace), "--format", "json"])
    (built,) = [d for d in json.loads(capsys.readouterr().out)["datasets"] if d["name"] == "352136_gtfs_jp"]
    return built, workspace / "var" / "packages" / "352136_gtfs_jp"


def test_a_feed_becomes_one_published_dataset_with_its_stops_on_the_map(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = feed(tmp_path, **{"メモ.txt": "担当 見本太郎\n", "readme.md": "x"})
    built, package = build(workspace, source, capsys)
    assert built["status"] == "ready", built
    descriptor = json.loads((package / "public" / "datapackage.json").read_text(encoding="utf-8"))
    assert {r["format"] for r in descriptor["resources"]} >= {"csv", "geojson", "gtfs"}
    published = package / "public" / "352136_gtfs_jp.zip"
    with zipfile.ZipFile(published) as archive:
        assert sorted(archive.namelist()) == sorted(FEED)  # what is no file of the format stays in the house
    given, _ = read_gtfs(source)
    written, findings = read_gtfs(published)
    assert findings.height == 0
    assert all(written[n].frame.drop(ROW).equals(given[n].frame.drop(ROW)) for n in FEED)
    points = json.loads((package / "public" / "352136_gtfs_jp.geojson").read_text(encoding="utf-8"))
    assert [f["properties"]["stop_name"] for f in points["features"]] == ["市役所前", "美祢駅"]
    assert points["features"][0]["geometry"]["coordinates"] == [131.206, 34.1664]
    catalogue = workspace / "var" / "catalogue"
    assert list(catalogue.rglob("352136_gtfs_jp.zip"))
    assert "gtfs-file-ignored" in (package / "record" / "findings.csv").read_text(encoding="utf-8-sig")


def test_a_feed_is_the_same_bytes_each_time(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = feed(tmp_path)
    _, package = build(workspace, source, capsys)
    first = {p.name: p.read_bytes() for p in (package / "public").iterdir()}
    _, package = build(workspace, source, capsys)
    assert {p.name: p.read_bytes() for p in (package / "public").iterdir()} == first


def test_a_broken_feed_is_held_back(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = FEED["stop_times.txt"].replace("S2,2", "S9,2")
    built, _ = build(workspace, feed(tmp_path, **{"stop_times.txt": broken}), capsys)
    assert built["status"] == "held" and built["reasons"][0]["code"] == "held-errors"
    built, _ = build(workspace, feed(tmp_path, **{"stops.txt": None}), capsys)
    assert built["status"] == "held"


def test_a_file_that_is_no_feed_fails_and_says_so(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("名称,住所\n見本館,山口県\n", encoding="utf-8")
    built, _ = build(workspace, path, capsys)
    assert built["status"] == "failed" and "zip" in built["reasons"][0]["code"]
