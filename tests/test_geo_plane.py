"""Metres where degrees should stand, exchanged axes, the zones II-IV, and the datum grid in its old text form."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.errors import SourceError
from pipelines.geo import add_grid, check_points, convert_crs, grid_in, is_grid, load_area
from pipelines.geo.datum import distance_m, shift_tokyo_to_jgd
from pipelines.geo.plane import zones_of_prefectures
from pipelines.model import ROW, Field, Requirement, Standard, Table

CODE = "都道府県コード又は市区町村コード"


def _field(name: str, type_: str = "string", rule: str | None = None) -> Field:
    return Field(name, type_, None, rule, Requirement("optional", "read"), (), {})


STANDARD = Standard("aed", "recommended-v1", "", "", "", "aed", False, "exact", (
    _field(CODE), _field("緯度", "number", "lat"), _field("経度", "number", "lon")), {})
PLACES = {  # zone, municipality code, a place there (latitude, longitude)
    2: ("402028", 33.03, 130.446), 3: ("352136", 34.18, 131.21), 4: ("382019", 33.84, 132.766)}


def _grid_around(lat: float, lon: float) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.linspace(-0.08, 0.08, 7)
    a, o = np.meshgrid(lat + offsets, lon + offsets)
    return a.ravel(), o.ravel()


def _in_plane(zone: int, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(X to the north, Y to the east) in metres."""
    from pyproj import Transformer

    east, north = Transformer.from_crs(6668, 6668 + zone, always_xy=True).transform(lon, lat)
    return np.asarray(north), np.asarray(east)


def _table(code: str, first: np.ndarray, second: np.ndarray, decimals: int = 3) -> Table:
    return Table.from_rows([CODE, "緯度", "経度"], [[code, f"{a:.{decimals}f}", f"{o:.{decimals}f}"]
                                              for a, o in zip(first, second, strict=True)])


def _area(folder: Path, code: str, lat: float, lon: float) -> Path:
    ring = [[lon - 0.1, lat - 0.1], [lon + 0.1, lat - 0.1], [lon + 0.1, lat + 0.1], [lon - 0.1, lat + 0.1],
            [lon - 0.1, lat - 0.1]]
    path = folder / f"{code}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"N03_007": code[:5]}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}))
    return path


