"""Real boundaries, real shelters and the real datum grid: areas, Tokyo datum and plane coordinates hold there."""

from __future__ import annotations

import csv
import json
import os
import re
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.errors import SourceError
from pipelines.geo import add_grid, check_points, convert_crs, detect_datum, grid_in, load_area
from pipelines.geo.datum import distance_m
from pipelines.model import Field, Requirement, Standard, Table

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[3] / "shared"))
YAMAGUCHI = SHARED / "gazetteer" / "yamaguchi"
GRID = YAMAGUCHI / "grid" / "TKY2JGD.tif"
N03 = YAMAGUCHI / "n03" / "N03_35.geojson"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not N03.exists(), reason="the shared gazetteer is not here (KOKAI_SHARED)"),
]
ROOT = Path(__file__).parents[2]


def _field(name: str, rule: str | None = None) -> Field:
    return Field(name, "number" if rule else "string", None, rule, Requirement("optional", "read"), (), {})


STANDARD = Standard("shelter", "recommended-v1", "", "", "", "shelter", False, "exact",
                    (_field("緯度", "lat"), _field("経度", "lon")), {})


@pytest.fixture(scope="module")
def shelters() -> pl.DataFrame:
    """Shelters of 国土地理院 in 山口県: code (6 digits), address, lat, lon."""
    rows = list(csv.DictReader((SHARED / "geocode-cases" / "gsi_shelters_35.csv").open(encoding="utf-8-sig")))
    return pl.DataFrame({"code": [r["lg_code"] for r in rows], "address": [r["input"] for r in rows],
                         "lat": [float(r["lat"]) for r in rows], "lon": [float(r["lon"]) for r in rows]})


def _points(lat: np.ndarray, lon: np.ndarray, decimals: int = 6) -> Table:
    return Table.from_rows(["緯度", "経度"], [[f"{a:.{decimals}f}", f"{o:.{decimals}f}"]
                                          for a, o in zip(lat, lon, strict=True)])


def _back(table: Table) -> tuple[np.ndarray, np.ndarray]:
    return table.frame["緯度"].cast(pl.Float64).to_numpy(), table.frame["経度"].cast(pl.Float64).to_numpy()


@pytest.mark.parametrize("code", ["352136", "352128", "352012", "353442"])
def test_real_shelters_lie_in_their_own_municipality_and_not_in_the_next(shelters: pl.DataFrame, code: str) -> None:
    area = load_area(N03, code)
    mine = shelters.filter(pl.col("code") == code)
    inside = area.contains(mine["lat"].to_numpy(), mine["lon"].to_numpy())
    assert inside.mean() > 0.99, (code, mine.filter(~pl.Series(inside)))
    others = shelters.filter(pl.col("code") != code)
    assert area.contains(others["lat"].to_numpy(), others["lon"].to_numpy()).mean() < 0.02


@pytest.mark.parametrize("folder", ["352136_mine", "352128_yanai", "352012_shimonoseki", "353442_hirao"])
def test_the_rough_outlines_hold_what_the_official_boundary_holds(shelters: pl.DataFrame, folder: str) -> None:
    path = ROOT / "datasets" / folder / "area.geojson"
    if not path.exists():
        pytest.skip("no outline is shipped for this body")
    rough, official = load_area(path, folder[:6]), load_area(N03, folder[:6])
    lat, lon = shelters["lat"].to_numpy(), shelters["lon"].to_numpy()
    inside = official.contains(lat, lon)
    assert rough.rough and not official.rough
    assert rough.contains(lat, lon)[inside].all()
    assert (rough.distance_m(lat, lon)[~inside] > 0).mean() > 0.8


