"""The real GTFS-JP feeds keep the rules of the format and survive being written again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.gtfs import check_gtfs, read_gtfs, write_gtfs
from pipelines.model import ROW

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
