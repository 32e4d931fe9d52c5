"""Address text to parts and to a point with a precision: the face of the geocoding room."""

from __future__ import annotations

from pipelines.geocode.answer import COLUMNS
from pipelines.geocode.areas import area_files
from pipelines.geocode.download import download, official_names
from pipelines.geocode.fill import ORDER, PRECISION_WORDS, fill_points
from pipelines.geocode.frame import ADDED, evaluate, geocode_frame, judge
from pipelines.geocode.parse import parse_addresses
from pipelines.geocode.register import Register
from pipelines.geocode.single import parse_address
from pipelines.geocode.split import split_addresses
from pipelines.geocode.store import Gazetteer, Report, build_gazetteer, default_gazetteer_folder, gazetteer_status

__all__ = [
    "ADDED", "COLUMNS", "ORDER", "PRECISION_WORDS", "Gazetteer", "Register", "Report", "area_files", "build_gazetteer",
    "default_gazetteer_folder", "download", "evaluate", "fill_points", "gazetteer_status", "geocode_frame", "judge",
    "official_names", "parse_address", "parse_addresses", "split_addresses",
]
