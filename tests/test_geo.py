"""Coordinates: each defect is found where it is, with the value to type, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import DeclarationError, SourceError
from pipelines.geo import RepeatedPoints, check_points, convert_crs, detect_datum, load_area
from pipelines.geo.datum import shift_tokyo_to_jgd
from pipelines.messages import load_messages
from pipelines.model import ROW, Field, Requirement, Standard, Table

ROOT = Path(__file__).parents[1]


def _field(name: str, type_: str = "string", rule: str | None = None) -> Field:
    return Field(name, type_, None, rule, Requirement("optional", "read"), (), {})


STANDARD = Standard(
    "aed", "recommended-v1", "AED設置箇所一覧", "AEDs", "01", "aed", False, "exact",
    (_field("NO"), _field("住所", "string", "addr_old"), _field("緯度", "number", "lat"),
     _field("経度", "number", "lon")), {},
)
HERE = ("34.166600", "131.205600")  # 美祢市


def _table(*points: tuple[str | None, str | None], addresses: list[str] | None = None) -> Table:
    where = addresses or [f"大嶺町東分{i}" for i in range(len(points))]
    return Table.from_rows(["NO", "住所", "緯度", "経度"],
                           [[str(i), a, lat, lon] for i, (a, (lat, lon)) in enumerate(zip(where, points, strict=True))])


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """Three bodies: 35213 around HERE, 35212 beside it, and the wards of a made-up designated city."""
    def box(code: str, west: float, south: float) -> dict[str, object]:
        ring = [[west, south], [west + 0.2, south], [west + 0.2, south + 0.2], [west, south + 0.2], [west, south]]
        return {"type": "Feature", "properties": {"N03_007": code},
                "geometry": {"type": "Polygon", "coordinates": [ring]}}
    corners = {"35213": (131.1, 34.1), "35212": (132.0, 33.9), "22101": (138.0, 35.0), "22138": (137.0, 35.0)}
    features = [box(code, *corner) for code, corner in corners.items()]
    path = tmp_path / "n03.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


CASES = [
    # latitude, longitude, (code, field, remedy) ...; where it was seen
    (*HERE, []),
    ("139.78604", "36.28414", [("coordinate-swapped", "緯度", "36.28414"),
                               ("coordinate-swapped", "経度", "139.78604")]),  # 小山市 公園
    ("0", "0", [("coordinate-zero", "緯度", None)]),  # 高松市 文化財
    ("34.1666", "0", [("coordinate-zero", "経度", None)]),
    (None, None, [("coordinate-missing", "緯度", None)]),  # 美祢市 公共施設
    ("34.166600", None, [("coordinate-half", "経度", None)]),
    (None, "131.205600", [("coordinate-half", "緯度", None)]),
    ("-34.166600", "131.205600", [("coordinate-sign", "緯度", "34.166600")]),
    ("343.208813", "131.205600", [("coordinate-point-lost", "緯度", "34.3208813")]),  # 岩国市 指定緊急避難場所
    ("34166600", "131205600", [("coordinate-point-lost", "緯度", "34.166600"),
                               ("coordinate-point-lost", "経度", "131.205600")]),
    ("341000", "131.205600", [("coordinate-outside-japan", "緯度", None)]),  # may be degrees, minutes, seconds
    ("50.166600", "131.205600", [("coordinate-outside-japan", "緯度", None)]),
    ("34.166600", "13.205600", [("coordinate-point-lost", "経度", "132.05600")]),
    ("34.1", "131.2", [("coordinate-few-decimals", "緯度", None)]),
    ("34.17", "131.205612", []),  # Excel drops zeros at the end: the finer of the two counts
    ("NaN", "-inf", [("coordinate-outside-japan", "緯度", None), ("coordinate-outside-japan", "経度", None)]),
    ("北緯34度10分", "131.205600", [("coordinate-pair-unread", "緯度", None)]),
    ("３４．１６６６", "131.205600", [("coordinate-pair-unread", "緯度", None)]),
]


@pytest.mark.parametrize(("lat", "lon", "wanted"), CASES)
def test_each_defect_is_told_at_its_cell_with_the_value_to_type(
    lat: str | None, lon: str | None, wanted: list[tuple[str, str, str | None]]
) -> None:
    _, findings, _ = check_points(_table(HERE, (lat, lon)), STANDARD)
    assert [tuple(r) for r in findings.select("code", "field", "remedy").rows()] == wanted
    assert set(findings["row"].to_list()) <= {3}


def test_every_code_and_rule_has_words() -> None:
    words = load_messages()
    for code in {c for *_, wanted in CASES for c, *_ in wanted} | {
        "coordinate-column-empty", "coordinate-same-point", "coordinate-outside-municipality",
        "coordinate-far-from-address", "crs-converted", "crs-off-grid", "crs-not-degrees", "crs-not-metres",
    }:
        assert words["findings"][code]["ja"] and words["findings"][code]["en"]
    for rule in ("swap-lat-lon", "drop-coordinate-sign", "convert-datum", "convert-plane"):
        assert words["rules"][rule]["meaning"] is True


def test_a_swap_waits_for_a_yes_and_then_is_made() -> None:
    table = _table(HERE, (HERE[1], HERE[0]))
    kept, _, proposed = check_points(table, STANDARD)
    assert kept.frame.equals(table.frame)
    assert proposed["applied"].to_list() == [False, False]
    swapped, findings, fixes = check_points(table, STANDARD, accept=["swap-lat-lon"])
    assert swapped.frame.row(1)[3:] == HERE
    assert fixes["applied"].to_list() == [True, True]
    assert fixes.select("before", "after").rows() == [(HERE[1], HERE[0]), HERE]
    assert findings.height == 2


def test_a_column_without_any_coordinate_is_one_finding() -> None:
    _, findings, fixes = check_points(_table((None, None), (None, None)), STANDARD)
    assert findings.select("code", "row").rows() == [("coordinate-column-empty", None)]
    assert json.loads(findings["params"][0]) == {"rows": 2}
    assert fixes.is_empty()


def test_a_table_without_coordinate_columns_says_nothing() -> None:
    table = Table.from_rows(["NO"], [["1"]])
    assert check_points(table, STANDARD)[1].is_empty()


def test_a_point_outside_the_municipality_is_told_with_its_distance(square: Path) -> None:
    area = load_area(square, "352136")
    _, findings, _ = check_points(_table(HERE, ("34.166600", "131.405600"), (HERE[1], HERE[0])), STANDARD, area=area)
    outside = findings.filter(pl.col("code") == "coordinate-outside-municipality")
    assert outside["row"].to_list() == [3]
    assert json.loads(outside["params"][0])["km"] == pytest.approx(9.7, abs=0.2)


def test_a_facility_that_stands_elsewhere_by_its_own_code_is_not_outside(square: Path) -> None:
    code = pl.lit("352128").alias("所在地_全国地方公共団体コード")
    table = Table(_table(("33.950000", "132.100000")).frame.with_columns(code))
    _, findings, _ = check_points(table, STANDARD, area=load_area(square, "352136"))
    assert findings.is_empty()


def test_one_point_on_many_addresses_is_told_and_one_building_is_not() -> None:
    # 山口県 AED: the middle of 豊田町大字手洗 stands for each of its addresses
    town = ["豊田町大字手洗２７３－１", "豊田町大字手洗２８５－１", "豊田町大字手洗３０３"]
    _, findings, _ = check_points(_table(HERE, HERE, HERE, addresses=town), STANDARD)
    assert findings["code"].to_list() == ["coordinate-same-point"] * 3
    floors = ["大嶺町326-1 1階", "大嶺町326-1 2階", "大嶺町326-1　3階"]
    assert check_points(_table(HERE, HERE, HERE, addresses=floors), STANDARD)[1].is_empty()


def test_one_point_on_many_addresses_is_told_across_the_blocks_of_a_large_file() -> None:
    town = ["豊田町大字手洗２７３－１", "豊田町大字手洗２８５－１", "豊田町大字手洗３０３"]
    same = RepeatedPoints()
    for i, address in enumerate(town):
        block = _table(HERE, ("34.200000", "131.300000"), addresses=[address, f"大嶺町東分{i % 2}"])
        block = Table(block.frame.with_columns(pl.col(ROW) + 10 * i))
        assert check_points(block, STANDARD, repeated=same)[1].is_empty()
    found = same.finish()
    assert found.select("code", "row", "value").rows() == [
        ("coordinate-same-point", row, HERE[0]) for row in (2, 12, 22)]
    assert {json.loads(p)["addresses"] for p in found["params"]} == {3}


@pytest.mark.parametrize(("lat", "lon", "field", "likely"), [
    ("35.166600", "131.205600", "緯度", "34.166600"),  # one digit of the degrees
    ("34.166600", "131.990000", "経度", None),  # more than one slip: the cell is known, the value is not
    ("34.166600", "132.205600", "経度", "131.205600"),
    ("43.166600", "131.205600", "緯度", "34.166600"),  # two digits the other way round
    ("35.166600", "132.205600", "緯度", None),  # both are wrong: the cell cannot be told
])
def test_the_cell_that_is_wrong_and_the_value_that_was_meant_are_told_where_only_one_fits(
    square: Path, lat: str, lon: str, field: str, likely: str | None
) -> None:
    town = pl.DataFrame({"row": [2], "lat": [34.1655], "lon": [131.2066], "error_m": [200.0]})
    area = load_area(square, "352136")
    _, findings, _ = check_points(_table((lat, lon)), STANDARD, area=area, town_points=town)
    told = findings.filter(pl.col("code").is_in(["coordinate-outside-municipality", "coordinate-far-from-address"]))
    assert told.height == 2
    assert set(told.select("field", "remedy").rows()) == {(field, likely)}
    _, alone, _ = check_points(_table((lat, lon)), STANDARD, area=area)
    assert set(alone["remedy"].to_list()) <= {None, likely}


def test_a_point_far_from_where_its_address_says_is_told() -> None:
    town = pl.DataFrame({"row": [2, 3], "lat": [34.17, 34.17], "lon": [131.21, 131.21], "error_m": [770.0, 770.0]})
    _, findings, _ = check_points(_table(HERE, ("34.3666", "131.2056")), STANDARD, town_points=town)
    assert findings.select("code", "row").rows() == [("coordinate-far-from-address", 3)]


def test_the_area_reads_only_the_wanted_body_and_joins_prefectures_and_wards(square: Path) -> None:
    mine, prefecture = load_area(square, "352136"), load_area(square, "350001")
    lat, lon = np.array([34.15, 33.95, np.nan]), np.array([131.15, 132.05, np.nan])
    assert mine.contains(lat, lon).tolist() == [True, False, False]
    assert prefecture.contains(lat, lon).tolist() == [True, True, False]
    assert not mine.rough
    shizuoka = load_area(square, "221007")  # wards 22101-22129; 22131 onward belong to 浜松市
    assert shizuoka.contains(np.array([35.1, 35.1]), np.array([138.1, 137.1])).tolist() == [True, False]


def test_a_rough_outline_says_so_and_is_generous(tmp_path: Path) -> None:
    ring = [[131.1, 34.1], [131.3, 34.1], [131.3, 34.3], [131.1, 34.3], [131.1, 34.1]]
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"rough": True}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}))
    area = load_area(path, "352136")
    assert area.rough and area.tolerance_m > 1000
    assert area.contains(np.array([34.09]), np.array([131.2])).tolist() == [True]  # 1.1 km outside


def test_the_shipped_outlines_are_rough_and_hold_their_town_halls() -> None:
    halls = {"352136_mine": (34.1666, 131.2056), "352128_yanai": (33.9639, 132.1015)}
    for folder, (lat, lon) in halls.items():
        path = ROOT / "datasets" / folder / "area.geojson"
        if path.exists():
            area = load_area(path, folder[:6])
            assert area.rough
            assert area.contains(np.array([lat]), np.array([lon])).tolist() == [True]


def test_a_wrong_boundary_file_stops_with_words(tmp_path: Path, square: Path) -> None:
    with pytest.raises(SourceError) as missing:
        load_area(tmp_path / "none.geojson", "352136")
    assert missing.value.code == "area-file-missing"
    (tmp_path / "bad.geojson").write_text("not json")
    with pytest.raises(SourceError) as bad:
        load_area(tmp_path / "bad.geojson", "352136").contains(np.array([34.0]), np.array([131.0]))
    assert bad.value.code == "area-unreadable"
    with pytest.raises(SourceError) as other:
        load_area(square, "011002").contains(np.array([34.0]), np.array([131.0]))
    assert other.value.code == "area-not-in-file"


def _one(lat: str, lon: str, crs: str, **more: object) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    return convert_crs(_table((lat, lon)), STANDARD, crs, **more)  # type: ignore[arg-type]


def _metres(table: Table, lat: float, lon: float) -> float:
    got_lat, got_lon = (float(v) for v in table.frame.row(0)[3:])
    return float(np.hypot(got_lat - lat, (got_lon - lon) * np.cos(np.radians(lat))) * 111_195)


def test_tokyo_datum_is_shifted_by_400_m_and_the_accuracy_is_stated() -> None:
    # 美祢: JGD - Tokyo is +11.676", -8.669"
    table, findings, fixes = _one("34.163357", "131.208008", "EPSG:4301")
    assert _metres(table, 34.1666, 131.2056) < 5
    assert fixes["rule"].to_list() == ["convert-datum"] * 2 and fixes["applied"].all()
    assert {json.loads(p)["accuracy_m"] for p in findings["params"]} == {5.0}
    assert findings["code"].to_list() == ["crs-converted"] * 2


@pytest.mark.parametrize(("crs", "limit_m"), [("EPSG:6671", 0.5), ("EPSG:2445", 0.5)])
def test_in_plane_coordinates_the_latitude_column_is_x_to_the_north(crs: str, limit_m: float) -> None:
    table, findings, fixes = _one("-202955.9", "-88597.3", crs)  # 美祢市役所, zone III
    assert _metres(table, 34.166670, 131.205703) < limit_m
    assert fixes["rule"].to_list() == ["convert-plane"] * 2
    assert findings["remedy"].to_list() == [table.frame.row(0)[4], table.frame.row(0)[3]]


def test_tokyo_plane_coordinates_are_unprojected_and_shifted() -> None:
    from pyproj import Transformer

    east, north = Transformer.from_crs(4301, 30163, always_xy=True).transform(131.208008, 34.163357)
    table, _, _ = _one(f"{north:.3f}", f"{east:.3f}", "EPSG:30163")
    assert _metres(table, 34.1666, 131.2056) < 5


def test_jgd2000_and_wgs84_degrees_need_no_conversion() -> None:
    for crs in ("EPSG:4326", "EPSG:6668"):
        table, findings, fixes = _one(*HERE, crs)
        assert table.frame.row(0)[3:] == HERE and findings.is_empty() and fixes.is_empty()
    table, _, fixes = _one(*HERE, "EPSG:4612")
    assert table.frame.row(0)[3:] == HERE and fixes.is_empty()


def test_values_that_do_not_fit_the_declared_crs_are_left_and_told() -> None:
    table, findings, fixes = _one(*HERE, "EPSG:6671")
    assert findings["code"].to_list() == ["crs-not-metres"] and fixes.is_empty()
    assert table.frame.row(0)[3:] == HERE
    _, findings, _ = _one("-202955.9", "-88597.3", "EPSG:4301")
    assert findings["code"].to_list() == ["crs-not-degrees"]


@pytest.mark.parametrize("x", ["99999999999999", "1" * 400, "-202955900000"])
def test_plane_coordinates_of_no_place_are_left_and_told(x: str) -> None:
    table, findings, fixes = _one(x, "-88597.3", "EPSG:6671")
    assert table.frame.row(0)[3:] == (x, "-88597.3") and fixes.is_empty()
    assert findings["code"].to_list() == ["crs-not-metres"]


def test_without_a_yes_the_conversion_is_only_proposed() -> None:
    table, _, fixes = _one("34.163357", "131.208008", "EPSG:4301", accept=())
    assert table.frame.row(0)[3] == "34.163357"
    assert fixes["applied"].to_list() == [False, False]


def test_an_unknown_crs_stops_with_words() -> None:
    for crs in ("EPSG:3857", "日本測地系", "EPSG:30180", "EPSG:6688"):
        with pytest.raises(DeclarationError) as stop:
            _one(*HERE, crs)
        assert stop.value.code == "crs-unknown"


def _file(rows: int, *, tokyo: bool, error_m: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows in 30 chome-like places, each some tens of metres from the point that stands for its town."""
    rng = np.random.default_rng(35)
    lat, lon = rng.uniform(34.0, 34.3, rows), rng.uniform(131.0, 131.4, rows)
    town = pl.DataFrame({"row": range(rows), "lat": lat, "lon": lon, "error_m": [error_m] * rows})
    spread = error_m / 111_195
    lat, lon = lat + rng.normal(0, spread, rows), lon + rng.normal(0, spread, rows)
    if tokyo:
        there_lat, there_lon = shift_tokyo_to_jgd(lat, lon)
        lat, lon = 2 * lat - there_lat, 2 * lon - there_lon
    return pl.DataFrame({"row": range(rows), "lat": lat, "lon": lon}), town


