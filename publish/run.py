"""A workspace to packages, to the embedded catalogue's next release, to ledger lines: what `kokai run` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.build import Built, Surroundings, build_datasets
from pipelines.declare import Workspace, check_declarations, load_workspace
from pipelines.errors import DeclarationError
from pipelines.geo import grid_in
from pipelines.geocode import Gazetteer, area_files, build_gazetteer
from pipelines.messages import load_messages
from pipelines.model import Dataset, Package
from pipelines.standards import list_kinds, load_standard
from publish.kpi import PUBLIC_EVENTS, Progress, measure_plans
from publish.ledger import append_entries, read_ledger, read_ledgers, undone_editions
from publish.site import Release, current_release, publish_release, read_state, released_files

EMBEDDED = "embedded"


@dataclass(frozen=True)
class Place:
    """Where a workspace keeps what it makes."""

    root: Path

    @property
    def packages(self) -> Path:
        return self.root / "var" / "packages"

    @property
    def catalogue(self) -> Path:
        return self.root / "var" / "catalogue"

    @property
    def gazetteer(self) -> Path:
        return self.root / "var" / "gazetteer"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"


@dataclass(frozen=True)
class Withdrawal:
    """A dataset that a person takes out of a catalogue, and why."""

    dataset: Dataset
    by: str
    reason: str


def open_workspace(root: Path, *, sources: bool = True) -> Workspace:
    """Load and check every declaration of a workspace. Raises DeclarationError (file, key, fix).

    Without `sources` only their shape is checked: a PC on the Internet has what was built, not the sections' files.
    """
    workspace = load_workspace(root)
    if not sources:
        return workspace
    check_declarations(workspace, lambda kind, edition: load_standard(kind, edition, workspace.local_schemas),
                       messages=load_messages())
    return workspace


def choose_datasets(workspace: Workspace, names: Sequence[str]) -> list[Dataset]:
    """The register entries named (`aed`, `352136_aed` or `352136_mine/aed`), all for none. DeclarationError if unknown."""
    if not names:
        return list(workspace.datasets)
    chosen = []
    for name in names:
        found = [d for d in workspace.datasets if name in _names_of(d, workspace)]
        if not found:
            known = ", ".join(sorted({d.id for d in workspace.datasets}))
            raise DeclarationError(
                "dataset-unknown", f"「{name}」という定義はありません。", f"no dataset named {name!r}",
                todo_ja=f"次のどれかを指定してください: {known}", todo_en=f"Name one of: {known}", where=name,
            )
        chosen += [d for d in found if d not in chosen]
    return chosen


def _names_of(dataset: Dataset, workspace: Workspace) -> set[str]:
    return {dataset.id, package_name(dataset, workspace), f"{dataset.body.folder.name}/{dataset.id}"}


def package_name(dataset: Dataset, workspace: Workspace) -> str:
    """The name that a register entry's package, dataset and file bear."""
    return dataset.name(load_standard(dataset.kind, dataset.edition, workspace.local_schemas))


def open_gazetteer(place: Place, folder: Path | None, default: Path) -> Gazetteer | None:
    """The user's address data; in a workspace with `datasets/sample_gazetteer.csv` and no other, that one."""
    chosen = folder or default
    boundaries_only = not Gazetteer.exists(chosen) and (chosen / "areas").is_dir()
    if Gazetteer.outdated(chosen) or Gazetteer.exists(chosen) or (folder is not None and not boundaries_only):
        return Gazetteer.open(chosen)
    sample = place.root / "datasets" / "sample_gazetteer.csv"
    if not sample.exists():
        return None
    stamp = place.gazetteer / hashlib.sha256(sample.read_bytes()).hexdigest()[:16]
    if not Gazetteer.exists(stamp):
        build_gazetteer([sample], stamp)
    return Gazetteer.open(stamp)


