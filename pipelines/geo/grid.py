"""The datum grid that a person adds (国土地理院 TKY2JGD as GeoTIFF, NTv2 or .par) to where conversions find it."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines.errors import SourceError
from pipelines.geo.par import is_par, ntv2_of_par

_FOLDER = "grid"
_MARKS = (b"II*\x00", b"MM\x00*", b"NUM_OREC")  # GeoTIFF in either byte order, NTv2
_SUFFIXES = (".tif", ".tiff", ".gsb")
_EAST_DEG, _NORTH_DEG = 131.2, 34.16  # 美祢市, on land
_NEAR_DEG = 0.0002  # the grid and the three parameters agree to some metres there; no shift at all is 0.003 off


def grid_pipeline(grid: Path) -> str:
    """The PROJ pipeline that shifts degrees (longitude, latitude) by the grid; the path may hold blanks."""
    return ("+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
            f'+step +proj=hgridshift +grids="{grid.resolve()}" +step +proj=unitconvert +xy_in=rad +xy_out=deg')


def is_grid(path: Path) -> bool:
    """True for a GeoTIFF, an NTv2 file or the text form .par, told by the first bytes."""
    if is_par(path):
        return True
    try:
        with path.open("rb") as file:
            return path.suffix.lower() in _SUFFIXES and file.read(8).startswith(_MARKS)
    except OSError:
        return False


def add_grid(path: Path, folder: Path) -> Path:
    """Copy a grid from the Tokyo datum to JGD2000 into `folder`/grid, in the place of an earlier one; a .par as NTv2.

    SourceError `grid-unreadable` when PROJ cannot use it or it does not shift a point of 山口県 as that datum must,
    `grid-unwritable` when the folder takes no file.
    """
    try:
        return _copied(path, folder / _FOLDER)
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise SourceError(
            "grid-unwritable", f"変換格子を保存できません({why})。", f"The datum grid cannot be stored ({why}).",
            todo_ja="保存場所がフォルダーかどうか、書き込みの権限、ディスクの空きを確かめてください。",
            todo_en="See whether the store is a folder, that you may write there and that the disk is not full.",
            where=str(folder)) from problem


def _copied(path: Path, target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    text = is_par(path)
    copy = target / f"tky2jgd{'.gsb' if text else path.suffix.lower()}"
    fresh = target / f"new{copy.suffix}"
    try:
        if text:
            fresh.write_bytes(ntv2_of_par(path))
        else:
            shutil.copyfile(path, fresh)
        if not _shifts_as_it_must(fresh):
            raise SourceError(
                "grid-unreadable", "測地系の変換格子として使えません。", "The file is no usable datum grid.",
                todo_ja="日本測地系から世界測地系への変換格子 TKY2JGD の GeoTIFF（.tif）、NTv2（.gsb）か、TKY2JGD.par を指定して"
                "ください。",
                todo_en="Give TKY2JGD (Tokyo datum to JGD2000) as GeoTIFF (.tif), NTv2 (.gsb) or TKY2JGD.par.",
                where=path.name)
    except SourceError:
        fresh.unlink(missing_ok=True)
        raise
    for earlier in _held(target):
        earlier.unlink()
    fresh.replace(copy)
    return copy


def _shifts_as_it_must(grid: Path) -> bool:
    """True if PROJ can use the file and it shifts a point of 山口県 as the datum must."""
    import numpy as np
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    from pipelines.geo.datum import shift_tokyo_to_jgd

    try:
        lon, lat = Transformer.from_pipeline(grid_pipeline(grid)).transform(_EAST_DEG, _NORTH_DEG)
    except ProjError:
        return False
    shifted = shift_tokyo_to_jgd(np.array([_NORTH_DEG]), np.array([_EAST_DEG]))
    near_lat, near_lon = (float(v[0]) for v in shifted)
    return bool(abs(lat - near_lat) < _NEAR_DEG and abs(lon - near_lon) < _NEAR_DEG)


def grid_in(folder: Path) -> Path | None:
    """The grid that was added to `folder`, if any."""
    return next(iter(_held(folder / _FOLDER)), None)


def _held(target: Path) -> list[Path]:
    return sorted(p for p in target.glob("tky2jgd.*") if p.suffix in _SUFFIXES)
