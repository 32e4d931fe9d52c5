"""`kokai handover`: a zip of ready packages with a sheet to paste, for catalogues without API and for another PC."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from publish.commands.portal import Desk
    from publish.push import Planned


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", metavar="DATASET", help="データセットの名前(既定: すべて) / datasets, default: all")
    add_catalogue(parser, "hiroshima")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="zipの名前(既定: 登録用_カタログ.zip) / the zip")
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.portal import choose_catalogue, print_elsewhere, print_undone, published_in
    from publish.handover import write_handover
    from publish.ledger import read_ledgers
    from publish.run import EMBEDDED, Place, choose_datasets, open_workspace, register_packages, undone_names, withdrawn_names

    workspace, place = open_workspace(args.workspace), Place(args.workspace)
    catalogue = choose_catalogue(args.catalogue, workspace.catalogues)
    datasets, elsewhere = published_in(catalogue.name, workspace, choose_datasets(workspace, args.datasets), args.datasets)
    packages = [p for _, p in register_packages(workspace, place, datasets)]
    entries = read_ledgers(place.ledger)
    gone = withdrawn_names(entries) & {p.name for p in packages}
    undone = undone_names(entries, packages, EMBEDDED) - gone
    ready = [p for p in packages if p.manifest.get("status", "ready") == "ready" and p.name not in gone | undone]
    path = args.output or Path(f"登録用_{catalogue.name}.zip")
    names = write_handover(path, ready, title=catalogue.title, address=catalogue.url, note=catalogue.note)
    for p in packages:
        if p.manifest.get("status", "ready") != "ready":
            sys.stdout.write(f"  保留 {p.name}: {''.join(r['ja'] for r in p.manifest['reasons'])}\n")
    print_elsewhere(elsewhere, catalogue.name, sys.stdout)
    for name in sorted(gone):
        sys.stdout.write(f"  取下げ済み {name}: 入れていません。渡すときは kokai approve {name} を実行してください\n")
    print_undone(undone)
    samples = sum(1 for p in ready if p.descriptor["kokai"]["sample"])
    if samples:
        sys.stdout.write(f"  注意: 見本のデータが{samples}件入っています。ほかのカタログに登録しないでください。\n")
    sys.stdout.write(f"{path} に{len(names)}件を入れました({path.stat().st_size:,}バイト)。\n")
    return 0


def plan_handover(desk: Desk, path: Path) -> Planned:
    """The plan for the packages of a zip: every hash is compared; the sources are not needed. Samples stay on this machine."""
    from publish.commands.clock import current_time, current_user
    from publish.commands.portal import withdrawn_in
    from publish.commands.publish import refuse_samples
    from publish.handover import read_handover
    from publish.push import plan_packages
    from publish.site.items import body_of

    packages = read_handover(path, desk.connection.folder / "handover")
    refuse_samples(packages, desk.catalogue)
    bodies = {**{str(p.descriptor["kokai"]["code"]): body_of(p.descriptor) for p in packages}, **desk.bodies}
    return plan_packages(desk.connection, packages, bodies, now=current_time(), by=current_user(),
                         withdrawn=withdrawn_in(desk), everything=False)
