"""A table's schema to the portal's data dictionary, and its rows into the DataStore: by xloader, else by ourselves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import CatalogueError
from publish.ckan.portal import Portal
from publish.ckan.trouble import Later, Refused
from publish.plan import Wanted, WantedFile
from publish.plan.compare import match_files

TYPES = {"number": "numeric", "integer": "numeric", "date": "timestamp", "datetime": "timestamp"}
"""Table Schema type -> the DataStore's; all else is text, so that codes keep their leading zeros."""
CHUNK_ROWS = 500
"""Rows in one call: as JSON, with the heading at every cell, they stay below the 1 MiB that nginx takes by default."""
SMALL_ROWS, SMALL_BYTES = 5000, 2 << 20
"""A table up to this is filled by ourselves, with its dictionary; xloader loads the others."""
MAX_OWN_BYTES = 64 << 20
"""A larger table is never sent by us: the rows go as JSON."""
PLAIN_DATES = ("", "default", "any", "%Y-%m-%d")
RUNNING = ("running", "running_but_viewable")
BUSY = (*RUNNING, "pending", "submitting")
SETTLE_STEPS, STEP_S = 15, 1.0
FILL_TRIES = 3
IDS_AT_ONCE = 500


@dataclass(frozen=True)
class Note:
    """A word on one table beside the publication: what is not in the DataStore (`failed`), or who put it there."""

    path: str
    failed: bool
    ja: str
    en: str

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "failed": self.failed, "message_ja": self.ja, "message_en": self.en}


@dataclass(frozen=True)
class Standing:
    """A table as it stands in the DataStore: its columns in order (heading, type) and its number of rows."""

    columns: tuple[tuple[str, str], ...]
    rows: int

    @property
    def headings(self) -> list[str]:
        return [name for name, _ in self.columns]


@dataclass(frozen=True)
class Stores:
    """What the portal has: a DataStore, and xloader that loads files into it."""

    datastore: bool = False
    xloader: bool = False
    absent: frozenset[str] = frozenset()  # resource ids that had no table when the run began

    def ours(self, f: WantedFile) -> bool:
        """True for a table that we fill: small, or nobody else does it."""
        small = f.size_bytes <= SMALL_BYTES and (f.rows or 0) <= SMALL_ROWS
        return self.datastore and is_table(f) and (small or not self.xloader)


NO_STORES = Stores()


def is_table(f: WantedFile) -> bool:
    """True for a CSV with a schema."""
    return bool(f.columns) and f.fields.get("format") == "CSV"


ACTIVE = "datastore_active"