def surroundings(
    workspace: Workspace, place: Place, *, gazetteer: Gazetteer | None, max_bytes: int | None = None,
    boundaries: Path | None = None,
) -> Surroundings:
    """What the line needs beside the register, gathered from the workspace.

    `boundaries`: folder of the address data; an official outline (N03) there goes before a body's own area.geojson,
    and the datum grid there is used where coordinates are converted.
    """
    areas = {b.code: b.folder / "area.geojson" for b in workspace.bodies if (b.folder / "area.geojson").exists()}
    if boundaries is not None:
        areas |= area_files(boundaries, [b.code for b in workspace.bodies])
    return Surroundings(
        packages=place.packages, local_schemas=workspace.local_schemas, gazetteer=gazetteer, areas=areas,
        last_release=lambda name: released_files(place.catalogue, name),
        approved=_approved(read_ledgers(place.ledger)), max_bytes=max_bytes,
        datum_grid=grid_in(boundaries) if boundaries is not None else None,
    )


def _approved(entries: pl.DataFrame) -> frozenset[str]:
    """Package names with an approval that is newer than their last publication."""
    last: dict[str, str] = {}
    for name, event in entries.select("name", "event").iter_rows():
        if event == "approved" or event in PUBLIC_EVENTS:
            last[name] = event
    return frozenset(n for n, event in last.items() if event == "approved")


def build_workspace(
    datasets: Sequence[Dataset], around: Surroundings, *, on_built: Callable[[Built], None] = lambda built: None
) -> list[Built]:
    """Build every chosen register entry; tells each as it is done."""
    results = []
    for built in build_datasets(datasets, around):
        on_built(built)
        results.append(built)
    return results


def register_packages(workspace: Workspace, place: Place, datasets: Sequence[Dataset]) -> list[tuple[Dataset, Package]]:
    """The packages on disk of the chosen register entries, in the order of the register."""
    found = []
    for dataset in datasets:
        if dataset.planned:
            continue
        folder = place.packages / package_name(dataset, workspace)
        if (folder / "public" / "datapackage.json").exists():
            found.append((dataset, Package.read(folder)))
    return found


def publish_embedded(
    workspace: Workspace, place: Place, packages: Sequence[tuple[Dataset, Package]], *, now: datetime, by: str,
    base_url: str = "", named: bool = False, withdrawals: Sequence[Withdrawal] = (),
) -> Release:
    """Publish the ready packages into the embedded catalogue and write the ledger; held ones are carried over.

    So are editions that somebody went back from, unless the edition is `named`, as a return itself is. `withdrawals`
    go in the same release; one that a run which was cut off had carried out already gets its line. CatalogueError if
    one is not public.
    """
    entries = read_ledgers(place.ledger)
    unsaid = {package_name(w.dataset, workspace) for w in withdrawals} & _tombs(place) - withdrawn_names(entries)
    out = [package_name(w.dataset, workspace) for w in withdrawals if package_name(w.dataset, workspace) not in unsaid]
    gone = withdrawn_names(entries) | (frozenset() if named else undone_names(entries, [p for _, p in packages], EMBEDDED))
    ready = [(d, p) for d, p in packages if p.manifest.get("status") == "ready" and p.name not in gone]
    bodies = {b.code: b for b in workspace.bodies}
    ready = [(d, p) for d, p in ready if p.name not in out]
    release = publish_release(place.catalogue, [p for _, p in ready], bodies, now=now, base_url=base_url, withdraw=out)
    for code in sorted(bodies):
        lines = [_entry(d, p, release, now, by) for d, p in ready if d.body.code == code]
        missing = _not_in_ledger(place, code, [x for x in lines if x is not None])
        append_entries(place.ledger, code, missing)
    for w in withdrawals:
        append_entries(place.ledger, w.dataset.body.code, [_withdrawn_entry(w, package_name(w.dataset, workspace), release, now)])
    return release


def _tombs(place: Place) -> set[str]:
    """Names that the current release shows as withdrawn."""
    release = current_release(place.catalogue)
    return {n for n, entry in read_state(release)["datasets"].items() if entry.get("withdrawn")} if release else set()


def _withdrawn_entry(w: Withdrawal, name: str, release: Release, now: datetime) -> dict[str, Any]:
    return {
        "at": now.strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": "withdrawn", "body": w.dataset.body.code,
        "dataset": w.dataset.id, "name": name, "kind": w.dataset.kind, "catalogue": EMBEDDED,
        "release": str(release.number), "sample": w.dataset.sample, "by": w.by, "reason": w.reason,
    }


def undone_names(entries: pl.DataFrame, packages: Sequence[Package], catalogue: str) -> frozenset[str]:
    """Names of the packages that are editions from which somebody went back in `catalogue`: they wait for an approval."""
    undone = undone_editions(entries, catalogue)
    return frozenset(
        p.name for p in packages if p.name in undone
        and hashlib.sha256((p.public / "datapackage.json").read_bytes()).hexdigest() in undone[p.name]
    )


