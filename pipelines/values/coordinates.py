"""Turns latitudes and longitudes as typed (degrees, minutes, seconds) into decimal degrees."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern

_DECIMAL = late_pattern(r"-?[0-9]{1,3}(?:\.[0-9]+)?")
_PREFIX = late_pattern(r"^(?:北緯|東経|緯度|経度|lat|lon|lng|N|E)[:=.]?", re.IGNORECASE)
_SUFFIX = late_pattern(r"(?:N|E|度|°|deg)$", re.IGNORECASE)
_DMS_SIGNED = late_pattern(
    r"([0-9]{1,3})(?:度|°|d|:)([0-9]{1,2})(?:分|'|m|:)(?:([0-9]{1,2}(?:\.[0-9]+)?)(?:秒|\"|s)?([0-9]*))?",
    re.IGNORECASE,
)
_DM = late_pattern(r"([0-9]{2,3})(?:度|°)([0-9]{1,2}\.[0-9]{2,})(?:分|')?")
_DMS_SPLIT = late_pattern(r"([0-9]{2,3})([.\-/ ])([0-9]{1,2})\2([0-9]{1,2}(?:[.,][0-9]+)?)")
_DMS_RUN = late_pattern(r"([0-9]{2,3})([0-9]{2})([0-9]{2})(\.[0-9]+)?")
_RANGES = {"lat": (20, 46), "lon": (122, 154)}


def _signs(text: str) -> str:
    # Before NFKC, which would turn "º" into the letter o and "´" into a space with an accent.
    rest = re.sub("[º˚ﾟ゜\u309aₒ]", "°", text)
    rest = re.sub("[′’‘`´ʹ＇]", "'", rest)
    rest = re.sub("[″”“〃ʺ＂]", '"', rest)
    return narrow(rest).replace("''", '"')


def _in_range(degrees: int, axis: str) -> bool:
    low, high = _RANGES[axis]
    return low <= degrees < high


def degrees_from_dms(text: str, axis: str) -> str | None:
    """Decimal degrees for degrees, minutes and seconds; None if it is not that, or outside Japan.

    `axis` is "lat" or "lon". At least six decimals, more where the seconds have more than two. Seen:
    34°03'40.9"N (防府市), 34度10分15秒, 34.10.15.5, 341015.5 (degrees, minutes and seconds run together).
    """
    rest = _signs(text)
    rest = re.sub(r"\s+", "", _PREFIX.sub("", rest)) if not _DMS_SPLIT.fullmatch(rest) else rest
    rest = _SUFFIX.sub("", rest) if not rest.endswith(("度", "°")) else rest
    minutes_only = _degrees_and_minutes(rest, axis)
    if minutes_only is not None:
        return minutes_only
    signed, split, run = _DMS_SIGNED.fullmatch(rest), _DMS_SPLIT.fullmatch(rest), _DMS_RUN.fullmatch(rest)
    if signed:
        degrees, minutes, seconds = signed.group(1), signed.group(2), signed.group(3) or "0"
        if signed.group(4):  # 34度10分15秒5: tenths behind the unit
            seconds = f"{seconds}.{signed.group(4)}" if "." not in seconds else "60"
    elif split:
        degrees, minutes, seconds = split.group(1), split.group(3), split.group(4).replace(",", ".")
        if split.group(2) in "./" and len(minutes) == 1 and "." not in seconds:
            return None
    elif run:
        degrees, minutes, seconds = run.group(1), run.group(2), run.group(3) + (run.group(4) or "")
    else:
        return None
    if not _in_range(int(degrees), axis) or int(minutes) >= 60 or Decimal(seconds) >= 60:
        return None
    places = max(6, 4 + len(seconds.partition(".")[2]))
    found = int(degrees) + Decimal(minutes) / 60 + Decimal(seconds) / 3600
    return str(found.quantize(Decimal(1).scaleb(-min(places, 12)), rounding=ROUND_HALF_EVEN))


def _degrees_and_minutes(text: str, axis: str) -> str | None:
    """Decimal degrees for degrees and decimal minutes (34°10.2583'), as a GPS receiver shows them."""
    match = _DM.fullmatch(text)
    if match is None or not _in_range(int(match[1]), axis) or Decimal(match[2]) >= 60:
        return None
    found = int(match[1]) + Decimal(match[2]) / 60
    return str(found.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN))


def plain_degrees(text: str, axis: str) -> str | None:
    """Decimal degrees without what was typed around them; None if nothing changes or it is no such number.

    Seen: "３４．１７", "34.17度", "N34.17", "東経131.2", "34,1712" (comma for the point), "+34.17",
    "36.9206," (石川県). Decimals are never cut.
    """
    rest = re.sub(r"\s+", "", _SUFFIX.sub("", _PREFIX.sub("", _signs(text).strip()).strip()))
    rest = re.sub(r"^(?:\+|lat(?:itude)?:|lon(?:gitude)?:)(?=[0-9])", "", rest.lstrip("'").rstrip(",、"), flags=re.IGNORECASE)
    comma = re.fullmatch(r"([0-9]{2,3})(?:[,、・。]|\.{2,})([0-9]{3,})", rest)
    if comma and _in_range(int(comma.group(1)), axis):
        rest = f"{comma.group(1)}.{comma.group(2)}"
    return rest if rest != text and _DECIMAL.fullmatch(rest) else None
