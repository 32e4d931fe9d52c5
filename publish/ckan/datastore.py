"""A table's schema to the portal's data dictionary, and its rows into the DataStore: by xloader, else by ourselves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from publish.ckan.portal import Portal
from publish.ckan.trouble import Later, Refused
from publish.plan import WantedFile

TYPES = {"number": "numeric", "integer": "numeric", "date": "timestamp", "datetime": "timestamp"}
"""Table Schema type -> the DataStore's; all else is text, so that codes keep their leading zeros."""
CHUNK_ROWS = 5000
MAX_OWN_BYTES = 64 << 20
WAIT_S, STEP_S = 60.0, 1.0
PLAIN_DATES = ("", "default", "any", "%Y-%m-%d")


def dictionary(f: WantedFile, *, plain: bool = False) -> list[dict[str, Any]]:
    """The columns with type, Japanese label and a note; `plain` makes every column text."""
    made = []
    for c in f.columns:
        kind = TYPES.get(str(c.get("type")), "text")
        if plain or (kind == "timestamp" and str(c.get("format", "")) not in PLAIN_DATES):
            kind = "text"
        notes = " / ".join(str(c[k]) for k in ("description", "title_en") if c.get(k))
        info = {"label": str(c.get("title") or c["name"]), "notes": notes, "type_override": kind}
        made.append({"id": str(c["name"]), "type": kind, "info": info})
    return made


def fill_table(portal: Portal, resource_id: str, f: WantedFile, *, xloader: bool, exists: bool) -> str:
    """Make the table with its dictionary and have it filled; returns a note on what did not work ("" = fine).

    package_revise does not call the hooks that start xloader (seen on 2.12.0), so it is started here. The
    DataStore is a copy of the file that is already public and verified: what goes wrong here is noted, not fatal.
    """
    try:
        _tabulate(portal, resource_id, f, plain=False, exists=exists)
        if xloader:
            portal.write("xloader_submit", {"resource_id": resource_id, "ignore_hash": True})
        else:
            _insert(portal, resource_id, f)
    except Later as later:
        return f"{f.path}: {portal.token.hide(later.said)}"
    except Refused as refused:
        return f"{f.path}: {refused.status} {refused.kind}"
    return ""


def _tabulate(portal: Portal, resource_id: str, f: WantedFile, *, plain: bool, exists: bool) -> None:
    try:
        if exists:
            portal.write("datastore_delete", {"resource_id": resource_id, "force": True})
    except Refused as refused:
        if refused.status != 404:
            raise
    portal.write("datastore_create", {"resource_id": resource_id, "force": True, "fields": dictionary(f, plain=plain)})


def _insert(portal: Portal, resource_id: str, f: WantedFile) -> None:
    if f.size_bytes > MAX_OWN_BYTES:
        return
    blocks = list(_records(f))
    for n, block in enumerate(blocks):
        portal.write("datastore_upsert", {
            "resource_id": resource_id, "method": "insert", "records": block, "force": True,
            "calculate_record_count": n + 1 == len(blocks),
        })


def _records(f: WantedFile) -> Iterator[list[dict[str, Any]]]:
    """The rows in blocks; a blank cell of a number or date is null."""
    import polars as pl

    assert f.local is not None
    frame = pl.read_csv(f.local, infer_schema=False)
    typed = [c["id"] for c in dictionary(f) if c["type"] != "text" and c["id"] in frame.columns]
    frame = frame.with_columns(pl.when(pl.col(typed) == "").then(None).otherwise(pl.col(typed)).name.keep()) if typed else frame
    for start in range(0, frame.height, CHUNK_ROWS):
        yield frame.slice(start, CHUNK_ROWS).to_dicts()


def await_tables(
    portal: Portal, pending: Mapping[str, WantedFile], *, wait_s: float = WAIT_S
) -> list[str]:
    """Wait until xloader has done `pending` (resource id -> file), at most `wait_s`; notes on what is not loaded.

    A table that xloader could not load with the schema's types is loaded once more as text.
    """
    left, again, notes = dict(pending), set[str](), []
    deadline = time.monotonic() + wait_s
    while left and time.monotonic() < deadline:
        for resource_id in list(left):
            state = _state(portal, resource_id)
            if state == "complete":
                del left[resource_id]
            elif state == "error" and resource_id not in again:
                again.add(resource_id)
                _as_text(portal, resource_id, left[resource_id])
            elif state == "error":
                notes.append(f"{left.pop(resource_id).path}: xloader")
        if left:
            time.sleep(STEP_S)
    return notes + [f"{f.path}: xloader が{wait_s:.0f}秒では終わりませんでした" for f in left.values()]


def _state(portal: Portal, resource_id: str) -> str:
    try:
        return str(portal.read("xloader_status", {"resource_id": resource_id}).get("status", ""))
    except Refused:
        return ""


def _as_text(portal: Portal, resource_id: str, f: WantedFile) -> None:
    try:
        _tabulate(portal, resource_id, f, plain=True, exists=True)
        portal.write("xloader_submit", {"resource_id": resource_id, "ignore_hash": True})
    except (Later, Refused):
        return


def tables(files: Sequence[WantedFile], paths: set[str]) -> list[WantedFile]:
    """The files of `paths` that are tables with a schema."""
    return [f for f in files if f.path in paths and f.columns and f.fields.get("format") == "CSV"]
