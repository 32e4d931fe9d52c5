"""A plan carried out, with every step in the journal and every publication in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from pipelines.errors import CatalogueError
from pipelines.model import Municipality, Package
from publish.ckan.carrying import Outcome, carry_out
from publish.ckan.datastore import Stores
from publish.ckan.journal import Journal, disk_error, locked
from publish.ckan.loading import await_tables
from publish.ckan.organizations import ensure_organizations
from publish.ckan.wanted import descriptor_sha256
from publish.kpi import PUBLIC_EVENTS
from publish.ledger import append_entries, read_ledger
from publish.metadata import ckan_time
from publish.plan import Change, Plan, Wanted
from publish.push.connecting import Connection
from publish.push.keeping import keep_package
from publish.run import Place

CLOCK_SLACK = timedelta(minutes=10)


def publish_changes(
    connection: Connection, place: Place, plan: Plan, wanted: Mapping[str, Wanted], packages: Mapping[str, Package],
    bodies: Mapping[str, Municipality], *, now: datetime, by: str, on_done: Callable[[Outcome], None] = lambda o: None,
    wait_s: float = 60.0,
) -> list[Outcome]:
    """Carry out `plan`; outcomes in the plan's order. One run at a time per catalogue. Errors of one dataset stay with it.

    A package that is not the one the plan was made from is refused before anything is sent, and so is a clock that
    stands before the plan or the ledger.
    """
    refuse_other_packages(plan, packages)
    with locked(connection.lock):
        refuse_clock(place, plan, now)
        journal = connection.journal()
        needed = {wanted[c.name].fields["owner_org"] for c in plan.active if c.name in wanted}
        ensure_organizations(connection.portal, [b for b in bodies.values() if b.organization_id in needed],
                             may_create=connection.catalogue.create_organization)
        made = {}
        for outcome in _carried(connection, plan, wanted, journal, now):
            if outcome.error is None and outcome.event:
                _record(connection, place, outcome, packages.get(outcome.change.name), now, by,
                        resumed=journal.begun(outcome.change.name))
            if outcome.error is None:
                journal.note("done", outcome.change.name)
            made[outcome.change.name] = outcome
            on_done(outcome)
        _make_up(connection, place, plan, packages, now, by)
        made = _awaited(connection, made, wait_s)
        if all(o.error is None for o in made.values()) and journal.unfinished <= set(made):
            journal.clear()
    return [made[c.name] for c in plan.changes if c.name in made]


def _awaited(connection: Connection, made: dict[str, Outcome], wait_s: float) -> dict[str, Outcome]:
    """Wait for xloader; what it did not load is noted beside its dataset."""
    pending = {i: (n, f) for n, o in made.items() for i, f in o.loading.items()}
    notes = await_tables(connection.portal, {i: f for i, (_, f) in pending.items()}, wait_s=wait_s)
    owner = {f.path: n for n, f in pending.values()}
    for note in notes:
        name = owner[note.path]
        made[name] = replace(made[name], notes=(*made[name].notes, note))
    return made


def _carried(
    connection: Connection, plan: Plan, wanted: Mapping[str, Wanted], journal: Journal, now: datetime
) -> Iterator[Outcome]:
    return carry_out(plan.changes, wanted, connection.portal, journal, parallel=connection.catalogue.parallel,
                     since=ckan_time(now), stores=Stores(bool(plan.portal.get("datastore")), bool(plan.portal.get("xloader"))))


def refuse_other_packages(plan: Plan, packages: Mapping[str, Package]) -> None:
    """CatalogueError when a package was built anew after the plan was made."""
    for change in plan.changes:
        package = packages.get(change.name)
        if change.action == "withdraw":
            continue
        if package is None or descriptor_sha256(package) != change.package_sha256:
            raise CatalogueError(
                "plan-other-package", f"「{change.name}」のパッケージが、計画を作ったあとに変わりました。",
                f"the package {change.name} changed after the plan was made",
                todo_ja="kokai plan で計画を作り直してください。", todo_en="Make the plan again.", where=change.name,
            )


def refuse_clock(place: Place, plan: Plan, now: datetime) -> None:
    """CatalogueError when `now` is before the plan was made or before the newest line of its bodies' ledgers.

    The ledger's times are what is counted by: a line dated before its forerunner would count for another day. A clock
    that is a little behind (two machines, 10 minutes) passes; one that is ahead nobody can tell here (kokai doctor
    compares it with the portal's).
    """
    moments = [plan.made_at] if plan.made_at else []
    for code in sorted({c.code for c in plan.changes}):
        moments += read_ledger(place.ledger, code)["at"].sort(descending=True).head(1).to_list()
    latest = max((datetime.fromisoformat(m) for m in moments), default=now)
    if latest - now <= CLOCK_SLACK:
        return
    raise CatalogueError(
        "clock-behind", f"この機械の時計({now:%Y-%m-%d %H:%M})が、計画か台帳の最後の記録({latest:%Y-%m-%d %H:%M})より前です。",
        f"this machine's clock ({now:%Y-%m-%d %H:%M}) stands before the plan or the newest ledger line ({latest:%Y-%m-%d %H:%M})",
        todo_ja="時計を合わせてください。台帳の日時が誤っているときは、kokai ledger verify で確かめてください。",
        todo_en="Set the clock; if the ledger's time is the wrong one, see kokai ledger verify.", where=plan.catalogue,
    )


def _record(
    connection: Connection, place: Place, outcome: Outcome, package: Package | None, now: datetime, by: str, *, resumed: bool
) -> None:
    """The ledger's line and the kept edition. A run that is taken up again looks whether its line was written already.

    So does every withdrawal: what is withdrawn already is not withdrawn a second time.
    """
    change = outcome.change
    line = withdrawal_entry(connection, change, outcome.url, now) if change.action == "withdraw" else None
    if package is not None and line is None:
        line = ledger_entry(connection, package, outcome.event, outcome.url, now, by)
        keep_package(connection.folder, package)
    again = resumed or change.action == "withdraw"
    if line is not None and not (again and _is_last(place, connection, line)):
        _append(place, change.code, [line])


def _is_last(place: Place, connection: Connection, line: Mapping[str, Any]) -> bool:
    """True when the dataset's newest line for this catalogue says the same: public with these bytes, or withdrawn."""
    mine = read_ledger(place.ledger, line["body"]).filter(
        (pl.col("name") == line["name"]) & (pl.col("catalogue") == connection.catalogue.name)
        & pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"]))
    if mine.is_empty():
        return False
    last = mine.row(-1, named=True)
    if line["event"] == "withdrawn":
        return bool(last["event"] == "withdrawn")
    return last["event"] in PUBLIC_EVENTS and last["sha256"] == line["sha256"]


def _append(place: Place, code: str, lines: list[dict[str, Any]]) -> None:
    """Ledger lines, all or none. CatalogueError when the disk is full: the next run makes up for them."""
    try:
        append_entries(place.ledger, code, lines)
    except OSError as error:
        raise disk_error(error, place.ledger / f"{code}.jsonl") from None


def _make_up(
    connection: Connection, place: Place, plan: Plan, packages: Mapping[str, Package], now: datetime, by: str
) -> None:
    """Ledger lines for what is public and unchanged, but not in the ledger: a run was cut off before its line."""
    kept: dict[str, list[Change]] = {}
    for c in plan.changes:
        if c.action == "keep" and not c.private:
            kept.setdefault(c.code, []).append(c)
    for code, changes in sorted(kept.items()):
        entries = read_ledger(place.ledger, code).filter(pl.col("event") != "approved")
        last = last_events(entries, connection.catalogue.name)
        lines = []
        for c in changes:
            if last.get(c.name) in PUBLIC_EVENTS or c.name not in packages:
                continue
            url = f"{connection.portal.address}/dataset/{c.name}"
            lines.append(ledger_entry(connection, packages[c.name], "published", url, now, by))
            keep_package(connection.folder, packages[c.name])
        _append(place, code, lines)


def last_events(entries: pl.DataFrame, catalogue: str) -> dict[str, str]:
    """name -> its last event in `catalogue`; an approval counts in every catalogue, and a note changes nothing."""
    last: dict[str, str] = {}
    for name, event, where in entries.select("name", "event", "catalogue").iter_rows():
        if event != "noted" and (where == catalogue or event == "approved"):
            last[name] = event
    return last


def ledger_entry(
    connection: Connection, package: Package, event: str, url: str, now: datetime, by: str
) -> dict[str, Any]:
    """One ledger line for a publication in a CKAN: only the formats that went there are counted."""
    d, k = package.descriptor, package.descriptor["kokai"]
    sent = [r for r in d["resources"] if r["format"] in connection.catalogue.formats]
    return {
        "at": now.strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": event, "body": k["code"], "dataset": k["dataset"],
        "name": package.name, "kind": k["kind"], "title": d["title"], "section": k["section"],
        "catalogue": connection.catalogue.name, "sha256": descriptor_sha256(package), "rows": int(k["rows"]),
        "files": len(sent), "periods": len({str(r["path"]).rsplit(".", 1)[0] for r in sent}),
        "formats": len({r["format"] for r in sent}), "as_of": k["as_of"], "frequency": k["frequency"],
        "licence": d["licenses"][0]["name"], "url": url, "hosted": True, "generated": k.get("generated") is not None,
        "sample": bool(k["sample"]), "by": by,
    }


def withdrawal_entry(connection: Connection, change: Change, url: str, now: datetime) -> dict[str, Any]:
    return {
        "at": now.strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": "withdrawn", "body": change.code,
        "dataset": change.dataset, "name": change.name, "title": change.title, "catalogue": connection.catalogue.name,
        "url": url, "by": change.said_by, "reason": change.said_why,
    }


def failed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [o for o in outcomes if o.error is not None]
