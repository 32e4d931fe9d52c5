"""A plan to a portal that holds it: datasets side by side, inside one dataset step by step, each looked at before the next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.errors import CatalogueError, KokaiError
from publish.ckan.checking import damaged
from publish.ckan.datastore import ACTIVE, NO_STORES, Note, Stores, absent_tables, fill_table, is_table
from publish.ckan.journal import Journal
from publish.ckan.portal import Portal
from publish.ckan.reading import source_id
from publish.ckan.trouble import Later, Refused, stopped, unreachable
from publish.ckan.writing import AT_OPENING, batches, create, entomb, new_views, open_to_all, revise, unmark_table
from publish.plan import Change, FieldChange, FileChange, Wanted, WantedFile, make_change, remaining
from publish.plan.compare import difference_marks, is_tombstone, match_files

MAX_COLLISIONS = 3
"""Tries again of a write that ended with 500: two datasets that bring the same new tag at the same moment collide in the
database of a CKAN with several workers (seen on 2.12.0), and the one that lost goes through when it is sent again."""


@dataclass(frozen=True)
class Outcome:
    """What became of one dataset: event for the ledger (published, updated, adopted, withdrawn, "" = nothing), or the error."""

    change: Change
    event: str = ""
    url: str = ""
    uploaded: int = 0
    error: KokaiError | None = None
    notes: tuple[Note, ...] = ()  # on the DataStore: what is not in it, or who filled it
    loading: Mapping[str, WantedFile] = field(default_factory=dict)  # resource id -> table that xloader is loading


def carry_out(
    changes: Sequence[Change], wanted: Mapping[str, Wanted], portal: Portal, journal: Journal, *, parallel: int = 2,
    since: str = "", stores: Stores = NO_STORES,
) -> Iterator[Outcome]:
    """Carry out every change; one that fails does not stop the others. Outcomes come as they are done.

    A dataset that an earlier run had begun is looked at first and gets only what is left; one that is
    complete by then has its bytes verified. `since` is the moment of a withdrawal (UTC, as CKAN prints it).
    """
    work = [c for c in changes if c.action != "keep" or c.tables or journal.begun(c.name)]
    new = [c.name for c in work if c.action == "create" and not journal.begun(c.name)]
    tables = [f.id for n in new for f in wanted[n].files if stores.ours(f)]
    stores = replace(stores, absent=absent_tables(portal, tables)) if tables else stores
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        jobs = [pool.submit(_one, c, wanted.get(c.name), portal, journal, since, stores) for c in work]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            for job in jobs:
                job.cancel()


def _one(
    change: Change, wanted: Wanted | None, portal: Portal, journal: Journal, since: str, stores: Stores
) -> Outcome:
    try:
        if change.action == "withdraw":
            return _withdraw(change, portal, journal, since)
        assert wanted is not None
        return _Dataset(change, wanted, portal, journal, stores).run()
    except Refused as refused:
        return Outcome(change, error=stopped(refused, action="package_show", where=change.name))
    except KokaiError as error:
        return Outcome(change, error=error)


class _Dataset:
    """One dataset on its way to what is wanted: look, write what is missing, look again, verify, open."""

    def __init__(self, change: Change, wanted: Wanted, portal: Portal, journal: Journal, stores: Stores) -> None:
        self.stores = stores
        self.change = change
        self.wanted = wanted
        self.portal = portal
        self.journal = journal
        self.begun = journal.begun(change.name)
        self.unsure = self.begun
        self.again: set[str] = set()  # files whose bytes at the portal were wrong
        self.sent: set[str] = set()
        self.created = False
        self.collisions = 0
        self.filled: set[str] = set()  # tables that are in the DataStore, or on their way
        self.notes: list[Note] = []
        self.loading: dict[str, WantedFile] = {}

    def run(self) -> Outcome:
        change = self.change
        held = self._look()
        self._refuse_stale(held)
        self.journal.note("begin", change.name, revision=change.revision)
        for n in range(self.portal.tries):
            try:
                held = self._write_missing(held)
                held = self._verify(held)
                break
            except Later as later:
                if n + 1 == self.portal.tries:
                    raise unreachable(self.portal.token.hide(later.said), change.name, self.portal.tries) from None
                self.unsure = True
                self.portal.pause(n, later)
                held = self._look()
        return self._done(held)

    def _look(self) -> dict[str, Any] | None:
        if self.change.id:
            return self.portal.show(self.change.id)
        return self.portal.show(self.wanted.name) if self.unsure or self.created else None

    def _refuse_stale(self, held: Mapping[str, Any] | None) -> None:
        """Stale: the dataset is not as the plan saw it. What a cut-off run of ours already wrote does not count."""
        change = self.change
        if held is None:
            if change.action == "create":
                return
            raise stale(change)
        if change.action == "create":
            if source_id(held) != self.wanted.extras["source_id"]:
                raise stale(change)
            return
        if held["metadata_modified"] == change.revision:
            return
        now = make_change(self.wanted, held)
        if (difference_marks(now.fields, now.files) != difference_marks(change.fields, change.files)
                and not (self.begun or self.sent or self.unsure)):
            raise stale(change)
        if not difference_marks(now.fields, now.files) <= difference_marks(change.fields, change.files):
            raise stale(change)

    def _write_missing(self, held: dict[str, Any] | None) -> dict[str, Any]:
        if held is None:
            held = self._create()
        fields, lacking = remaining(self.wanted, held)
        files = self._with_again(lacking, held)
        shown = _to_send(fields, held)
        for batch in batches(files):
            if not batch and not shown:
                break
            held = self._revise(held, shown, batch)
            shown = []
        return held

    def _with_again(self, files: Sequence[FileChange], held: Mapping[str, Any]) -> list[FileChange]:
        """The files to send, with those whose bytes did not arrive whole."""
        found = match_files(self.wanted, held)
        made = list(files)
        for f in self.wanted.files:
            if f.path in self.again and f.path in found and all(c.path != f.path or c.action != "upload" for c in made):
                made = [c for c in made if c.path != f.path]
                made.append(FileChange("upload", f.path, str(found[f.path]["id"]), "file-changed", f.size_bytes, "", f.sha256))
        return made

    def _create(self) -> dict[str, Any]:
        try:
            made = create(self.portal, self.wanted)
            self.created = True
        except Refused as refused:
            self._try_collision_again(refused)
            if "name" not in refused.error and "id" not in refused.error:
                raise stopped(refused, action="package_create", where=self.wanted.name) from None
            found = self.portal.show(self.wanted.name)
            if found is None or not self.unsure or source_id(found) != self.wanted.extras["source_id"]:
                raise stale(self.change) from None
            self.created = True
            return found
        self.journal.note("created", self.change.name, id=made["id"])
        return made

    def _revise(self, held: Mapping[str, Any], fields: Sequence[FieldChange], files: Sequence[FileChange]) -> dict[str, Any]:
        private = bool(held.get("private"))
        marked = {f.path for f in self.wanted.files if private and self.stores.ours(f)}
        try:
            answer = revise(self.portal, self.wanted, held, fields, files, tables=marked)
        except Refused as refused:
            self._try_collision_again(refused)
            if "match" not in refused.error:
                raise stopped(refused, action="package_revise", where=self.change.name) from None
            self._refuse_stale(self.portal.show(str(held["id"])))
            raise Later("the dataset moved meanwhile", wait_s=0.2) from None
        self.sent |= {f.path for f in files if f.action == "upload"}
        self.again -= self.sent
        self.journal.note("written", self.change.name, files=sorted(self.sent))
        return answer if private else self._confirmed(held)  # a private one is looked at again when it is opened

    def _confirmed(self, held: Mapping[str, Any]) -> dict[str, Any]:
        found = self.portal.show(str(held["id"]))
        if found is None:
            raise stale(self.change)
        return found

    def _verify(self, held: dict[str, Any]) -> dict[str, Any]:
        """Every file that was sent is downloaded and hashed; only then does a private dataset become public."""
        fields, files = remaining(self.wanted, held)
        if _to_send(fields, held) or files:
            raise Later("the portal does not hold what was sent", wait_s=0.2)
        found = match_files(self.wanted, held)
        doubtful = set(found) if self.unsure or held.get("private") or self.change.action == "keep" else self.sent
        bad = damaged(self.portal, self.wanted, held, {p: str(found[p]["id"]) for p in doubtful if p in found})
        if bad:
            self.again |= {f.path for f in bad}
            raise Later("bytes at the portal differ: " + ", ".join(f.path for f in bad), wait_s=0.2)
        self.journal.note("verified", self.change.name)
        if not held.get("private"):
            return held
        self._fill(held, [f for f in self.wanted.files if self.stores.ours(f)])
        try:
            open_to_all(self.portal, self.wanted, held)
        except Refused as refused:
            self._try_collision_again(refused)
            if "match" not in refused.error:
                raise stopped(refused, action="package_revise", where=self.change.name) from None
            raise Later("the dataset moved meanwhile", wait_s=0.2) from None
        opened = self._confirmed(held)
        if remaining(self.wanted, opened)[0]:
            raise Later("the portal does not hold what was sent", wait_s=0.2)
        return opened

    def _try_collision_again(self, refused: Refused) -> None:
        """Later, a few times, for a 500: it may be a collision with another dataset's write."""
        if refused.status == 500 and self.collisions < MAX_COLLISIONS:
            self.collisions += 1
            raise Later("500 at a write") from None

    def _done(self, held: Mapping[str, Any] | None) -> Outcome:
        assert held is not None
        change = self.change
        found = match_files(self.wanted, held)
        left = {*change.tables, *(p for p, r in found.items() if self.begun and not r.get(ACTIVE))}
        self._fill(held, [f for f in self.wanted.files if self.stores.datastore and is_table(f) and f.path in self.sent | left])
        with suppress(Later):  # views are a convenience: the portal makes them when an editor next saves
            new_views(self.portal, held, self._new_files() & self.sent, tables=self.stores.datastore)
        event = {"create": "published", "adopt": "adopted"}.get(change.action, "updated")
        if change.reason in ("public-again", "unfinished"):
            event = "published"
        if change.action == "keep" and not self.begun:  # a table was filled: that is no publication
            event = ""
        return Outcome(change, event, dataset_address(self.portal, change.name), len(self.sent), None, tuple(self.notes),
                       self.loading)

    def _new_files(self) -> set[str]:
        return {f.path for f in self.change.files if f.reason == "file-new"}

    def _fill(self, held: Mapping[str, Any], files: Sequence[WantedFile]) -> None:
        """The DataStore's tables of `files`, each once in a run: small ones at once, the others by xloader."""
        found = match_files(self.wanted, held)
        for f in files:
            if f.path in self.filled or f.path not in found:
                continue
            self.filled.add(f.path)
            resource = found[f.path]
            made_now = bool(held.get("private")) and f.path in self.sent & self._new_files() and not self.begun
            said, loading = fill_table(self.portal, str(resource["id"]), f, ours=self.stores.ours(f),
                                       fresh=made_now or not self.stores.xloader,
                                       absent=made_now and str(resource["id"]) in self.stores.absent)
            self.notes += said
            if said and made_now:
                with suppress(Later, Refused):
                    unmark_table(self.portal, held, str(resource["id"]))
            elif loading:
                self.loading[str(resource["id"])] = f


