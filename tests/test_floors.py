"""Who may import whom, read from the AST of every file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = {
    "pipelines": 1,
    "pipelines.model": 1,
    "pipelines.errors": 1,
    "pipelines.values": 1,
    "pipelines.messages": 2,
    "pipelines.words": 2,
    "pipelines.declare": 2,
    "pipelines.standards": 2,
    "pipelines.extract": 2,
    "pipelines.normalise": 2,
    "pipelines.guard": 2,
    "pipelines.geocode": 2,
    "pipelines.geo": 2,
    "pipelines.gtfs": 2,
    "pipelines.validate": 2,
    "pipelines.expect": 2,
    "pipelines.annotate": 2,
    "pipelines.package": 2,
    "pipelines.opendata_list": 2,
    "pipelines.edition": 3,
    "pipelines.findings": 3,
    "pipelines.facilities": 2,
    "pipelines.placing": 4,
    "pipelines.decide": 4,
    "pipelines.checked": 3,
    "pipelines.schema_only": 4,
    "pipelines.check": 4,
    "pipelines.build": 4,
    "pipelines.compare": 4,
    "publish": 1,
    "publish.loopback": 1,
    "publish.swap": 1,
    "publish.metadata": 2,
    "publish.ledger": 2,
    "publish.plan": 2,
    "publish.kpi": 2,
    "publish.ckan": 3,
    "publish.reconcile": 3,
    "publish.site": 3,
    "publish.serve": 3,
    "publish.handover": 3,
    "publish.report": 4,
    "publish.web": 4,
    "publish.schedule": 4,
    "publish.run": 4,
    "publish.push": 4,
    "publish.commands": 5,
    "publish.cli": 5,
}
# Rooms of floor 2 that hold words or declared things, not stages: every room may use them.
SHARED_WORDS = {"pipelines.messages", "pipelines.words", "publish.swap", "pipelines.declare", "pipelines.standards"}
# One room on a floor may stand on a neighbour, where the order is by nature: reason beside it.
NEIGHBOURS = {
    ("pipelines.build", "pipelines.check"),  # build chooses the standard as check does
    ("pipelines.build", "pipelines.placing"),  # the order of its functions is the line's
    ("pipelines.build", "pipelines.decide"),  # the line's last step: ready or held
    ("pipelines.check", "pipelines.schema_only"),  # a Table Schema of one's own is one of its three ways
    ("pipelines.compare", "pipelines.check"),  # compare is check, once for each edition
    ("pipelines.words", "pipelines.messages"),  # words renders whole frames with the words of messages
    ("publish.push", "publish.run"),  # push works in the workspace that run describes
    ("publish.kpi", "publish.ledger"),  # what is counted has the columns and the events of the ledger
    ("publish.commands", "publish.cli"),
    ("publish.cli", "publish.commands"),
}
LIBRARY_ROOMS = {
    "ckanapi": {"publish.ckan"},
    "great_expectations": {"pipelines.expect"},
    "pandas": {"pipelines.expect", "publish.report"},
    "pyproj": {"pipelines.geo", "pipelines.package"},
    "geopandas": {"pipelines.geo", "pipelines.package"},
    "dask": {"publish.schedule"},
    "distributed": {"publish.schedule"},
    "frictionless": {"pipelines.package"},
}
HEAVY = {"great_expectations", "geopandas", "pandas", "frictionless", "ckanapi", "rdflib", "jsonschema", "openpyxl",
         "pyproj", "shapely", "folium", "dask", "jinja2", "rich", "pyarrow"}


def _files() -> list[Path]:
    return sorted(p for top in ("pipelines", "publish") for p in (ROOT / top).rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _imports(path: Path, *, top_only: bool = False) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if not top_only else iter(tree.body)
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(a.name, node.lineno) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [a.name for a in node.names]
            for name in names:
                whole = f"{node.module}.{name}"
                found.append((whole if _is_module(whole) else str(node.module), node.lineno))
    return found


def _is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_every_file_has_a_floor_and_imports_only_lower_floors(path: Path) -> None:
    room = _room(_module(path))
    assert room in FLOORS, f"{room} has no floor: give it one in tests/test_floors.py"
    for name, line in _imports(path):
        if name.split(".")[0] not in ("pipelines", "publish"):
            continue
        other = _room(name)
        if other == room:
            continue
        if room.startswith("pipelines"):
            assert not other.startswith("publish"), f"{path}:{line}: pipelines must not import publish"
        if other in SHARED_WORDS and room not in SHARED_WORDS and FLOORS[room] >= 2:
            continue
        if (room, other) in NEIGHBOURS or (room.startswith("publish") and other.startswith("pipelines")):
            continue
        assert FLOORS[other] < FLOORS[room], f"{path}:{line}: {room} (floor {FLOORS[room]}) imports {other}"


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_nothing_imports_data_folders_or_tests(path: Path) -> None:
    for name, line in _imports(path):
        assert name.split(".")[0] not in ("datasets", "schemas", "tests", "bench"), f"{path}:{line}"


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_each_outside_library_stays_in_its_room(path: Path) -> None:
    room = _room(_module(path))
    for name, line in _imports(path):
        library = name.split(".")[0]
        if library in LIBRARY_ROOMS:
            assert room in LIBRARY_ROOMS[library], f"{path}:{line}: {library} belongs to {LIBRARY_ROOMS[library]}"


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_heavy_libraries_are_imported_inside_the_call_that_needs_them(path: Path) -> None:
    for name, line in _imports(path, top_only=True):
        assert name.split(".")[0] not in HEAVY, f"{path}:{line}: import {name} inside the function"


def test_data_folders_hold_no_python() -> None:
    for top in ("datasets", "schemas"):
        assert not list((ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_every_file_opens_with_a_sentence(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_no_bare_except_exception_outside_the_two_places(path: Path) -> None:
    allowed = {"publish.cli", "pipelines.build"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name) and node.type.id == "Exception":
            assert _room(_module(path)) in allowed, f"{path}:{node.lineno}: except Exception"
