"""A Table Schema field to the expression that is True for cells that are surely right (the rest goes to Python)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from pipelines.validate.lexical import FALSE_VALUES, TRUE_VALUES, reader_of

_MONTH_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"
    r"02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DATE = r"[12][0-9]{3}-" + _MONTH_DAY
_HOUR, _SIXTY = r"(?:[01][0-9]|2[0-3])", r"[0-5][0-9]"
_CLOCK = f"{_HOUR}:{_SIXTY}:{_SIXTY}"
_DIRECTIVES = {"Y": r"[12][0-9]{3}", "H": _HOUR, "M": _SIXTY, "S": _SIXTY}
_MAIL_NAME = r"[A-Za-z0-9_+-]{1,20}(?:\.[A-Za-z0-9_+-]{1,20}){0,2}"
_MAIL_HOST = r"(?:[A-Za-z0-9]{1,30}(?:-[A-Za-z0-9]{1,30}){0,1}\.){1,5}[A-Za-z]{2,20}"
_MAIL = f"{_MAIL_NAME}@{_MAIL_HOST}"
_JUDGED_FORMATS = ("email", "uri", "uuid", "binary", "wkt")
_PLAIN = {
    "year": r"[0-9]{4}",
    "yearmonth": r"[0-9]{4}-(?:0[1-9]|1[0-2])",
    "duration": r"P[0-9]+[YMWD]",
    "geopoint": r"[0-9]{1,2}(?:\.[0-9]+)?,[0-9]{1,2}(?:\.[0-9]+)?",
}


def whole(pattern: str) -> str:
    """The Rust pattern that has to match the whole cell."""
    return r"\A(?:" + pattern + r")\z"


def _from_strptime(form: str) -> str | None:
    """The Rust pattern for a strptime format of %Y %m %d %H %M %S, None for any other directive."""
    form = form.replace("%Y-%m-%d", "\x00")
    out = ""
    i = 0
    while i < len(form):
        if form[i] == "\x00":
            out += _DATE
        elif form[i] == "%":
            i += 1
            directive = form[i : i + 1]
            if directive not in _DIRECTIVES:
                return None
            out += _DIRECTIVES[directive]
        else:
            out += re.escape(form[i])
        i += 1
    return out


def _temporal_pattern(kind: str, form: str) -> str | None:
    if form == "default":
        return {"date": _DATE, "time": _CLOCK, "datetime": _DATE + "T" + _CLOCK + "Z?"}[kind]
    return None if form == "any" else _from_strptime(form)


def bounds_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The constraints minimum, maximum, exclusiveMinimum and exclusiveMaximum of a field."""
    given = spec.get("constraints", {})
    names = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return {name: given[name] for name in names if given.get(name) is not None}


def _fine_number(column: pl.Expr, spec: Mapping[str, Any]) -> pl.Expr:
    """One cast and one comparison: strictly between the bounds as a double means so as a decimal too."""
    whole_number = spec["type"] == "integer"
    reader = reader_of({"type": spec["type"]})
    low: float = -(2**63) if whole_number else float("-inf")
    high: float = 2**63 - 1 if whole_number else float("inf")
    at_bound: list[str] = []
    for name, bound in bounds_of(spec).items():
        typed = reader(str(bound))
        if typed is None or typed != typed or (whole_number and abs(typed) >= 2**63):
            return pl.lit(False)
        limit = int(typed) if whole_number else float(typed)
        if name in ("minimum", "exclusiveMinimum"):
            low = max(low, limit)
        else:
            high = min(high, limit)
        if not name.startswith("exclusive"):
            at_bound.append(str(bound))
    value = column.cast(pl.Int64 if whole_number else pl.Float64, strict=False)
    fine = value.is_between(low, high, closed="none")
    strict = len(at_bound) < len(bounds_of(spec))  # with both kinds of bound the text at one may break the other
    return fine | column.is_in(at_bound) if at_bound and not strict and len(at_bound) <= 2 else fine


def _fine_temporal(column: pl.Expr, spec: Mapping[str, Any]) -> pl.Expr:
    kind, form = spec["type"], spec.get("format", "default")
    pattern = _temporal_pattern(kind, form)
    if pattern is None:
        return pl.lit(False)
    fine = column.str.contains(whole(pattern))
    bounds = bounds_of(spec)
    # ISO text sorts as its dates do, as long as both have the same shape and no zone.
    sorts = form in ("default", "%Y-%m-%d", "%H:%M", "%H:%M:%S")
    if bounds and not (sorts and all(re.fullmatch(pattern, str(b)) and str(b)[-1] != "Z" for b in bounds.values())):
        return pl.lit(False)
    if bounds and kind == "datetime":
        return pl.lit(False)
    for name, bound in bounds.items():
        limit = pl.lit(str(bound))
        fine = (
            fine
            & {
                "minimum": column >= limit,
                "maximum": column <= limit,
                "exclusiveMinimum": column > limit,
                "exclusiveMaximum": column < limit,
            }[name]
        )
    return fine


def _fine_text(column: pl.Expr, spec: Mapping[str, Any]) -> pl.Expr:
    form = spec.get("format", "default")
    if form == "email":
        return column.str.contains(whole(_MAIL))
    if form == "uri":
        return column.str.contains(r"\A[a-zA-Z][a-zA-Z0-9+.-]*:")
    return pl.lit(form not in _JUDGED_FORMATS)


def takes_any_text(spec: Mapping[str, Any]) -> bool:
    """True for `any`, and for a string of no special format: type and format say nothing about the cell."""
    kind = spec.get("type", "string")
    return kind == "any" or (kind == "string" and spec.get("format", "default") not in _JUDGED_FORMATS)


def fine_type(column: pl.Expr, spec: Mapping[str, Any]) -> pl.Expr:
    """True where the cell is surely of the field's type and within its bounds."""
    kind = spec.get("type", "string")
    if kind in ("integer", "number"):
        if spec.get("bareNumber", True) and not spec.get("groupChar") and spec.get("decimalChar", ".") == ".":
            return _fine_number(column, spec)
        return pl.lit(False)
    if kind in ("date", "time", "datetime"):
        return _fine_temporal(column, spec)
    if kind == "string":
        return _fine_text(column, spec)
    if kind == "boolean":
        known = [*spec.get("trueValues", TRUE_VALUES), *spec.get("falseValues", FALSE_VALUES)]
        return column.is_in(known)
    if kind in _PLAIN:
        return column.str.contains(whole(_PLAIN[kind])) if not bounds_of(spec) else pl.lit(False)
    return pl.lit(kind not in ("geojson", "object", "array", "list", "geopoint", "duration"))


def fine_enum(column: pl.Expr, allowed: Sequence[Any]) -> pl.Expr:
    """True where the cell is one of the listed values as they are written."""
    return column.is_in([str(a) for a in allowed if isinstance(a, str | int) and not isinstance(a, bool)])