def _to_send(fields: Sequence[FieldChange], held: Mapping[str, Any]) -> list[FieldChange]:
    """The fields that are written before the files are verified."""
    waiting = AT_OPENING if held.get("private") else {"private"}
    return [f for f in fields if f.field not in waiting]


def stale(change: Change) -> CatalogueError:
    """The portal moved since the plan was made."""
    return stale_plan([change.name])


def stale_plan(names: Sequence[str]) -> CatalogueError:
    """The same for several datasets of a plan."""
    return CatalogueError(
        "plan-stale", f"「{'、'.join(names)}」は、計画を作ったあとにカタログ側で変わりました。",
        f"changed in the catalogue after the plan was made: {', '.join(names)}",
        todo_ja="kokai plan で計画を作り直し、内容を確かめてください。", todo_en="Make the plan again and read it.",
        where=", ".join(names),
    )


def dataset_address(portal: Portal, name: str) -> str:
    """The dataset's page: the evidence in the ledger."""
    return f"{portal.address}/dataset/{name}"


def _withdraw(change: Change, portal: Portal, journal: Journal, since: str) -> Outcome:
    """Leave a tombstone. Looked at before each try, so that a repeated call does nothing twice."""
    unsure = journal.begun(change.name)
    journal.note("begin", change.name, revision=change.revision)
    for n in range(portal.tries):
        held = portal.show(change.id)
        if held is None:
            raise stale(change)
        if is_tombstone(held) and not held.get("resources"):
            return Outcome(change, "withdrawn", dataset_address(portal, change.name))
        if held["metadata_modified"] != change.revision and not unsure and {str(r["id"]) for r in held["resources"]} != {
            f.id for f in change.files
        }:
            raise stale(change)
        try:
            entomb(portal, held, since=since)
        except Later as later:
            unsure = True
            portal.pause(n, later)
        except Refused as refused:
            if "match" not in refused.error:
                raise stopped(refused, action="package_revise", where=change.name) from None
    raise unreachable("withdrawal not confirmed", change.name, portal.tries)


def only(changes: Sequence[Change], names: Collection[str]) -> list[Change]:
    """The changes of the named datasets."""
    return [replace(c) for c in changes if not names or c.name in names]
