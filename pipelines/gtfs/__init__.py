"""A GTFS-JP zip (標準的なバス情報フォーマット) to one Table per file, its findings, and a zip again."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.errors import SourceError
from pipelines.gtfs.rows import has, mark, seconds
from pipelines.gtfs.service import check_days, check_far_stops, check_trips, check_values
from pipelines.model import ROW, Finding, Table, findings_frame

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "agency.txt": ("agency_name", "agency_url", "agency_timezone"),
    "stops.txt": ("stop_id", "stop_name", "stop_lat", "stop_lon"),
    "routes.txt": ("route_id", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
}
"""Files and columns that every feed needs (GTFS Schedule reference; GTFS-JP 第3版 asks for the same)."""
ADVISED: Mapping[str, tuple[str, ...]] = {
    "feed_info.txt": ("feed_publisher_name", "feed_publisher_url", "feed_lang"),
    "fare_attributes.txt": ("fare_id", "price", "currency_type", "payment_method", "transfers"),
    "translations.txt": (),
}
"""Files that GTFS-JP asks for and GTFS does not."""
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "calendar.txt": ("service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
                     "start_date", "end_date"),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
    "fare_rules.txt": ("fare_id",),
    "shapes.txt": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
    "frequencies.txt": ("trip_id", "start_time", "end_time", "headway_secs"),
    "transfers.txt": ("from_stop_id", "to_stop_id", "transfer_type"),
}
KNOWN = frozenset((
    *REQUIRED, *ADVISED, *OPTIONAL, "agency_jp.txt", "routes_jp.txt", "pattern_jp.txt", "office_jp.txt", "pathways.txt",
    "levels.txt", "attributions.txt", "areas.txt", "stop_areas.txt", "networks.txt", "route_networks.txt",
    "timeframes.txt", "fare_media.txt", "fare_products.txt", "fare_leg_rules.txt", "fare_leg_join_rules.txt",
    "fare_transfer_rules.txt", "rider_categories.txt", "booking_rules.txt", "location_groups.txt",
    "location_group_stops.txt",
))
"""The files of GTFS Schedule and GTFS-JP; any other file of a zip stays in the house."""
KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("stops.txt", ("stop_id",)), ("routes.txt", ("route_id",)), ("trips.txt", ("trip_id",)),
    ("stop_times.txt", ("trip_id", "stop_sequence")), ("calendar.txt", ("service_id",)),
    ("calendar_dates.txt", ("service_id", "date")), ("fare_attributes.txt", ("fare_id",)),
    ("shapes.txt", ("shape_id", "shape_pt_sequence")),
)
REFERENCES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("trips.txt", "route_id", (("routes.txt", "route_id"),)),
    ("trips.txt", "service_id", (("calendar.txt", "service_id"), ("calendar_dates.txt", "service_id"))),
    ("trips.txt", "shape_id", (("shapes.txt", "shape_id"),)),
    ("stop_times.txt", "trip_id", (("trips.txt", "trip_id"),)),
    ("stop_times.txt", "stop_id", (("stops.txt", "stop_id"),)),
    ("stops.txt", "parent_station", (("stops.txt", "stop_id"),)),
    ("routes.txt", "agency_id", (("agency.txt", "agency_id"),)),
    ("fare_rules.txt", "fare_id", (("fare_attributes.txt", "fare_id"),)),
    ("fare_rules.txt", "route_id", (("routes.txt", "route_id"),)),
)
TIMES = (("stop_times.txt", "arrival_time"), ("stop_times.txt", "departure_time"),
         ("frequencies.txt", "start_time"), ("frequencies.txt", "end_time"))
DATES = (("calendar.txt", "start_date"), ("calendar.txt", "end_date"), ("calendar_dates.txt", "date"),
         ("feed_info.txt", "feed_start_date"), ("feed_info.txt", "feed_end_date"))
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def read_gtfs(path: Path, *, unpacked_bytes: int = 1 << 30, entries: int = 1000
              ) -> tuple[dict[str, Table], pl.DataFrame]:
    """(file name -> Table of text, findings) of a GTFS zip; row 1 is the header of each file.

    Files other than those of the format (`KNOWN`) are left out with a finding. SourceError when the zip is damaged, or
    unpacks to more than `unpacked_bytes`.
    """
    tables: dict[str, Table] = {}
    findings: list[Finding] = []
    left = unpacked_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir() and "__MACOSX" not in i.filename]
            if len(infos) > entries or sum(i.file_size for i in infos) > unpacked_bytes:
                raise _too_large(path)
            for info in sorted(infos, key=lambda i: i.filename):
                name = info.filename.replace("\\", "/").rsplit("/", 1)[-1]
                if name not in KNOWN or name in tables:
                    findings.append(Finding("gtfs-file-ignored", None, None, info.filename, {"file": name}))
                    continue
                with archive.open(info) as part:
                    data = part.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise _too_large(path)
                table = _table(data, name, findings)
                if table is not None:
                    tables[name] = table
    except _DAMAGE as error:
        raise SourceError(
            "zip-damaged", f"zip を読めません（{error}）。", f"The zip cannot be read ({error}).",
            todo_ja="もう一度書き出してください。", todo_en="Export it again.", where=path.name,
        ) from error
    return tables, findings_frame(findings)


def _too_large(path: Path) -> SourceError:
    return SourceError(
        "zip-bomb", "展開すると大きくなりすぎる zip です。", "The zip unpacks to far too much.",
        todo_ja="中身を確かめてください。", todo_en="Check what it holds.", where=path.name,
    )


def _table(data: bytes, name: str, findings: list[Finding]) -> Table | None:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = data.decode("utf-8", errors="replace")
        encoding = "?"
    if encoding != "utf-8-sig":
        findings.append(Finding("gtfs-not-utf8", None, None, None, {"file": name, "encoding": encoding}))
    try:
        frame = _read(text.encode(), name, findings)
    except pl.exceptions.PolarsError as error:
        findings.append(Finding("gtfs-file-unreadable", None, None, None, {"file": name, "detail": str(error)[:120]}))
        return None
    names = [c.strip() for c in frame.columns]
    if len(set(names)) == len(names):
        frame.columns = names
    frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    frame = frame.select(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(ROW), pl.exclude(ROW))
    return Table(frame.filter(pl.any_horizontal(pl.exclude(ROW).is_not_null())) if frame.width > 1 else frame)


def _read(data: bytes, name: str, findings: list[Finding]) -> pl.DataFrame:
    try:
        return pl.read_csv(data, infer_schema=False)
    except pl.exceptions.ComputeError:
        frame = pl.read_csv(data, infer_schema=False, truncate_ragged_lines=True)
    findings.append(Finding("gtfs-row-width", None, None, None, {"file": name, "columns": frame.width}))
    return frame


def check_gtfs(tables: Mapping[str, Table]) -> pl.DataFrame:
    """Findings on the files of a feed: files, columns, blank cells, keys between files, times, dates, points.

    `params.file` names the file of each finding. Times may pass 24:00 (25:10:00 is ten past one of the next day).
    """
    findings: list[Finding] = []
    frames = [_structure(tables, findings)]
    for name, keys in KEYS:
        frames.append(_unique(tables, name, keys))
    for name, column, targets in REFERENCES:
        frames.append(_reference(tables, name, column, targets))
    for name, column in TIMES:
        frames.append(_pattern(tables, name, column, "gtfs-time", r"^[0-9]{1,2}:[0-5][0-9]:[0-5][0-9]$"))
    for name, column in DATES:
        frames.append(_dates(tables, name, column))
    frames += [_order(tables), *_points(tables), _periods(tables)]
    frames += [*check_values(tables), *check_trips(tables), *check_far_stops(tables), check_days(tables)]
    return pl.concat([findings_frame(findings), *[f for f in frames if f.height]])


def _structure(tables: Mapping[str, Table], findings: list[Finding]) -> pl.DataFrame:
    for name in [*REQUIRED, *ADVISED]:
        if name not in tables:
            code = "gtfs-file-missing" if name in REQUIRED else "gtfs-file-advised"
            findings.append(Finding(code, None, None, None, {"file": name}))
    if "calendar.txt" not in tables and "calendar_dates.txt" not in tables:
        findings.append(Finding("gtfs-file-missing", None, None, None, {"file": "calendar.txt"}))
    blanks = []
    for name, columns in {**REQUIRED, **ADVISED, **OPTIONAL}.items():
        if name not in tables:
            continue
        for column in columns:
            if column not in tables[name].columns:
                findings.append(Finding("gtfs-column-missing", 1, column, None, {"file": name}))
            elif name == "stop_times.txt" and column.endswith("_time"):
                continue  # times between two stops with a time may be blank
            else:
                blanks.append(mark(tables[name], pl.col(column).is_null(), "gtfs-blank", name, column))
    return pl.concat(blanks) if blanks else findings_frame()


def _unique(tables: Mapping[str, Table], name: str, keys: tuple[str, ...]) -> pl.DataFrame:
    if not has(tables, name, *keys):
        return findings_frame()
    again = ~pl.struct(keys).is_first_distinct() & pl.all_horizontal(pl.col(k).is_not_null() for k in keys)
    return mark(tables[name], again, "gtfs-duplicate", name, keys[-1] if len(keys) > 1 else keys[0])


def _reference(tables: Mapping[str, Table], name: str, column: str,
               targets: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    there = [tables[t].frame[c] for t, c in targets if has(tables, t, c)]
    if not has(tables, name, column) or not there:
        return findings_frame()
    known = pl.concat(there).drop_nulls().unique().implode()
    return mark(tables[name], pl.col(column).is_not_null() & ~pl.col(column).is_in(known), "gtfs-reference", name,
                 column)


def _pattern(tables: Mapping[str, Table], name: str, column: str, code: str, pattern: str) -> pl.DataFrame:
    if not has(tables, name, column):
        return findings_frame()
    return mark(tables[name], ~pl.col(column).str.strip_chars().str.contains(pattern), code, name, column)


def _dates(tables: Mapping[str, Table], name: str, column: str) -> pl.DataFrame:
    if not has(tables, name, column):
        return findings_frame()
    day = pl.col(column).str.to_date("%Y%m%d", strict=False)
    wrong = pl.col(column).is_not_null() & (day.is_null() | (pl.col(column).str.len_chars() != 8))
    return mark(tables[name], wrong, "gtfs-date", name, column)


def _order(tables: Mapping[str, Table]) -> pl.DataFrame:
    """Stops of a trip whose arrival lies before the departure at the stop before."""
    name = "stop_times.txt"
    if not has(tables, name, "trip_id", "stop_sequence", "arrival_time", "departure_time"):
        return findings_frame()
    frame = tables[name].frame.with_columns(
        pl.col("stop_sequence").cast(pl.Int64, strict=False).alias("__n__"),
        seconds("arrival_time").alias("__a__"), seconds("departure_time").alias("__d__"),
    ).sort("trip_id", "__n__", ROW)
    before = pl.col("__d__").forward_fill().shift(1).over("trip_id")
    frame = frame.with_columns(((pl.col("__a__") < before) | (pl.col("__d__") < pl.col("__a__"))).alias("__bad__"))
    return mark(Table(frame), pl.col("__bad__"), "gtfs-time-order", name, "arrival_time")


def _points(tables: Mapping[str, Table]) -> list[pl.DataFrame]:
    """Stops and shape points that are no numbers or lie outside Japan (latitude 20–46, longitude 122–154)."""
    out = []
    for name, lat, lon in (("stops.txt", "stop_lat", "stop_lon"), ("shapes.txt", "shape_pt_lat", "shape_pt_lon")):
        for column, low, high in ((lat, 20, 46), (lon, 122, 154)):
            if has(tables, name, column):
                number = pl.col(column).cast(pl.Float64, strict=False)
                wrong = pl.col(column).is_not_null() & ~number.is_between(low, high).fill_null(False)
                out.append(mark(tables[name], wrong, "gtfs-point", name, column))
    return out


def _periods(tables: Mapping[str, Table]) -> pl.DataFrame:
    if not has(tables, "calendar.txt", "start_date", "end_date"):
        return findings_frame()
    return mark(tables["calendar.txt"], pl.col("start_date") > pl.col("end_date"), "gtfs-period", "calendar.txt",
                 "end_date")


def write_gtfs(tables: Mapping[str, Table], path: Path) -> None:
    """Write the tables as a GTFS zip, see `gtfs_bytes`."""
    path.write_bytes(gtfs_bytes(tables))


def gtfs_bytes(tables: Mapping[str, Table]) -> bytes:
    """The tables as a GTFS zip (UTF-8 with BOM, CRLF, as GTFS-JP allows): the same tables, the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(tables):
            out = io.BytesIO()
            tables[name].frame.drop(ROW).write_csv(out, include_bom=True, line_terminator="\r\n")
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, out.getvalue(), compresslevel=9)
    return made.getvalue()
