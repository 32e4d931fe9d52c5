"""Coordinates of a table to findings, and from any Japanese CRS to JGD2011 degrees: the room's face."""

from __future__ import annotations

from pipelines.geo.area import Area, load_area
from pipelines.geo.crs import convert_crs
from pipelines.geo.datum import DatumVerdict, detect_datum
from pipelines.geo.grid import add_grid, grid_in, is_grid
from pipelines.geo.points import check_points
from pipelines.geo.repeated import RepeatedPoints

__all__ = ["Area", "DatumVerdict", "RepeatedPoints", "add_grid", "check_points", "convert_crs", "detect_datum", "grid_in",
           "is_grid", "load_area"]
