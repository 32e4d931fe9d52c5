"""One telephone number or web address to what is wrong with it."""

from __future__ import annotations

import re

import polars as pl

from pipelines.validate.fine import whole
from pipelines.validate.problems import Problem, params_json
from pipelines.values.codes import narrow
from pipelines.values.phones import (
    blank_for_no_number,
    hyphenated_phone,
    is_phone_list,
    phone_list,
    phone_without_note,
    phone_without_word,
    plain_phone,
)
from pipelines.values.text import mended_digits
from pipelines.values.web import first_url, is_inside_url, is_public_url, plain_url, url_with_scheme

NOTHING: tuple[Problem, ...] = ()


def judge_phone(value: str) -> tuple[Problem, ...]:
    """Telephone (GIF 445): half-width, area code in brackets or with hyphens, several joined by " / ".

    Emergency and short numbers (110, 119, #7119) are numbers too. A note in the cell is a warning: GIF wants
    it elsewhere, and a reader still gets the number. 「なし」 is an honest answer: a warning too, also where a number
    is required, so that whoever says it is not worse off than with a blank.
    """
    if is_phone_list(value) or re.fullmatch("1[0-9]{2}|#[0-9]{4}", value):
        return NOTHING
    if blank_for_no_number(value) is not None:
        return (Problem("phone-none"),)
    remedy = plain_phone(value) or hyphenated_phone(value) or phone_list(value) or phone_without_word(value)
    if remedy is not None:
        return (Problem("phone-form", "{}", remedy),)
    told = phone_without_note(value)
    if told is not None:
        return (Problem("phone-note", "{}", told),)
    text = narrow(value)
    digits = len(re.sub("[^0-9]", "", text))
    mended = mended_digits(value, lambda v: is_phone_list(v) or None)
    if mended is not None:
        return (Problem("phone-form", "{}", mended),)
    if re.fullmatch(r"[0-9()+\s-]+", text):
        wrong_count = digits not in (10, 11)
        return (Problem("phone-digits", params_json(digits=digits)),) if wrong_count else (Problem("phone-form"),)
    if digits < 9 and re.match(r"[0-9]{1,4}-[0-9]{3,4}(?![0-9-])", text):  # 41-4355(会長): no area code (下松市 events)
        return (Problem("phone-digits", params_json(digits=digits)),)
    return (Problem("phone-note"),) if digits >= 9 else (Problem("phone-words"),)


def fine_phone(column: pl.Expr) -> pl.Expr:
    """True for numbers of ten digits with two hyphens."""
    return column.str.contains(whole(r"0[0-9]{3}-[0-9]{2}-[0-9]{4}|0[0-9]{2}-[0-9]{3}-[0-9]{4}|0[0-9]-[0-9]{4}-[0-9]{4}"))


def judge_url(value: str) -> tuple[Problem, ...]:
    """URL: absolute, http or https, without spaces (WHATWG URL; Japanese in the path is let through), nothing behind it.

    Its host has a name (RFC 1123); an address that only the office's own network knows says where things lie there.
    """
    if is_inside_url(value):
        return (Problem("url-inside"),)
    if re.fullmatch(r"\S*[^\s。、，,;；」]", value) and is_public_url(value):
        return NOTHING
    first = first_url(value)
    if first is not None:  # L1-07: one value per cell
        return (Problem("two-values", params_json(rule_no="L1-07"), first),)
    closed = re.sub(r"\s+", "", value) if value.isascii() else value
    known = closed if closed != value and is_public_url(closed) else None
    return (Problem("url-form", "{}", plain_url(value) or url_with_scheme(value) or known),)


def fine_url(column: pl.Expr) -> pl.Expr:
    """True for addresses that need no second look: a host of the usual domains, nothing odd at the end."""
    host = r"https?://[0-9a-z-]{3,}(?:\.[0-9a-z-]+)*\.(?:jp|com|net|org)"
    return column.str.contains(whole(host + r"(?:/|/[!-~]*[0-9A-Za-z/=_-])?")) & ~column.str.contains(r"lgwan|://wwww\.")
