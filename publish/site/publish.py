"""From packages to the next release of the embedded catalogue: collect, stage, compare, switch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.model import Municipality, Package
from publish.metadata import ckan_time, dcat_graph
from publish.site.feeds import write_feeds
from publish.site.items import Item, Withdrawn, collect
from publish.site.pages import write_pages
from publish.site.release import (
    STATE,
    Release,
    clear_leftovers,
    current_release,
    locked,
    place_file,
    prune,
    read_state,
    same_content,
    switch,
)
from publish.site.unchanged import inputs_digest, is_current, tree_digest

LOOPBACK = "http://127.0.0.1:8000/"


def publish_release(
    root: Path,
    packages: Sequence[Package],
    bodies: Mapping[str, Municipality],
    *,
    now: datetime,
    withdraw: Collection[str] = (),
    keep: int = 5,
    base_url: str = "",
) -> Release:
    """Publish `packages` into the catalogue folder `root` and say what became of each dataset.

    `bodies` by code; `now` with its time zone; `base_url` is where the folder will be served (empty:
    the first body's that declares one, else that of the current release, else loopback). Readers see `root/current`,
    which is switched by one rename. Datasets of the current release that are not in `packages` are
    carried over unchanged; only `withdraw` takes one out, and it leaves a tombstone in the feed. When
    no byte would change, the current release stays. The newest `keep` releases are kept. A crash at
    any point leaves the current release as it was. CatalogueError: lock taken, damaged files,
    withdrawal of an unknown dataset.
    """
    with locked(root):
        current = current_release(root)
        clear_leftovers(root, current)
        address = _address(base_url, current, bodies)
        items, gone = collect(packages, bodies, current, now=now, withdraw=withdraw, base_url=address)
        changes = {i.name: i.change for i in items} | dict.fromkeys(withdraw, "withdrawn")
        if not items and not gone:
            return Release(0, root, {}, root / "current" / "index.html")
        inputs = inputs_digest(bodies)
        if current is not None and not withdraw and is_current(current, read_state(current), items, inputs, address):
            return Release(int(current.name), current, changes, _index(root, current))
        number = int(current.name) + 1 if current else 1
        staging = root / "releases" / f".{number}.new"
        _stage(staging, items, gone, current, base_url=address)
        made = {"number": number, "published": ckan_time(now), "base_url": address, "inputs": inputs}
        _write_state(staging, items, gone, made)
        if current is not None and same_content(staging, current):
            clear_leftovers(root, current)
            return Release(int(current.name), current, changes, _index(root, current))
        folder = switch(root, staging, number)
        prune(root, number, keep)
        return Release(number, folder, changes, _index(root, folder))


def _index(root: Path, folder: Path) -> Path:
    seen = root / "current" / "index.html"
    return seen if seen.exists() else folder / "index.html"


def _address(base_url: str, current: Path | None, bodies: Mapping[str, Municipality]) -> str:
    declared = next((b.base_url for _, b in sorted(bodies.items()) if b.base_url), "")
    last = read_state(current)["base_url"] if current else ""
    return (base_url or declared or last or LOOPBACK).rstrip("/") + "/"


def _stage(
    staging: Path, items: Sequence[Item], gone: Sequence[Withdrawn], current: Path | None, *, base_url: str
) -> None:
    staging.mkdir(parents=True)
    for item in items:
        target = staging / "datasets" / item.name
        released = current / "datasets" / item.name if current else None
        share = item.change in ("kept", "carried") and released is not None
        source = released if share and released is not None else item.files
        for name in item.names:
            place_file(source / name, target / name, share=share)
    graph = dcat_graph([i.published for i in items], base_url=base_url)
    write_feeds(staging, items, gone, base_url=base_url, graph=graph)
    write_pages(staging, items, gone, base_url=base_url, graph=graph)


def _write_state(
    staging: Path, items: Sequence[Item], gone: Sequence[Withdrawn], made: Mapping[str, Any]
) -> None:
    datasets: dict[str, Any] = {
        i.name: {
            "fingerprint": i.fingerprint,
            "issued": ckan_time(i.published.issued),
            "modified": ckan_time(i.published.modified),
        }
        for i in items
    }
    datasets |= {w.name: {"withdrawn": w.since, "tombstone": dict(w.ckan)} for w in gone}
    state = {**made, "tree": tree_digest(staging), "datasets": datasets}
    text = json.dumps(state, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (staging / STATE).write_bytes(text.encode())
