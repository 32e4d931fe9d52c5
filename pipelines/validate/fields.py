"""A Table Schema field to its check: type, format and every constraint of one cell."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any

import polars as pl

from pipelines.errors import DeclarationError
from pipelines.validate.fine import bounds_of, fine_enum, fine_type, takes_any_text
from pipelines.validate.lexical import reader_of
from pipelines.validate.patterns import Pattern, compile_pattern, shape_of
from pipelines.validate.problems import Explain, FieldCheck, Problem, params_json
from pipelines.validate.remedies import nearest, rewrite

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}
_BOUND_CODES = {
    "minimum": "below-minimum",
    "maximum": "above-maximum",
    "exclusiveMinimum": "below-minimum",
    "exclusiveMaximum": "above-maximum",
}
_LENGTH_TYPES = ("string", "object", "array", "list")
RULE_NUMBERS = {"type-number": "L2-01", "type-integer": "L2-01"}
"""Official machine-readability numbers (デジタル庁 machine_readability_rule) for types: numbers are numbers."""


def missing_values(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that stand for a blank cell: the field's own list, else the schema's, else the empty text."""
    given = spec.get("missingValues", schema.get("missingValues", [""]))
    return tuple(str(m["value"]) if isinstance(m, Mapping) else str(m) for m in given)


def _bound(reader: Callable[[str], Any], name: str, bound: Any, where: str) -> Any:
    typed = reader(str(bound))
    if typed is None:
        raise DeclarationError(
            "bound-unreadable",
            f"スキーマの {name}「{bound}」がその項目の型で読めません。",
            f'The {name} "{bound}" in the schema is not a value of the type of its field.',
            todo_ja="スキーマの値を直してください。",
            todo_en="Correct the value in the schema.",
            where=where,
        )
    return typed


def _compare(name: str, value: Any, bound: Any) -> bool:
    if value != value:  # NaN is within no bound (as frictionless has it)
        return False
    try:
        return _COMPARE[name](value, bound)
    except TypeError:  # a time with a zone against one without
        return False


def type_code(spec: Mapping[str, Any]) -> str:
    """The finding code for a cell that is not of the field's type: type-integer, form-email ..."""
    kind = spec.get("type", "string")
    return f"form-{spec.get('format', 'default')}" if kind == "string" else f"type-{kind}"


def _form_params(spec: Mapping[str, Any], code: str) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if code in RULE_NUMBERS:
        params["rule_no"] = RULE_NUMBERS[code]
    form = spec.get("format")
    if form and form not in ("default", "any"):
        params["form"] = form
    return params


class _Judge:
    """All constraints of one field, for one value at a time; findings are (code, params as JSON text)."""

    def __init__(self, spec: Mapping[str, Any], pattern: Pattern | None) -> None:
        self.spec = spec
        self.reader = reader_of(spec)
        given = spec.get("constraints", {})
        name = str(spec.get("name", ""))
        code = type_code(spec)
        self.wrong_type = [(code, params_json(**_form_params(spec, code)))]
        self.pattern = pattern
        shape = shape_of(pattern.source) if pattern else None
        self.wrong_shape = ("pattern-shape", params_json(shape=shape)) if shape else ("pattern-mismatch", "{}")
        plain = reader_of({**spec, "groupChar": "", "decimalChar": "."} if spec.get("type") == "number" else spec)
        self.bounds = {
            n: (_bound(plain, n, b, name), (_BOUND_CODES[n], params_json(bound=str(b)))) for n, b in bounds_of(spec).items()
        }
        self.enum = given.get("enum")
        self.typed_enum = [self.reader(a) if isinstance(a, str) else a for a in self.enum or ()]
        unsure = spec.get("enum_basis") == "inferred"  # the list was not read in the standard's own text
        code = "not-in-list-inferred" if unsure else "not-in-list"
        self.not_listed = (code, params_json(list=listed(self.enum or ())))
        lengths = spec.get("type", "string") in _LENGTH_TYPES
        self.min_length = given.get("minLength") if lengths else None
        self.max_length = given.get("maxLength") if lengths else None
        item = spec.get("arrayItem") if spec.get("type") == "array" else None
        self.item = _Judge({"type": "any", **item}, _pattern_of(item)) if item else None

    def problems(self, value: str) -> list[tuple[str, str]]:
        """Codes and params of everything that is wrong with the text."""
        typed = self.reader(value)
        if typed is None:
            return self.wrong_type
        found: list[tuple[str, str]] = []
        if self.pattern is not None and not self.pattern.matches(value):
            found.append(self.wrong_shape)
        if self.enum is not None and typed not in self.typed_enum:
            found.append(self.not_listed)
        for name, (bound, wrong) in self.bounds.items():
            if not _compare(name, typed, bound):
                found.append(wrong)
        if self.min_length is not None and len(typed) < self.min_length:
            found.append(("too-short", params_json(length=len(typed), limit=self.min_length)))
        if self.max_length is not None and len(typed) > self.max_length:
            found.append(("too-long", params_json(length=len(typed), limit=self.max_length)))
        return found + self._item_problems(typed) if self.item is not None else found

    def _item_problems(self, items: Sequence[Any]) -> list[tuple[str, str]]:
        assert self.item is not None
        for item in items:
            if item is None:
                continue
            text = item if isinstance(item, str) else str(item)
            wants_text = self.item.spec.get("type") == "string"
            if (wants_text and not isinstance(item, str)) or self.item.problems(text):
                return [("array-item", params_json(item=text))]
        return []

    def accepts(self, value: str) -> bool:
        """True if the text breaks no rule of the field."""
        return not self.problems(value)


