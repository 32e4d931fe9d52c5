"""frictionless as the oracle: the same cells on what it defines, and every difference one that has a name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.model import Field, Requirement, Standard, Table
from pipelines.validate import Validator

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = sorted(p for p in (ROOT / "schemas").glob("*/*.json") if not p.parent.name.startswith("_"))
V2 = "https://datapackage.org/profiles/2.0/"
Cell = tuple[int, str, str]


def standard_of(schema: dict[str, Any]) -> Standard:
    fields = tuple(
        Field(f["name"], f.get("type", "string"), f.get("format"), None, Requirement("unknown", "unknown"), (), f)
        for f in schema["fields"]
    )
    return Standard("", "", "", "", "", "", False, "declared", fields, schema)


_CONSTRAINT = {
    "required-missing": "required",
    "pattern-mismatch": "pattern",
    "pattern-shape": "pattern",
    "not-in-list": "enum",
    "not-in-list-inferred": "enum",
    "below-minimum": "minimum",
    "above-maximum": "maximum",
    "too-short": "minLength",
    "too-long": "maxLength",
    "not-unique": "unique",
    "key-duplicate": "key",
    "key-blank": "key",
}


def ours(schema: dict[str, Any], rows: Sequence[Sequence[str]], block: int = 1000) -> set[Cell]:
    names = [f["name"] for f in schema["fields"]]
    validator = Validator(standard_of(schema), municipal=False)
    found: set[Cell] = set()
    for start in range(0, len(rows), block):
        part = [[c or None for c in row] for row in rows[start : start + block]]
        table = Table.from_rows(names, part, first_row=start + 2)
        for f in validator.check(table).iter_rows(named=True):
            kind = "type" if f["code"].startswith(("type-", "form-")) else _CONSTRAINT.get(f["code"], f["code"])
            found.add((f["row"], "" if kind == "key" else f["field"], kind))
    return found


def theirs(schema: dict[str, Any], rows: Sequence[Sequence[str]]) -> set[Cell]:
    from frictionless import Resource

    names = [f["name"] for f in schema["fields"]]
    cells = [names, *[list(row) for row in rows]]
    resource = Resource.from_descriptor(
        {"$schema": V2 + "dataresource.json", "name": "t", "data": cells, "schema": schema}
    )
    report = resource.validate(limit_errors=10**6)
    found: set[Cell] = set()
    for error in report.flatten(["type", "rowNumber", "fieldName", "note"]):
        kind, row, field, note = error
        if kind == "blank-row":
            continue
        constraint = re.search(r'constraint "(\w+)"', note or "")
        name = constraint[1] if kind == "constraint-error" and constraint else ""
        name = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}.get(name, name)
        label = {"type-error": "type", "unique-error": "unique", "primary-key": "key"}.get(kind, name or kind)
        if (note or "").startswith("array item"):
            label = "array-item"
        found.add((row, "" if label == "key" else field, label))
    return found


def named_difference(spec: dict[str, Any], value: str) -> str | None:
    """The name (docs/validate.md) of the reason why we refuse a value that frictionless takes."""
    kind = spec.get("type", "string")
    pattern = str(spec.get("constraints", {}).get("pattern", ""))
    wide = any(c.isdigit() and not c.isascii() for c in value)
    if wide and (kind not in ("string", "any") or r"\d" in pattern):
        return "digits-width"
    if "_" in value and kind in ("integer", "number", "year", "yearmonth", "geopoint", "list"):
        return "digits-underscore"
    if kind in ("integer", "number") and not value.isascii():
        return "digits-width"
    if kind in ("date", "time", "datetime"):
        form = spec.get("format", "default")
        form = "%Y-%m-%d" if (kind, form) == ("date", "default") else form
        if "%" in form:
            try:
                return "zeros-kept" if datetime.strptime(value, form).strftime(form) != value else None
            except ValueError:
                return None
    if kind in ("year", "yearmonth") and re.search(r"[0-9]", value):
        return "zeros-kept"
    if kind == "duration" and value.endswith("T"):
        return "duration-empty"
    if pattern and ("|" in pattern or value.endswith("\n")):
        return "pattern-whole"
    return None


def assert_agree(schema: dict[str, Any], rows: Sequence[Sequence[str]], block: int = 1000) -> None:
    mine, oracle = ours(schema, rows, block), theirs(schema, rows)
    specs = {f["name"]: f for f in schema["fields"]}
    names = [f["name"] for f in schema["fields"]]
    for row, field, kind in mine ^ oracle:
        if kind not in ("type", "pattern") and {(row, field, "type"), (row, field, "pattern")} & (mine - oracle):
            continue  # one difference that has a name changes what else is looked at in the cell
        value = rows[row - 2][names.index(field)] if field else str(rows[row - 2])
        reason = named_difference(specs[field], value) if field else None
        stricter = (row, field, kind) in mine
        assert stricter and reason, f"{'ours' if stricter else 'frictionless'} only: {kind} at {field}={value!r}"


DIGITS = "0123456789"
numbers = st.one_of(
    st.integers(-200, 2000).map(str),
    st.decimals(-300, 300, allow_nan=False, places=3).map(str),
    st.sampled_from(
        [
            "1e3",
            "+5",
            "-0",
            "00012",
            "NaN",
            "INF",
            "-INF",
            "1.",
            ".5",
            "1,000",
            " 7 ",
            "１２",
            "1_0",
            "0x1",
            "--1",
            "",
            "-",
            "1 2",
            "12度",
            "約5",
            "9223372036854775808",
            "0.1000000000000000055",
            "１２.５",
            "٣",
        ]
    ),
)
dates = st.one_of(
    st.dates().map(str),
    st.sampled_from(
        [
            "2001-4-1",
            "2001-02-30",
            "2024-02-29",
            "2023-02-29",
            "２００１-０４-０１",
            "2001/04/01",
            "20010401",
            "0000-01-01",
            "0001-01-01",
            "2001-04-01 ",
            "",
            "令和5年4月1日",
            "2001-04-01T00:00:00",
            "99-01-01",
        ]
    ),
)
times = st.one_of(
    st.times().map(lambda t: t.strftime("%H:%M:%S")),
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.sampled_from(
        [
            "9:00",
            "24:00",
            "24:00:00",
            "25:00",
            "09:00:60",
            "09:00:00Z",
            "09:00:00+09:00",
            "09:00:00.5",
            "９:００",
            "09:00:0",
            "",
            "9時",
            "09:0",
            "12:00:00+0900",
            "12:00:00+09",
        ]
    ),
)
words = st.one_of(
    st.text("abc0123-アイ図書館 é\n", max_size=8),
    st.sampled_from(
        [
            "図書館",
            "図書舘",
            "true",
            "TRUE",
            "1",
            "0",
            "yes",
            "有",
            "無",
            "750-0000",
            "7500000",
            "７５０-００００",
            "a@b.jp",
            "a＠b.jp",
            "a@b",
            "a.b+c@d-e.co.jp",
            ".a@b.jp",
            "a..b@c.jp",
            "http://x.jp/a",
            "x.jp/a",
            "urn:a",
            "file:/a b",
            "12345678-1234-1234-1234-123456789012",
            "YWJj",
            "P3M",
            "P1Y2M3DT4H5M6S",
            "PT",
            "P",
            "131.5,34.1",
            "200,10",
            '{"a": 1}',
            "[1, 2]",
            '["a"]',
            "{",
            "NA",
            "-",
            '{"type": "Point", "coordinates": [1, 2]}',
        ]
    ),
)

FIELDS: list[tuple[dict[str, Any], st.SearchStrategy[str]]] = [
    ({"type": "integer"}, numbers),
    ({"type": "integer", "constraints": {"minimum": 0, "maximum": 1000}}, numbers),
    ({"type": "integer", "constraints": {"exclusiveMinimum": 0, "enum": ["5", "12", 100]}}, numbers),
    ({"type": "integer", "bareNumber": False}, numbers),
    ({"type": "number"}, numbers),
    ({"type": "number", "constraints": {"minimum": "0.1", "exclusiveMaximum": 154}}, numbers),
    ({"type": "number", "groupChar": ",", "constraints": {"maximum": 1000}}, numbers),
    ({"type": "number", "decimalChar": ",", "bareNumber": False}, numbers),
    ({"type": "date"}, dates),
    ({"type": "date", "constraints": {"minimum": "1990-01-01", "maximum": "2030-12-31"}}, dates),
    ({"type": "date", "format": "%Y/%m/%d"}, dates),
    ({"type": "date", "format": "%d.%m.%y"}, dates),
    ({"type": "time"}, times),
    ({"type": "time", "format": "%H:%M", "constraints": {"maximum": "18:00"}}, times),
    ({"type": "datetime"}, st.one_of(dates, st.datetimes().map(lambda d: d.isoformat()))),
    ({"type": "datetime", "format": "%Y-%m-%d %H:%M"}, st.builds(lambda d, t: f"{d} {t}", dates, times)),
    ({"type": "year", "constraints": {"minimum": "1900"}}, st.one_of(numbers, dates.map(lambda d: d[:4]))),
    ({"type": "yearmonth"}, dates.map(lambda d: d[:7])),
    ({"type": "boolean"}, words),
    ({"type": "boolean", "trueValues": ["有"], "falseValues": ["無"]}, words),
    ({"type": "string", "constraints": {"minLength": 2, "maxLength": 5}}, words),
    ({"type": "string", "constraints": {"pattern": "[0-9]{3}-[0-9]{4}", "required": True}}, words),
    ({"type": "string", "constraints": {"pattern": r"\d{3}-\d{4}"}}, words),
    ({"type": "string", "constraints": {"pattern": r"(?=.*a)[\w\s]+"}}, words),
    ({"type": "string", "constraints": {"pattern": r"^(図書館|公民館)$"}}, words),
    ({"type": "string", "constraints": {"pattern": r"a+|b+"}}, words),
    ({"type": "string", "constraints": {"enum": ["図書館", "公民館", "NA"]}}, words),
    ({"type": "string", "missingValues": ["", "NA", "-"], "constraints": {"required": True, "minLength": 3}}, words),
    ({"type": "string", "format": "email"}, words),
    ({"type": "string", "format": "uri"}, words),
    ({"type": "string", "format": "uuid"}, words),
    ({"type": "string", "format": "binary"}, st.sampled_from(["YWJj", "YWJ", "", "YW Jj", "あ", "====", "a"])),
    ({"type": "duration"}, words),
    ({"type": "geopoint"}, words),
    ({"type": "geopoint", "format": "array"}, words),
    ({"type": "object"}, words),
    ({"type": "array", "constraints": {"maxLength": 1}}, words),
    ({"type": "array", "arrayItem": {"type": "string", "constraints": {"minLength": 2}}}, words),
    ({"type": "list", "itemType": "integer", "delimiter": "-"}, numbers),
    ({"type": "geojson"}, words),
    ({"type": "any", "constraints": {"required": True}}, words),
    ({"type": "string", "constraints": {"unique": True}}, words),
    ({"type": "integer", "constraints": {"unique": True}}, numbers),
]


@pytest.mark.parametrize(
    ("spec", "values"), FIELDS, ids=lambda v: json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else ""
)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_the_same_cells_as_frictionless_for_every_type_and_constraint(
    spec: dict[str, Any], values: st.SearchStrategy[str], data: st.DataObject
) -> None:
    cells = data.draw(st.lists(values, min_size=5, max_size=30))
    schema = {"fields": [{"name": "n", "type": "string"}, {"name": "x", **spec}]}
    assert_agree(schema, [[str(i), c] for i, c in enumerate(cells)], block=7)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["", "1", "01", "2", "3", "x"]), st.sampled_from(["", "a", "b"])), max_size=25
    )
)
def test_primary_keys_as_frictionless_has_them(rows: list[tuple[str, str]]) -> None:
    fields = [{"name": "k", "type": "integer"}, {"name": "m", "type": "string"}, {"name": "z", "type": "string"}]
    cells = [[*row, "z"] for row in rows] or [["1", "a", "z"]]
    for key in (["k"], ["k", "m"]):
        # frictionless looks at keys of bad cells as blanks, as we do
        assert_agree({"fields": fields, "primaryKey": key}, cells, block=4)


def right_value(spec: dict[str, Any]) -> str:
    given = spec.get("constraints", {})
    if given.get("enum"):
        return str(given["enum"][0])
    if given.get("pattern"):
        return re.sub(r"[\^$]", "", re.sub(r"\[0-9\]\{(\d+)\}", lambda m: "1" * int(m[1]), given["pattern"]))
    kind = spec.get("type", "string")
    samples = {"integer": "12", "number": "30.5", "date": "2026-04-01", "time": "09:00"}
    if spec.get("rule") == "lon":
        return "131.5"
    forms = {"email": "koho@example.lg.jp", "uri": "https://www.example.lg.jp/"}
    return forms.get(spec.get("format", ""), samples.get(kind, "文字"))


WRONG = ["１２", "2001-4-1", "9:00", "○", "35213", "12.5", "-1", "200", "a＠b.jp"]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_same_cells_as_frictionless_for_every_standard(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    right = [right_value(f) for f in schema["fields"]]
    rows = [right]
    for wrong in WRONG:
        rows.append([wrong] * len(right))
    rows.append([right[0], *[""] * (len(right) - 1)])
    assert not {c for c in ours(schema, rows) if c[0] == 2}
    assert_agree(schema, rows)


def test_every_named_difference_is_in_the_docs_and_happens() -> None:
    page = (ROOT / "docs" / "validate.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `([a-z-]+)` \| `(\{.*?\})` \| `(.*?)` \|", page, re.MULTILINE)
    assert {name for name, _, _ in table} >= {"digits-width", "digits-underscore", "zeros-kept", "pattern-whole"}
    for name, spec_text, value in table:
        spec = {"name": "x", **json.loads(spec_text)}
        rows = [["1", value.replace("\\n", "\n")]]
        schema = {"fields": [{"name": "n", "type": "string"}, spec]}
        assert ours(schema, rows) and not theirs(schema, rows), f"{name}: {value}"
        assert named_difference(spec, rows[0][1]) == name
