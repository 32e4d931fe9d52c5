"""The body's own facilities with points to a register that places are looked up in by name and address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.geocode.fold import fold
from pipelines.geocode.tokens import HYPHEN, NO, NUMBER, SPACE

_CLOSERS = {ord(c) for c in "番地号"} | {HYPHEN, NO}
_ENDS_NUMBER, _CHOME = ord("号"), ord("丁")
_WORDED = 0x180000  # and the value: a kanji numeral that is part of a word
_POSTCODE = re.compile(r"\s*(?:〒|郵便番号)?[\s:：]*[0-9０-９]{3}[-－‐‑–—―−ーｰ]?[0-9０-９]{4}(?![0-9０-９])\s*"
                       r"(?=[^\s0-9０-９\-－番地号])")
_SAME_DEGREES = 0.0003
"""Two rows of one facility may differ by some 30 m; more is a tie."""
_LOCATED: dict[str, pl.DataType | type[pl.DataType]] = {
    "lat": pl.String, "lon": pl.String, "label": pl.String, "status": pl.String, "candidates": pl.String}


@dataclass(frozen=True)
class _Facility:
    label: str
    name: str
    plain: str
    address: tuple[int, ...]
    lat: str
    lon: str


@dataclass(frozen=True)
class Register:
    """Facilities by the number at the end of their address."""

    by_number: dict[tuple[int, ...], tuple[_Facility, ...]]
    by_name: dict[str, tuple[_Facility, ...]]

    @classmethod
    def from_tables(cls, tables: Sequence[tuple[str, pl.Series, pl.Series, pl.Series, pl.Series]]) -> Register:
        """Tables of (label, names, addresses, lat, lon); rows without name, address or point are left out.

        lat and lon are text or numbers, JGD2011 degrees, and go out as they came in.
        """
        by_number: dict[tuple[int, ...], list[_Facility]] = {}
        by_name: dict[str, list[_Facility]] = {}
        for label, names, addresses, lats, lons in tables:
            columns = [s.cast(pl.String, strict=False).to_list() for s in (names, addresses, lats, lons)]
            keys = address_keys([address or "" for address in columns[1]])
            for name, address, lat, lon, key in zip(*columns, keys, strict=True):
                if name and address and lat and lon and _is_point(lat, lon):
                    row = _Facility(label, name, plain_name(name), key, lat, lon)
                    by_number.setdefault(_number(row.address), []).append(row)
                    by_name.setdefault(row.plain, []).append(row)
        return cls({k: tuple(v) for k, v in by_number.items()}, {k: tuple(v) for k, v in by_name.items()})

    def locate(self, names: pl.Series, addresses: pl.Series) -> pl.DataFrame:
        """Per row lat, lon, label (null if none), status and candidates.

        status: match (name and address agree), tie (several agree at different points), address-differs (the name is
        here at another address), none.
        """
        asked = addresses.cast(pl.String).fill_null("")
        rows = [self._locate(n, k) for n, k in zip(names.cast(pl.String), address_keys(asked.to_list()), strict=True)]
        return pl.DataFrame(rows, schema=_LOCATED, orient="row")

    def _locate(self, name: str | None, key: tuple[int, ...]) -> tuple[str | None, str | None, str | None, str, str]:
        if not name or not key:
            return None, None, None, "none", ""
        plain = plain_name(name)
        near = [f for f in self.by_number.get(_number(key), ()) if _number(key) and _same_address(f.address, key)]
        same = [f for f in near if f.plain == plain] or [f for f in near if _one_in_other(f.plain, plain)]
        if not same:
            held = self.by_name.get(plain, ())
            told = "; ".join(sorted({f"{f.name} ({f.label})" for f in held}))
            return None, None, None, "address-differs" if held else "none", told
        lats, lons = [float(f.lat) for f in same], [float(f.lon) for f in same]
        if max(lats) - min(lats) > _SAME_DEGREES or max(lons) - min(lons) > _SAME_DEGREES:
            told = "; ".join(sorted({f"{f.name} {f.lat},{f.lon} ({f.label})" for f in same}))
            return None, None, None, "tie", told
        return same[0].lat, same[0].lon, same[0].label, "match", ""


def plain_name(name: str) -> str:
    """A facility's name without width, blanks and brackets."""
    return re.sub(r"[\s・･()（）「」【】]", "", unicodedata.normalize("NFKC", name)).casefold()


def address_keys(addresses: Sequence[str]) -> list[tuple[int, ...]]:
    """Folded addresses without post code, with every link between numbers as one hyphen. A blank behind the last number
    ends it (326-1 2階), and a kanji numeral that is part of a word (三隅下, 一の宮, 千葉市) is no number."""
    texts = [_POSTCODE.sub("", text, count=1) if _POSTCODE.match(text) else text for text in addresses]
    tokens = fold(pl.Series(texts, dtype=pl.String))
    plain = tokens.token.astype(np.int64)
    worded = np.flatnonzero(tokens.in_words(np.arange(len(plain)))) if len(plain) else np.zeros(0, np.int64)
    plain[worded] = _WORDED + plain[worded] % 0x10000
    return [_joined(plain[start:end].tolist()) for start, end in zip(tokens.start, tokens.end, strict=True)]


def _joined(tokens: list[int]) -> tuple[int, ...]:
    made: list[int] = []
    for token, further in zip(tokens, [*tokens[1:], 0], strict=False):
        numbered = bool(made) and made[-1] >= NUMBER
        if token == SPACE or (token == _ENDS_NUMBER and further >= NUMBER):
            if numbered and further >= NUMBER:
                made.append(SPACE)
        elif token == NO and numbered and further < NUMBER:
            made[-1] = _WORDED + made[-1] % 0x10000
            made.append(token)
        elif token == _CHOME and numbered and further >= NUMBER:
            made.append(HYPHEN)
        elif token in _CLOSERS and (numbered or (bool(made) and made[-1] == HYPHEN)):
            if numbered:
                made.append(HYPHEN)
        else:
            made.append(token)
    while made and made[-1] == HYPHEN:
        made.pop()
    return tuple(made)


def _number(key: tuple[int, ...]) -> tuple[int, ...]:
    """The first run of numbers that is not a 丁目: 大嶺町東分326-1 -> 326-1."""
    for i, token in enumerate(key):
        if token >= NUMBER and (i + 1 == len(key) or key[i + 1] != ord("丁")):
            stop = i
            while stop < len(key) and (key[stop] >= NUMBER or key[stop] == HYPHEN):
                stop += 1
            return key[i:stop]
    return ()


def _same_address(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Equal, or one leaves out prefecture and municipality (and so is the end of the other)."""
    one, other = _until_number(one), _until_number(other)
    short, long = sorted((one, other), key=len)
    return long[len(long) - len(short):] == short and len(short) >= 2


def _until_number(key: tuple[int, ...]) -> tuple[int, ...]:
    number = _number(key)
    for i in range(len(key)):
        if key[i:i + len(number)] == number:
            return key[:i + len(number)]
    return key


def _one_in_other(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 3 and short in long


def _is_point(lat: str, lon: str) -> bool:
    try:
        return 20 <= float(lat) <= 46 and 122 <= float(lon) <= 154
    except ValueError:
        return False
