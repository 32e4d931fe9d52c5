"""A wrong value to the value that was surely meant, or None: width, notation, units, the nearest word of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.validate.patterns import shape_of
from pipelines.values.choices import choice, near_choice, official_choice, one_apart
from pipelines.values.codes import narrow
from pipelines.values.dates import iso_date
from pipelines.values.numbers import drop_thousands, number_in_words
from pipelines.values.patterns import late_pattern
from pipelines.values.phones import hyphenated_phone, plain_phone
from pipelines.values.times import time_from_clock
from pipelines.values.web import plain_mail, url_with_scheme

_HYPHENS = late_pattern(r"(?<=[0-9A-Za-z)])[‐‑‒–—―−ー─－﹣ｰ](?=[0-9A-Za-z(])")
_DEGREES = late_pattern(r"([+-]?[0-9]+\.[0-9]+)\s*(?:度|°)?")
_GROUPED_DEGREES = late_pattern(r"([0-9]{2,3})((?:,[0-9]{3}){2,})")


def _shaped(text: str, pattern: str | None) -> str | None:
    """Digits put into the hyphens of a pattern with one shape: 7500000 -> 750-0000."""
    shape = shape_of(pattern) if pattern else None
    digits = re.sub(r"[^0-9]", "", text)
    if not shape or not re.fullmatch(r"[0-9() -]+", text) or len(digits) != shape.count("0"):
        return None
    rest = iter(digits)
    return "".join(next(rest) if c == "0" else c for c in shape)


def _number(text: str) -> str | None:
    degrees = _DEGREES.fullmatch(text)
    return degrees[1] if degrees else drop_thousands(text) or number_in_words(text)


def _grouped_degrees(text: str, heading: str) -> str | None:
    """34,179,374 to 34.179374 in a column of degrees: a spreadsheet put thousands separators where the point was lost."""
    grouped = _GROUPED_DEGREES.fullmatch(text)
    if grouped is None or len(grouped[1]) != (3 if heading.endswith("経度") else 2 if heading.endswith("緯度") else 0):
        return None
    return f"{grouped[1]}.{grouped[2].replace(',', '')}"


def _as_clock(text: str, seconds: bool) -> str | None:
    short = time_from_clock(text)
    return f"{short}:00" if short and seconds else short


def _proposals(text: str, spec: Mapping[str, Any]) -> Iterator[str | None]:
    """What the text may have meant, the surest first, for a field of this type."""
    kind, form = spec.get("type", "string"), spec.get("format", "default")
    if kind == "date":
        yield iso_date(text)
    elif kind == "time":
        yield _as_clock(text, seconds=form == "default")
    elif kind in ("integer", "number"):
        yield _grouped_degrees(text, str(spec.get("name", "")))
        yield _number(text)
    elif kind == "string":
        if form == "email":
            yield plain_mail(text)
        if form == "uri" or "." in text:
            yield url_with_scheme(text)
        pattern = spec.get("constraints", {}).get("pattern")
        if pattern and any(c.isdigit() for c in text):
            yield _shaped(text, pattern)
            yield plain_phone(text)
            yield hyphenated_phone(text)
            yield iso_date(text)
            yield time_from_clock(text)


def rewrite(value: str, spec: Mapping[str, Any], accepts: Callable[[str], bool]) -> str | None:
    """The same value in a form that the field accepts, None when no rewriting is certain."""
    text = value.strip() if value.isascii() else _HYPHENS.sub("-", narrow(value))
    if text != value and text and accepts(text):
        return text
    for proposal in _proposals(text, spec):
        if proposal is not None and proposal != value and accepts(proposal):
            return proposal
    return None


def nearest(value: str, allowed: Sequence[str]) -> str | None:
    """The one listed word that is another spelling or a slip away (図書舘 -> 図書館, 山口懸 -> 山口県), else None."""
    official = official_choice(value, allowed, {}) or near_choice(value, allowed)
    if official is not None:
        return official
    for rule in ("yesno", "kahi", "flag1"):
        word = choice(value, rule)
        if word is not None and word in allowed:
            return word
    near = [a for a in allowed if min(len(a), len(value)) == 2 and set(a) & set(value) and one_apart(value, a)]
    return near[0] if len(near) == 1 else None
