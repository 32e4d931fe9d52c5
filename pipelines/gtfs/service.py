"""The files of a feed to findings on their values and on the service: choices, numbers, trips, days without a bus."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from pipelines.gtfs.rows import has, mark
from pipelines.model import ROW, Finding, Table, findings_frame

CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "routes.txt": {"route_type": ("0", "1", "2", "3", "4", "5", "6", "7", "11", "12")},
    "stops.txt": {"location_type": ("0", "1", "2", "3", "4")},
    "trips.txt": {"direction_id": ("0", "1")},
    "stop_times.txt": {"pickup_type": ("0", "1", "2", "3"), "drop_off_type": ("0", "1", "2", "3"), "timepoint": ("0", "1")},
    "calendar.txt": dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), ("0", "1")),
    "calendar_dates.txt": {"exception_type": ("1", "2")},
    "fare_attributes.txt": {"currency_type": ("JPY",), "payment_method": ("0", "1"), "transfers": ("0", "1", "2")},
    "agency.txt": {"agency_timezone": ("Asia/Tokyo",), "agency_lang": ("ja",)},
}
"""Values that a column may have (GTFS Schedule reference; JPY, Asia/Tokyo and ja are GTFS-JP 第3版)."""
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "stop_times.txt": ("stop_sequence",), "shapes.txt": ("shape_pt_sequence",), "frequencies.txt": ("headway_secs",),
    "fare_attributes.txt": ("price",),
}
WEB = (("agency.txt", "agency_url"), ("feed_info.txt", "feed_publisher_url"), ("routes.txt", "route_url"),
       ("stops.txt", "stop_url"))
GAP_DAYS = 8
"""Days in a row without any trip: a week without Sundays or holidays is none, eight days are."""
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST_DAYS = 3660
_LEAST_STOPS = 10
_FAR_KM = 100.0
_FAR_TIMES = 8.0


def check_values(tables: Mapping[str, Table]) -> list[pl.DataFrame]:
    """Cells outside the choices of their column, numbers that are none, web addresses without a scheme."""
    found = []
    for name, columns in CHOICES.items():
        for column, allowed in columns.items():
            if has(tables, name, column):
                wrong = pl.col(column).is_not_null() & ~pl.col(column).str.strip_chars().is_in(list(allowed))
                found.append(mark(tables[name], wrong, "gtfs-choice", name, column))
    for name, numbers in NUMBERS.items():
        for column in numbers:
            if has(tables, name, column):
                wrong = pl.col(column).is_not_null() & ~pl.col(column).str.contains(r"^\s*[0-9]+(?:\.[0-9]+)?\s*$")
                found.append(mark(tables[name], wrong, "gtfs-number", name, column))
    for name, column in WEB:
        if has(tables, name, column):
            wrong = pl.col(column).is_not_null() & ~pl.col(column).str.contains(r"^https?://[^\s]+$")
            found.append(mark(tables[name], wrong, "gtfs-url", name, column))
    for name, column in (("feed_info.txt", "feed_lang"), ("translations.txt", "lang"), ("translations.txt", "language")):
        if has(tables, name, column):
            wrong = ~pl.col(column).fill_null("").str.contains(r"^\s*[a-z]{2,3}(?:-[A-Za-z0-9]+)*\s*$")
            found.append(mark(tables[name], wrong, "gtfs-choice", name, column))
    return found


def check_trips(tables: Mapping[str, Table]) -> list[pl.DataFrame]:
    """Trips that stop fewer than twice, and trips whose first or last stop has no time."""
    if not has(tables, "trips.txt", "trip_id") or not has(tables, "stop_times.txt", "trip_id", "stop_sequence"):
        return []
    times = tables["stop_times.txt"].frame
    stops = times.group_by("trip_id").len()
    several = stops.filter(pl.col("len") > 1)["trip_id"].drop_nulls().implode()
    short = pl.col("trip_id").is_not_null() & ~pl.col("trip_id").is_in(several)
    found = [mark(tables["trips.txt"], short, "gtfs-trip-short", "trips.txt", "trip_id")]
    if has(tables, "stop_times.txt", "arrival_time", "departure_time"):
        number = pl.col("stop_sequence").cast(pl.Float64, strict=False)
        end = (number == number.min().over("trip_id")) | (number == number.max().over("trip_id"))
        marked = Table(times.with_columns(
            __end__=end & pl.col("arrival_time").is_null() & pl.col("departure_time").is_null()))
        found.append(mark(marked, pl.col("__end__"), "gtfs-time-missing", "stop_times.txt", "arrival_time"))
    return found


def check_days(tables: Mapping[str, Table]) -> pl.DataFrame:
    """Services that run on no day at all, and stretches of the feed's period on which nothing runs."""
    days = _days_by_service(tables)
    incomplete = "calendar.txt" in tables and not has(tables, "calendar.txt", "service_id", "start_date", "end_date", *_WEEK)
    if not days or incomplete:
        return findings_frame()
    found = [
        Finding("gtfs-service-empty", row, "service_id", service, {"file": "calendar.txt"})
        for service, (row, dates) in days.items() if row is not None and not dates
    ]
    running = sorted({day for _, dates in days.values() for day in dates})
    gaps = [(after - before, before, after) for before, after in zip(running, [*running[1:], *_feed_end(tables, running)],
                                                                     strict=False)]
    gaps = [gap for gap in gaps if gap[0].days > GAP_DAYS]
    if gaps:
        _, before, after = max(gaps, key=lambda gap: (gap[0], gap[1]))
        params = {"file": "calendar.txt", "from": (before + timedelta(days=1)).isoformat(), "count": len(gaps),
                  "to": (after - timedelta(days=1)).isoformat(), "days": (after - before).days - 1}
        found.append(Finding("gtfs-calendar-gap", None, None, None, params))
    return findings_frame(found)


