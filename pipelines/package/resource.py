"""From one table to the files of one resource: CSV and, where it has points, GeoJSON, GeoParquet, FlatGeobuf."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.model import ROW, Table
from pipelines.package.points import Points, geo_frame, write_flatgeobuf, write_geojson, write_geoparquet


@dataclass(frozen=True)
class ResourceData:
    """One table to be packaged: its date stamp (None = undated), its rows, and the day the data are of.

    The columns stand in the standard's official order; declared extra columns follow.
    """

    stamp: str | None  # yyyymmdd or yyyymmdd_yyyymmdd, goes into the file name
    table: Table
    as_of: str  # YYYY-MM-DD
    archive: bytes | None = None  # the feed of which `table` is the part with points, as a zip (GTFS-JP)


@dataclass(frozen=True)
class WrittenFile:
    """One file in public/, with what the descriptor says about it."""

    path: str
    format: str
    mediatype: str
    size_bytes: int
    sha256: str
    rows: int


def csv_bytes(table: Table) -> bytes:
    """The table as the official templates have it: UTF-8 with BOM, CRLF, quotes only where they are needed.

    A blank cell is empty between its commas; the text of every other cell stays as it is
    (official blank templates; 機械判読可能なデータの表記方法: one record a line, blank is not 0).
    """
    frame = table.frame.drop(ROW, strict=False)
    # polars writes "" for an empty text to tell it from null; the standard knows one kind of blank
    frame = frame.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in frame.columns)
    if frame.width == 1:  # a lone blank cell would be a blank line, which readers skip
        frame = frame.with_columns(pl.all().fill_null(""))
    out = io.BytesIO()
    frame.write_csv(out, include_bom=True, line_terminator="\r\n", quote_style="necessary")
    return out.getvalue()


def write_resource(
    folder: Path, stem: str, table: Table, points: Points | None, archive: bytes | None = None
) -> tuple[WrittenFile, ...]:
    """Write `stem`.csv, where there are points their formats, and an archive as `stem`.zip; the CSV is always first."""
    csv_path = folder / f"{stem}.csv"
    csv_path.write_bytes(csv_bytes(table))
    files = [_written(csv_path, "CSV", "text/csv", table.rows)]
    if points is not None:
        files += _write_points(folder, stem, points)
    if archive is not None:
        path = folder / f"{stem}.zip"
        path.write_bytes(archive)
        files.append(_written(path, "GTFS", "application/zip", table.rows))
    return tuple(files)


def _write_points(folder: Path, stem: str, points: Points) -> list[WrittenFile]:
    frame = geo_frame(points)
    formats: tuple[tuple[str, Any, Any, str, str], ...] = (
        ("geojson", write_geojson, points, "GeoJSON", "application/geo+json"),
        ("parquet", write_geoparquet, frame, "GeoParquet", "application/vnd.apache.parquet"),
        ("fgb", write_flatgeobuf, frame, "FlatGeobuf", "application/vnd.flatgeobuf"),
    )
    files = []
    for suffix, write, content, name, mediatype in formats:
        path = folder / f"{stem}.{suffix}"
        write(path, content)
        files.append(_written(path, name, mediatype, points.rows))
    return files


def _written(path: Path, name: str, mediatype: str, rows: int) -> WrittenFile:
    return WrittenFile(path.name, name, mediatype, path.stat().st_size, sha256_of(path), rows)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as bare hex, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
