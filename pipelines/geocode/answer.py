"""What was read of a chunk of addresses to the frame of their parts, the level reached, and a point with its precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import spread
from pipelines.geocode.lots import BUILDING
from pipelines.geocode.match import (
    CHOME_NOT_FOUND,
    CITY_NOT_FOUND,
    CITY_ONLY,
    PREF_ONLY,
    REASONS,
    TOWN_NOT_FOUND,
)
from pipelines.geocode.places import ERROR_M, GROUP, PRECISIONS, SOURCES
from pipelines.geocode.plain import Reading
from pipelines.geocode.residue import TELLING, flags_of
from pipelines.geocode.store import Gazetteer

Array = np.ndarray[Any, np.dtype[Any]]
COLUMNS: dict[str, Any] = {
    "pref": pl.String, "county": pl.String, "city": pl.String, "town": pl.String, "oaza": pl.String,
    "chome": pl.String, "koaza": pl.String, "rest": pl.String, "building": pl.String, "level": pl.Int8,
    "city_code": pl.String, "town_id": pl.String, "lat": pl.Float64, "lon": pl.Float64, "precision": pl.String,
    "source": pl.String, "error_m": pl.Int64, "flags": pl.String, "reason": pl.String, "candidates": pl.String,
}
LEVEL = np.array([3, 4, 4, 4, 3, 0], np.int8)  # by kind of town; the last for none (-1)
_POINT_WORDS = pl.DataFrame(
    [(p, s, ERROR_M.get(p)) for p in PRECISIONS for s in SOURCES],
    schema={"precision": pl.String, "source": pl.String, "error_m": pl.Int64}, orient="row")
_REASON_WORDS = pl.DataFrame({"reason": REASONS})
BLANKS = " \u3000\t\r\n"
REST_BLANKS = BLANKS + "-－ー−‐"
CHOME_SAID = r"^[0-9０-９一二三四五六七八九十]+丁目"
_BLANK_ENDS, _REST_ENDS = (np.isin(np.arange(0x10000), [ord(c) for c in marks]) for marks in (BLANKS, REST_BLANKS))


@dataclass(frozen=True)
class _Texts:
    """What the rows say behind the town: the number's text, the text after it, which rows have one, which may tell
    that the point is only near."""

    rest: pl.Series
    building: pl.Series
    has_rest: Array
    has_building: Array
    telling: Array  # rows


def _cut(text: pl.Series, raw: Array, first: Array, reading: Reading) -> _Texts:
    """The text of the numbers (with an unknown 小字 before them), and what stands after it."""
    begin, stop, row_end = reading.begin, reading.stop, first[1:] - 1
    rest_begin, rest_stop = _stripped(raw, begin, stop, _REST_ENDS)
    rest = _slices(text, row_end, rest_begin, rest_stop).rename("rest")
    building = pl.Series("building", [""]).new_from_index(0, len(stop))
    has_building, telling = np.zeros(len(stop), bool), np.zeros(0, np.int64)
    tails = (row_end > stop).nonzero()[0]
    if len(tails):
        begin, stop = _stripped(raw, stop.take(tails), row_end.take(tails), _BLANK_ENDS)
        filled = (begin < stop).nonzero()[0]
        tails, begin, stop = tails.take(filled), begin.take(filled), stop.take(filled)
        building = building.scatter(tails, _slices(text.gather(tails), row_end.take(tails), begin, stop))
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


def _slices(text: pl.Series, row_end: Array, begin: Array, stop: Array) -> pl.Series:
    """The characters begin to before stop of each row, told from where the row ends."""
    places = pl.DataFrame([text.alias("text"), pl.Series("from", np.minimum(begin - row_end, -1)),
                           pl.Series("size", stop - begin)])
    return places.select(pl.col("text").str.slice(pl.col("from"), pl.col("size"))).to_series()


def frame_of(text: pl.Series, chars: Array, first: Array, reading: Reading, gazetteer: Gazetteer) -> pl.DataFrame:
    """The rows `text`, of which row i is the characters from first[i] on, with the columns of `COLUMNS`."""
    texts = _cut(text, chars, first, reading)
    town, city, lot = reading.town, reading.city, reading.lot
    towns = gazetteer.town
    town_row = np.where(town >= 0, town, towns.blank)
    city_row = np.where(city >= 0, city, gazetteer.city_rows.height - 1)
    kind, lat, lon = towns.kind.take(town_row), towns.lat.take(town_row), towns.lon.take(town_row)
    precision, source = towns.precision_no.take(town_row), towns.source_no.take(town_row)
    level = LEVEL.take(kind)
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
    names = towns.named(town_row)
    where = _pick(gazetteer.place_names, np.where(city >= 0, city, gazetteer.city_rows.height - 1 + reading.pref))
    told = _pick(_POINT_WORDS, precision.astype(np.uint32) * len(SOURCES) + source)
    return pl.DataFrame([
        where["pref"], where["county"], where["city"], names["name"].alias("town"), names["oaza"], names["chome"],
        names["koaza"], texts.rest, texts.building, pl.Series("level", level), where["city_code"],
        names["mid"].alias("town_id"), pl.Series("lat", lat, nan_to_null=True), pl.Series("lon", lon, nan_to_null=True),
        told["precision"], told["source"], told["error_m"], _flags(reading, texts, branch),
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


__all__ = ["BLANKS", "CHOME_SAID", "COLUMNS", "LEVEL", "REST_BLANKS", "frame_of"]