def _feed_end(tables: Mapping[str, Table], running: list[date]) -> list[date]:
    """The day after the last on which feed_info says that the feed is valid, where that is later than any service."""
    if not running or not has(tables, "feed_info.txt", "feed_end_date"):
        return []
    ends = [d for d in map(_day, tables["feed_info.txt"].frame["feed_end_date"].to_list()) if d is not None]
    return [ends[0] + timedelta(days=1)] if ends and ends[0] > running[-1] else []


def check_far_stops(tables: Mapping[str, Table]) -> list[pl.DataFrame]:
    """Stops far from where the others of the feed lie: more than 100 km, and eight times as far as nine in ten."""
    if not has(tables, "stops.txt", "stop_lat", "stop_lon") or tables["stops.txt"].rows < _LEAST_STOPS:
        return []
    table = tables["stops.txt"]
    north, east = ((pl.col(c).cast(pl.Float64, strict=False)) for c in ("stop_lat", "stop_lon"))
    away = (((north - north.median()) * 111) ** 2 + ((east - east.median()) * 91) ** 2).sqrt()
    in_japan = north.is_between(20, 46) & east.is_between(122, 154)
    far = in_japan & (away > _FAR_KM) & (away > _FAR_TIMES * away.quantile(0.9))
    marked = Table(table.frame.with_columns(__far__=far))
    return [mark(marked, pl.col("__far__"), "gtfs-point-far", "stops.txt", "stop_lat")]


def _days_by_service(tables: Mapping[str, Table]) -> dict[str, tuple[int | None, set[date]]]:
    """service_id -> (row in calendar.txt or None, the days on which it runs)."""
    days: dict[str, tuple[int | None, set[date]]] = {}
    if has(tables, "calendar.txt", "service_id", "start_date", "end_date", *_WEEK):
        for row in tables["calendar.txt"].frame.select(ROW, "service_id", "start_date", "end_date", *_WEEK).rows():
            first, last = _day(row[2]), _day(row[3])
            runs = {i for i, cell in enumerate(row[4:]) if (cell or "").strip() == "1"}
            if row[1] is None or first is None or last is None:
                continue
            length = min((last - first).days + 1, _LONGEST_DAYS)
            each = (first + timedelta(days=i) for i in range(length))
            days[row[1]] = (row[0], {day for day in each if day.weekday() in runs})
    if has(tables, "calendar_dates.txt", "service_id", "date", "exception_type"):
        for service, text, kind in tables["calendar_dates.txt"].frame.select("service_id", "date", "exception_type").rows():
            day = _day(text)
            if service is None or day is None:
                continue
            _, dates = days.setdefault(service, (None, set()))
            if (kind or "").strip() == "1":
                dates.add(day)
            else:
                dates.discard(day)
    return days


def _day(text: str | None) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text and len(text) == 8 else None
    except ValueError:
        return None
