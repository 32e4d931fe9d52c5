"""The real GTFS-JP feeds keep the rules of the format and survive being written again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipelines.gtfs import check_gtfs, read_gtfs, write_gtfs
from pipelines.model import ROW
from publish.cli import main
from tests.test_feed_build import DECLARATION, build

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
pytestmark = pytest.mark.shared
FEEDS = sorted((SHARED / "real" / "gtfs").glob("*.zip"))
if not FEEDS:
    pytest.skip("the shared test input is not here (KOKAI_SHARED)", allow_module_level=True)


@pytest.mark.parametrize("path", FEEDS, ids=[p.name for p in FEEDS])
def test_a_real_feed_has_no_findings_and_round_trips(path: Path, tmp_path: Path) -> None:
    tables, findings = read_gtfs(path)
    assert findings.height == 0
    assert check_gtfs(tables).height == 0
    write_gtfs(tables, tmp_path / "a.zip")
    again, _ = read_gtfs(tmp_path / "a.zip")
    assert all(again[n].frame.drop(ROW).equals(tables[n].frame.drop(ROW)) for n in tables)


@pytest.mark.parametrize("path", FEEDS, ids=[p.name for p in FEEDS])
def test_a_real_feed_is_published_as_one_dataset(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "work"
    assert main(["init", str(root), "--code", "352136", "--name", "美祢市"]) == 0
    (folder,) = (root / "datasets").glob("352136*")
    (folder / "gtfs_jp.yml").write_text(DECLARATION, encoding="utf-8")
    built, package = build(root, path, capsys)
    assert built["status"] == "ready", built
    stops = read_gtfs(path)[0]["stops.txt"].rows
    points = json.loads((package / "public" / "352136_gtfs_jp.geojson").read_text(encoding="utf-8"))
    assert built["rows"] == stops == len(points["features"])
