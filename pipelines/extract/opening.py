"""A path to a Source: size caps, the format by content, and the reader for it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pipelines.extract.limits import Limits
from pipelines.extract.sniff import BINARY, sniff_format
from pipelines.extract.source import OpenedSource
from pipelines.extract.stops import stop


def open_file(path: Path, sheet: str | None, header_row: int | None, limits: Limits,
              known: Collection[str]) -> OpenedSource:
    """See `pipelines.extract.open_source`."""
    if not path.exists():
        raise stop("file-missing", path)
    if path.is_dir():
        raise stop("file-unreadable", path, detail="folder")
    try:
        size = path.stat().st_size
        if limits.max_bytes is not None and size > limits.max_bytes:
            raise stop("file-too-large", path, size=size, limit=limits.max_bytes)
        with path.open("rb") as file:
            head = file.read(65_536)
        if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0\x1a"):
            raise stop("file-empty", path)
        if head.startswith(BINARY):
            _check_cap(path, size, limits.workbook_bytes)
        kind = sniff_format(path, head, size, limits)
        _check_cap(path, size, limits.csv_bytes if kind == "text" else limits.workbook_bytes)
        return _open(path, kind, size, sheet, header_row, limits, known)
    except OSError as error:
        raise stop("file-unreadable", path, detail=error.strerror or str(error)) from error


def _check_cap(path: Path, size: int, cap: int | None) -> None:
    if cap is not None and size > cap:
        raise stop("file-too-large", path, size=size, limit=cap)


def _open(path: Path, kind: str, size: int, sheet: str | None, header_row: int | None, limits: Limits,
          known: Collection[str]) -> OpenedSource:
    if kind in ("xlsx", "xls", "ods"):
        from pipelines.extract.workbook import open_workbook

        return open_workbook(path, kind, size, sheet, header_row, limits, known)
    if kind == "geojson":
        from pipelines.extract.features import open_geojson

        return open_geojson(path, size)
    if kind == "zip":
        from pipelines.extract.archive import open_zip

        return open_zip(path, size, sheet, header_row, limits, known)
    from pipelines.extract.delimited import open_delimited

    return open_delimited(path, size, header_row, limits, known)