def _metres(table: Table, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    got = [table.frame[c].cast(pl.Float64).to_numpy() for c in ("緯度", "経度")]
    return distance_m(got[0], got[1], lat, lon)


@pytest.mark.parametrize("zone", [2, 3, 4])
def test_a_file_in_a_plane_system_is_named_and_comes_back_when_declared(zone: int, tmp_path: Path) -> None:
    code, lat0, lon0 = PLACES[zone]
    lat, lon = _grid_around(lat0, lon0)
    table = _table(code, *_in_plane(zone, lat, lon))
    area = load_area(_area(tmp_path, code, lat0, lon0), code)
    for known in (None, area):  # with and without a boundary
        _, findings, fixes = check_points(table, STANDARD, area=known)
        assert findings["code"].unique().to_list() == ["coordinate-plane"] and findings.height == len(lat)
        assert fixes.is_empty()  # nothing is converted without a declaration
        params = json.loads(findings["params"][0])
        assert params["crs"] == f"EPSG:{6668 + zone}" and f"第{'I' * zone if zone < 4 else 'IV'}系" in params["likely_ja"]
    back, told, _ = convert_crs(table, STANDARD, params["crs"], area=area)
    assert _metres(back, lat, lon).max() < 0.2  # the accuracy that is stated, and the rounding of six decimals
    assert {json.loads(p)["accuracy_m"] for p in told["params"]} == {0.1}


@pytest.mark.parametrize("zone", [2, 3, 4])
def test_exchanged_columns_are_told_before_and_after_the_declaration(zone: int, tmp_path: Path) -> None:
    code, lat0, lon0 = PLACES[zone]
    lat, lon = _grid_around(lat0, lon0)
    north, east = _in_plane(zone, lat, lon)
    swapped = _table(code, east, north)
    area = load_area(_area(tmp_path, code, lat0, lon0), code)
    _, findings, _ = check_points(swapped, STANDARD, area=area)
    params = json.loads(findings["params"][0])
    assert params["crs"] == f"EPSG:{6668 + zone}" and "XとYが逆" in params["likely_ja"]
    _, told, _ = convert_crs(swapped, STANDARD, params["crs"], area=area)
    axes = told.filter(pl.col("code") == "crs-axes-swapped")
    assert axes.height == 1 and json.loads(axes["params"][0])["inside_swapped"] == 100
    exchanged = Table(swapped.frame.rename({"緯度": "経度", "経度": "緯度"}).select(ROW, CODE, "緯度", "経度"))
    back, told, _ = convert_crs(exchanged, STANDARD, params["crs"], area=area)
    assert _metres(back, lat, lon).max() < 0.2
    assert "crs-axes-swapped" not in told["code"].to_list()


def test_the_addresses_tell_the_order_where_no_boundary_is_known() -> None:
    code, lat0, lon0 = PLACES[3]
    lat, lon = _grid_around(lat0, lon0)
    north, east = _in_plane(3, lat, lon)
    towns = pl.DataFrame({"row": range(2, len(lat) + 2), "lat": lat, "lon": lon, "error_m": 770.0})
    for table, wanted in ((_table(code, north, east), False), (_table(code, east, north), True)):
        _, findings, _ = check_points(table, STANDARD, town_points=towns)
        assert ("XとYが逆" in json.loads(findings["params"][0])["likely_ja"]) is wanted


def test_metres_of_an_unknown_prefecture_name_no_zone() -> None:
    table = Table(_table("", np.array([-202955.9]), np.array([-88597.3])).frame.with_columns(pl.lit(None).alias(CODE)))
    _, findings, _ = check_points(table, STANDARD)
    assert findings["code"].to_list() == ["coordinate-plane"]
    assert "6669" in json.loads(findings["params"][0])["crs"]


@pytest.mark.parametrize(("lat", "lon"), [("34166600", "131205600"), ("341666", "34.1"), ("90", "500"), ("34.1666", "131205")])
def test_slips_in_degrees_are_no_plane_coordinates(lat: str, lon: str) -> None:
    _, findings, _ = check_points(Table.from_rows([CODE, "緯度", "経度"], [["352136", lat, lon]]), STANDARD)
    assert "coordinate-plane" not in findings["code"].to_list()


def test_every_prefecture_has_its_zones() -> None:
    zones = zones_of_prefectures()
    assert sorted(zones) == [f"{n:02d}" for n in range(1, 48)]
    assert sorted({z for own in zones.values() for z in own}) == list(range(1, 20))
    assert zones["35"] == (3,)


def test_a_number_in_exponent_form_is_checked_like_any_other(tmp_path: Path) -> None:
    area = load_area(_area(tmp_path, *PLACES[3]), "352136")
    for lat, wanted in (("3.41666E+01", []), ("3.71666E+01", ["coordinate-outside-municipality"])):
        _, findings, _ = check_points(Table.from_rows([CODE, "緯度", "経度"], [["352136", lat, "131.205600"]]), STANDARD,
                                      area=area)
        assert findings["code"].to_list() == wanted


@pytest.mark.parametrize(("lat", "lon", "field", "other"), [
    ("北緯三四度", "131.205600", "緯度", "経度"), ("34.166600", "東経百三十一度", "経度", "緯度")])
def test_one_half_of_a_point_that_cannot_be_read_is_told_with_the_other(lat: str, lon: str, field: str, other: str) -> None:
    table = Table.from_rows([CODE, "緯度", "経度"], [["352136", lat, lon]])
    out, findings, _ = check_points(table, STANDARD)
    assert findings.select("code", "field").rows() == [("coordinate-pair-unread", field)]
    assert json.loads(findings["params"][0])["other"] == other
    assert out.frame.equals(table.frame)


def _par(path: Path, meshes: list[int], *, scale: float = 1.0) -> Path:
    """A made-up TKY2JGD.par: the linear formula at the corners of all 三次メッシュ of these 一次メッシュ."""
    lines = ["JGD2000-TokyoDatum Ver.0.0.0", "MeshCode   dB(sec)   dL(sec)"]
    for mesh in meshes:
        i, j = (a.ravel() for a in np.meshgrid(np.arange(80), np.arange(80), indexing="ij"))
        lat = (mesh // 100 * 80 + i) * 30 / 3600
        lon = 100 + (mesh % 100 * 80 + j) * 45 / 3600
        new_lat, new_lon = shift_tokyo_to_jgd(lat, lon)
        code = mesh * 10_000 + i // 10 * 1000 + j // 10 * 100 + i % 10 * 10 + j % 10
        lines += [f"{c} {b:9.5f} {d:9.5f}" for c, b, d in zip(
            code, (new_lat - lat) * 3600 * scale, (new_lon - lon) * 3600 * scale, strict=True)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
    return path


def test_the_grid_in_its_old_text_form_shifts_as_its_lines_say(tmp_path: Path) -> None:
    par = _par(tmp_path / "TKY2JGD.par", [5131, 5231])
    assert is_grid(par)
    grid = add_grid(par, tmp_path / "store")
    assert grid.suffix == ".gsb" and grid_in(tmp_path / "store") == grid
    rng = np.random.default_rng(35)
    lat, lon = rng.uniform(34.02, 35.2, 300), rng.uniform(131.02, 131.9, 300)
    out, findings, _ = convert_crs(_table("352136", lat, lon, 8), STANDARD, "EPSG:4301", grid=grid)
    assert _metres(out, *shift_tokyo_to_jgd(lat, lon)).max() < 0.2
    assert {json.loads(p)["method"] for p in findings["params"]} == {"TKY2JGD"}


def test_a_cell_that_touches_a_missing_line_is_off_the_grid_and_not_half_shifted(tmp_path: Path) -> None:
    grid = add_grid(_par(tmp_path / "TKY2JGD.par", [5131]), tmp_path / "store")
    lat, lon = np.array([34.3, 34.6640, 34.9]), np.array([131.4, 131.4, 131.4])  # inside, the northernmost cell, outside
    out, findings, _ = convert_crs(_table("352136", lat, lon, 8), STANDARD, "EPSG:4301", grid=grid)
    assert findings.filter(pl.col("code") == "crs-off-grid")["row"].to_list() == [3, 4]
    assert (np.abs(_metres(out, lat, lon) - 422) < 10).all()  # the whole shift everywhere


@pytest.mark.parametrize("text", [
    "JGD2000-TokyoDatum\r\nMeshCode   dB(sec)   dL(sec)\r\n", "MeshCode dB dL\nabc 1 2\n", "MeshCode dB dL\n51 1 2\n",
    "MeshCode dB dL\n51310000 1\n"])
def test_a_damaged_text_grid_stops_with_words_and_leaves_the_store(tmp_path: Path, text: str) -> None:
    kept = add_grid(_par(tmp_path / "good.par", [5131]), tmp_path / "store")
    bad = tmp_path / "TKY2JGD.par"
    bad.write_text(text)
    with pytest.raises(SourceError) as stop:
        add_grid(bad, tmp_path / "store")
    assert stop.value.code == "grid-unreadable" and grid_in(tmp_path / "store") == kept
    assert [p.name for p in kept.parent.iterdir()] == [kept.name]


def test_a_text_grid_of_another_shift_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):  # like touhokutaiheiyouoki2011.par: some centimetres
        add_grid(_par(tmp_path / "other.par", [5131], scale=0.01), tmp_path / "store")
