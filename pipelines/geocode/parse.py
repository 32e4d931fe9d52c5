"""A column of addresses to a frame of their parts, the level reached, and a point with its precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.answer import frame_of
from pipelines.geocode.fold import characters, fold, tokens_of
from pipelines.geocode.plain import Reading, number_span, read_plain
from pipelines.geocode.residue import read_numbers
from pipelines.geocode.retry import find_places
from pipelines.geocode.store import Gazetteer

Array = np.ndarray[Any, np.dtype[Any]]
CHUNK, BLOCK = 131_072, 32_768  # rows whose odd ones are read together; rows whose tokens stay in the cache
_CODE = r"[0-9０-９]{3}[-－‐‑–—―−ーｰ]?[0-9０-９]{4}"
_POSTCODE = (rf"^[\s(（]*(?:(?:〒|郵便番号)[\s:：]*(?:{_CODE})?|{_CODE})[\s)）]*"
             r"([^\s0-9０-９\-－‐‑–—―−ーｰ番号地丁の条ノ之])")
"""A post code in front of an address; a numeral of the address (三重県) must not join it."""
_BEFORE_CODE = np.isin(np.arange(0x10000), [ord(c) for c in (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000(（〒郵0123456789０１２３４５６７８９")])
"""True at the characters with which such a row begins."""


def parse_addresses(addresses: pl.Series, gazetteer: Gazetteer, *, body_code: str | None = None) -> pl.DataFrame:
    """Each address (null allowed) to one row with the columns of `COLUMNS`.

    level: 0 nothing, 1 prefecture, 2 municipality, 3 大字・町, 4 丁目・小字, 5 街区・地番, 8 住居番号. lat, lon:
    JGD2011 degrees. precision: building, block, parcel, chome, koaza, oaza, city. error_m: expected distance to the
    true place. flags: 外 地先 範囲 ... say that the point is only near; 旧 says that a former municipality was named,
    枝番 that only the parcel without its branch number is known.
    reason: why no town was found (`REASONS`). `body_code`: the municipality whose list this is; it lends prefecture
    and municipality to addresses that leave them out. Never raises.
    """
    text = addresses.cast(pl.String).fill_null("").rename("address")
    body = gazetteer.city_row(body_code)
    parts = [_parse_chunk(text.slice(i, CHUNK), gazetteer, body) for i in range(0, max(text.len(), 1), CHUNK)]
    return parts[0] if len(parts) == 1 else pl.concat(parts)


def _parse_chunk(text: pl.Series, gazetteer: Gazetteer, body: int) -> pl.DataFrame:
    given, (text, chars, first) = text, characters(text)
    if _BEFORE_CODE.take(chars.take(first[:-1]), mode="clip").any():
        text, chars, first = characters(given.str.replace(_POSTCODE, "$1"))
    reading = Reading.blank(text.len())
    left = []
    for top in range(0, text.len(), BLOCK):
        starts = first[top:top + BLOCK + 1]
        tokens = tokens_of(chars[starts[0]:starts[-1]], starts[:-1] - starts[0])
        plain, places, residue = read_plain(tokens, gazetteer, body)
        begin, stop = number_span(tokens, places, residue, tokens.row_char)
        reading.put(slice(top, top + len(plain)), places, residue, begin + starts[0], stop + starts[0])
        left.append((~plain).nonzero()[0] + top)
    if left:
        _read_closely(text, np.concatenate(left), first, gazetteer, body, reading)
    made = [frame_of(text.slice(top, BLOCK), chars, first[top:top + BLOCK + 1], reading.part(top, top + BLOCK),
                     gazetteer) for top in range(0, max(text.len(), 1), BLOCK)]
    return made[0] if len(made) == 1 else pl.concat(made, rechunk=False)


def _read_closely(text: pl.Series, rows: Array, first: Array, gazetteer: Gazetteer, body: int,
                  reading: Reading) -> None:
    """Read the odd rows with all care, and note what they say."""
    if not len(rows):
        return
    tokens = fold(text.gather(rows))
    places = find_places(tokens, gazetteer, body)
    towns = gazetteer.town
    parent = towns.parent.take(np.where(places.town >= 0, places.town, towns.blank)).astype(np.int64)
    residue = read_numbers(tokens, places.after, places.town, parent, gazetteer.lots)
    begin, stop = number_span(tokens, places, residue, tokens.row_char)
    shift = first.take(rows) - tokens.row_char
    reading.put(rows, places, residue, begin + shift, stop + shift)


__all__ = ["parse_addresses"]
