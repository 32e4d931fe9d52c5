"""Over every real file: validating runs, and what it says is what a person who looked at the cells said.

The counts are what the rules said when they were written, after samples of each code had been compared with its cells;
a count changes only when a rule does, and then the cells of the difference want to be looked at.
"""

from __future__ import annotations

import csv
import os
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from pipelines.extract import open_source
from pipelines.messages import level_of
from pipelines.model import FINDINGS, Table
from pipelines.normalise import apply_map, map_columns, normalise
from pipelines.standards import code_list, guess_standard, known_headings, load_standard
from pipelines.validate import Validator
from pipelines.words import render_frame

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
REAL = SHARED / "real"
pytestmark = pytest.mark.shared
if not (REAL / "INDEX.csv").exists():
    pytest.skip("the shared test input is not here (KOKAI_SHARED)", allow_module_level=True)

with (REAL / "INDEX.csv").open(encoding="utf-8-sig", newline="") as _file:
    PATHS = [e["path"] for e in csv.DictReader(_file) if e["layout"] != "own" and "ZIP" not in e["encoding"]]


@lru_cache(maxsize=128)
def _findings(path: str) -> tuple[pl.DataFrame, pl.DataFrame, int] | None:
    """Findings of a file as it came and after the certain fixes, and its number of rows."""
    source = open_source(REAL / path, known_headings=known_headings())
    guess = guess_standard(source.headings, Path(path).name)
    if guess.kind is None or guess.edition is None:
        return None
    standard = load_standard(guess.kind, guess.edition)
    given, _ = map_columns(source.columns, source.headings, standard)
    codes = {"poi": code_list("poi")}
    before, after = Validator(standard, codes=codes), Validator(standard, codes=codes)
    raw, fixed, rows = [], [], 0
    for table, _ in source.blocks():
        mapped = apply_map(table, given)
        rows += table.rows
        raw.append(before.check(mapped))
        fixed.append(after.check(Table(normalise(mapped, standard)[0].frame)))
    raw.append(before.finish())
    return pl.concat(raw), pl.concat(fixed), rows


@pytest.mark.parametrize("path", PATHS)
def test_every_file_is_validated_and_every_finding_has_words(path: str) -> None:
    found = _findings(path)
    if found is None:
        pytest.skip("a kind without a schema")
    rendered = render_frame(found[0])
    assert dict(found[0].schema) == FINDINGS
    assert rendered["message_ja"].null_count() == rendered["message_en"].null_count() == 0
    assert found[0].filter(pl.col("row") < 1).height == 0


def _count(path: str, code: str, field: str | None = None) -> int:
    found = _findings(path)
    assert found is not None
    part = found[1].filter(pl.col("code") == code)
    return part.filter(pl.col("field") == field).height if field else part.height


SEEN = [
    ("170003/170003_aed.csv", "character-lost", "所在地_連結表記", 3),  # − became ? when the file was converted
    ("170003/170003_aed.csv", "lgcode-check-digit", "所在地_全国地方公共団体コード", 21),  # 170004, 170012 …
    ("202142/202142_public_facility.csv", "digits-lost", "法人番号", 80),  # 4.00E+12
    ("202142/202142_public_facility.csv", "pattern-shape", "POIコード", 90),  # 1503a
    ("352021/ube_event.csv", "digits-lost", "都道府県コード又は市区町村コード", 100),  # 3.00002E+12
    ("350001/350001_tourism.csv", "phone-digits", "連絡先電話番号", 100),  # the last digit is cut off
    ("352128/【柳井市】指定緊急避難場所一覧.csv", "phone-none", "電話番号", 5),  # なし
]


@pytest.mark.parametrize(("path", "code", "field", "least"), SEEN)
def test_defects_seen_by_eye_are_found(path: str, code: str, field: str, least: int) -> None:
    assert _count(path, code, field) >= least


@pytest.mark.parametrize("code", ["formula-injection", "mojibake", "prefecture-unknown", "date-order", "url-form"])
def test_rules_that_few_real_cells_break_stay_quiet(code: str) -> None:
    found = [f for f in map(_findings, PATHS) if f is not None]
    rows = sum(f[2] for f in found)
    assert sum(f[1].filter(pl.col("code") == code).height for f in found) <= rows / 1000


def test_blank_hazard_flags_are_no_missing_values() -> None:
    found = [f[1] for f in map(_findings, PATHS) if f is not None]
    blanks = pl.concat(found).filter(pl.col("code") == "required-missing")
    assert blanks.filter(pl.col("field").str.starts_with("災害種別_")).height == 0
    assert level_of("required-missing") == "error"