def missing_tables(wanted: Wanted, held: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths of the tables that stand in the catalogue as files, but not in its DataStore."""
    found = match_files(wanted, held)
    return tuple(f.path for f in wanted.files if is_table(f) and f.path in found and not found[f.path].get(ACTIVE))


def short_tables(portal: Portal, wanted: Wanted, held: Mapping[str, Any]) -> list[tuple[WantedFile, str]]:
    """The tables that are not in the DataStore with exactly their rows, and what is there; asks once per table.

    One that xloader has before it is left out: it will be whole, or not, when the job ends.
    """
    found = match_files(wanted, held)
    made = []
    for f in wanted.files:
        if not is_table(f) or f.path not in found:
            continue
        identifier = str(found[f.path]["id"])
        try:
            there = standing(portal, identifier)
            rows = there.rows if there else 0
            if (there is None or f.rows not in (None, rows)) and job_state(portal, identifier) not in BUSY:
                made.append((f, f"{rows:,} / {f.rows or 0:,} rows"))
        except (Later, Refused, CatalogueError) as trouble:
            made.append((f, words_of(portal, trouble)))
    return made


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


def standing(portal: Portal, resource_id: str) -> Standing | None:
    """The table as it is; None when there is none. The count is a real one: datastore_search may give a stored one."""
    try:
        found = portal.read("datastore_info", {"id": resource_id})
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
    columns = tuple((str(c["id"]), str(c.get("type", ""))) for c in found["fields"] if c["id"] != "_id")
    return Standing(columns, int(found["meta"]["count"]))


def absent_tables(portal: Portal, ids: Sequence[str]) -> frozenset[str]:
    """Those of the resource ids that have no table, by one question for many; none where the portal does not say.

    A dataset that was purged leaves its tables behind, so a new one may find some.
    """
    absent: set[str] = set()
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = list(ids[start : start + IDS_AT_ONCE])
        asked = {"resource_id": "_table_metadata", "filters": {"name": some}, "fields": ["name"], "limit": len(some)}
        try:
            found = portal.read("datastore_search", asked)["records"]
        except (Refused, CatalogueError):
            return frozenset()
        absent |= set(some) - {str(r["name"]) for r in found}
    return frozenset(absent)


def fill_table(
    portal: Portal, resource_id: str, f: WantedFile, *, ours: bool, fresh: bool, absent: bool = False
) -> tuple[list[Note], bool]:
    """Make the table with its dictionary and fill it, or have xloader fill it: notes on what did not work (none = fine),
    and whether xloader is loading it now.

    package_revise starts xloader for a file that it changes, but not for a new one (`fresh`; seen on 2.12.0), so it is
    started here. A table whose job still waits or runs after a short wait stays with xloader, untouched: a call of the
    DataStore that meets the job holds one lock and waits for another behind the job, which waits for the first, and
    neither CKAN 2.12.0 nor PostgreSQL ever ends that. The DataStore is a copy of the file that is verified by now:
    what goes wrong here is noted, not fatal.
    """
    try:
        if not fresh and not settle(portal, resource_id):
            return [], True
        if ours:
            said = fill_ourselves(portal, resource_id, f, absent=absent)
            return ([lacking(f, said)] if said else []), False
        tabulate(portal, resource_id, f)
        submit(portal, resource_id)
        return [], True
    except (Later, Refused, CatalogueError) as trouble:
        return [lacking(f, words_of(portal, trouble))], False


def words_of(portal: Portal, trouble: Later | Refused | CatalogueError) -> str:
    """What the portal said, without the token, for a note."""
    if isinstance(trouble, Later):
        return portal.token.hide(trouble.said)
    return f"{trouble.status} {trouble.kind}" if isinstance(trouble, Refused) else trouble.en


def submit(portal: Portal, resource_id: str) -> None:
    """Start xloader; it refuses by itself while its job for this file waits in the queue."""
    portal.write("xloader_submit", {"resource_id": resource_id, "ignore_hash": True})


def tabulate(portal: Portal, resource_id: str, f: WantedFile, *, plain: bool = False) -> None:
    """A table with our columns and dictionary. Raises Later, Refused or CatalogueError.

    A table with the same headings stays: only its dictionary is written, and xloader empties it, with other types
    anew, in its own transaction. One with other headings is dropped.
    """
    fields = dictionary(f, plain=plain)
    held = standing(portal, resource_id)
    if held is not None and held.headings != [c["id"] for c in fields]:
        _drop(portal, resource_id)
    portal.write("datastore_create", {"resource_id": resource_id, "force": True, "fields": fields,
                                      "calculate_record_count": False})


def settle(portal: Portal, resource_id: str) -> bool:
    """Wait shortly while xloader has this very table before it; False when it still has.

    Two looks in a row must find no job: the end of one may start the next (the file changed meanwhile).
    """
    quiet = 0
    for _ in range(SETTLE_STEPS):
        quiet = 0 if job_state(portal, resource_id) in BUSY else quiet + 1
        if quiet == 2:
            return True
        time.sleep(STEP_S)
    return False


def job_state(portal: Portal, resource_id: str) -> str:
    """What xloader says of its last job for this file: pending, running, complete, error, "" (knows none).

    The task's state alone lies: xloader_submit writes `pending` after it has queued the job, over what a quick worker
    has said meanwhile, and a report of the worker that is lost leaves `running` (ckanext-xloader 2.6.0). The jobs'
    own table knows better, where it knows this job.
    """
    try:
        found = portal.read("xloader_status", {"resource_id": resource_id})
    except (Refused, CatalogueError):
        return ""
    job = found.get("task_info") or {}
    ended = str(job.get("status", ""))
    if ended in ("complete", "error") and job.get("job_id") == found.get("job_id"):
        return ended
    return str(found.get("status", ""))


def fill_ourselves(portal: Portal, resource_id: str, f: WantedFile, *, absent: bool = False) -> str:
    """A table with our columns, dictionary and the rows of our own file; the reason where there is none ("" = done).

    The table is emptied first, unless it is known to be `absent`, so that no row is there twice: after an answer that
    was lost, and since a resource that comes back under its id (withdrawn and approved anew, purged and made again) finds
    the table that it left. A table that does not take the schema's types is made of text. Raises Refused for what the
    portal will not do.
    """
    if f.size_bytes > MAX_OWN_BYTES:
        return f"{f.size_bytes:,} bytes"
    said, plain = "", False
    for n in range(FILL_TRIES):
        try:
            if n or not absent:
                _empty(portal, resource_id, f, plain=plain)
            _insert(portal, resource_id, f, plain=plain)
            return ""
        except Later as later:
            said = portal.token.hide(later.said)
            portal.pause(n, later)
        except Refused as refused:
            if plain or refused.status != 409:
                raise
            plain = True
    return said


def _empty(portal: Portal, resource_id: str, f: WantedFile, *, plain: bool) -> None:
    """No row, and no table with other columns than ours."""
    held = standing(portal, resource_id)
    if held is None:
        return
    if held.columns != tuple((c["id"], c["type"]) for c in dictionary(f, plain=plain)):
        _drop(portal, resource_id)
    else:
        portal.write("datastore_delete", {"resource_id": resource_id, "force": True, "filters": {},
                                          "calculate_record_count": False})


def _drop(portal: Portal, resource_id: str) -> None:
    try:
        portal.write("datastore_delete", {"resource_id": resource_id, "force": True, "calculate_record_count": False})
    except Refused as refused:
        if refused.status != 404:
            raise


def _insert(portal: Portal, resource_id: str, f: WantedFile, *, plain: bool) -> None:
    """The table and its first rows in one call, the others in blocks; the count is taken with the last."""
    blocks = list(_records(f)) or [[]]
    more = {"resource_id": resource_id, "force": True}
    portal.write("datastore_create", {**more, "fields": dictionary(f, plain=plain), "records": blocks[0],
                                      "calculate_record_count": len(blocks) == 1})
    for n, block in enumerate(blocks[1:], 2):
        portal.write("datastore_upsert", {**more, "method": "insert", "records": block,
                                          "calculate_record_count": n == len(blocks)})


def _records(f: WantedFile) -> Iterator[list[dict[str, Any]]]:
    """The rows in blocks; a blank cell is null."""
    import polars as pl

    assert f.local is not None
    frame = pl.read_csv(f.local, infer_schema=False)
    frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())
    for start in range(0, frame.height, CHUNK_ROWS):
        yield frame.slice(start, CHUNK_ROWS).to_dicts()


def lacking(f: WantedFile, why: str) -> Note:
    """The note that a table is not in the DataStore; the file itself is public."""
    return Note(f.path, True, f"{f.path} は DataStore に揃っていません({why})。ファイルは公開済みです。",
                f"{f.path} is not whole in the DataStore ({why}); the file is public")

