"""A column of addresses to a frame of their parts, the level reached, and a point with its precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import characters, fold, spread, tokens_of
from pipelines.geocode.lots import BUILDING
from pipelines.geocode.match import (
    CHOME_NOT_FOUND,
    CITY_NOT_FOUND,
    CITY_ONLY,
    PREF_ONLY,
    REASONS,
    TOWN_NOT_FOUND,
)
from pipelines.geocode.places import CHOME, ERROR_M, GROUP, KOAZA, ORPHAN_KOAZA, PRECISIONS, SOURCES
from pipelines.geocode.plain import Reading, number_span, read_plain
from pipelines.geocode.residue import TELLING, flags_of, read_numbers
from pipelines.geocode.retry import find_places
from pipelines.geocode.store import Gazetteer

Array = np.ndarray[Any, np.dtype[Any]]
COLUMNS: dict[str, Any] = {
    "pref": pl.String, "county": pl.String, "city": pl.String, "town": pl.String, "oaza": pl.String,
    "chome": pl.String, "koaza": pl.String, "rest": pl.String, "building": pl.String, "level": pl.Int8,
    "city_code": pl.String, "town_id": pl.String, "lat": pl.Float64, "lon": pl.Float64, "precision": pl.String,
    "source": pl.String, "error_m": pl.Int64, "flags": pl.String, "reason": pl.String, "candidates": pl.String,
}
CHUNK, BLOCK = 131_072, 32_768  # rows whose odd ones are read together; rows whose tokens stay in the cache
LEVEL = np.array([3, 4, 4, 4, 3, 0], np.int8)  # by kind of town; the last for none (-1)
_PRECISION_WORDS = pl.DataFrame({"precision": PRECISIONS, "error_m": [ERROR_M.get(p) for p in PRECISIONS]},
                                 schema={"precision": pl.String, "error_m": pl.Int64})
_SOURCE_WORDS = pl.DataFrame({"source": SOURCES})
_REASON_WORDS = pl.DataFrame({"reason": REASONS})
BLANKS = " \u3000\t\r\n"
REST_BLANKS = BLANKS + "-－ー−‐"
CHOME_SAID = r"^[0-9０-９一二三四五六七八九十]+丁目"
_CODE = r"[0-9０-９]{3}[-－‐‑–—―−ーｰ]?[0-9０-９]{4}"
_POSTCODE = (rf"^[\s(（]*(?:(?:〒|郵便番号)[\s:：]*(?:{_CODE})?|{_CODE})[\s)）]*"
             r"([^\s0-9０-９\-－‐‑–—―−ーｰ番号地丁の条ノ之])")
"""A post code in front of an address; a numeral of the address (三重県) must not join it."""
_BLANK_ENDS, _REST_ENDS = (np.isin(np.arange(0x10000), [ord(c) for c in marks]) for marks in (BLANKS, REST_BLANKS))


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
    if text.str.contains(_POSTCODE).any():
        text = text.str.replace(_POSTCODE, "$1")
    body = gazetteer.city_row(body_code)
    parts = [_parse_chunk(text.slice(i, CHUNK), gazetteer, body) for i in range(0, max(text.len(), 1), CHUNK)]
    return parts[0] if len(parts) == 1 else pl.concat(parts)


def _parse_chunk(text: pl.Series, gazetteer: Gazetteer, body: int) -> pl.DataFrame:
    chars, first = characters(text)
    reading = Reading.blank(text.len())
    left = []
    for top in range(0, text.len(), BLOCK):
        starts = first[top:top + BLOCK + 1]
        tokens = tokens_of(chars[starts[0]:starts[-1]], starts[:-1] - starts[0])
        rows, places, residue = read_plain(tokens, gazetteer, body)
        begin, stop = number_span(tokens, places, residue, tokens.row_char.take(rows))
        reading.put(rows + top, places, residue, begin + starts[0], stop + starts[0])
        odd = np.ones(len(starts) - 1, bool)
        odd[rows] = False
        left.append(odd.nonzero()[0] + top)
    if left:
        _read_closely(text, np.concatenate(left), first, gazetteer, body, reading)
    made = [_frame(chars, first[top:top + BLOCK + 1], reading.part(top, top + BLOCK), gazetteer)
            for top in range(0, max(text.len(), 1), BLOCK)]
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


@dataclass(frozen=True)
class _Texts:
    """What the rows say behind the town: the number's text, the text after it, which rows have one, which may tell
    that the point is only near."""

    rest: pl.Series
    building: pl.Series
    has_rest: Array
    has_building: Array
    telling: Array  # rows


def _cut(raw: Array, first: Array, reading: Reading) -> _Texts:
    """The text of the numbers (with an unknown 小字 before them), and what stands after it."""
    begin, stop, row_end = reading.begin, reading.stop, first[1:] - 1
    rest_begin, rest_stop = _stripped(raw, begin, stop, _REST_ENDS)
    rest = text_between(raw, rest_begin, rest_stop).rename("rest")
    building = pl.Series("building", [""]).new_from_index(0, len(stop))
    has_building, telling = np.zeros(len(stop), bool), np.zeros(0, np.int64)
    tails = (row_end > stop).nonzero()[0]
    if len(tails):
        begin, stop = _stripped(raw, stop.take(tails), row_end.take(tails), _BLANK_ENDS)
        filled = (begin < stop).nonzero()[0]
        tails, begin, stop = tails.take(filled), begin.take(filled), stop.take(filled)
        building = building.scatter(tails, text_between(raw, begin, stop))
        has_building[tails] = True
        telling = tails.take(_tells(raw, begin, stop).nonzero()[0])
    return _Texts(rest, building, rest_begin < rest_stop, has_building, telling)


def _tells(raw: Array, begin: Array, stop: Array) -> Array:
    """True where a character of `TELLING` stands in the span; no span is empty."""
    if not len(begin):
        return np.zeros(0, bool)
    source, last = spread(begin, stop)
    return np.asarray(np.logical_or.reduceat(TELLING.take(raw.take(source), mode="clip"), last - (stop - begin)))


def _stripped(raw: Array, begin: Array, stop: Array, ends: Array) -> tuple[Array, Array]:
    """The spans without the characters of `ends` at either side."""
    begin, stop = begin.copy(), stop.copy()
    for edge, shift, step in ((begin, 0, 1), (stop, -1, -1)):
        rows = (begin < stop).nonzero()[0]
        while len(rows):
            rows = rows.take((ends.take(raw.take(edge.take(rows) + shift), mode="clip")).nonzero()[0])
            edge[rows] += step
            rows = rows.take((begin.take(rows) < stop.take(rows)).nonzero()[0])
    return begin, stop


def text_between(raw: Array, begin: Array, stop: Array) -> pl.Series:
    """The characters raw[begin:stop] of each row as text; raw[stop] must be there."""
    if not len(begin):
        return pl.Series("text", [], dtype=pl.String)
    source, last = spread(begin, stop + 1)
    chars = raw.take(source)
    chars[last - 1] = 0
    joined = chars.tobytes().decode("utf-16-le" if chars.itemsize == 2 else "utf-32-le")
    return pl.Series("text", [joined[:-1]]).str.split("\x00").explode()


def _frame(chars: Array, first: Array, reading: Reading, gazetteer: Gazetteer) -> pl.DataFrame:
    texts = _cut(chars, first, reading)
    town, city, lot = reading.town, reading.city, reading.lot
    towns = gazetteer.town
    town_row = np.where(town >= 0, town, towns.blank)
    city_row = np.where(city >= 0, city, gazetteer.city_rows.height - 1)
    kind, lat, lon = towns.kind[town_row], towns.lat[town_row], towns.lon[town_row]
    precision, source = towns.precision_no[town_row], towns.source_no[town_row]
    level = LEVEL[kind]
    above = (town < 0).nonzero()[0]
    if len(above):
        level[above] = np.where(city[above] >= 0, 2, reading.pref[above] > 0)
        at_city = above[(city[above] >= 0) & ~np.isnan(gazetteer.city_point[0][city_row[above]])]
        lat[at_city], lon[at_city] = (c[city_row[at_city]] for c in gazetteer.city_point)
        precision[at_city], source[at_city] = PRECISIONS.index("city"), SOURCES.index("abr")
    on_lot = (lot >= 0).nonzero()[0]
    if len(on_lot):
        held, table = lot[on_lot], gazetteer.lots
        lat[on_lot], lon[on_lot] = table.lat[held] / 1e7, table.lon[held] / 1e7
        precision[on_lot], source[on_lot] = table.kind[held], table.publisher[held]
        level[on_lot] = np.where(table.kind[held] == BUILDING, 8, 5)
    branch = (reading.partial & (precision == PRECISIONS.index("parcel"))).nonzero()[0]
    names = towns.pick(("name", "oaza", "mid"), town_row)
    where = _pick(gazetteer.place_names, np.where(city >= 0, city, gazetteer.city_rows.height - 1 + reading.pref))
    deeper = (kind == CHOME) | (kind == KOAZA)
    below = (kind == KOAZA) | (kind == ORPHAN_KOAZA)
    told = _pick(_PRECISION_WORDS, precision)
    return pl.DataFrame([
        where["pref"], where["county"], where["city"], names["name"].alias("town"), names["oaza"],
        towns.pick(("chome",), np.where(deeper, town_row, towns.blank))["chome"],
        towns.pick(("koaza",), np.where(below, town_row, towns.blank))["koaza"],
        texts.rest, texts.building, pl.Series("level", level), where["city_code"],
        names["mid"].alias("town_id"), pl.Series("lat", lat, nan_to_null=True), pl.Series("lon", lon, nan_to_null=True),
        told["precision"], _pick(_SOURCE_WORDS, source)["source"], told["error_m"], _flags(reading, texts, branch),
        _reasons(reading, texts, kind), pl.Series("candidates", [""]).new_from_index(0, len(town))])


def _pick(table: pl.DataFrame, place: Array) -> pl.DataFrame:
    """The rows at these places."""
    return table[pl.Series(place.astype(np.uint32))]


def _reasons(reading: Reading, texts: _Texts, kind: Array) -> pl.Series:
    number = reading.reason.copy()
    number[(number == PREF_ONLY) & (texts.has_rest | texts.has_building)] = CITY_NOT_FOUND
    number[(number == TOWN_NOT_FOUND) & ~texts.has_rest & ~texts.has_building] = CITY_ONLY
    group = ((kind == GROUP) & texts.has_rest).nonzero()[0]
    if len(group):
        lacks = (texts.rest.gather(group) + texts.building.gather(group)).str.contains(CHOME_SAID).to_numpy()
        number[group[lacks]] = CHOME_NOT_FOUND
    return _pick(_REASON_WORDS, number)["reason"]


def _flags(reading: Reading, texts: _Texts, branch: Array) -> pl.Series:
    flags = pl.Series("flags", [""]).new_from_index(0, len(reading.town))
    if len(texts.telling):
        told = texts.building.gather(texts.telling).to_frame("b").select(flags_of(pl.col("b"))).to_series()
        flags = flags.scatter(texts.telling, told)
    if len(branch):
        flags = flags.scatter(branch, ("枝番 " + flags.gather(branch)).str.strip_chars())
    former = reading.former.nonzero()[0]
    if len(former):
        flags = flags.scatter(former, ("旧 " + flags.gather(former)).str.strip_chars())
    return flags


__all__ = ["COLUMNS", "parse_addresses"]
