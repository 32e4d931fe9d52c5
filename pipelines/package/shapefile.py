"""From the points of a GeoJSON file to the members of an ESRI Shapefile in CP932, and to what the form could not hold."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.package.points import CRS_JGD2011

MAX_TEXT_BYTES = 254
"""Longest text of a dBASE field."""
MAX_NAME_BYTES = 10
MAX_COLUMNS = 255
"""dBASE's own limits; readers that go beyond them are not the rule."""
MAX_WHOLE = 10**17
"""Whole numbers up to this have room in the 18 characters that are written."""
SAME_SIGNS = {"\u301c": "\uff5e", "\u2212": "\uff0d", "\u2014": "\u2015", "\u2016": "\u2225", "\u00a5": "\uffe5",
              "\u00a2": "\uffe0", "\u00a3": "\uffe1", "\u00ac": "\uffe2"}
"""Signs that CP932 holds under another number: the same for a reader."""
ODD = frozenset("\0\x80\uf8f0\uf8f1\uf8f2\uf8f3")
"""A text ends at the first; the others are bytes without a character, which other readers of CP932 do not know."""
GETA = "〓"
"""Printers' mark for a character that is not there."""


@dataclass(frozen=True)
class Column:
    """A field of the .dbf (`short`, at most 10 bytes; "" = it has none) and the column that it stands for."""

    short: str
    name: str


@dataclass(frozen=True)
class Remark:
    """A place where the Shapefile does not hold the value as the CSV does: `record` counts from 1, 0 is the whole column."""

    record: int
    column: str
    reason: str  # long, character, column
    value: str
    written: str


@dataclass(frozen=True)
class Shapefile:
    """The files of one Shapefile by name, its columns, and what it could not hold."""

    members: Mapping[str, bytes]
    columns: tuple[Column, ...]
    remarks: tuple[Remark, ...]
    points: int


def shapefile_of(geojson: bytes, stem: str, *, as_of: str) -> Shapefile:
    """`stem`.shp .shx .dbf .prj .cpg of a FeatureCollection of points (degrees, JGD2011, EPSG:6668).

    Texts are CP932; a text over 254 bytes is cut between two characters, a character that CP932 lacks becomes its twin
    or 〓, and each such place is a Remark. Same points, same bytes: the .dbf bears `as_of` (YYYY-MM-DD) as its date.
    """
    features = json.loads(geojson)["features"]
    names = list(features[0]["properties"])
    columns = short_names(names)
    remarks = [Remark(0, c.name, "column", "", "") for c in columns if not c.short]
    cells: dict[str, list[Any]] = {}
    for column in columns:
        if column.short:
            values = [f["properties"][column.name] for f in features]
            cells[column.short] = _held(column.name, values, remarks)
    members = _write(cells, [f["geometry"]["coordinates"] for f in features], stem, as_of)
    remarks.sort(key=lambda r: (r.record, names.index(r.column)))
    return Shapefile(members, tuple(columns), tuple(remarks), len(features))


def short_names(names: Sequence[str]) -> list[Column]:
    """A field name of at most 10 bytes in CP932 for each heading: itself where it fits, else its start and its number.

    所在地_連結表記 as the fourth column becomes 所在地_04. Names that differ only in case are the same to dBASE.
    """
    made: list[Column] = []
    taken = {n.upper() for n in names if _fits(n)}
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if number > MAX_COLUMNS:
            made.append(Column("", name))
            continue
        short = name if _fits(name) and name.upper() not in seen else _numbered(name, number, taken | seen)
        seen.add(short.upper())
        made.append(Column(short, name))
    return made


def _fits(name: str) -> bool:
    return bool(name.strip()) and name.isprintable() and _encodable(name) and len(name.encode("cp932")) <= MAX_NAME_BYTES


def _numbered(name: str, number: int, taken: set[str]) -> str:
    start = "".join(c for c in name if c.isprintable() and _encodable(c))
    for mark in (f"{number:02d}", *(f"{number:02d}{extra}" for extra in "abcdefghijklmnopqrstuvwxyz")):
        short = _cut(start, MAX_NAME_BYTES - len(mark)) + mark
        if short.upper() not in taken:
            return short
    return f"C{number}"


def _encodable(text: str) -> bool:
    """True when CP932 gives the same text back: Python writes ¥ as a backslash, and four odd signs, without saying so."""
    try:
        return text.encode("cp932").decode("cp932") == text and not ODD.intersection(text)
    except UnicodeEncodeError:
        return False


def _cut(text: str, most_bytes: int) -> str:
    return text.encode("cp932")[:most_bytes].decode("cp932", "ignore")


def _held(name: str, values: Sequence[Any], remarks: list[Remark]) -> list[Any]:
    """The column as the .dbf can hold it: numbers as they are, texts that fit; else a remark with the whole value."""
    filled = [v for v in values if v is not None]
    if filled and all(isinstance(v, int) and abs(v) < MAX_WHOLE for v in filled):
        return list(values)
    if filled and all(isinstance(v, int | float) and abs(v) < 1e9 for v in filled):
        return [None if v is None else float(v) for v in values]
    return [None if v is None else _text(name, n, str(v), remarks) for n, v in enumerate(values, 1)]


def _text(name: str, record: int, value: str, remarks: list[Remark]) -> str:
    known = value
    if not _encodable(value):
        known = "".join(c if _encodable(c) else SAME_SIGNS.get(c, GETA) for c in value)
        remarks.append(Remark(record, name, "character", value, _cut(known, MAX_TEXT_BYTES)))
    if len(known.encode("cp932")) > MAX_TEXT_BYTES:
        known = _cut(known, MAX_TEXT_BYTES)
        remarks.append(Remark(record, name, "long", value, known))
    return known


def _write(cells: Mapping[str, list[Any]], places: Sequence[Sequence[float]], stem: str, as_of: str) -> dict[str, bytes]:
    import geopandas

    points = geopandas.GeoDataFrame(
        cells, geometry=geopandas.points_from_xy([p[0] for p in places], [p[1] for p in places]), crs=CRS_JGD2011,
    ).astype({name: _dtype(values) for name, values in cells.items()})
    with tempfile.TemporaryDirectory() as folder:
        points.to_file(Path(folder) / f"{stem}.shp", driver="ESRI Shapefile", engine="pyogrio", encoding="CP932",
                       RESIZE="YES", DBF_DATE_LAST_UPDATE=as_of)
        return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir())}


def _dtype(values: Sequence[Any]) -> str:
    """Whole numbers stay whole where a cell is blank."""
    kind = next((type(v) for v in values if v is not None), str)
    return {int: "Int64", float: "float64"}.get(kind, "object")
