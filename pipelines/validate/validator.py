"""Blocks of a table to findings: one pass of expressions a block, Python only on the cells that need a second look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.model import FINDINGS, ROW, Field, Municipality, Standard, Table, findings_frame
from pipelines.validate.fields import check_of, missing_values
from pipelines.validate.foreign import key_cell
from pipelines.validate.header import check_labels
from pipelines.validate.keys import RepeatedKeys
from pipelines.validate.lexical import reader_of
from pipelines.validate.problems import FieldCheck, as_findings, params_json

if TYPE_CHECKING:
    from pipelines.validate.whole import RulesBeyond

_Judged = tuple[int, str, str, "str | None", str, "str | None"]
"""A problem of a cell: its place in the block, code, field, value, params, remedy."""
_FEW = 100
_FEW_FINDINGS = 2_000


def _required_code(field: Field, municipal: bool) -> str | None:
    """The finding code for a blank cell. A flag column (1 or blank) says something by being blank."""
    if municipal and field.rule == "flag1":
        return None
    if field.spec.get("constraints", {}).get("required"):
        return "required-missing"
    inferred = municipal and field.requirement.mark == "required" and field.requirement.basis == "inferred"
    return "required-missing-inferred" if inferred else None


class Validator:
    """One file's check against one standard: `check_header`, then `check` for each block, then `finish`.

    `municipal=False` is for a foreign Table Schema: only that schema, and the strictness that the standard needs
    (the digits 0-9, `2001-04-01`, `09:00`). `body` is the municipality whose file it is; `codes` are code lists
    by name: `poi` (code -> name) and `lgcode` (全国地方公共団体コード -> 都道府県名 + 市区町村名). A validator made
    `like` another of the same standard, body and codes shares its verdicts on single values, and on the columns
    that are the same in the block that the other one checked last.
    """

    def __init__(
        self,
        standard: Standard,
        *,
        municipal: bool = True,
        body: Municipality | None = None,
        codes: Mapping[str, Mapping[str, str]] | None = None,
        like: Validator | None = None,
    ) -> None:
        self.standard = standard
        self._municipal = municipal
        self._order = {name: i for i, name in enumerate(standard.names)}
        self._checks: dict[str, FieldCheck] = (
            like._checks if like else {f.name: self._check_of(f, body, codes or {}) for f in standard.fields}
        )
        self._unique = {f.name: RepeatedKeys() for f in standard.fields if f.spec.get("constraints", {}).get("unique")}
        key = standard.schema.get("primaryKey") or []
        self._key = [key] if isinstance(key, str) else list(key)
        self._seen = RepeatedKeys()
        self._beyond: RulesBeyond | None = (
            _rules_beyond(standard, body, codes or {}, like._beyond if like else None) if municipal else None
        )
        self._like = like
        self._judged: tuple[pl.DataFrame, dict[str, list[_Judged]]] | None = None  # the last block

    def _check_of(self, field: Field, body: Municipality | None, codes: Mapping[str, Mapping[str, str]]) -> FieldCheck:
        required = _required_code(field, self._municipal)
        if not self._municipal:
            return check_of(field.spec, self.standard.schema, required)
        from pipelines.validate.municipal import municipal_check

        return municipal_check(field, self.standard, required, body, codes)

    def check_header(self, columns: Sequence[str]) -> pl.DataFrame:
        """Findings about the headings (only for a foreign schema: ours are mapped before)."""
        return findings_frame() if self._municipal else check_labels(columns, self.standard)

    def check(self, table: Table) -> pl.DataFrame:
        """Findings of one block (columns of `FINDINGS`), by row and then in the standard's order of fields."""
        frame = table.frame
        found = [self._cells(frame), *self._keys(frame)]
        if self._beyond is not None:
            found += self._beyond.check(frame)
        parts = [f for f in found if f.height]
        if len(parts) == 1 and parts[0] is found[0]:  # cells are in the order of the fields already
            return _by_row(parts[0])
        return self._sorted(pl.concat(parts) if parts else findings_frame())

    def finish(self) -> pl.DataFrame:
        """Findings that need the whole column."""
        return self._beyond.finish() if self._beyond is not None else findings_frame()

    def _sorted(self, found: pl.DataFrame) -> pl.DataFrame:
        if found.height < 2:
            return found
        last = len(self._order)
        if found.height <= _FEW_FINDINGS:
            keys = [
                (row is None, row or 0, self._order.get(field, last) if field else last, code)
                for row, field, code in zip(*(found[name].to_list() for name in ("row", "field", "code")), strict=True)
            ]
            return found[sorted(range(found.height), key=keys.__getitem__)]
        place = pl.col("field").replace_strict(self._order, default=last, return_dtype=pl.Int64)
        return found.sort("row", place, "code", nulls_last=True, maintain_order=True)

    def _cells(self, frame: pl.DataFrame) -> pl.DataFrame:
        checks = [c for c in self._checks.values() if not c.always and c.name in frame.columns]
        if not checks or not frame.height:
            return findings_frame()
        judged = self._judged_before(frame)
        new = [c for c in checks if c.name not in judged]
        marks = [c.suspect.arg_true().implode().alias(c.name) for c in new]
        for check, where in zip(new, frame.select(marks).row(0) if marks else (), strict=True):
            judged[check.name] = _judge_cells(check, frame, where) if len(where) else []
        if self._municipal:
            self._judged = (frame, judged)
        found = [cell for check in checks for cell in judged[check.name]]
        if not found:
            return findings_frame()
        places, codes, fields, values, params, remedies = zip(*found, strict=True)
        rows = _picked(frame[ROW], places)
        return pl.DataFrame(
            {"code": codes, "row": rows, "field": fields, "value": values, "params": params, "remedy": remedies},
            schema=FINDINGS,
        )

    def _judged_before(self, frame: pl.DataFrame) -> dict[str, list[_Judged]]:
        """What the validator that this one is like has said about the columns that are the same in both blocks."""
        last = self._like._judged if self._like is not None else None
        if last is None or not last[0][ROW].equals(frame[ROW]):
            return {}
        return {name: found for name, found in last[1].items() if name in frame.columns and last[0][name].equals(frame[name])}

    def _keys(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        found = []
        for name, seen in self._unique.items():
            if name in frame.columns:
                repeated = seen.repeated(frame, self._key_expr(name))
                found.append(_repeats(frame, repeated, [name], "not-unique"))
        if self._key and set(self._key) <= set(frame.columns):
            keys = [self._key_expr(name) for name in self._key]
            blank = pl.all_horizontal(k.is_null() for k in keys)
            several = pl.struct(k.alias(str(i)) for i, k in enumerate(keys))
            one = keys[0] if len(keys) == 1 else pl.when(~blank).then(several)
            found.append(_repeats(frame, self._seen.repeated(frame, one), self._key, "key-duplicate"))
            empty = frame.filter(blank).select(pl.col(ROW))
            told = pl.lit(params_json(fields=_listed(self._key)))
            field = self._key[0] if len(self._key) == 1 else None
            found.append(as_findings(empty, "key-blank", field, pl.lit(None, pl.String), told))
        return found

    def _key_expr(self, name: str) -> pl.Expr:
        """The cell as the key of its row: null for a blank and for a cell that is not of the field's type."""
        field = self.standard.get(name)
        assert field is not None
        cell = pl.col(name)
        blanks = [m for m in missing_values(field.spec, self.standard.schema) if m]
        if blanks:
            cell = pl.when(~cell.is_in(blanks)).then(cell)
        kind = field.type
        if kind not in ("string", "any") or field.format not in (None, "default"):
            reader = reader_of(field.spec)
            fine = self._checks[name].fine

            def typed(value: str) -> bool:
                return reader(value) is not None

            odd = pl.when(~fine).then(cell).map_elements(typed, return_dtype=pl.Boolean, skip_nulls=True)
            cell = pl.when(fine | odd).then(cell)
        return key_cell(cell, field.spec)


def _by_row(found: pl.DataFrame) -> pl.DataFrame:
    if found.height > _FEW_FINDINGS:
        return found.sort("row", maintain_order=True)
    rows = found["row"].to_list()  # a query costs more than so few rows
    return found[sorted(range(found.height), key=rows.__getitem__)]


def _rules_beyond(
    standard: Standard, body: Municipality | None, codes: Mapping[str, Mapping[str, str]], like: RulesBeyond | None
) -> RulesBeyond:
    from pipelines.validate.whole import RulesBeyond  # not needed for a foreign Table Schema

    return RulesBeyond(standard, body, codes, like)


def _picked(column: pl.Series, where: Sequence[int]) -> list[Any]:
    """The cells at these places: one by one when they are few (a gather costs 0.2 ms to set up)."""
    if len(where) <= _FEW:
        return [column[i] for i in where]
    return column.gather(pl.Series(where, dtype=pl.UInt32)).to_list()


def _judge_cells(check: FieldCheck, frame: pl.DataFrame, where: Sequence[int]) -> list[_Judged]:
    cells = _picked(frame[check.name], where)
    return [
        (place, problem.code, check.name, value, problem.params, problem.remedy)
        for place, value in zip(where, cells, strict=True)
        for problem in check.judge(value)
    ]


def _repeats(frame: pl.DataFrame, repeated: pl.DataFrame, names: Sequence[str], code: str) -> pl.DataFrame:
    """Findings for rows whose key stood before; params name the row where it stood first."""
    n = repeated.height
    if not n:
        return findings_frame()
    rows = frame[repeated["index"].to_list()]
    value = [" / ".join(cell or "" for cell in cells) for cells in rows[list(names)].iter_rows()]
    told = {"fields": _listed(names)} if code.startswith("key-") else {}
    params = [params_json(**told, first_row=first) for first in repeated["first_row"].to_list()]
    return pl.DataFrame(
        {
            "code": [code] * n, "row": rows[ROW], "field": [names[0] if len(names) == 1 else None] * n,
            "value": value, "params": params, "remedy": [None] * n,
        },
        schema=FINDINGS,
    )


def _listed(names: Sequence[str]) -> str:
    return " / ".join(names)