def test_the_tokyo_datum_is_told_by_the_shift_against_fine_addresses() -> None:
    assert detect_datum(*_file(30, tokyo=True, error_m=100)).answer == "yes"
    assert detect_datum(*_file(30, tokyo=False, error_m=100)).answer == "no"
    assert detect_datum(*_file(3, tokyo=True, error_m=30)).answer == "yes"


def test_with_few_or_coarse_addresses_the_answer_is_cannot_tell() -> None:
    for few in (_file(5, tokyo=True, error_m=100), _file(50, tokyo=True, error_m=770), _file(0, tokyo=True, error_m=1)):
        verdict = detect_datum(*few)
        assert verdict.answer == "cannot-tell" and verdict.reason_ja and verdict.reason_en


def test_a_file_half_in_one_datum_and_half_in_the_other_is_never_converted_whole() -> None:
    (tokyo, town), (jgd, _) = _file(40, tokyo=True, error_m=100), _file(40, tokyo=False, error_m=100)
    mixed = pl.concat([tokyo.filter(pl.col("row") % 2 == 0), jgd.filter(pl.col("row") % 2 == 1)])
    assert detect_datum(mixed, town).answer == "cannot-tell"


texts = st.one_of(st.none(), st.text(max_size=12), st.floats().map(str),
                  st.sampled_from(["34.1666", "131.2056", "-34.1", "0", "34.", "１", "1e5", "nan", "inf", "+34.5"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_no_value_raises_and_nothing_changes_without_a_fix(points: list[tuple[str | None, str | None]]) -> None:
    table = _table(*points)
    for accept in ((), ("swap-lat-lon", "drop-coordinate-sign")):
        out, findings, fixes = check_points(table, STANDARD, accept=accept)
        changed = sum(a != b for a, b in zip(table.frame.rows(), out.frame.rows(), strict=True))
        assert changed <= fixes.filter(pl.col("applied")).height
        assert set(findings["code"]) <= set(load_messages()["findings"])
    out, findings, fixes = convert_crs(table, STANDARD, "EPSG:4301")
    assert out.rows == table.rows and findings.height == fixes.height + findings.filter(
        ~pl.col("code").is_in(["crs-converted"])).height
