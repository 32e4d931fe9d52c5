"""On real public files guard is quiet: what it stops there, per 1,000 rows, is printed and bounded."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines.check import check_file
from pipelines.checked import CheckOptions
from pipelines.guard import is_stop

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[3] / "shared"))
INDEX = SHARED / "real" / "INDEX.csv"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not INDEX.exists(), reason="the shared real files are not here (KOKAI_SHARED)"),
]


@pytest.fixture(scope="module")
def hits() -> tuple[int, pl.DataFrame]:
    """Rows read over all files, and guard's stops (path, row, field, code, value)."""
    rows, found = 0, []
    for line in csv.DictReader(INDEX.open(encoding="utf-8-sig")):
        if line["path"].endswith(".zip"):
            continue
        result = check_file(SHARED / "real" / line["path"], CheckOptions())
        rows += result.rows
        codes = [c for c in result.findings["code"].unique() if is_stop(c)]
        stops = result.findings.filter(pl.col("code").is_in(codes))
        found.append(stops.select(path=pl.lit(line["path"]), row="row", field="field", code="code", value="value"))
    return rows, pl.concat(found)


def test_stops_on_public_files_are_rare(hits: tuple[int, pl.DataFrame], capsys: pytest.CaptureFixture[str]) -> None:
    rows, stops = hits
    by_code = Counter(stops["code"].to_list())
    with capsys.disabled():
        rate = 1000 * stops.height / rows
        sys.stdout.write(f"\nguard on {rows} real rows: {dict(by_code)}, {rate:.2f} stops per 1,000 rows\n")
    assert rows > 10_000
    assert stops.height / rows < 2 / 1000
    assert by_code["guard-my-number"] == by_code["guard-birth-date"] == by_code["guard-home-address"] == 0


def test_every_number_stopped_is_a_mobile_number(hits: tuple[int, pl.DataFrame]) -> None:
    _, stops = hits
    numbers = stops.filter(pl.col("code") == "guard-mobile-phone")["value"]
    assert numbers.str.contains(r"[0０][7-9７-９][0０]").all()


def test_names_are_stopped_in_less_than_one_row_of_two_thousand(hits: tuple[int, pl.DataFrame]) -> None:
    rows, stops = hits
    names = stops.filter(pl.col("code") == "guard-person-name")
    assert names.height / rows < 1 / 2000
    # Events name their speakers, a cave its discoverer; in lists of facilities there is nobody to stop.
    assert set(names["path"].str.contains("event|o1-|tourism|culture|文化財")) <= {True}
