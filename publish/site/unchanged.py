"""From the items of a release to a yes when the current release already is what would be made, without making it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pipelines
from pipelines.model import Municipality
from pipelines.package import sha256_of
from pipelines.standards import load_standard
from publish.site.feeds import EDITIONS
from publish.site.items import Item
from publish.site.release import STATE

WRITERS = ("site", "metadata", "templates")


def inputs_digest(bodies: Mapping[str, Municipality]) -> str:
    """A hash of all that shapes pages and feeds beside the packages: Kokai itself, the bodies, their outlines."""
    digest = hashlib.sha256(pipelines.__version__.encode())
    for folder in WRITERS:
        for file in sorted(files("publish").joinpath(folder).iterdir(), key=lambda f: f.name):
            _add_file(digest, file)
    for edition in EDITIONS:
        schema = load_standard("opendata_list", edition).schema
        digest.update(json.dumps(schema, ensure_ascii=False, sort_keys=True, default=str).encode())
    for code, body in sorted(bodies.items()):
        digest.update(repr((code, replace(body, folder=Path()))).encode())
        area = body.folder / "area.geojson"
        if body.folder != Path() and area.is_file():
            digest.update(area.read_bytes())
    return digest.hexdigest()


def _add_file(digest: Any, file: Traversable) -> None:
    if file.is_file() and not file.name.endswith(".pyc"):
        digest.update(file.name.encode() + file.read_bytes())


def tree_digest(folder: Path) -> str:
    """A hash over every file of a release, release.json apart: a page or file changed by hand shows."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / STATE)
    lines = (f"{sha256_of(p)}  {p.relative_to(folder).as_posix()}\n" for p in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_current(current: Path, state: Mapping[str, Any], items: Sequence[Item], inputs: str, base_url: str) -> bool:
    """True when every dataset is as it was, nothing else that shapes a release changed, and no file was touched."""
    known = {name for name, entry in state["datasets"].items() if not entry.get("withdrawn")}
    return (
        state.get("inputs") == inputs
        and state["base_url"] == base_url
        and known == {i.name for i in items}
        and all(i.change in ("kept", "carried") for i in items)
        and state.get("tree") == tree_digest(current)
    )
