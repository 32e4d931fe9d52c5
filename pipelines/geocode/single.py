"""One address to its parts and point at once, for a form or a program that asks for one after the other."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.answer import BLANKS, CHOME_SAID, COLUMNS, LEVEL, REST_BLANKS
from pipelines.geocode.fold import code_points, tokens_of
from pipelines.geocode.lots import BUILDING
from pipelines.geocode.match import CHOME_NOT_FOUND, OK, REASONS
from pipelines.geocode.parse import parse_addresses
from pipelines.geocode.places import CHOME, ERROR_M, GROUP, KOAZA, ORPHAN_KOAZA, PRECISIONS, SOURCES
from pipelines.geocode.plain import number_span, read_plain
from pipelines.geocode.residue import TELLING
from pipelines.geocode.store import Gazetteer

_SAID = re.compile(CHOME_SAID)
_ROW_CHAR = np.zeros(1, np.int64)


def parse_address(address: str | None, gazetteer: Gazetteer, *, body_code: str | None = None) -> dict[str, Any]:
    """The row that `parse_addresses` gives for this address, as a dictionary.

    A plain address (municipality, town, number, building) takes well under a millisecond; one that needs a closer
    look, some milliseconds. Never raises.
    """
    made = _plain(address or "", gazetteer, gazetteer.city_row(body_code))
    if made is None:
        return parse_addresses(pl.Series([address], dtype=pl.String), gazetteer, body_code=body_code).row(0, named=True)
    return made


def _plain(text: str, gazetteer: Gazetteer, body: int) -> dict[str, Any] | None:
    """The answer for a plain address, None for another."""
    if "\x00" in text:
        return None
    tokens = tokens_of(code_points(text + "\x00"), _ROW_CHAR)
    plain, places, residue = read_plain(tokens, gazetteer, body)
    if not plain[0]:
        return None
    begin, stop = (int(at[0]) for at in number_span(tokens, places, residue, _ROW_CHAR))
    rest, building = text[begin:stop].strip(REST_BLANKS), text[stop:].strip(BLANKS)
    if any(TELLING[min(ord(char), 0xFFFF)] for char in building):
        return None
    lot, town = int(residue.lot[0]), int(places.town[0])
    kind = int(gazetteer.town.kind[town])
    lacks = kind == GROUP and bool(rest) and _SAID.match(rest + building) is not None
    made = {**_names(town, int(places.city[0]), kind, gazetteer), "rest": rest, "building": building,
            **_point(town, lot, kind, gazetteer),
            "flags": _flags(bool(places.former[0]), lot, bool(residue.partial[0]), gazetteer),
            "reason": REASONS[CHOME_NOT_FOUND if lacks else OK], "candidates": ""}
    return {column: made[column] for column in COLUMNS}


def _names(town: int, city: int, kind: int, gazetteer: Gazetteer) -> dict[str, Any]:
    pref, county, name, code = gazetteer.place_names.row(city)
    texts = gazetteer.town.text
    told = {column: texts.column(column)[town].as_py() for column in ("name", "oaza", "chome", "koaza", "mid")}
    return {"pref": pref, "county": county, "city": name, "town": told["name"], "oaza": told["oaza"],
            "chome": told["chome"] if kind in (CHOME, KOAZA) else "",
            "koaza": told["koaza"] if kind in (KOAZA, ORPHAN_KOAZA) else "", "city_code": code, "town_id": told["mid"]}


def _point(town: int, lot: int, kind: int, gazetteer: Gazetteer) -> dict[str, Any]:
    towns, table = gazetteer.town, gazetteer.lots
    if lot >= 0:
        precision, source = int(table.kind[lot]), int(table.publisher[lot])
        lat, lon = float(table.lat[lot] / 1e7), float(table.lon[lot] / 1e7)
        level = 8 if precision == BUILDING else 5
    else:
        precision, source = int(towns.precision_no[town]), int(towns.source_no[town])
        lat, lon, level = float(towns.lat[town]), float(towns.lon[town]), int(LEVEL[kind])
    return {"level": level, "lat": None if math.isnan(lat) else lat, "lon": None if math.isnan(lon) else lon,
            "precision": PRECISIONS[precision], "source": SOURCES[source], "error_m": ERROR_M.get(PRECISIONS[precision])}


def _flags(former: bool, lot: int, partial: bool, gazetteer: Gazetteer) -> str:
    near = partial and lot >= 0 and PRECISIONS[int(gazetteer.lots.kind[lot])] == "parcel"
    return " ".join(word for word, said in (("旧", former), ("枝番", near)) if said)