def _tokyo(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """JGD to Tokyo by the grid itself, the other way round."""
    from pyproj import Transformer

    back = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +inv +proj=hgridshift +grids={GRID} +step +proj=unitconvert +xy_in=rad +xy_out=deg")
    x, y = (np.asarray(v) for v in back.transform(lon, lat))
    on = np.isfinite(x) & (np.abs(distance_m(y, x, lat, lon) - 420) < 30)  # leave out the grid's edge
    return np.where(on, y, np.nan), np.where(on, x, np.nan)


def test_a_file_in_tokyo_datum_comes_back_to_within_the_stated_accuracy(shelters: pl.DataFrame) -> None:
    lat, lon = shelters["lat"].to_numpy(), shelters["lon"].to_numpy()
    t_lat, t_lon = _tokyo(lat, lon)
    known = np.isfinite(t_lat)
    assert known.mean() > 0.9
    table = _points(t_lat[known], t_lon[known])
    for grid in (None, GRID):
        out, findings, fixes = convert_crs(table, STANDARD, "EPSG:4301", grid=grid)
        off = distance_m(*_back(out), lat[known], lon[known])
        told = findings.filter((pl.col("field") == "緯度") & (pl.col("code") == "crs-converted"))
        stated = np.array([json.loads(p)["accuracy_m"] for p in told["params"]])
        assert (off <= stated).all(), (grid, off.max())
        assert fixes.height == 2 * table.rows
    assert off.max() < 0.5  # with the grid


def test_a_grid_that_was_added_is_kept_and_used_also_in_a_folder_with_a_blank(tmp_path: Path) -> None:
    folder = tmp_path / "address data"
    assert grid_in(folder) is None
    kept = add_grid(GRID, folder)
    assert grid_in(folder) == kept and kept.read_bytes() == GRID.read_bytes()
    table = _points(np.array([34.163357]), np.array([131.208008]))
    _, findings, _ = convert_crs(table, STANDARD, "EPSG:4301", grid=kept)
    assert {json.loads(p)["method"] for p in findings["params"]} == {"TKY2JGD"}
    with pytest.raises(SourceError):  # another grid of 国土地理院: the earthquake of 2011
        add_grid(GRID.with_name("touhokutaiheiyouoki2011.tif"), folder)
    assert grid_in(folder) == kept


def test_points_off_the_grid_and_in_its_outermost_cells_are_seen() -> None:
    lat = np.array([34.10, 34.90, 33.63])  # land, open sea, and a cell of the coast with a part of the shift
    lon = np.array([131.40, 130.20, 130.95])
    out, findings, _ = convert_crs(_points(lat, lon), STANDARD, "EPSG:4301", grid=GRID)
    moved = distance_m(*_back(out), lat, lon)
    assert (np.abs(moved - 420) < 30).all(), moved
    assert 3 in findings.filter(pl.col("code") == "crs-off-grid")["row"].to_list()
    assert 2 not in findings.filter(pl.col("code") == "crs-off-grid")["row"].to_list()


def test_no_point_of_the_prefecture_is_shifted_by_half(shelters: pl.DataFrame) -> None:
    lat, lon = np.meshgrid(np.linspace(33.71, 34.79, 55), np.linspace(130.78, 132.49, 57))
    table = _points(lat.ravel(), lon.ravel())
    out, _, _ = convert_crs(table, STANDARD, "EPSG:4301", grid=GRID)
    moved = distance_m(*_back(out), lat.ravel(), lon.ravel())
    assert moved.min() > 380 and moved.max() < 460


def test_a_file_in_plane_coordinates_iii_comes_back_and_wrong_zones_fall_outside(shelters: pl.DataFrame) -> None:
    from pyproj import Transformer

    mine = shelters.filter(pl.col("code") == "352136")
    lat, lon = mine["lat"].to_numpy(), mine["lon"].to_numpy()
    east, north = Transformer.from_crs(6668, 6671, always_xy=True).transform(lon, lat)
    table = _points(north, east, 3)
    out, _, _ = convert_crs(table, STANDARD, "EPSG:6671")
    assert distance_m(*_back(out), lat, lon).max() < 0.2
    area = load_area(N03, "352136")
    for crs, given in (("EPSG:6670", table), ("EPSG:6672", table), ("EPSG:6671", _points(east, north, 3))):
        wrong, _, _ = convert_crs(given, STANDARD, crs)
        _, findings, _ = check_points(wrong, STANDARD, area=area)
        outside = findings.filter(pl.col("code").is_in(["coordinate-outside-municipality", "coordinate-outside-japan"]))
        assert outside.height == mine.height, crs


@pytest.mark.parametrize("zone", [2, 3, 4])
def test_a_real_file_in_planes_ii_to_iv_of_either_datum_comes_back(shelters: pl.DataFrame, zone: int) -> None:
    from pyproj import Transformer

    lat, lon = shelters["lat"].to_numpy(), shelters["lon"].to_numpy()
    east, north = Transformer.from_crs(6668, 6668 + zone, always_xy=True).transform(lon, lat)
    for crs in (6668 + zone, 2442 + zone):
        out, _, _ = convert_crs(_points(north, east, 3), STANDARD, f"EPSG:{crs}")
        assert distance_m(*_back(out), lat, lon).max() < 0.2
    t_lat, t_lon = _tokyo(lat, lon)
    known = np.isfinite(t_lat)
    east, north = Transformer.from_crs(4301, 30160 + zone, always_xy=True).transform(t_lon[known], t_lat[known])
    for grid in (None, GRID):
        out, findings, _ = convert_crs(_points(north, east, 3), STANDARD, f"EPSG:{30160 + zone}", grid=grid)
        off = distance_m(*_back(out), lat[known], lon[known])
        told = findings.filter((pl.col("field") == "緯度") & (pl.col("code") == "crs-converted"))
        assert (off <= np.array([json.loads(p)["accuracy_m"] for p in told["params"]]) + 0.1).all(), (grid, off.max())


@pytest.mark.parametrize("code", ["352136", "352128", "352012", "353442"])
def test_a_real_file_with_exchanged_x_and_y_is_told_and_comes_back(shelters: pl.DataFrame, code: str) -> None:
    from pyproj import Transformer

    mine, area = shelters.filter(pl.col("code") == code), load_area(N03, code)
    lat, lon = mine["lat"].to_numpy(), mine["lon"].to_numpy()
    east, north = Transformer.from_crs(6668, 6671, always_xy=True).transform(lon, lat)
    for first, second, exchanged in ((north, east, False), (east, north, True)):
        table = _points(first, second, 3)
        _, undeclared, fixes = check_points(table, STANDARD, area=area)
        assert undeclared["code"].unique().to_list() == ["coordinate-plane"] and fixes.is_empty()
        params = json.loads(undeclared["params"][0])
        assert params["crs"] == "EPSG:6671" and ("XとYが逆" in params["likely_ja"]) is exchanged
        _, declared, _ = convert_crs(table, STANDARD, "EPSG:6671", area=area)
        assert ("crs-axes-swapped" in declared["code"].to_list()) is exchanged
    out, declared, _ = convert_crs(_points(north, east, 3), STANDARD, "EPSG:6671", area=area)
    assert distance_m(*_back(out), lat, lon).max() < 0.2


def test_the_datum_verdict_is_right_or_cannot_tell_for_every_municipality(shelters: pl.DataFrame) -> None:
    oaza = YAMAGUCHI / "mlit-oaza" / "35_oaza.csv"
    towns = [r for r in csv.reader(oaza.open(encoding="cp932")) if r[0] == "35"]
    kanji = str.maketrans("一二三四五六七八九", "123456789")

    def key(text: str) -> str:
        return unicodedata.normalize("NFKC", text).replace("大字", "").translate(kanji)

    chome = {key(r[3] + r[5]): (float(r[6]), float(r[7])) for r in towns if r[5].endswith("丁目")}
    verdicts = []
    for code in sorted(shelters["code"].unique()):
        mine = shelters.filter(pl.col("code") == code).with_row_index("row")
        found = []
        for row, address in mine.select("row", "address").rows():
            start = re.match(r"(?:山口県)?([^0-9]+[0-9]+)", key(address))
            name = start.group(1) + "丁目" if start else ""
            if name in chome:
                found.append((row, *chome[name], 250.0))
        town = pl.DataFrame(found, schema={"row": pl.UInt32, "lat": pl.Float64, "lon": pl.Float64,
                                           "error_m": pl.Float64}, orient="row")
        lat, lon = mine["lat"].to_numpy(), mine["lon"].to_numpy()
        t_lat, t_lon = _tokyo(lat, lon)
        as_is = detect_datum(mine.select("row", "lat", "lon"), town)
        tokyo = detect_datum(mine.select("row").with_columns(lat=t_lat, lon=t_lon).filter(pl.col("lat").is_not_nan()),
                             town)
        assert as_is.answer != "yes", (code, as_is)
        assert tokyo.answer != "no", (code, tokyo)
        verdicts.append((as_is.answer, tokyo.answer))
    assert verdicts.count(("no", "yes")) >= 3
    assert ("cannot-tell", "cannot-tell") in verdicts
