"""Over every real file that maps to a standard: normalising runs, twice is once, and no valid cell is lost."""

from __future__ import annotations

import csv
import os
import re
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from pipelines.extract import open_source
from pipelines.messages import is_meaning
from pipelines.model import Field, Standard, Table
from pipelines.normalise import apply_map, map_columns, normalise
from pipelines.normalise.steps import SETTLED, rule_of
from pipelines.standards import guess_standard, known_headings, load_standard
from pipelines.values.dates import is_iso_date
from pipelines.values.times import is_hhmm

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
REAL = SHARED / "real"
pytestmark = pytest.mark.shared
if not (REAL / "INDEX.csv").exists():
    pytest.skip("the shared test input is not here (KOKAI_SHARED)", allow_module_level=True)

with (REAL / "INDEX.csv").open(encoding="utf-8-sig", newline="") as _file:
    INDEX = [entry for entry in csv.DictReader(_file) if entry["layout"] != "own" and "ZIP" not in entry["encoding"]]


@lru_cache(maxsize=128)
def _open(path: str) -> tuple[Standard, Table, list[str]] | None:
    source = open_source(REAL / path, known_headings=known_headings())
    guess = guess_standard(source.headings, Path(path).name)
    if guess.kind is None or guess.edition is None:
        return None
    standard = load_standard(guess.kind, guess.edition)
    given, _ = map_columns(source.columns, source.headings, standard)
    blocks = [table.frame for table, _ in source.blocks()]
    return standard, apply_map(Table(pl.concat(blocks)), given), list(given.mapped.values())


def _valid(field: Field, cell: str) -> bool:
    rule = rule_of(field)
    if field.enum:
        return cell in field.enum
    if rule in ("date", "time"):
        return is_iso_date(cell) if rule == "date" else is_hhmm(cell)
    return re.match(SETTLED[rule], cell) is not None if rule in SETTLED else cell == cell.strip()


def _share(standard: Standard, table: Table, name: str) -> float:
    field = standard.get(name)
    cells = table.frame[name].drop_nulls().to_list()
    assert field is not None
    return sum(_valid(field, c) for c in cells) / len(cells) if cells else 1.0


@pytest.mark.parametrize("path", [entry["path"] for entry in INDEX])
def test_a_real_file_becomes_more_standard_and_never_less(path: str) -> None:
    opened = _open(path)
    assert opened is not None, "a file in a standard layout has a kind"
    standard, table, mapped = opened
    after, findings, fixes = normalise(table, standard)
    again, _, more = normalise(after, standard)
    assert findings.height == 0
    assert after.frame.equals(again.frame) and more.filter("applied").height == 0
    assert after.columns == table.columns and after.rows == table.rows
    for name in mapped:
        assert _share(standard, after, name) >= _share(standard, table, name), name
    assert all(is_meaning(rule) != applied for rule, applied in fixes.select("rule", "applied").iter_rows())


@pytest.mark.parametrize("path", [entry["path"] for entry in INDEX])
def test_every_changed_cell_of_a_real_file_has_its_line(path: str) -> None:
    opened = _open(path)
    assert opened is not None
    standard, table, mapped = opened
    after, _, fixes = normalise(table, standard)
    lines = fixes.filter("applied")
    for name in mapped:
        changed = table.frame[name].ne_missing(after.frame[name])
        told = lines.filter(pl.col("field") == name)
        assert sorted(told["row"].to_list()) == table.frame.filter(changed)["__row__"].to_list()


def test_most_columns_of_files_in_a_standard_layout_are_mapped() -> None:
    shares = []
    for entry in INDEX:
        opened = _open(entry["path"])
        assert opened is not None
        shares.append(len(opened[2]) / len(opened[1].columns))
    assert min(shares) >= 0.25  # 岩国市's AED file has 54 columns without a heading beside its 22
    assert sum(shares) / len(shares) >= 0.95
