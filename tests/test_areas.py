"""Boundaries of N03 as they are shipped (GeoJSON, shapefile, zip) to areas, and where a point outside lies."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import SourceError
from pipelines.geo import add_grid, grid_in, is_grid, load_area
from pipelines.geocode import area_files, build_gazetteer
from pipelines.geocode.shapefile import shapefile_geojson

Ring = list[tuple[float, float]]
NAME = "N03-20200101_35"


def box(west: float, south: float, size: float = 0.2, *, clockwise: bool = True) -> Ring:
    ring = [(west, south), (west, south + size), (west + size, south + size), (west + size, south), (west, south)]
    return ring if clockwise else ring[::-1]


# 美祢市 with a hole in which an exclave of 山口市 stands; 所属未定地 without a code
RECORDS: list[tuple[str, str | None, list[Ring]]] = [
    ("美祢市", "35213", [box(131.1, 34.1), box(131.15, 34.15, 0.05, clockwise=False), box(131.5, 34.5, 0.1)]),
    ("山口市", "35203", [box(131.15, 34.15, 0.05), box(131.35, 34.1)]),
    ("所属未定地", None, [box(130.9, 34.0, 0.05)]),
]


def shp_bytes() -> bytes:
    """The records as a .shp: header, then for each a number, its length in words, and a Polygon."""
    body = b""
    for i, (_, _, rings) in enumerate(RECORDS):
        flat = [p for ring in rings for p in ring]
        starts = [sum(len(r) for r in rings[:k]) for k in range(len(rings))]
        content = struct.pack("<i4d2i", 5, 0, 0, 0, 0, len(rings), len(flat))
        content += struct.pack(f"<{len(starts)}i", *starts) + b"".join(struct.pack("<2d", *p) for p in flat)
        body += struct.pack(">2i", i + 1, len(content) // 2) + content
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + len(body)) // 2) + struct.pack("<2i8d", 1000, 5, *[0.0] * 8) + body


def dbf_bytes(encoding: str) -> bytes:
    fields = [("N03_001", 20), ("N03_003", 20), ("N03_004", 40), ("N03_007", 5)]
    width = 1 + sum(w for _, w in fields)
    head = struct.pack("<B3BIHH20x", 3, 120, 1, 1, len(RECORDS), 33 + 32 * len(fields), width)
    head += b"".join(struct.pack("<11sc4xB15x", n.encode(), b"C", w) for n, w in fields) + b"\r"
    rows = b""
    for city, code, _ in RECORDS:
        values = ("山口県", "", city, code or "")
        rows += b" " + b"".join(v.encode(encoding).ljust(w) for v, (_, w) in zip(values, fields, strict=True))
    return head + rows + b"\x1a"


def shipped(folder: Path, encoding: str, form: str) -> Path:
    """The files as 国土数値情報 ships them: a zip with a folder in it, or unpacked."""
    parts = {f"{NAME}.shp": shp_bytes(), f"{NAME}.dbf": dbf_bytes(encoding), f"{NAME}.shx": b"", f"{NAME}.prj": b"",
             f"KS-META-{NAME}.xml": b"<x/>"}
    if form == "files":
        for name, data in parts.items():
            (folder / name).write_bytes(data)
        return folder / f"{NAME}.shp"
    path = folder / f"{NAME}_GML.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(f"{NAME}_GML/{name}", data)
    return path


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
@pytest.mark.parametrize("form", ["zip", "files"])
def test_a_shapefile_gives_the_same_areas_as_a_geojson(encoding: str, form: str, tmp_path: Path) -> None:
    build_gazetteer([shipped(tmp_path, encoding, form)], tmp_path / "store")
    files = area_files(tmp_path / "store", ["352136", "352039", "350001"])
    assert sorted(files) == ["350001", "352039", "352136"]
    mine = load_area(files["352136"], "352136")
    lat, lon = np.array([34.12, 34.17, 34.55, 34.2]), np.array([131.12, 131.17, 131.55, 131.45])
    assert mine.holds(lat, lon).tolist() == [True, False, True, False]  # the second lies in the hole
    told = json.loads(files["352136"].read_text(encoding="utf-8"))["features"][0]["properties"]
    assert told["N03_004"] == "美祢市" and told["N03_003"] is None


def test_a_shapefile_written_by_geopandas_reads_back_whole(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    from shapely.geometry import shape

    features = json.loads(shapefile_geojson(shp_bytes(), dbf_bytes("utf-8")))["features"]
    theirs = geopandas.GeoDataFrame.from_features(features, crs=6668)
    theirs.to_file(tmp_path / "theirs.shp", encoding="cp932")
    again = shapefile_geojson((tmp_path / "theirs.shp").read_bytes(), (tmp_path / "theirs.dbf").read_bytes())
    for one, other in zip(features, json.loads(again)["features"], strict=True):
        assert shape(one["geometry"]).symmetric_difference(shape(other["geometry"])).area < 1e-12
        assert one["properties"] == other["properties"]


def test_a_shapefile_that_is_cut_off_or_lacks_its_table_is_told_by_name(tmp_path: Path) -> None:
    path = shipped(tmp_path, "cp932", "files")
    (tmp_path / f"{NAME}.dbf").unlink()
    with pytest.raises(SourceError) as alone:
        build_gazetteer([path], tmp_path / "store")
    assert alone.value.code == "area-file-broken" and alone.value.where == path.name
    whole, table = shp_bytes(), dbf_bytes("cp932")
    for end in range(0, len(whole), 7):
        with pytest.raises(ValueError):
            shapefile_geojson(whole[:end], table)
    for end in range(0, len(table) - 2, 7):
        with pytest.raises(ValueError):
            shapefile_geojson(whole, table[:end])


def test_a_zip_with_a_shapefile_of_something_else_is_no_boundary(tmp_path: Path) -> None:
    path = tmp_path / "A30a5-11_4932_GML.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A30a5-11_4932.shp", shp_bytes())
        archive.writestr("A30a5-11_4932.dbf", dbf_bytes("cp932"))
    with pytest.raises(SourceError) as other:
        build_gazetteer([path], tmp_path / "store")
    assert other.value.code != "area-file-broken"


def test_a_point_outside_is_told_to_lie_in_the_next_municipality_or_in_none(tmp_path: Path) -> None:
    build_gazetteer([shipped(tmp_path, "cp932", "zip")], tmp_path / "store")
    area = load_area(area_files(tmp_path / "store", ["352136"])["352136"], "352136")
    next_door, sea = area.elsewhere(np.array([34.2, 33.0]), np.array([131.45, 131.2]))
    assert "山口市" in next_door[0] and "山口市" in next_door[1]
    assert "海の上" in sea[0] and "at sea" in sea[1]


@pytest.mark.parametrize("data", [b"II*\x00" + bytes(500), b"MM\x00*", b"NUM_OREC" + bytes(200)])
def test_a_file_that_is_no_datum_grid_is_told_by_name_and_not_kept(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "TKY2JGD.tif"
    path.write_bytes(data)
    assert is_grid(path)
    with pytest.raises(SourceError) as stop:
        add_grid(path, tmp_path / "store")
    assert stop.value.code == "grid-unreadable" and grid_in(tmp_path / "store") is None
    assert not is_grid(tmp_path / "none.tif")


def test_without_the_prefecture_beside_it_nothing_is_said_of_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "one.geojson"
    path.write_bytes(shapefile_geojson(shp_bytes(), dbf_bytes("cp932")))
    assert load_area(path, "352136").elsewhere(np.array([33.0]), np.array([131.2])) == [("", "")]
