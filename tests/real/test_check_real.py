"""Every real file gets a verdict from `kokai check`: kind, encoding, header row, rows, and no traceback."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from pipelines.check import check_file
from pipelines.checked import CheckOptions
from pipelines.messages import level_of
from publish.report.findings import check_dict

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[3] / "shared"))
INDEX = SHARED / "real" / "INDEX.csv"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not INDEX.exists(), reason="the shared real files are not here (KOKAI_SHARED)"),
]
ROWS = list(csv.DictReader(INDEX.open(encoding="utf-8-sig"))) if INDEX.exists() else []
ENCODINGS = {"UTF-8": "utf-8", "UTF-8 BOM": "utf-8-sig", "CP932": "cp932", "UTF-8 GeoJSON": "utf-8",
             "ZIP (UTF-8 BOM txt)": "utf-8-sig"}
KINDS = {
    "AED": "aed", "公共施設": "public_facility", "医療機関": "medical", "観光施設": "tourism", "文化財": "cultural_property",
    "指定緊急避難場所": "shelter", "イベント": "event", "公衆トイレ": "toilet", "消防水利施設": "fire_hydrant",
    "子育て施設": "childcare", "地域・年齢別人口": "population", "防災行政無線": "emergency_radio",
    "オープンデータ一覧": "opendata_list", "バス停 GTFS-JP": "gtfs_jp",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["path"])
def test_every_real_file_gets_the_verdict_of_the_index(row: dict[str, str]) -> None:
    result = check_file(SHARED / "real" / row["path"], CheckOptions())
    if row["kind"] in KINDS:
        assert result.kind == KINDS[row["kind"]]
    if row["layout"] in ("recommended", "municipal-standard"):
        assert result.edition == {"recommended": "recommended-v1", "municipal-standard": "municipal-standard-v3"}[
            row["layout"]]
    assert result.encoding == ENCODINGS.get(row["encoding"])
    assert result.rows == int(row["rows"])
    assert result.header_row == (int(row["header_row"]) if row["header_row"] else None)
    verdict = check_dict(result)
    json.dumps(verdict)
    for finding in verdict["findings"]:
        assert finding["message_ja"] and finding["message_en"]
        assert finding["level"] == level_of(finding["code"], result.standard)
        assert finding["row"] is None or finding["row"] >= 1


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["path"])
def test_fixes_never_make_a_file_worse(row: dict[str, str]) -> None:
    result = check_file(SHARED / "real" / row["path"], CheckOptions())
    assert result.errors_after_fixes <= result.errors
