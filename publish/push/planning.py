"""Packages and what the portal holds to a plan, with the rows that changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipelines.errors import CatalogueError
from pipelines.model import Municipality, Package
from publish.ckan.carrying import stale_plan
from publish.ckan.checking import file_address
from publish.ckan.datastore import missing_tables, short_tables
from publish.ckan.portal import Portal
from publish.ckan.reading import Held, match_datasets, read_portal, source_id
from publish.ckan.trouble import Later
from publish.ckan.wanted import want
from publish.plan import Change, FileChange, Plan, Wanted, compare_rows, make_change, withdrawal
from publish.plan.compare import difference_marks, is_tombstone
from publish.push.connecting import Connection
from publish.push.keeping import kept_file

MAX_COMPARE_BYTES = 64 << 20


@dataclass(frozen=True)
class Planned:
    """A plan, the packages and wanted datasets behind it, and what the portal held."""

    plan: Plan
    wanted: Mapping[str, Wanted]
    packages: Mapping[str, Package]
    held: Held | None
    bodies: Mapping[str, Municipality]


def want_packages(
    connection: Connection, packages: Sequence[Package], bodies: Mapping[str, Municipality]
) -> Planned:
    """The wanted datasets of a plan that was saved; the plan itself comes from its file."""
    chosen = {p.name: p for p in packages}
    wanted = {n: want(p, bodies[str(p.descriptor["kokai"]["code"])], connection.catalogue) for n, p in chosen.items()}
    empty = Plan(connection.catalogue.name, connection.portal.address, "", "", {}, ())
    return Planned(empty, wanted, chosen, None, bodies)


def plan_packages(
    connection: Connection, packages: Sequence[Package], bodies: Mapping[str, Municipality], *, now: datetime, by: str,
    withdrawn: Collection[str] = (), with_rows: bool = True, everything: bool = True,
) -> Planned:
    """The plan for `packages` (held ones and those in `withdrawn` left out). Reads the portal in pages, writes nothing.

    `everything`: the packages are the whole register, so a dataset of ours that none stands for is named.
    """
    chosen = {p.name: p for p in packages if p.manifest.get("status", "ready") == "ready" and p.name not in withdrawn}
    owners = {n: bodies[str(p.descriptor["kokai"]["code"])] for n, p in chosen.items()}
    wanted = {n: want(p, owners[n], connection.catalogue) for n, p in sorted(chosen.items())}
    codes = {b.code for b in owners.values()}
    held = read_portal(connection.portal, codes, {b.organization_id for b in owners.values()})
    matches = match_datasets(list(wanted.values()), held.datasets)
    changes = []
    for name, w in wanted.items():
        match = matches[name]
        change = make_change(w, match.held, adopted=match.adopted)
        if change.action == "keep" and held.has_datastore and match.held is not None:
            change = replace(change, tables=missing_tables(w, match.held))
        changes.append(_with_rows(change, w, connection) if with_rows else change)
    taken = {str(m.held["id"]) for m in matches.values() if m.held is not None}
    ours = {f"{p.descriptor['kokai']['code']}:{p.descriptor['kokai']['dataset']}" for p in packages}  # held back ones too
    unknown = sorted(n for n, d in held.datasets.items() if everything and str(d["id"]) not in taken and source_id(d)
                     and source_id(d) not in ours and not is_tombstone(d))
    plan = Plan(connection.catalogue.name, connection.portal.address, now.isoformat(timespec="seconds"), by,
                _portal_facts(held), tuple(changes), tuple(unknown))
    return Planned(plan, wanted, chosen, held, bodies)


def still_valid(connection: Connection, planned: Planned, plan: Plan) -> Plan:
    """A saved plan as it is to be carried out now: what an earlier run of it has done already is `keep`.

    CatalogueError when the portal moved since, naming each dataset: then nothing of the plan is carried out, since it
    was read and approved as a whole. Datasets that a cut-off run of ours has begun are judged when they are taken up.
    """
    journal = connection.journal()
    codes = {c.code for c in plan.active}
    organizations = {planned.bodies[code].organization_id for code in codes if code in planned.bodies}
    held = read_portal(connection.portal, codes, organizations)
    by_id = {str(d["id"]): d for d in held.datasets.values()}
    changes, moved = [], []
    for c in plan.changes:
        there = by_id.get(c.id) if c.id else held.datasets.get(c.name)
        if c.action == "withdraw" and not journal.begun(c.name) and not _still_goes(c, there):
            moved.append(c.name)
            continue
        if c.action in ("keep", "withdraw") or c.name not in planned.wanted or journal.begun(c.name):
            changes.append(c)
            continue
        now = make_change(planned.wanted[c.name], there)
        as_planned = now.action == "create" if c.action == "create" else now.revision == c.revision
        if as_planned or (c.action != "create" and there is not None and now.action != "keep" and _same(now, c)):
            changes.append(c)
        elif now.action == "keep":
            changes.append(now)
        else:
            moved.append(c.name)
    if moved:
        raise stale_plan(moved)
    return replace(plan, changes=tuple(changes))


def _still_goes(c: Change, there: Mapping[str, Any] | None) -> bool:
    """True when what is to be withdrawn is what was planned: the same title and files, or withdrawn already."""
    if there is None:
        return False
    now = withdrawal(c.name, there, code=c.code, dataset=c.dataset, by=c.said_by, why=c.said_why)
    same = now.revision == c.revision or (now.title == c.title and {f.id for f in now.files} == {f.id for f in c.files}
                                          and {f.sha256_before for f in now.files} == {f.sha256_before for f in c.files})
    return same or is_tombstone(there)


def _same(one: Change, other: Change) -> bool:
    return difference_marks(one.fields, one.files) == difference_marks(other.fields, other.files)


def with_tables(connection: Connection, planned: Planned) -> Planned:
    """The plan with every table of unchanged datasets that is not in the DataStore with its rows: asks for each (--tables)."""
    assert planned.held is not None
    by_id = {str(d["id"]): d for d in planned.held.datasets.values()}
    changes = [
        replace(c, tables=tuple(f.path for f, _ in short_tables(connection.portal, planned.wanted[c.name], by_id[c.id])))
        if c.action == "keep" and planned.held.has_datastore else c
        for c in planned.plan.changes
    ]
    return replace(planned, plan=replace(planned.plan, changes=tuple(changes)))


def _portal_facts(held: Held) -> dict[str, Any]:
    return {"ckan_version": held.version, "datasets": len(held.datasets), "requests": held.requests,
            "datastore": held.has_datastore, "xloader": held.has_xloader}


def plan_withdrawals(
    connection: Connection, names: Mapping[str, tuple[str, str]], *, now: datetime, by: str, why: str
) -> Plan:
    """The plan that leaves a tombstone for each name (name -> (code, register id)). CatalogueError if one is not there."""
    changes = []
    for name, (code, dataset) in sorted(names.items()):
        held = connection.portal.show(name)
        if held is None:
            raise unknown_withdrawal(name)
        changes.append(withdrawal(name, held, code=code, dataset=dataset, by=by, why=why))
    return Plan(connection.catalogue.name, connection.portal.address, now.isoformat(timespec="seconds"), by, {},
                tuple(changes))


def unknown_withdrawal(name: str) -> CatalogueError:
    return CatalogueError(
        "withdraw-unknown", f"「{name}」はカタログにありません。", f"{name} is not in the catalogue",
        todo_ja="名前(例 352136_aed)を確かめてください。", todo_en="Check the name, for example 352136_aed.", where=name,
    )


def with_withdrawals(plan: Plan, graves: Plan) -> Plan:
    """One plan to approve and carry out: the changes of `plan`, and the withdrawals in the place of the same datasets."""
    gone = {c.name for c in graves.changes}
    kept = (c for c in plan.changes if c.name not in gone)
    return replace(plan, portal=plan.portal or graves.portal, changes=(*kept, *graves.changes))


def _with_rows(change: Change, wanted: Wanted, connection: Connection) -> Change:
    local = {f.path: f for f in wanted.files}
    files = []
    for f in change.files:
        mine = local.get(f.path)
        if mine is None or mine.local is None or f.action != "upload" or not mine.columns or f.size_bytes > MAX_COMPARE_BYTES:
            files.append(f)
            continue
        old = _old_bytes(change, f, connection) if change.id else b""
        if old is None:
            files.append(f)
            continue
        rows = compare_rows(old, mine.local.read_bytes(), key=mine.key, lat=mine.lat, lon=mine.lon)
        files.append(replace(f, rows=rows.as_dict()))
    return replace(change, files=tuple(files))


def _old_bytes(change: Change, f: FileChange, connection: Connection) -> bytes | None:
    """The file as it is public now: from what we kept, else from the portal; None when it cannot be had."""
    if f.reason == "file-new":
        return b""
    kept = kept_file(connection.folder, change.name, f.path, f.sha256_before)
    return kept if kept is not None else _download(connection.portal, change.id, f)


def _download(portal: Portal, dataset_id: str, f: FileChange) -> bytes | None:
    try:
        with portal.download(file_address(portal, dataset_id, f.id, f.path)) as pieces:
            made = bytearray()
            for piece in pieces:
                made += piece
                if len(made) > MAX_COMPARE_BYTES:
                    return None
            return bytes(made)
    except (Later, CatalogueError):
        return None  # the comparison is for people; the plan stands without it
