"""One cell's text to a typed value by Table Schema's types, or None when the text is not of that type.

The readers agree with frictionless (5.21) except where it is lenient and the standard is not: only the digits 0-9
count as digits (Python's int, Decimal and strptime take 全角 ones), `1_000` is no number, and dates and times keep
their zeros (`2001-4-1` and `9:00` are wrong). docs/validate.md lists the differences by name.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from pipelines.validate.structured import read_geojson, read_geopoint, read_wkt
from pipelines.values.patterns import late_pattern

Reader = Callable[[str], Any]
TRUE_VALUES = ("true", "True", "TRUE", "1")
FALSE_VALUES = ("false", "False", "FALSE", "0")
_NOISE = late_pattern(r"((^[^-0-9]*)|([^0-9]*$))")
_ISO_DAY = late_pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTEGER = late_pattern(r"[+-]?[0-9]+")
_ZONE = r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_TIME = late_pattern(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?" + _ZONE)
_DURATION = late_pattern(
    r"[+-]?P(?!$)(?:[0-9]+(?:[,.][0-9]+)?Y)?(?:[0-9]+(?:[,.][0-9]+)?M)?(?:[0-9]+(?:[,.][0-9]+)?W)?"
    r"(?:[0-9]+(?:[,.][0-9]+)?D)?(?:T(?:[0-9]+(?:[,.][0-9]+)?H)?(?:[0-9]+(?:[,.][0-9]+)?M)?"
    r"(?:[0-9]+(?:[,.][0-9]+)?S)?)?"
)
_UUID = late_pattern(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
_SCHEME = late_pattern(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_EMAIL_USER = late_pattern(
    r"(?:[-!#$%&'*+/=?^_`{}|~0-9a-zA-Z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-zA-Z]+)*)"
    r'|"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"'
)
_DOMAIN = late_pattern(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+(?:[a-zA-Z]{2,63}|xn--[a-zA-Z0-9-]{1,59})")


def read_integer(spec: Mapping[str, Any]) -> Reader:
    """Whole numbers; with `bareNumber: false` what stands around the digits is left out."""
    bare = spec.get("bareNumber", True)

    def read(cell: str) -> int | None:
        text = cell.strip()
        if not bare:
            text = _NOISE.sub("", text)
        return int(text) if _INTEGER.fullmatch(text) and len(text) < 4000 else None

    return read


def read_number(spec: Mapping[str, Any]) -> Reader:
    """Decimal numbers with `decimalChar`, `groupChar`, `bareNumber`; NaN and INF as Table Schema has them."""
    bare, group, point = spec.get("bareNumber", True), spec.get("groupChar", ""), spec.get("decimalChar", ".")

    def read(cell: str) -> Decimal | None:
        text = cell.strip()
        if not bare:
            text = _NOISE.sub("", text)
        text = text.replace(group, "") if group else text
        if point != ".":
            if "." in text:
                return None
            text = text.replace(point, ".")
        if not text.isascii() or "_" in text:
            return None
        try:
            return Decimal(text)
        except InvalidOperation:
            return None

    return read


def read_boolean(spec: Mapping[str, Any]) -> Reader:
    """`trueValues` and `falseValues`, exactly as written."""
    known = dict.fromkeys(spec.get("trueValues", TRUE_VALUES), True)
    known.update(dict.fromkeys(spec.get("falseValues", FALSE_VALUES), False))
    return known.get


def _strptime(cell: str, pattern: str) -> datetime | None:
    """strptime, but only the form that strftime writes back: 0-9 and with its zeros."""
    if any(c.isdigit() and not "0" <= c <= "9" for c in cell):
        return None
    try:
        found = datetime.strptime(cell, pattern)
    except ValueError:
        return None
    directives = set(re.findall(r"%(.)", pattern))
    if directives <= set("YmdHMS%yjf"):
        written = found.strftime(pattern)
        if "Y" in directives and found.year < 1000:  # strftime of glibc leaves out the zeros of early years
            return found if len(cell) == len(written) + 4 - len(str(found.year)) or written == cell else None
        return found if written == cell else None
    return found


def _any(cell: str) -> datetime | None:
    """Format `any`: what dateutil can read (the reader that frictionless uses)."""
    from dateutil import parser  # type: ignore[import-untyped, unused-ignore]

    if any(c.isdigit() and not "0" <= c <= "9" for c in cell):
        return None
    try:
        found: datetime = parser.parse(cell)
    except (ValueError, OverflowError, TypeError):
        return None
    return found


def _offset(zone: str | None) -> timezone | None:
    if not zone:
        return None
    if zone == "Z":
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if delta >= timedelta(days=1) or int(digits[2:]) > 59:
        raise ValueError(zone)
    return timezone(-delta if zone[0] == "-" else delta)


def _clock(cell: str) -> time | None:
    found = _TIME.fullmatch(cell)
    if not found:
        return None
    hour, minute, second = (int(found[i]) for i in (1, 2, 3))
    micro = int((found[4] or "0")[:6].ljust(6, "0"))
    if hour == 24 and minute == second == micro == 0:
        hour = 0
    try:
        return time(hour, minute, second, micro, tzinfo=_offset(found["zone"]))
    except ValueError:
        return None


def _day(cell: str) -> date | None:
    """YYYY-MM-DD with its zeros, of a day that exists."""
    if not _ISO_DAY.fullmatch(cell):
        return None
    try:
        return date(int(cell[:4]), int(cell[5:7]), int(cell[8:]))
    except ValueError:
        return None


def read_date(spec: Mapping[str, Any]) -> Reader:
    """`default` YYYY-MM-DD, `any`, or a strptime pattern."""
    form = spec.get("format", "default")
    if form in ("default", "%Y-%m-%d"):
        return _day

    def read(cell: str) -> date | None:
        found = _any(cell) if form == "any" else _strptime(cell, form)
        return None if found is None else found.date()

    return read


def read_time(spec: Mapping[str, Any]) -> Reader:
    """`default` hh:mm:ss (with fraction and zone), `any`, or a strptime pattern."""
    form = spec.get("format", "default")
    if form == "default":
        return _clock

    def read(cell: str) -> time | None:
        found = _any(cell) if form == "any" else _strptime(cell, form)
        return None if found is None else found.timetz()

    return read


def read_datetime(spec: Mapping[str, Any]) -> Reader:
    """`default` ISO 8601, `any`, or a strptime pattern."""
    form = spec.get("format", "default")
    if form == "any":
        return _any
    if form != "default":
        return lambda cell: _strptime(cell, form)

    def read(cell: str) -> datetime | None:
        day = _day(cell[:10])
        clock = _clock(cell[11:]) if cell[10:11].isascii() and not cell[10:11].isdigit() else None
        if day is None or clock is None:
            return None
        found = datetime.combine(day, clock)
        if cell[11:13] != "24":
            return found
        try:
            return found + timedelta(days=1)
        except OverflowError:
            return None

    return read


def read_year(_spec: Mapping[str, Any]) -> Reader:
    """Four digits."""
    return lambda cell: int(cell) if re.fullmatch(r"[0-9]{4}", cell) else None


def read_yearmonth(_spec: Mapping[str, Any]) -> Reader:
    """YYYY-MM."""
    return lambda c: (int(c[:4]), int(c[5:])) if re.fullmatch(r"[0-9]{4}-(?:0[1-9]|1[0-2])", c) else None


def read_duration(_spec: Mapping[str, Any]) -> Reader:
    """ISO 8601 durations such as P3M."""
    return lambda cell: cell if _DURATION.fullmatch(cell) and not cell.endswith("T") else None


def _json(wanted: type) -> Reader:
    def read(cell: str) -> Any:
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, wanted) else None

    return read


def read_list(spec: Mapping[str, Any]) -> Reader:
    """Values joined by `delimiter`, each of `itemType` in its default format."""
    delimiter = spec.get("delimiter", ",")
    item = reader_of({"type": spec.get("itemType", "string")})

    def read(cell: str) -> list[Any] | None:
        items = [item(part) for part in cell.split(delimiter)]
        return None if any(i is None for i in items) else items

    return read


def _is_email(cell: str) -> bool:
    user, at, domain = cell.rpartition("@")
    return bool(at and len(user) <= 64 and len(domain) <= 253 and _EMAIL_USER.fullmatch(user) and _DOMAIN.fullmatch(domain))


def _is_base64(cell: str) -> bool:
    try:
        base64.b64decode(cell)
    except (binascii.Error, ValueError):
        return False
    return True


_STRING_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "email": _is_email,
    "uri": lambda cell: _SCHEME.match(cell) is not None,
    "uuid": lambda cell: _UUID.fullmatch(cell) is not None,
    "binary": _is_base64,
    "wkt": read_wkt,
}


def read_string(spec: Mapping[str, Any]) -> Reader:
    """Text; formats email, uri, uuid, binary, wkt."""
    test = _STRING_FORMATS.get(spec.get("format", "default"))
    if test is None:
        return lambda cell: cell
    return lambda cell: cell if test(cell) else None


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Reader]] = {
    "string": read_string,
    "number": read_number,
    "integer": read_integer,
    "boolean": read_boolean,
    "date": read_date,
    "time": read_time,
    "datetime": read_datetime,
    "year": read_year,
    "yearmonth": read_yearmonth,
    "duration": read_duration,
    "object": lambda _spec: _json(dict),
    "array": lambda _spec: _json(list),
    "list": read_list,
    "geopoint": read_geopoint,
    "geojson": read_geojson,
}


def reader_of(spec: Mapping[str, Any]) -> Reader:
    """The reader for a Table Schema field; `any` and unknown types take every text."""
    make = _READERS.get(spec.get("type", "string"))
    return make(spec) if make else lambda cell: cell
