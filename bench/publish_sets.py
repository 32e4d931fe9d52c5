"""The packages that are published in the bench, the portal that they go to, and the clock beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pipelines.declare import Catalogue
from pipelines.model import Package
from pipelines.package import ResourceData
from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.push import Connection
from tests.fake_packages import AED_ROWS, make_body, make_dataset, make_package, make_standard, make_table

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
BODY = make_body()
FORMATS = ("csv", "geojson", "geoparquet")
CATALOGUE = Catalogue("ckan", "ckan", "bench", parallel=4, create_organization=True, formats=FORMATS,
                      licence_ids={"CC-BY-4.0": "CC-BY-4.0"})


def link(address: str, token: str, folder: Path, **more: Any) -> Connection:
    portal = Portal(address, Token(token, "bench"), **more)
    return Connection(CATALOGUE, portal, folder / "var" / "publish" / "ckan")


def make(folder: Path, count: int, mark: str = "", *, everywhere: bool = False) -> list[Package]:
    """`count` packages of three files each; `mark` changes one cell of the first: of a row without a point, so one file.

    `everywhere`: of a row with a point, in every package, so that every file differs.
    """
    made = []
    standard = make_standard()
    name = next(i for i, v in enumerate(AED_ROWS[0]) if v and len(v) > 3 and not v.isascii())
    for n in range(count):
        rows = [list(r) for r in AED_ROWS]
        rows[0 if everywhere else 2][name] = f"施設{mark if everywhere or n == 0 else ''}"
        made.append(make_package(folder, make_dataset(id=f"d{n}", title=f"一覧{n}"), replace(standard, file_slug=f"d{n}"),
                                 [ResourceData(None, make_table(rows), "2025-04-01")]))
    return made


def files_of(p: Package) -> list[Mapping[str, Any]]:
    return [r for r in p.descriptor["resources"] if r["format"] in FORMATS]


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)
