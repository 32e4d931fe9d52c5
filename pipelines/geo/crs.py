"""Coordinates in any Japanese CRS to JGD2011 degrees, with the accuracy of the way that was taken.

Traps of pyproj that this file goes around: its wheels carry no Japanese grid; `from_crs(4301, 6668)`
is about 4 m off without saying so and `only_best` does not raise; the first member of the
TransformerGroup does not shift at all (423 m); with the grid, points off it come back unshifted, and
points in its outermost cells, along every coast, come back with a part of the shift (up to 460 m off).
So every step is written out as a pipeline, and the grid's answer is taken only where it agrees with
the three parameters to within what those can be wrong.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import DeclarationError
from pipelines.geo.area import METRES_PER_DEGREE, Area
from pipelines.geo.grid import grid_pipeline
from pipelines.geo.plane import PLANE_LIMIT_M
from pipelines.geo.points import coordinate_pairs
from pipelines.model import FINDINGS, FIXES, ROW, Finding, Standard, Table, findings_frame, fixes_frame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

GRID_ACCURACY_M = 0.2  # 国土地理院 TKY2JGD, stated for the land area
# Three parameters against the grid, measured along parallels 0.5 degrees apart (largest: 5.0 m, 7.8 m, 15 m).
HELMERT_ACCURACY_M = 5.0
HELMERT_ACCURACY_NORTH_M = 8.0  # Hokkaido, north of 41.2 degrees
HELMERT_ACCURACY_ISLES_M = 15.0  # south of 30 degrees
GRID_EDGE_M = 20.0  # farther from the three parameters than this: an outermost cell of the grid
GRID_EDGE_MAIN_M = 10.0  # the same north of 30 degrees
QUAKE_ACCURACY_M = 6.0  # JGD2000 read as JGD2011 where the ground moved in 2011
_AXES_ROWS = 1_000
_AXES_FEW, _AXES_MOST = 0.2, 0.8  # exchanged axes put every point more than 100 km off
_DECIMALS = 6
_PLAIN = ("EPSG:6668", "EPSG:4326")
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]*)?$"
_RADIANS = "+step +proj=unitconvert +xy_in=deg +xy_out=rad"
_DEGREES = "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
# Tokyo to JGD2000 by three parameters (国土地理院; EPSG:15483), heights held.
_HELMERT = (
    f"+proj=pipeline {_RADIANS} +step +proj=push +v_3 +step +proj=cart +ellps=bessel"
    " +step +proj=helmert +x=-146.414 +y=507.337 +z=680.507 +step +inv +proj=cart +ellps=GRS80"
    f" +step +proj=pop +v_3 {_DEGREES}"
)


@dataclass(frozen=True)
class _System:
    """What a code of the register means: datum (tokyo, jgd2000, jgd2011), and the zone of a plane system."""

    epsg: int
    datum: str
    zone: int | None = None  # I-XIX as 1-19; None = degrees

    @property
    def geographic(self) -> int:
        return {"tokyo": 4301, "jgd2000": 4612, "jgd2011": 6668}[self.datum]


def _system(code: str) -> _System:
    """EPSG:4301, 4612, 6668, 4326 and the plane rectangular systems I-XIX of the three datums."""
    number = int(code[5:]) if code.upper().startswith("EPSG:") and code[5:].isdigit() else 0
    if number in (6668, 4326):
        return _System(number, "jgd2011")
    if number in (4301, 4612):
        return _System(number, "tokyo" if number == 4301 else "jgd2000")
    for first, datum in ((6669, "jgd2011"), (2443, "jgd2000"), (30161, "tokyo")):
        if first <= number < first + 19:
            return _System(number, datum, number - first + 1)
    raise DeclarationError(
        "crs-unknown",
        f"座標系「{code}」は扱えません。",
        f"The CRS {code} is not supported.",
        todo_ja="EPSG:6668、4326、4612、4301、または平面直角座標系（EPSG:6669〜6687、2443〜2461、30161〜30179）"
        "を書いてください。",
        todo_en="Write EPSG:6668, 4326, 4612, 4301 or a plane rectangular system (EPSG:6669-6687, 2443-2461, "
        "30161-30179).",
        where="crs",
    )


def convert_crs(
    table: Table,
    standard: Standard,
    source_crs: str,
    target: str = "EPSG:6668",
    grid: Path | None = None,
    accept: Collection[str] | None = None,
    area: Area | None = None,
) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    """Convert every pair of lat/lon columns from `source_crs` to degrees of `target` (EPSG:6668 or 4326).

    In a plane rectangular system the latitude column holds X (metres to the north) and the longitude
    column Y (metres to the east). `grid`: the datum grid TKY2JGD as GeoTIFF or NTv2; points off it are
    converted by three parameters and said so. `accept`: None = the declared CRS is the person's yes;
    else only rules in it (convert-datum, convert-plane) are applied and others proposed.
    `area`: the body's; where the points of a plane system lie in it only when X and Y are exchanged, one finding
    `crs-axes-swapped` says so (the cells are converted as declared, and the error holds the dataset back).
    Each converted cell has a Fix, and a finding `crs-converted` with the accuracy in metres.
    """
    system = _system(source_crs)
    if target not in _PLAIN:
        _system(target)
        raise DeclarationError(
            "crs-target", f"公開する座標系に「{target}」は使えません。", f"{target} cannot be published.",
            todo_ja="EPSG:6668（JGD2011）を書いてください。", todo_en="Write EPSG:6668 (JGD2011).", where="crs",
        )
    findings, fixes = [findings_frame()], [fixes_frame()]
    frame = table.frame
    if f"EPSG:{system.epsg}" in _PLAIN:
        return table, findings[0], fixes[0]
    rule = "convert-plane" if system.zone is not None else "convert-datum"
    applied = accept is None or rule in accept
    for lat, lon in coordinate_pairs(standard, table.columns):
        pair = _read(frame, lat, lon)
        if not pair.height:
            continue
        plausible = pl.max_horizontal(pl.col("y").abs(), pl.col("x").abs())
        metres = plausible.is_between(1_000, PLANE_LIMIT_M) if system.zone is not None else plausible <= 360
        odd = pair.filter(~metres)
        code = "crs-not-metres" if system.zone is not None else "crs-not-degrees"
        findings.append(_told(odd, code, lat, "a", {"source": source_crs}))
        pair = pair.filter(metres)
        if not pair.height:
            continue
        if area is not None and system.zone is not None:
            findings.append(_axes(pair, lat, system, area, source_crs))
        pair = _convert(pair, system, grid)
        sane = pl.col("a2").str.contains(_NUMBER) & pl.col("o2").str.contains(_NUMBER)  # no inf
        findings.append(_told(pair.filter(~sane).drop("method", "accuracy_m"), code, lat, "a", {"source": source_crs}))
        pair = pair.filter(sane)
        findings += _say(pair, lat, lon, source_crs, target, grid)
        for before, after, name in (("a", "a2", lat), ("o", "o2", lon)):
            changed = pair.filter(pl.col(before) != pl.col(after))
            fixes.append(changed.select(
                row=pl.col(ROW), field=pl.lit(name), before=pl.col(before), after=pl.col(after),
                rule=pl.lit(rule), applied=pl.lit(applied)).cast(pl.Schema(FIXES)))
        if applied:
            frame = frame.join(pair.select(ROW, "a2", "o2"), on=ROW, how="left", maintain_order="left").with_columns(
                pl.coalesce("a2", lat).alias(lat), pl.coalesce("o2", lon).alias(lon)).drop("a2", "o2")
    order = ["row", "field"]
    return (Table(frame), pl.concat(findings).sort(order, nulls_last=False, maintain_order=True),
            pl.concat(fixes).sort(order, nulls_last=False, maintain_order=True))


def _read(frame: pl.DataFrame, lat: str, lon: str) -> pl.DataFrame:
    """ROW, text a (latitude or X), o (longitude or Y), numbers y (north) and x (east), where both are numbers."""
    text = frame.select(ROW, a=pl.col(lat), o=pl.col(lon))
    sane = pl.col("a").str.contains(_NUMBER) & pl.col("o").str.contains(_NUMBER)
    return text.filter(sane).with_columns(
        y=pl.col("a").str.strip_chars_start("+").cast(pl.Float64),
        x=pl.col("o").str.strip_chars_start("+").cast(pl.Float64),
    )


def _convert(pair: pl.DataFrame, system: _System, grid: Path | None) -> pl.DataFrame:
    east, north = pair["x"].to_numpy(), pair["y"].to_numpy()
    if system.zone is not None:
        lon, lat = _transformer(system.epsg, system.geographic).transform(east, north)
    else:
        lon, lat = east, north
    lon, lat, method, accuracy = _to_jgd2011(lon, lat, system.datum, grid)
    text = [pl.Series(n, [f"{v:.{_DECIMALS}f}" for v in values]) for n, values in (("a2", lat), ("o2", lon))]
    return pair.with_columns(*text, method=pl.Series(method), accuracy_m=pl.Series(accuracy))


def _axes(pair: pl.DataFrame, lat: str, system: _System, area: Area, source: str) -> pl.DataFrame:
    """One finding if the points lie in the area when X and Y are exchanged, and not as they stand."""
    import numpy as np

    tried = pair.head(_AXES_ROWS)
    shares = []
    for north, east in (("y", "x"), ("x", "y")):
        lon, lat_deg = _transformer(system.epsg, system.geographic).transform(tried[east].to_numpy(), tried[north].to_numpy())
        sane = np.isfinite(lon) & np.isfinite(lat_deg)
        shares.append(float(np.mean(area.holds(np.where(sane, lat_deg, 0.0), np.where(sane, lon, 0.0)))))
    if shares[0] > _AXES_FEW or shares[1] < _AXES_MOST:
        return findings_frame()
    return findings_frame([Finding("crs-axes-swapped", None, lat, None, {
        "source": source, "inside": round(100 * shares[0]), "inside_swapped": round(100 * shares[1])})])


def _transformer(source: int, target: int) -> Any:
    """Inverse projection on one and the same datum: exact, no shift involved."""
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


def _to_jgd2011(lon: Floats, lat: Floats, datum: str, grid: Path | None) -> tuple[Floats, Floats, list[str],
                                                                                 Floats]:
    """Longitude and latitude in JGD2011, and for each point the way taken and its accuracy in metres."""
    import numpy as np
    from pyproj import Transformer

    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    moved = (lat > 35.0) & (lon > 136.5)  # where the earthquake of 2011 moved the ground by more than 10 cm
    if datum != "tokyo":
        method = ["XY -> BL" if datum == "jgd2011" else "JGD2000 = JGD2011"] * len(lat)
        accuracy = np.where(moved & (datum == "jgd2000"), QUAKE_ACCURACY_M, 0.1)
        return lon, lat, method, accuracy
    rough_lon, rough_lat = Transformer.from_pipeline(_HELMERT).transform(lon, lat)
    out_lon, out_lat = np.array(rough_lon), np.array(rough_lat)
    method = ["3-parameter"] * len(lat)
    accuracy = np.where(lat < 30.0, HELMERT_ACCURACY_ISLES_M, np.where(lat > 41.2, HELMERT_ACCURACY_NORTH_M,
                                                                       HELMERT_ACCURACY_M))
    if grid is not None:
        shift = Transformer.from_pipeline(grid_pipeline(grid))
        fine_lon, fine_lat = (np.asarray(v) for v in shift.transform(lon, lat))
        apart_m = np.hypot((fine_lon - rough_lon) * np.cos(np.radians(lat)), fine_lat - rough_lat) * METRES_PER_DEGREE
        on = np.isfinite(apart_m) & (apart_m < np.where(lat < 30.0, GRID_EDGE_M, GRID_EDGE_MAIN_M))
        out_lon, out_lat = np.where(on, fine_lon, out_lon), np.where(on, fine_lat, out_lat)
        accuracy = np.where(on, GRID_ACCURACY_M, accuracy)
        method = ["TKY2JGD" if here else m for here, m in zip(on, method, strict=True)]
    return out_lon, out_lat, method, np.where(moved, np.maximum(accuracy, QUAKE_ACCURACY_M), accuracy)


def _say(pair: pl.DataFrame, lat: str, lon: str, source: str, target: str, grid: Path | None) -> list[pl.DataFrame]:
    constant = {"source": source, "target": target}
    off = pair.filter(pl.lit(grid is not None) & (pl.col("method") == "3-parameter"))
    said = [
        _told(pair, "crs-converted", name, before, constant, remedy=after)
        for name, before, after in ((lat, "a", "a2"), (lon, "o", "o2"))
    ]
    return [*said, _told(off, "crs-off-grid", lat, "a", {**constant, "grid": grid.name if grid else ""})]


def _told(rows: pl.DataFrame, code: str, field: str, value: str, constant: dict[str, str],
          remedy: str | None = None) -> pl.DataFrame:
    params = [pl.lit(v).alias(k) for k, v in constant.items()]
    if "method" in rows.columns:
        params += [pl.col("method"), pl.col("accuracy_m")]
    return rows.select(
        code=pl.lit(code), row=pl.col(ROW), field=pl.lit(field), value=pl.col(value),
        params=pl.struct(params).struct.json_encode(),
        remedy=pl.lit(None, dtype=pl.String) if remedy is None else pl.col(remedy),
    ).cast(pl.Schema(FINDINGS))
