"""A field of a municipal standard to its whole check: Table Schema, then the value rule, then the signs in its text."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import polars as pl

from pipelines.model import Field, Municipality, Standard
from pipelines.validate.cellrules import CellRule, publisher_rule, rule_for
from pipelines.validate.fields import check_of, reader_accepts
from pipelines.validate.problems import FieldCheck, Problem, params_json
from pipelines.validate.signs import fine_text, is_name, judge_injection, judge_signs
from pipelines.values.codes import has_exponent
from pipelines.values.numbers import drop_thousands
from pipelines.values.patterns import late_pattern
from pipelines.values.text import is_dashes
from pipelines.values.times import is_closing, minute_before_midnight
from pipelines.values.web import first_url, is_inside_url, plain_url

_CODE_RULES = ("lgcode6", "corp", "poi", "town_id", "post", "id", "no")
_SINGLE_RULES = ("lat", "lon", "date", "time", "int", "num", "yen", "post", "mail", "url", "corp", "lgcode6", "alt")
_TEXT_RULES_WITHOUT_SIGNS = ("url", "mail", "lgcode6", "corp", "poi", "town_id", "post")
_JOINTS = late_pattern(r"[、，,;；/／・\n]|[~〜～]|\s{1,}")
_TITLES = ("イベント名", "サブタイトル")
PUBLISHER_NAMES = ("全国地方公共団体コード", "都道府県コード又は市区町村コード")


def municipal_spec(field: Field) -> Mapping[str, Any]:
    """The field as validated here: latitude and longitude keep their type; their bounds are judged on the map (geo)."""
    given = field.spec.get("constraints", {})
    if field.rule not in ("lat", "lon") or not given:
        return field.spec
    kept = {k: v for k, v in given.items() if k not in ("minimum", "maximum")}
    return {**field.spec, "constraints": kept}


def _two_values(value: str, accepts: Callable[[str], bool]) -> tuple[Problem, ...]:
    """Two right values in a cell that takes one (L1-07: one value per cell)."""
    if drop_thousands(value) is not None:  # 1,300 is one number with a separator
        return ()
    parts = [p for p in _JOINTS.split(value.strip()) if p]
    if 2 <= len(parts) <= 6 and len(set(parts)) > 1 and all(accepts(p) for p in parts):
        return (Problem("two-values", params_json(rule_no="L1-07")),)
    return ()


def _beyond(
    base: FieldCheck, field: Field, rules: Sequence[CellRule], accepts: Callable[[str], bool], required: bool
) -> FieldCheck:
    listed = bool(field.enum) or field.rule == "pref"  # a word of the list has no signs of anything
    signs = field.type == "string" and field.rule not in _TEXT_RULES_WITHOUT_SIGNS and not listed
    text = field.type in ("string", "any")
    named = is_name(field.rule, field.name)
    titled = field.name in _TITLES
    single = field.rule in _SINGLE_RULES
    codes = field.rule in _CODE_RULES

    def explain(value: str | None) -> tuple[Problem, ...]:
        if value is None or not value.strip():  # a cell of spaces is a blank
            return base.explain(None)
        if is_dashes(value):  # a blank in every column; where a type is wanted, one in the wrong notation
            return base.explain(None) or (() if text else base.explain(value))
        found = base.explain(value)
        injected = judge_injection(value) if text else ()
        if injected:
            return injected
        if found and field.rule == "url" and is_inside_url(value):
            return (Problem("url-inside"),)
        if found and codes and has_exponent(value):
            return (Problem("digits-lost"),)
        if found and field.type == "time" and minute_before_midnight(value):
            return (Problem("time-midnight", "{}", "23:59" if is_closing(field.name) else None),)
        if found and field.rule == "url" and first_url(value):
            return (Problem("two-values", params_json(rule_no="L1-07"), first_url(value)),)
        if found and field.rule == "url" and found[0].remedy is None:
            found = (found[0]._replace(remedy=plain_url(value)), *found[1:])
        if found:
            return (_two_values(value, accepts) if single else ()) or found
        for rule in rules:
            found = rule.judge(value)
            if found:
                return found
        return judge_signs(value, named, titled) if signs else ()

    column = pl.col(field.name)
    fine = base.fine & column.str.contains(r"[^\s\-‐‑‒–—―−─━ー－ｰ]").fill_null(False) if required else base.fine
    parts = [rule.fine(column) for rule in rules]
    if signs:
        parts.append(fine_text(column, named or titled))
    elif text and not listed:
        parts.append(~column.str.contains(r"\A[=@\t\r\x00+\-]"))
    if parts:
        beyond = (reduce(operator.and_, parts) | column.is_null()).fill_null(False)
        fine = beyond if base.always else fine & beyond
    return FieldCheck(field.name, fine, explain, always=base.always and not parts)


def municipal_check(
    field: Field,
    standard: Standard,
    required: str | None,
    body: Municipality | None,
    codes: Mapping[str, Mapping[str, str]],
) -> FieldCheck:
    """The check of one field with the rules beyond types."""
    spec = municipal_spec(field)
    base = check_of(spec, standard.schema, required)
    rules = list(rule_for(field.rule, codes))
    if body is not None and field.name in PUBLISHER_NAMES:
        rules.append(publisher_rule(body))
    return _beyond(base, field, rules, reader_accepts(spec), required is not None)