def withdrawn_names(entries: pl.DataFrame) -> frozenset[str]:
    """Package names whose last word in the embedded catalogue is a withdrawal: they stay out until approved anew.

    A note is no such word.
    """
    last: dict[str, str] = {}
    said = entries.filter((pl.col("catalogue") == EMBEDDED) & (pl.col("event") != "noted"))
    for name, event in said.select("name", "event").iter_rows():
        last[name] = event
    return frozenset(n for n, event in last.items() if event == "withdrawn")


def _entry(dataset: Dataset, package: Package, release: Release, now: datetime, by: str) -> dict[str, Any]:
    resources = package.descriptor["resources"]
    stamps = {Path(r["path"]).stem for r in resources}
    descriptor = (package.public / "datapackage.json").read_bytes()
    return {
        "at": now.strftime("%Y-%m-%dT%H:%M:%S+09:00"),
        "event": "published" if release.changes.get(package.name) == "created" else "updated",
        "body": dataset.body.code, "dataset": dataset.id, "name": package.name, "kind": dataset.kind,
        "title": dataset.title, "section": dataset.section, "catalogue": EMBEDDED, "release": str(release.number),
        "sha256": hashlib.sha256(descriptor).hexdigest(),
        "rows": int(package.manifest.get("counts", {}).get("rows", 0)), "files": len(resources),
        "periods": len(stamps), "formats": len({Path(r["path"]).suffix for r in resources}),
        "as_of": dataset.as_of, "frequency": dataset.frequency, "url": f"datasets/{package.name}/",
        "hosted": True, "generated": dataset.generated is not None, "sample": dataset.sample, "by": by,
        "licence": (dataset.licence or dataset.body.licence).id,
    }


def _not_in_ledger(place: Place, code: str, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Only what the ledger does not say yet: a run that was cut off after the switch is made up for by the next."""
    known: dict[str, tuple[str, str]] = {}
    for name, event, sha in read_ledger(place.ledger, code).filter(
        (pl.col("catalogue") == EMBEDDED) & pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"])
    ).select("name", "event", "sha256").iter_rows():
        known[name] = (event, sha)
    new = []
    for line in lines:
        event, sha = known.get(str(line["name"]), ("", ""))
        if event in PUBLIC_EVENTS and sha == line["sha256"]:
            continue
        new.append({**line, "event": "updated" if event in PUBLIC_EVENTS else "published"})
    return new


def withdraw_embedded(
    workspace: Workspace, place: Place, datasets: Sequence[Dataset], *, now: datetime, by: str, reason: str
) -> list[str]:
    """Take datasets out of the embedded catalogue by name; the ledger keeps who and why. CatalogueError if not public."""
    publish_embedded(workspace, place, [], now=now, by=by, withdrawals=[Withdrawal(d, by, reason) for d in datasets])
    return [package_name(d, workspace) for d in datasets]


def measure_workspace(workspace: Workspace, place: Place, day: date) -> list[Progress]:
    """Every plan of the workspace on `day`, in the order of bodies."""
    kinds = [k for k in list_kinds() if not k.local]
    entries = read_ledgers(place.ledger, [b.code for b in workspace.bodies])
    return measure_plans(
        entries, workspace.plans, day, basic_kinds=[k.id for k in kinds if k.basic],
        standard_kinds=[k.id for k in kinds], sample_bodies=[b.code for b in workspace.bodies if b.sample],
    )


def built_dict(built: Built) -> dict[str, Any]:
    """One dataset's outcome as JSON."""
    return {
        "dataset": built.dataset.id, "body": built.dataset.body.code, "name": built.name, "status": built.status,
        "rows": built.rows, "errors": built.errors, "warnings": built.warnings, "fixes": built.fixes,
        "filled_points": built.filled_points, "sample": built.dataset.sample,
        "reasons": [{"code": r.code, "message_ja": r.ja, "message_en": r.en} for r in built.reasons],
        "package": str(built.package.folder) if built.package else None,
    }


def dumps(value: object) -> str:
    """JSON for a command's standard output."""
    return json.dumps(value, ensure_ascii=False, default=str)
