"""What plan, publish, verify, withdraw and doctor share: the catalogue named, its packages, and words for what happened."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from pipelines.declare import Catalogue, Workspace
    from pipelines.model import Dataset, Municipality, Package
    from publish.ckan.carrying import Outcome
    from publish.plan import Plan
    from publish.push import Connection, Planned
    from publish.run import Place


@dataclass(frozen=True)
class Desk:
    """A workspace with a catalogue chosen and a connection to it."""

    workspace: Workspace
    place: Place
    catalogue: Catalogue
    connection: Connection
    bodies: Mapping[str, Municipality]


def add_catalogue(parser: argparse.ArgumentParser, default: str = "embedded") -> None:
    parser.add_argument("--catalogue", default=default, metavar="NAME",
                        help=f"公開先(datasets/catalogues.yml の名前。既定: {default}) / the catalogue")


def choose_catalogue(name: str, catalogues: Sequence[Catalogue]) -> Catalogue:
    """The catalogue of that name. DeclarationError when catalogues.yml has none."""
    from pipelines.errors import DeclarationError

    for catalogue in catalogues:
        if catalogue.name == name:
            return catalogue
    known = "、".join(c.name for c in catalogues)
    raise DeclarationError(
        "catalogue-unknown", f"「{name}」という公開先はありません。", f"no catalogue named {name!r}",
        todo_ja=f"datasets/catalogues.yml にある名前({known})を指定してください。",
        todo_en=f"Name one of datasets/catalogues.yml: {known}", where="--catalogue",
    )


def open_desk(folder: Path, name: str, *, sources: bool = True) -> Desk:
    """Workspace, catalogue and connection; nothing is sent yet. Without `sources` the sections' files may be elsewhere."""
    from publish.commands.publish import stay_here
    from publish.push import connect
    from publish.run import Place, open_workspace

    workspace = open_workspace(folder, sources=sources)
    place = Place(folder)
    catalogue = choose_catalogue(name, workspace.catalogues)
    samples = [d.id for d in workspace.datasets if d.sample]
    if len(samples) == len(workspace.datasets):
        stay_here(samples, catalogue)
    return Desk(workspace, place, catalogue, connect(catalogue, place), {b.code: b for b in workspace.bodies})


def desk_packages(desk: Desk, datasets: Sequence[str]) -> list[Package]:
    """The packages on disk of the named datasets (all for none); samples only for a catalogue on this machine."""
    from publish.commands.publish import refuse_samples
    from publish.run import choose_datasets, register_packages

    chosen, elsewhere = published_in(desk.catalogue.name, desk.workspace, choose_datasets(desk.workspace, datasets), datasets)
    print_elsewhere(elsewhere, desk.catalogue.name, sys.stderr)
    packages = [p for _, p in register_packages(desk.workspace, desk.place, chosen)]
    refuse_samples(packages, desk.catalogue)
    return packages


def published_in(catalogue: str, workspace: Workspace, datasets: Sequence[Dataset], named: Sequence[str],
                 ) -> tuple[list[Dataset], list[str]]:
    """(the datasets whose body publishes in `catalogue`, the full names of the bodies that do not).

    A body says so in municipality.yml; while none names the catalogue, it is everybody's. What was `named` on the command
    line stays in.
    """
    takers = {b.code for b in workspace.bodies if catalogue in b.catalogues}
    if named or not takers:
        return list(datasets), []
    return ([d for d in datasets if d.body.code in takers],
            sorted({d.body.full_name for d in datasets if d.body.code not in takers}))


def print_elsewhere(bodies: Sequence[str], catalogue: str, out: TextIO) -> None:
    """A line for each body whose datasets are left out."""
    for name in bodies:
        out.write(f"  公開先ではない {name}: 入れていません(municipality.yml の catalogues に {catalogue} がありません)\n")


