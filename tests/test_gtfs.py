"""GTFS-JP feeds: every rule with a feed that breaks it once, and a zip that is the same bytes each time."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipelines.errors import SourceError
from pipelines.gtfs import check_gtfs, read_gtfs, write_gtfs
from pipelines.model import ROW

FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,見本バス,https://www.example.jp/,Asia/Tokyo\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nS1,市役所前,34.1664,131.2060\nS2,美祢駅,34.1700,131.2100\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_type\nR1,A,1番,3\n",
    "trips.txt": "route_id,service_id,trip_id\nR1,平日,T1\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
                      "T1,23:50:00,23:50:00,S1,1\nT1,25:10:00,25:10:00,S2,2\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
                    "平日,1,1,1,1,1,0,0,20250401,20260331\n",
    "feed_info.txt": "feed_publisher_name,feed_publisher_url,feed_lang\n見本市,https://www.example.jp/,ja\n",
    "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\nF,200,JPY,0,0\n",
    "translations.txt": "trans_id,lang,translation\n市役所前,en,City Hall\n",
}


def feed(folder: Path, **changes: str | None) -> Path:
    path = folder / "feed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**FEED, **changes}.items():
            if text is not None:
                archive.writestr(name, "\ufeff" + text.replace("\n", "\r\n"))
    return path


def found(path: Path) -> list[tuple[str, int | None, str | None, str | None]]:
    tables, findings = read_gtfs(path)
    rows = [*findings.rows(named=True), *check_gtfs(tables).rows(named=True)]
    return [(r["code"], r["row"], r["field"], r["value"]) for r in rows]


def test_a_good_feed_has_no_findings_and_times_may_pass_midnight(tmp_path: Path) -> None:
    assert found(feed(tmp_path)) == []


@pytest.mark.parametrize(("name", "before", "after", "expected"), [
    ("stops.txt", "S2,美祢駅,34.1700", "S2,美祢駅,43170", ("gtfs-point", 3, "stop_lat", "43170")),
    ("stops.txt", "S2,美祢駅", "S1,美祢駅", ("gtfs-duplicate", 3, "stop_id", "S1")),
    ("stops.txt", "S2,美祢駅", "S2,", ("gtfs-blank", 3, "stop_name", None)),
    ("stop_times.txt", "25:10:00,25:10:00", "25時,25:10:00", ("gtfs-time", 3, "arrival_time", "25時")),
    ("stop_times.txt", "25:10:00,25:10:00", "01:10:00,25:10:00", ("gtfs-time-order", 3, "arrival_time", "01:10:00")),
    ("stop_times.txt", "S2,2", "S9,2", ("gtfs-reference", 3, "stop_id", "S9")),
    ("trips.txt", "平日", "休日", ("gtfs-reference", 2, "service_id", "休日")),
    ("calendar.txt", "20260331", "20250229", ("gtfs-date", 2, "end_date", "20250229")),
    ("calendar.txt", "20260331", "20240331", ("gtfs-period", 2, "end_date", "20240331")),
    ("routes.txt", "route_type", "type", ("gtfs-column-missing", 1, "route_type", None)),
    ("routes.txt", "1番,3", "1番,バス", ("gtfs-choice", 2, "route_type", "バス")),
    ("calendar.txt", "平日,1", "平日,○", ("gtfs-choice", 2, "monday", "○")),
    ("calendar.txt", "1,1,1,1,1,0,0", "0,0,0,0,0,0,0", ("gtfs-service-empty", 2, "service_id", "平日")),
    ("stop_times.txt", "S2,2", "S2,二", ("gtfs-number", 3, "stop_sequence", "二")),
    ("stop_times.txt", "25:10:00,25:10:00", ",", ("gtfs-time-missing", 3, "arrival_time", None)),
    ("stop_times.txt", "T1,25:10:00,25:10:00,S2,2\n", "", ("gtfs-trip-short", 2, "trip_id", "T1")),
    ("fare_attributes.txt", "F,200", "F,無料", ("gtfs-number", 2, "price", "無料")),
    ("fare_attributes.txt", "JPY", "円", ("gtfs-choice", 2, "currency_type", "円")),
    ("agency.txt", "https://www.example.jp/", "www.example.jp", ("gtfs-url", 2, "agency_url", "www.example.jp")),
    ("agency.txt", "Asia/Tokyo", "JST", ("gtfs-choice", 2, "agency_timezone", "JST")),
    ("feed_info.txt", ",ja", ",日本語", ("gtfs-choice", 2, "feed_lang", "日本語")),
])
def test_one_broken_cell_is_found_at_its_row(tmp_path: Path, name: str, before: str, after: str,
                                             expected: tuple[str, int, str, str | None]) -> None:
    assert before in FEED[name]
    assert expected in found(feed(tmp_path, **{name: FEED[name].replace(before, after)}))


def test_days_without_a_bus_are_told_once_with_the_longest_stretch(tmp_path: Path) -> None:
    half = FEED["calendar.txt"].replace("20260331", "20250430") + "秋,1,1,1,1,1,0,0,20250901,20260331\n"
    gaps = check_gtfs(read_gtfs(feed(tmp_path, **{"calendar.txt": half}))[0]).rows(named=True)
    assert [g["code"] for g in gaps] == ["gtfs-calendar-gap"]
    assert '"from": "2025-05-01"' in gaps[0]["params"] and '"to": "2025-08-31"' in gaps[0]["params"]


def test_a_stop_far_from_all_others_is_told(tmp_path: Path) -> None:
    near = "".join(f"N{i},停留所{i},34.{1660 + i},131.20\n" for i in range(12))
    stops = FEED["stops.txt"] + near + "FAR,遠い停留所,26.2123,127.68\n"
    told = [f for f in found(feed(tmp_path, **{"stops.txt": stops})) if f[0] == "gtfs-point-far"]
    assert told == [("gtfs-point-far", 16, "stop_lat", "26.2123")]


def test_a_feed_is_told_by_its_files_also_without_stop_times(tmp_path: Path) -> None:
    from pipelines.check import check_file

    path = feed(tmp_path, **{"stop_times.txt": None}).rename(tmp_path / "バス.zip")
    result = check_file(path)
    assert (result.kind, result.format, result.rows) == ("gtfs_jp", "zip", 0)
    assert "gtfs-file-missing" in result.findings["code"].to_list()


def test_missing_files_are_errors_or_advice(tmp_path: Path) -> None:
    codes = [f[0] for f in found(feed(tmp_path, **{"stops.txt": None, "calendar.txt": None, "feed_info.txt": None}))]
    assert codes.count("gtfs-file-missing") == 2
    assert codes.count("gtfs-file-advised") == 1


def test_writing_is_the_same_bytes_each_time_and_loses_nothing(tmp_path: Path) -> None:
    tables, _ = read_gtfs(feed(tmp_path, **{"readme.md": "説明"}))
    one, two = tmp_path / "1.zip", tmp_path / "2.zip"
    write_gtfs(tables, one)
    again, _ = read_gtfs(one)
    write_gtfs(again, two)
    assert one.read_bytes() == two.read_bytes()
    assert all(again[n].frame.drop(ROW).equals(tables[n].frame.drop(ROW)) for n in tables)


def test_other_files_ragged_rows_and_damaged_zips_are_named(tmp_path: Path) -> None:
    ragged = FEED["routes.txt"] + "R2,A,2,3,9\n"
    codes = [f[0] for f in found(feed(tmp_path, **{"readme.md": "x", "routes.txt": ragged}))]
    assert set(codes) == {"gtfs-file-ignored", "gtfs-row-width"}
    path = feed(tmp_path)
    with pytest.raises(SourceError) as large:
        read_gtfs(path, unpacked_bytes=100)
    assert large.value.code == "zip-bomb"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(SourceError) as damaged:
        read_gtfs(path)
    assert damaged.value.code == "zip-damaged"
