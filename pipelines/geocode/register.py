"""The body's own facilities with points to a register that places are looked up in by name and address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.geocode.fold import fold_text
from pipelines.geocode.tokens import HYPHEN, NO, NUMBER

_CLOSERS = {ord(c) for c in "番地号"} | {HYPHEN, NO, ord(" ")}
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
            for name, address, lat, lon in zip(*columns, strict=True):
                if name and address and lat and lon and _is_point(lat, lon):
                    row = _Facility(label, name, plain_name(name), address_key(address), lat, lon)
                    by_number.setdefault(_number(row.address), []).append(row)
                    by_name.setdefault(row.plain, []).append(row)
        return cls({k: tuple(v) for k, v in by_number.items()}, {k: tuple(v) for k, v in by_name.items()})

    def locate(self, names: pl.Series, addresses: pl.Series) -> pl.DataFrame:
        """Per row lat, lon, label (null if none), status and candidates.

        status: match (name and address agree), tie (several agree at different points), address-differs (the name is
        here at another address), none.
        """
        rows = [self._locate(n, a) for n, a in zip(names.cast(pl.String), addresses.cast(pl.String), strict=True)]
        return pl.DataFrame(rows, schema=_LOCATED, orient="row")

    def _locate(self, name: str | None, address: str | None) -> tuple[str | None, str | None, str | None, str, str]:
        if not name or not address:
            return None, None, None, "none", ""
        plain, key = plain_name(name), address_key(address)
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


def address_key(address: str) -> tuple[int, ...]:
    """Folded address with every link between numbers as one hyphen."""
    made: list[int] = []
    for token in fold_text(address):
        link = token in _CLOSERS and bool(made) and (made[-1] >= NUMBER or made[-1] == HYPHEN)
        if link and made[-1] == HYPHEN:
            continue
        made.append(HYPHEN if link else token)
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
