"""Points against addresses in a build: an undeclared Tokyo datum is suspected, and a point far from its address said."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from pipelines.build import Built, Surroundings, build_datasets
from pipelines.declare import load_workspace
from pipelines.geo.datum import shift_tokyo_to_jgd
from publish.cli import main
from tests.geocode_places import small_gazetteer

HEAD = ["都道府県コード又は市区町村コード", "NO", "都道府県名", "市区町村名", "名称", "名称_カナ", "住所", "緯度", "経度",
        "設置位置"]
TOWNS = [("綾羅木本町三丁目", 34.0033, 130.9210), ("綾羅木本町四丁目", 34.0040, 130.9220), ("一の宮町一丁目", 34.0005, 130.9560),
         ("細江町一丁目", 33.9510, 130.9260)]
DECLARATION = """\
kind: aed
edition: recommended-v1
title: AED
description: 見本です。
section: 防災課
frequency: annual
as_of: "2026-04-01"
source_file: inbox/aed.csv
"""


def built(tmp_path: Path, rows: list[list[str]], more: str = "") -> tuple[Built, list[dict[str, str]]]:
    root = tmp_path / "work"
    assert main(["init", str(root), "--code", "352012", "--name", "下関市"]) == 0
    (folder,) = (root / "datasets").glob("352012*")
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "aed.yml").write_text(DECLARATION + more, encoding="utf-8")
    with (folder / "inbox" / "aed.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])
    (tmp_path / "gazetteer").mkdir(parents=True)
    around = Surroundings(root / "var" / "packages", gazetteer=small_gazetteer(tmp_path / "gazetteer"))
    datasets = [d for d in load_workspace(root).datasets if d.id == "aed"]
    (one,) = list(build_datasets(datasets, around))
    with (root / "var/packages/352012_aed/record/findings.csv").open(encoding="utf-8-sig", newline="") as file:
        return one, list(csv.DictReader(file))


def table(*, tokyo: bool) -> list[list[str]]:
    rows = []
    for i in range(24):
        town, lat, lon = TOWNS[i % len(TOWNS)]
        if tokyo:  # the inverse of the shift, to the first order
            there = shift_tokyo_to_jgd(np.array([lat]), np.array([lon]))
            lat, lon = 2 * lat - float(there[0][0]), 2 * lon - float(there[1][0])
        rows.append(["352012", str(i + 1), "山口県", "下関市", f"見本館{i}", "ミホンカン", f"山口県下関市{town}{i + 1}-1",
                     f"{lat + i * 1e-5:.6f}", f"{lon:.6f}", "玄関"])
    return rows


def test_an_undeclared_tokyo_datum_is_suspected_and_nothing_is_converted(tmp_path: Path) -> None:
    rows = table(tokyo=True)
    one, findings = built(tmp_path, rows)
    (said,) = [f for f in findings if f["code"] == "datum-suspected"]
    assert said["level"] == "warning" and "EPSG:4301" in said["message_ja"]
    public = one.package.public / "352012_aed.csv"  # type: ignore[union-attr]
    with public.open(encoding="utf-8-sig", newline="") as file:
        assert [r["緯度"] for r in csv.DictReader(file)] == [r[7] for r in rows]


@pytest.mark.parametrize(("tokyo", "more"), [(False, ""), (True, "crs: EPSG:4301\n")])
def test_no_suspicion_where_points_fit_or_the_datum_is_declared(tmp_path: Path, tokyo: bool, more: str) -> None:
    _, findings = built(tmp_path, table(tokyo=tokyo), more)
    said = [f["code"] for f in findings if f["code"].startswith("datum-")]
    assert said == ([] if more else ["datum-fits"])


def test_a_file_that_cannot_tell_its_datum_says_so(tmp_path: Path) -> None:
    _, findings = built(tmp_path, table(tokyo=True)[:5])
    (said,) = [f for f in findings if f["code"].startswith("datum-")]
    assert (said["code"], said["level"]) == ("datum-unknown", "info") and "EPSG:4301" in said["message_ja"]


def test_a_point_far_from_its_address_is_said(tmp_path: Path) -> None:
    rows = table(tokyo=False)
    rows[3][7], rows[3][8] = "34.280000", "130.940000"
    _, findings = built(tmp_path, rows)
    assert [f["row"] for f in findings if f["code"] == "coordinate-far-from-address"] == ["5"]


def test_only_the_address_data_that_points_came_from_is_credited(tmp_path: Path) -> None:
    rows = table(tokyo=False)
    given, _ = built(tmp_path / "given", rows)
    assert [s["title"] for s in _sources(given)][1:] == []
    for row in rows[:3]:
        row[7] = row[8] = ""
    filled, findings = built(tmp_path / "filled", rows)
    assert len([f for f in findings if f["code"] == "point-filled"]) == 3
    assert [s["title"] for s in _sources(filled)][1:] == ["「位置参照情報」（国土交通省）を加工して作成"]


def _sources(one: Built) -> list[dict[str, str]]:
    assert one.package is not None
    return list(one.package.descriptor["sources"])
