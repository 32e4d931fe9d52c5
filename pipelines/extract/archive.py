"""A zip to a Source: a GTFS feed by its stops, or the one table that the zip holds."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.extract import FEED_PARTS
from pipelines.extract.child.parts import Archive, Refused
from pipelines.extract.limits import Limits
from pipelines.extract.source import OpenedSource
from pipelines.extract.stops import stop
from pipelines.model import Finding, findings_frame


def open_zip(path: Path, size: int, sheet: str | None, header_row: int | None, limits: Limits,
             known: Collection[str]) -> OpenedSource:
    """A zip with one table inside is opened as that table; of a GTFS feed the table is stop_times.txt, if it has one.

    The format stays `zip`, `sheet` is the name of the part. SourceError when there is no table, or several.
    """
    try:
        archive = Archive(str(path), limits.unpacked_bytes, limits.ratio)
    except Refused as refused:
        raise stop(refused.code, path, detail=refused.detail) from refused
    parts = {n.rsplit("/", 1)[-1]: n for n in archive.names if not n.endswith("/") and "__MACOSX" not in n}
    feed = [name for name in FEED_PARTS if name in parts]
    gtfs = len(feed) >= 3
    tables = feed[:1] if gtfs else [
        n for n in parts if n.lower().endswith((".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".geojson", ".json"))
        and "readme" not in n.lower()
    ]
    if sheet in parts:
        tables = [str(sheet)]
    if len(tables) != 1:
        raise stop("format-unknown", path, detail=f"zip: {len(tables)} tables")
    return _open_part(path, size, archive, parts, tables[0], gtfs, header_row, limits, known)


def _open_part(path: Path, size: int, archive: Archive, parts: dict[str, str], name: str, gtfs: bool,
               header_row: int | None, limits: Limits, known: Collection[str]) -> OpenedSource:
    from pipelines.extract.opening import open_file

    folder = TemporaryDirectory(prefix="kokai-")
    target = Path(folder.name) / ("part" + Path(name).suffix)
    try:
        with target.open("wb") as out:
            for chunk in archive.stream(parts[name]):
                out.write(chunk)
        with target.open("rb") as file:
            if zipfile.is_zipfile(file) and not name.lower().endswith((".xlsx", ".ods", ".xls")):
                raise stop("format-unknown", path, detail="zip in zip")
        inner = open_file(target, None, header_row, limits, known)
    except Refused as refused:
        raise stop(refused.code, path, detail=refused.detail) from refused
    findings = [] if gtfs else [Finding("zip-part-used", None, None, name, {})]
    frame = findings_frame(findings).vstack(inner.findings)
    opened = replace(inner, path=path, format="zip", sheet=name, size_bytes=size, findings=frame)
    opened.keep = folder  # the unpacked part lives as long as the source
    if gtfs:
        opened.header_row, opened.encoding = None, inner.encoding
    return opened