def withdrawn_in(desk: Desk) -> frozenset[str]:
    """Names that were withdrawn from this catalogue and not approved anew: they stay out."""
    from publish.ledger import read_ledgers
    from publish.push.publishing import last_events

    last = last_events(read_ledgers(desk.place.ledger), desk.catalogue.name)
    return frozenset(n for n, event in last.items() if event == "withdrawn")


def undone_in(place: Place, packages: Sequence[Package], catalogue: str) -> frozenset[str]:
    """Names of the packages that somebody went back from in this catalogue and nobody approved anew."""
    from publish.ledger import read_ledgers
    from publish.run import undone_names

    return undone_names(read_ledgers(place.ledger), packages, catalogue)


def print_undone(names: Collection[str]) -> None:
    for name in sorted(names):
        sys.stdout.write(f"  戻したまま {name}: 前の版に戻してあります。この版を公開するときは "
                         f"kokai approve {name} を実行してください\n")


def make_plan(
    desk: Desk, packages: Sequence[Package], *, with_rows: bool = True, everything: bool = True, named: bool = False
) -> Planned:
    """The plan for these packages now; an edition that somebody went back from only when it is `named`, by a return."""
    from publish.commands.clock import current_time, current_user
    from publish.push import plan_packages

    undone = frozenset() if named else undone_in(desk.place, packages, desk.catalogue.name)
    return plan_packages(desk.connection, packages, desk.bodies, now=current_time(), by=current_user(),
                         withdrawn=withdrawn_in(desk) | undone, with_rows=with_rows, everything=everything)


def print_plan(plan: Plan, packages: Sequence[Package], left_out: Collection[str] = ()) -> None:
    """The plan for a reader: what changes first, what stays in one line."""
    from publish.plan import change_lines, summary_line

    out = sys.stdout
    facts = plan.portal
    about = f"第{facts['release']}版、{facts['datasets']}件" if "release" in facts else ""
    if "ckan_version" in facts:
        about = f"CKAN {facts['ckan_version']}、{facts['datasets']}件を{facts['requests']}回で読みました"
    out.write(f"計画: {plan.catalogue} {plan.address} ({about or plan.made_at})\n")
    for change in plan.active:
        out.write("\n".join(change_lines(change)) + "\n")
    for change in plan.changes:
        if change.action == "keep" and (change.tables or any(f.reason != "same" for f in change.files)):
            out.write("\n".join(change_lines(change)) + "\n")
    for package in packages:
        if package.manifest.get("status", "ready") != "ready":
            reasons = "".join(r["ja"] for r in package.manifest["reasons"])
            out.write(f"  保留 {package.name}: {reasons}\n")
    for name in sorted(left_out):
        out.write(f"  取下げ済み {name}: もう一度公開するときは kokai approve {name} を実行してください\n")
    for name in plan.unknown:
        out.write(f"  カタログにだけある {name}: 何もしません(取り下げるときは kokai withdraw {name})\n")
    out.write(summary_line(plan) + "\n")


def outcome_dict(outcome: Outcome) -> dict[str, Any]:
    """One dataset's outcome as JSON."""
    return {
        "name": outcome.change.name, "action": outcome.change.action, "event": outcome.event, "url": outcome.url,
        "uploaded": outcome.uploaded, "notes": [n.as_dict() for n in outcome.notes],
        "error": outcome.error.as_dict() if outcome.error else None,
    }


def print_outcome(outcome: Outcome) -> None:
    words = {"published": "公開しました", "updated": "更新しました", "adopted": "引き継ぎました", "withdrawn": "取り下げました"}
    if outcome.error is None:
        sys.stdout.write(f"  {words.get(outcome.event, '確かめました')} {outcome.change.name} {outcome.url}\n")
        return
    error = outcome.error
    sys.stdout.write(f"  できませんでした {outcome.change.name}: [{error.code}] {error.ja}\n    → {error.todo_ja}\n")
    sys.stdout.write(f"    {error.en} → {error.todo_en}\n")