def listed(allowed: Sequence[Any], most: int = 12) -> str:
    """The list of allowed values as words; a long list is cut, with how many there are."""
    words = "、".join(str(a) for a in allowed[:most])
    return words if len(allowed) <= most else f"{words}…({len(allowed)})"


def _pattern_of(spec: Mapping[str, Any]) -> Pattern | None:
    source = spec.get("constraints", {}).get("pattern")
    applies = source is not None and spec.get("type", "string") == "string"
    return compile_pattern(str(source), str(spec.get("name", ""))) if applies else None


def _fine(column: pl.Expr, spec: Mapping[str, Any], pattern: Pattern | None) -> pl.Expr | None:
    """True where the cell surely breaks no rule, null for what a cast cannot read; None when every text is right."""
    given = spec.get("constraints", {})
    parts = [] if takes_any_text(spec) else [fine_type(column, spec)]
    if pattern is not None:
        parts.append(pattern.fine(column))
    if given.get("enum") is not None:
        parts.append(fine_enum(column, given["enum"]))
    if spec.get("type", "string") == "string":
        if given.get("minLength") is not None:
            parts.append(column.str.len_chars() >= given["minLength"])
        if given.get("maxLength") is not None:
            # bytes are free, characters must be counted; a text has at least as many bytes as characters
            limit = given["maxLength"]
            parts.append((column.str.len_bytes() <= limit) | (column.str.len_chars() <= limit))
    return reduce(operator.and_, parts) if parts else None


def _explain(judge: _Judge, blanks: tuple[str, ...], required: str | None, empty_is_blank: bool) -> Explain:
    def explain(value: str | None) -> tuple[Problem, ...]:
        if value is None and not empty_is_blank:
            value = ""
        if value is None or value in blanks:
            return (Problem(required, "{}", None),) if required else ()
        found = judge.problems(value)
        if not found:
            return ()
        remedy = rewrite(value, judge.spec, judge.accepts)
        if remedy is None and judge.enum is not None:
            remedy = nearest(value, [str(a) for a in judge.enum])
        return tuple(Problem(code, params, remedy) for code, params in found)

    return explain


def check_of(spec: Mapping[str, Any], schema: Mapping[str, Any], required: str | None) -> FieldCheck:
    """The check of one field. `required` is the finding code for a blank cell, None when blanks are allowed."""
    return _check(json.dumps(spec, sort_keys=True, default=str), missing_values(spec, schema), required)


@lru_cache(maxsize=512)
def _check(spec_json: str, blanks: tuple[str, ...], required: str | None) -> FieldCheck:
    """The same field is the same check: many small files of one schema build their expressions once."""
    spec = json.loads(spec_json)
    name = str(spec["name"])
    column = pl.col(name)
    pattern = _pattern_of(spec)
    judge = _Judge(spec, pattern)
    fine = _fine(column, spec, pattern)
    empty_is_blank = "" in blanks
    blank_is_fine = empty_is_blank and required is None
    if fine is None and blank_is_fine:
        return FieldCheck(name, pl.lit(True), _explain(judge, blanks, required, empty_is_blank), always=True)
    if set(blanks) - {""} and required:
        known = ~column.is_in(list(blanks))
        fine = known if fine is None else fine & known
    # A blank, and a text that a cast cannot read, is null above: not surely right unless a blank may stand here.
    wrong: pl.Expr
    if fine is None:
        fine, wrong = column.is_not_null(), column.is_null()
    else:
        sure = fine.fill_null(False)
        looks = bool(fine.meta.root_names())  # else it says the same of every cell
        by_text = looks and spec.get("type") not in ("integer", "number")
        if blank_is_fine:
            wrong = ~fine if by_text else ~sure & column.is_not_null()
        else:
            wrong = ~sure if looks else ~sure | column.is_null()
        fine = sure | column.is_null() if blank_is_fine else sure & column.is_not_null()
    return FieldCheck(name, fine, _explain(judge, blanks, required, empty_is_blank), wrong=wrong)


def reader_accepts(spec: Mapping[str, Any]) -> Callable[[str], bool]:
    """A test whether a text breaks no rule of the field."""
    return _Judge(spec, _pattern_of(spec)).accepts
