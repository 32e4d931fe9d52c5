"""Points that lie in the wrong place to the one digit that was probably mistyped, where only one value fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from pipelines.geo.area import METRES_PER_DEGREE, Area
from pipelines.model import ROW

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

MOST_ROWS = 200  # rows that are looked into; a whole wrong column has another cause than a slip of a finger
NEAR_M = 1_000.0  # a value fits the address when the point comes so near to it,
NEAR_TIMES = 3.0  # or to within so many times the error that the address itself has
_DECIMALS = 3  # digits behind the point that are tried: the third is 100 m
_WANTED = {ROW: pl.Int64, "axis": pl.String, "likely": pl.String}


def likely_cells(rows: pl.DataFrame, area: Area | None) -> pl.DataFrame:
    """Which cell of a misplaced point is wrong, and the value that was probably meant.

    `rows`: ROW, a and o (the cells' text), lat and lon (degrees), and t_lat, t_lon, e (where the address is, and
    how exactly in metres; null if not known). Answers ROW, axis (lat or lon; null if it cannot be told) and likely
    (null unless exactly one change of one digit, or of two neighbours, brings the point into `area` and near the
    address). Without an address the area must be an official one. At most `MOST_ROWS` rows are looked into.
    """
    answers: list[tuple[int, str | None, str | None]] = []
    for row in rows.head(MOST_ROWS).to_dicts():
        fits = {axis: _fitting(row, axis, area) for axis in ("lat", "lon")}
        told = [axis for axis in ("lat", "lon") if fits[axis]]
        if len(told) == 1:
            found = fits[told[0]]
            answers.append((row[ROW], told[0], found[0] if len(found) == 1 else None))
        elif not told:
            answers.append((row[ROW], _far_axis(row), None))
    return pl.DataFrame(answers, schema=_WANTED, orient="row")


def _fitting(row: dict[str, object], axis: str, area: Area | None) -> list[str]:
    """Values of one cell, a slip away from what stands there, that put the point where it belongs."""
    import numpy as np

    cell, other = (row["a"], row["lon"]) if axis == "lat" else (row["o"], row["lat"])
    texts = list(dict.fromkeys(_slips(str(cell))))
    if not texts:
        return []
    tried = np.array([float(t) for t in texts])
    fixed = np.full(len(texts), float(str(other)))
    lat, lon = (tried, fixed) if axis == "lat" else (fixed, tried)
    good = np.ones(len(texts), dtype=bool)
    if row["t_lat"] is not None:
        t_lat, t_lon, error_m = (float(str(row[k])) for k in ("t_lat", "t_lon", "e"))
        away = np.hypot(lat - t_lat, (lon - t_lon) * np.cos(np.radians(t_lat))) * METRES_PER_DEGREE
        good &= away <= max(NEAR_M, NEAR_TIMES * error_m)
    elif area is None or area.rough:
        return []
    if area is not None and good.any():
        good[good] = area.holds(lat[good], lon[good])
    return [t for t, ok in zip(texts, good, strict=True) if ok]


def _slips(text: str) -> Iterator[str]:
    """The number with one digit changed, or two neighbouring digits the other way round."""
    whole, _, decimals = text.partition(".")
    places = [i for i in range(len(whole)) if text[i].isdigit()]
    places += range(len(whole) + 1, len(whole) + 1 + min(len(decimals), _DECIMALS))
    for i in places:
        for digit in "0123456789":
            if digit != text[i]:
                yield text[:i] + digit + text[i + 1:]
    for i, j in zip(places, places[1:], strict=False):
        if text[i] != text[j]:
            yield text[:i] + text[j] + text[i + 1:j] + text[i] + text[j + 1:]


def _far_axis(row: dict[str, object]) -> str | None:
    """The axis on which the point is far from its address, where it is near on the other."""
    if row["t_lat"] is None:
        return None
    lat, lon, t_lat, t_lon, error_m = (float(str(row[k])) for k in ("lat", "lon", "t_lat", "t_lon", "e"))
    near = max(NEAR_M, NEAR_TIMES * error_m) / METRES_PER_DEGREE
    off_lat, off_lon = abs(lat - t_lat) > near, abs(lon - t_lon) > near * 1.2
    return "lat" if off_lat and not off_lon else "lon" if off_lon and not off_lat else None
