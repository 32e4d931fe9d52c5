"""The validator's own rules: keys over blocks, headings, foreign keys, the 32 seeded kinds, order and remedies."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.defects import DEFECTS, LENIENT, SCHEMA, write_files
from bench.validate_tools import plain_blocks
from pipelines.errors import DeclarationError
from pipelines.messages import load_messages, message
from pipelines.model import FINDINGS, ROW, Field, Requirement, Standard, Table, findings_frame
from pipelines.validate import Validator, check_foreign_keys
from pipelines.validate.keys import RepeatedKeys
from pipelines.validate.patterns import compile_pattern, shape_of
from pipelines.words import render_frame

TEXT = {"name": "t", "type": "string"}


def foreign(schema: dict[str, Any]) -> Standard:
    fields = tuple(
        Field(f["name"], f.get("type", "string"), f.get("format"), None, Requirement("unknown", "unknown"), (), f)
        for f in schema["fields"]
    )
    return Standard("", "", "", "", "", "", False, "declared", fields, schema)


def findings_of(schema: dict[str, Any], *rows: tuple[str | None, ...]) -> list[dict[str, Any]]:
    names = [f["name"] for f in schema["fields"]]
    table = Table.from_rows(names, rows)
    return Validator(foreign(schema), municipal=False).check(table).to_dicts()


def one(spec: dict[str, Any], value: str | None) -> list[tuple[str, str | None]]:
    found = findings_of({"fields": [{"name": "x", **spec}]}, (value,))
    return [(f["code"], f["remedy"]) for f in found]


REMEDIES = [
    ({"type": "integer"}, "１２０", "type-integer", "120"),
    ({"type": "integer"}, "約120名", "type-integer", "120"),
    ({"type": "integer"}, "1,200", "type-integer", "1200"),
    ({"type": "integer"}, "12.5", "type-integer", None),
    ({"type": "number"}, "34.16度", "type-number", "34.16"),
    ({"type": "number", "name": "緯度"}, "34,179,374", "type-number", "34.179374"),
    ({"type": "number", "name": "経度"}, "131,205,803", "type-number", "131.205803"),
    ({"type": "number", "name": "面積"}, "34,179,374", "type-number", "34179374"),
    ({"type": "date"}, "2001/04/01", "type-date", "2001-04-01"),
    ({"type": "date"}, "2001-4-1", "type-date", "2001-04-01"),
    ({"type": "date"}, "令和5年4月1日", "type-date", "2023-04-01"),
    ({"type": "date"}, "2001-02-30", "type-date", None),
    ({"type": "time", "format": "%H:%M"}, "9時", "type-time", "09:00"),
    ({"type": "time", "format": "%H:%M"}, "9:00", "type-time", "09:00"),
    ({"type": "time", "format": "%H:%M"}, "25:00", "type-time", None),
    ({"type": "time"}, "9:00", "type-time", "09:00:00"),
    ({"format": "email"}, "koho＠example.lg.jp", "form-email", "koho@example.lg.jp"),
    ({"constraints": {"pattern": "[0-9]{3}-[0-9]{4}"}}, "7592212", "pattern-shape", "759-2212"),
    ({"constraints": {"pattern": "[0-9]{3}-[0-9]{4}"}}, "７５９－２２１２", "pattern-shape", "759-2212"),
    ({"constraints": {"pattern": "0[0-9]{1,4}-[0-9]{1,4}-[0-9]{4}"}}, "0837521110", "pattern-mismatch", "0837-52-1110"),
    ({"constraints": {"enum": ["図書館", "公民館"]}}, "図書舘", "not-in-list", "図書館"),
    ({"constraints": {"enum": ["山口県", "広島県"]}}, "山口懸", "not-in-list", "山口県"),
    ({"constraints": {"enum": ["有", "無"]}}, "○", "not-in-list", "有"),
    ({"constraints": {"enum": ["有", "無"]}}, "要相談", "not-in-list", None),
]


@pytest.mark.parametrize(("spec", "value", "code", "remedy"), REMEDIES)
def test_a_wrong_value_gets_the_right_one_when_it_is_certain(
    spec: dict[str, Any], value: str, code: str, remedy: str | None
) -> None:
    assert one(spec, value) == [(code, remedy)]


def test_a_remedy_is_always_a_value_that_the_field_accepts() -> None:
    for spec, _, _, remedy in REMEDIES:
        if remedy is not None:
            assert one(spec, remedy) == []


def test_findings_come_by_row_and_then_in_the_order_of_the_fields() -> None:
    schema = {"fields": [{"name": "b", "type": "integer"}, {"name": "a", "type": "integer"}]}
    found = findings_of(schema, ("x", "y"), ("z", "1"), ("2", "w"))
    assert [(f["row"], f["field"]) for f in found] == [(2, "b"), (2, "a"), (3, "b"), (4, "a")]
    frame = Validator(foreign(schema), municipal=False).check(Table.from_rows(["b", "a"], [("1", "2")]))
    assert frame.height == 0
    assert dict(frame.schema) == FINDINGS


@settings(max_examples=60, deadline=None)
@given(keys=st.lists(st.sampled_from([None, *"abcdefgh"]), max_size=60), size=st.integers(1, 9))
def test_only_later_occurrences_of_a_key_are_flagged_whatever_the_blocks(keys: list[str | None], size: int) -> None:
    seen: dict[str, int] = {}
    wanted = []
    for row, key in enumerate(keys, start=2):
        if key is not None and seen.setdefault(key, row) != row:
            wanted.append((row, seen[key]))
    repeated, found = RepeatedKeys(), []
    for start in range(0, len(keys), size):
        part = keys[start : start + size]
        numbers = range(start + 2, start + 2 + len(part))
        frame = pl.DataFrame({ROW: pl.Series(numbers, dtype=pl.Int64), "k": pl.Series(part, dtype=pl.String)})
        for index, first in repeated.repeated(frame, pl.col("k")).iter_rows():
            found.append((start + 2 + index, first))
    assert found == wanted


def test_keys_of_many_blocks_take_at_most_sixteen_bytes_a_row() -> None:
    repeated = RepeatedKeys()
    rows, block = 200_000, 20_000
    for start in range(0, rows, block):
        numbers = pl.Series(range(start + 2, start + 2 + block), dtype=pl.Int64)
        frame = pl.DataFrame({ROW: numbers, "k": numbers.cast(pl.String)})
        assert repeated.repeated(frame, pl.col("k")).height == 0
    seen = repeated._seen
    assert seen is not None
    held = sum(h.nbytes + r.nbytes for h, r in seen._runs) + seen._bits.nbytes
    assert held <= 16 * rows
    again = pl.DataFrame({ROW: pl.Series([rows + 2], dtype=pl.Int64), "k": ["150000"]})
    assert repeated.repeated(again, pl.col("k")).rows() == [(0, 150000)]


def test_a_key_of_integers_is_the_same_key_with_leading_zeros() -> None:
    schema = {"fields": [{"name": "k", "type": "integer", "constraints": {"unique": True}}]}
    assert [(f["row"], f["code"]) for f in findings_of(schema, ("7",), ("x",), ("07",))] == [
        (3, "type-integer"),
        (4, "not-unique"),
    ]


def test_patterns_that_the_engine_cannot_run_fall_back_to_python() -> None:
    for source in (r"(?=.*a).+", r"(a)\1", r"\w+", r"a$|b", r"(?P<x>a)(?P=x)", r"a{,2}"):
        assert compile_pattern(source).rust is None, source
    for source in ("[0-9]{6}", r"^\d{3}-\d{4}$", "[ァ-ヶー]+", "(a|b)c", r"[\d-]+", r"\$x"):
        assert compile_pattern(source).rust is not None, source
    assert compile_pattern(r"\$x").matches("$x")
    assert compile_pattern(r"[]\d]+").matches("]1")
    assert not compile_pattern(r"\d+").matches("１")
    assert compile_pattern(r"\p{Han}+").matches("図書館")  # XML Schema's own spelling, unknown to Python
    with pytest.raises(DeclarationError, match="pattern-unreadable"):
        compile_pattern("(")


def test_a_simple_pattern_is_shown_to_the_clerk_as_a_picture() -> None:
    assert shape_of("^[0-9]{3}-[0-9]{4}$") == "000-0000"
    assert shape_of(r"\d{6}") == "000000"
    assert shape_of("[0-9]{1,4}") is None
    assert shape_of("a|b") is None


def test_headings_of_a_foreign_schema_are_compared_by_position() -> None:
    schema = {"fields": [{"name": n} for n in ("a", "b", "c")]}
    validator = Validator(foreign(schema), municipal=False)
    codes = [tuple(r) for r in validator.check_header(["a", "x", "c", "d"]).select("code", "field", "remedy").rows()]
    assert codes == [("label-incorrect", "b", "b"), ("label-extra", "d", None)]
    assert validator.check_header(["a", "b"])["code"].to_list() == ["label-missing"]
    assert validator.check_header(["a", "", "a"])["code"].to_list() == ["label-blank", "label-duplicate"]
    assert validator.check_header(["a", "b", "c"]).height == 0
    loose = Validator(foreign({**schema, "fieldsMatch": "subset"}), municipal=False)
    assert loose.check_header(["c", "a", "b", "d"]).height == 0


def test_a_foreign_key_must_point_at_a_row_of_its_table() -> None:
    stops = {"fields": [{"name": "stop_id"}], "primaryKey": "stop_id"}
    times = {
        "fields": [{"name": "trip"}, {"name": "stop_id"}],
        "foreignKeys": [{"fields": "stop_id", "reference": {"resource": "stops", "fields": "stop_id"}}],
    }
    tables = {
        "stops": Table.from_rows(["stop_id"], [["1"], ["2"]]),
        "times": Table.from_rows(["trip", "stop_id"], [["a", "1"], ["a", "9"], ["b", None]]),
    }
    found = check_foreign_keys(tables, {"stops": foreign(stops), "times": foreign(times)})
    assert found.select("code", "row", "field", "value").rows() == [("foreign-key-missing", 3, "stop_id", "9")]


def test_missing_values_of_the_schema_or_of_the_field_are_blanks() -> None:
    schema = {
        "missingValues": ["", "-"],
        "fields": [
            {"name": "a", "type": "integer", "constraints": {"required": True}},
            {"name": "b", "type": "integer", "missingValues": [{"value": "不明", "label": "unknown"}]},
        ],
    }
    found = findings_of(schema, ("-", "不明"), ("1", "-"), ("2", "3"), ("4", None))
    assert [(f["row"], f["field"], f["code"]) for f in found] == [
        (2, "a", "required-missing"),
        (3, "b", "type-integer"),
        (5, "b", "type-integer"),  # the empty text is no missing value of b
    ]


def seeded(folder: Path, rows: int) -> tuple[pl.DataFrame, dict[tuple[int, str], str]]:
    table, _, truth = write_files(folder, rows)
    names = [f["name"] for f in SCHEMA["fields"]]
    validator = Validator(foreign(SCHEMA), municipal=False)
    found, row = [], 2
    for data in plain_blocks(table, 200_000):
        frame = pl.read_csv(data, has_header=False, infer_schema=False, new_columns=names)
        numbered = frame.with_row_index(ROW, offset=row).with_columns(pl.col(ROW).cast(pl.Int64))
        row += frame.height
        found.append(validator.check(Table(numbered)))
    found.append(validator.finish())
    assert row - 2 == rows
    known = {(int(r), f): k for r, f, k in pl.read_csv(truth, infer_schema=False).iter_rows()}
    return pl.concat(found), known


def test_every_seeded_cell_of_the_32_kinds_is_found_and_nothing_else(tmp_path: Path) -> None:
    found, known = seeded(tmp_path, 6000)
    assert len(DEFECTS) == 32
    assert set(known.values()) == {kind for kind, _, _ in DEFECTS}
    assert set(LENIENT) < set(known.values())
    assert set(found.select("row", "field").rows()) == set(known)
    assert found.height == len(known)


def test_words_of_a_frame_are_those_of_each_finding(tmp_path: Path) -> None:
    found, _ = seeded(tmp_path, 3000)
    rendered = render_frame(found)
    assert rendered.columns == [*FINDINGS, "level", "message_ja", "message_en"]
    assert rendered.select(list(FINDINGS)).equals(found)
    dice = random.Random(1)
    for f in dice.sample(rendered.to_dicts(), 200):
        for lang in ("ja", "en"):
            wanted = message(
                f["code"], lang, field=f["field"], value=f["value"], params=f["params"], remedy=f["remedy"]
            )
            assert f[f"message_{lang}"] == wanted


def test_words_agree_for_every_code_with_and_without_a_remedy() -> None:
    params = json.dumps({"first_row": 3, "rule_no": "L2-01", "list": '有、"無"', "bound": "10", "other": "開始時間"})
    rows = [
        {"code": code, "row": 2, "field": field, "value": value, "params": given, "remedy": remedy}
        for code in load_messages()["findings"]
        for field, value, remedy, given in (
            ("名称", "{value}", None, params),
            ("名称", 'a"b\n{x}', "", "{}"),
            (None, None, "正しい値", params),
        )
    ]
    rendered = render_frame(pl.DataFrame(rows, schema=FINDINGS))
    for f in rendered.to_dicts():
        for lang in ("ja", "en"):
            wanted = message(
                f["code"], lang, field=f["field"], value=f["value"], params=f["params"], remedy=f["remedy"]
            )
            assert f[f"message_{lang}"] == wanted
    assert render_frame(findings_frame()).columns == rendered.columns
