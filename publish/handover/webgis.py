"""A package's points to a zipped Shapefile for a web GIS, beside it its columns in full and what it could not hold."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipelines.model import Package
from pipelines.package import Shapefile, shapefile_of

TIME = (1980, 1, 1, 0, 0, 0)
FOLDER = "gis"
REASONS = {
    "long": "254バイトを超えるため、途中までを入れました",
    "character": "CP932 にない文字を、同じ意味の文字か「〓」に替えました",
    "column": "255列を超えるため、この列は入っていません",
}
"""Reason of a remark -> words for the person who imports the file."""


@dataclass(frozen=True)
class GisFile:
    """One Shapefile of a package: where it stands in the zip, and its parts by their paths there."""

    path: str
    table: str  # the CSV that has the same rows, and those without a point
    shape: Shapefile
    parts: Mapping[str, bytes]

    @property
    def remarks_path(self) -> str:
        return self.path.removesuffix(".zip") + "_remarks.csv"

    @property
    def columns_path(self) -> str:
        return self.path.removesuffix(".zip") + "_columns.csv"

    def remark_words(self) -> list[str]:
        """Each remark in a line; numbers count the points of the Shapefile from 1."""
        return [
            f"{f'{r.record}件目の' if r.record else ''}「{r.column}」: {REASONS[r.reason]}" for r in self.shape.remarks
        ]


def gis_files(package: Package) -> list[GisFile]:
    """A zipped ESRI Shapefile (CP932, JGD2011 EPSG:6668) for each GeoJSON of the package; none where it has no points."""
    made = []
    for r in sorted(package.descriptor["resources"], key=lambda r: str(r["path"])):
        if r["format"] != "geojson":
            continue
        stem = PurePosixPath(str(r["path"])).stem
        shape = shapefile_of((package.public / str(r["path"])).read_bytes(), stem, as_of=str(r["as_of"]))
        path = f"{FOLDER}/{stem}.zip"
        parts = {path: _zipped(shape.members)}
        parts[f"{FOLDER}/{stem}_columns.csv"] = _csv(
            ["短い列名(Shapefile)", "列名"], [[c.short or "(なし)", c.name] for c in shape.columns])
        if shape.remarks:
            parts[f"{FOLDER}/{stem}_remarks.csv"] = _csv(
                ["何件目", "列名", "理由", "元の値", "Shapefile の値"],
                [[str(m.record or "すべて"), m.column, REASONS[m.reason], m.value, m.written] for m in shape.remarks])
        made.append(GisFile(path, f"{stem}.csv", shape, parts))
    return made


def _zipped(members: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name in sorted(members):
            write_member(out, name, members[name])
    return held.getvalue()


def write_member(out: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a file with a fixed time and mode: same content, same bytes."""
    info = zipfile.ZipInfo(name, TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    out.writestr(info, data)


def neutral(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe: these tables are for people."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    held = io.StringIO()
    out = csv.writer(held, lineterminator="\r\n")
    out.writerow(head)
    out.writerows([neutral(c) for c in row] for row in rows)
    return b"\xef\xbb\xbf" + held.getvalue().encode()
