"""A column of addresses to a frame of their parts, the level reached, and a point with its precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import HYPHEN, NO, Tokens, fold
from pipelines.geocode.lots import BUILDING
from pipelines.geocode.match import (
    CHOME_NOT_FOUND,
    CITY_NOT_FOUND,
    CITY_ONLY,
    PREF_ONLY,
    REASONS,
    TOWN_NOT_FOUND,
    Places,
)
from pipelines.geocode.places import CHOME, ERROR_M, GROUP, KOAZA, ORPHAN_KOAZA, PRECISIONS, SOURCES
from pipelines.geocode.residue import Residue, flags_of, read_numbers
from pipelines.geocode.retry import find_places
from pipelines.geocode.store import Gazetteer

Array = np.ndarray[Any, np.dtype[Any]]
COLUMNS: dict[str, Any] = {
    "pref": pl.String, "county": pl.String, "city": pl.String, "town": pl.String, "oaza": pl.String,
    "chome": pl.String, "koaza": pl.String, "rest": pl.String, "building": pl.String, "level": pl.Int8,
    "city_code": pl.String, "town_id": pl.String, "lat": pl.Float64, "lon": pl.Float64, "precision": pl.String,
    "source": pl.String, "error_m": pl.Int64, "flags": pl.String, "reason": pl.String, "candidates": pl.String,
}
CHUNK = 65_536
_LEVEL = np.array([3, 4, 4, 4, 3, 0], np.int8)  # by kind of town; the last for none (-1)
_PRECISION_WORDS = pl.DataFrame({"precision": PRECISIONS, "error_m": [ERROR_M.get(p) for p in PRECISIONS]},
                                 schema={"precision": pl.String, "error_m": pl.Int64})
_SOURCE_WORDS = pl.DataFrame({"source": SOURCES})
_LINKS = (HYPHEN, NO)
_BLANKS = " \u3000\t\r\n"
_BLANK_ENDS, _REST_ENDS = (np.isin(np.arange(0x10000), [ord(c) for c in marks]) for marks in (_BLANKS, _BLANKS + "-－ー−‐"))


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
    tokens = fold(text)
    places = find_places(tokens, gazetteer, body)
    towns = gazetteer.town
    parent = towns.parent[np.where(places.town >= 0, places.town, towns.blank)].astype(np.int64)
    residue = read_numbers(tokens, places.after, places.town, parent, gazetteer.lots)
    return _frame(tokens, places, residue, gazetteer)


def _cut(tokens: Tokens, places: Places, residue: Residue) -> tuple[pl.Series, pl.Series]:
    """The text of the numbers (with an unknown 小字 before them), and what stands after it."""
    raw = tokens.raw
    assert raw is not None
    opens = places.after + ((places.town >= 0) & np.isin(tokens.token.take(places.after), _LINKS))
    begin = tokens.char.take(opens)
    dropped = np.flatnonzero((raw.take(begin - 1) == ord("字")) & (begin > tokens.row_char))
    if len(dropped):
        gap = tokens.char[np.maximum(opens[dropped] - 1, 0)] != begin[dropped] - 1
        begin[dropped[gap]] -= 1
    stop = np.where(residue.numbered, tokens.char.take(residue.last), begin)
    rest = text_between(raw, *_stripped(raw, begin, stop, _REST_ENDS)).rename("rest")
    row_end = tokens.char.take(tokens.end)
    more = np.flatnonzero(row_end > stop)
    building = pl.Series("building", [""]).new_from_index(0, len(stop))
    if len(more):
        tails = text_between(raw, *_stripped(raw, stop.take(more), row_end.take(more), _BLANK_ENDS))
        building = building.scatter(more, tails)
    return rest, building


def _stripped(raw: Array, begin: Array, stop: Array, ends: Array) -> tuple[Array, Array]:
    """The spans without the characters of `ends` at either side."""
    begin, stop = begin.copy(), stop.copy()
    for edge, shift, step in ((begin, 0, 1), (stop, -1, -1)):
        rows = np.flatnonzero(begin < stop)
        while len(rows):
            rows = rows.take(np.flatnonzero(ends.take(np.minimum(raw.take(edge.take(rows) + shift), 0xFFFF))))
            edge[rows] += step
            rows = rows.take(np.flatnonzero(begin.take(rows) < stop.take(rows)))
    return begin, stop


def text_between(raw: Array, begin: Array, stop: Array) -> pl.Series:
    """The characters raw[begin:stop] of each row as text; raw[stop] must be there."""
    if not len(begin):
        return pl.Series("text", [], dtype=pl.String)
    size = stop - begin + 1
    last = np.cumsum(size)
    source = np.arange(last[-1]) + np.repeat(begin - (last - size), size)
    chars = raw.take(source)
    chars[last - 1] = 0
    joined = chars.tobytes().decode("utf-16-le" if chars.itemsize == 2 else "utf-32-le")
    return pl.Series("text", [joined[:-1]]).str.split("\x00").explode()


def _frame(tokens: Tokens, places: Places, residue: Residue, gazetteer: Gazetteer) -> pl.DataFrame:
    rest, building = _cut(tokens, places, residue)
    town, city, lot = places.town, places.city, residue.lot
    towns = gazetteer.town
    town_row = np.where(town >= 0, town, towns.blank)
    city_row = np.where(city >= 0, city, gazetteer.city_rows.height - 1)
    kind, lat, lon = towns.kind[town_row], towns.lat[town_row], towns.lon[town_row]
    precision, source = towns.precision_no[town_row], towns.source_no[town_row]
    level = _LEVEL[kind]
    above = np.flatnonzero(town < 0)
    if len(above):
        level[above] = np.where(city[above] >= 0, 2, places.pref[above] > 0)
        at_city = above[(city[above] >= 0) & ~np.isnan(gazetteer.city_point[0][city_row[above]])]
        lat[at_city], lon[at_city] = (c[city_row[at_city]] for c in gazetteer.city_point)
        precision[at_city], source[at_city] = PRECISIONS.index("city"), SOURCES.index("abr")
    on_lot = np.flatnonzero(lot >= 0)
    if len(on_lot):
        held, table = lot[on_lot], gazetteer.lots
        lat[on_lot], lon[on_lot] = table.lat[held] / 1e7, table.lon[held] / 1e7
        precision[on_lot], source[on_lot] = table.kind[held], table.publisher[held]
        level[on_lot] = np.where(table.kind[held] == BUILDING, 8, 5)
    branch = np.flatnonzero(residue.partial & (precision == PRECISIONS.index("parcel")))
    names = towns.pick(("name", "oaza", "mid"), town_row)
    where = _pick(gazetteer.city_names, city_row)
    pref = where["pref"]
    alone = np.flatnonzero((city < 0) & (places.pref > 0))
    if len(alone):
        pref = pref.scatter(alone, [gazetteer.pref_names.get(int(p), "") for p in places.pref[alone]])
    deeper = (kind == CHOME) | (kind == KOAZA)
    below = (kind == KOAZA) | (kind == ORPHAN_KOAZA)
    told = _pick(_PRECISION_WORDS, precision)
    return pl.DataFrame([
        pref, where["county"], where["city"], names["name"].alias("town"), names["oaza"],
        towns.pick(("chome",), np.where(deeper, town_row, towns.blank))["chome"],
        towns.pick(("koaza",), np.where(below, town_row, towns.blank))["koaza"],
        rest.alias("rest"), building.alias("building"), pl.Series("level", level), where["city_code"],
        names["mid"].alias("town_id"), pl.Series("lat", lat, nan_to_null=True), pl.Series("lon", lon, nan_to_null=True),
        told["precision"], _pick(_SOURCE_WORDS, source)["source"], told["error_m"], _flags(places, building, branch),
        _reasons(places, rest, building, kind), _candidates(tokens, places, gazetteer)])


def _pick(table: pl.DataFrame, place: Array) -> pl.DataFrame:
    """The rows at these places."""
    return table[pl.Series(place.astype(np.uint32))]


def _reasons(places: Places, rest: pl.Series, building: pl.Series, kind: Array) -> pl.Series:
    reason = pl.Series("reason", REASONS).gather(places.reason.astype(np.int64))
    bare = np.flatnonzero(places.reason == TOWN_NOT_FOUND)
    lost = np.flatnonzero((places.reason == PREF_ONLY) & ((rest + building) != "").to_numpy())
    if len(lost):
        reason = reason.scatter(lost, REASONS[CITY_NOT_FOUND])
    if len(bare):
        nothing = ((rest.gather(bare) == "") & (building.gather(bare) == "")).to_numpy()
        reason = reason.scatter(bare[nothing], REASONS[CITY_ONLY])
    group = np.flatnonzero((kind == GROUP) & (rest != "").to_numpy())
    if len(group):
        lacks = (rest.gather(group) + building.gather(group)).str.contains(
            r"^[0-9０-９一二三四五六七八九十]+丁目").to_numpy()
        reason = reason.scatter(group[lacks], REASONS[CHOME_NOT_FOUND])
    return reason


def _flags(places: Places, building: pl.Series, branch: Array) -> pl.Series:
    flags = pl.Series("flags", [""]).new_from_index(0, building.len())
    tails = np.flatnonzero((building != "").to_numpy())
    if len(tails):
        flags = flags.scatter(tails, building.gather(tails).to_frame("b").select(flags_of(pl.col("b"))).to_series())
    if len(branch):
        flags = flags.scatter(branch, ("枝番 " + flags.gather(branch)).str.strip_chars())
    former = np.flatnonzero(places.former)
    if len(former):
        flags = flags.scatter(former, ("旧 " + flags.gather(former)).str.strip_chars())
    return flags


def _candidates(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> pl.Series:
    return pl.Series("candidates", [""]).new_from_index(0, len(places.town))


__all__ = ["COLUMNS", "parse_addresses"]
