"""From a finished table to a package folder: `public/` (what may leave) and `record/` (what stays)."""

from __future__ import annotations

from pipelines.package.resource import ResourceData, csv_bytes, sha256_of
from pipelines.package.shapefile import Shapefile, shapefile_of
from pipelines.package.write import write_package

__all__ = ["ResourceData", "Shapefile", "csv_bytes", "sha256_of", "shapefile_of", "write_package"]
