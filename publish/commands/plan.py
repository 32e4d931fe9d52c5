"""`kokai plan`: what a publication would change in a catalogue, field by field and row by row; nothing is written there."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output, add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from pipelines.declare import Workspace
    from pipelines.model import Package
    from publish.commands.portal import Desk
    from publish.push import Planned

CHANGES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", metavar="DATASET",
                        help="データセットの名前(既定: すべて) / datasets, default: all")
    add_catalogue(parser, "ckan")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="計画を保存します(kokai publish FILE で実行) / save it for kokai publish FILE")
    parser.add_argument("--sheet", type=Path, metavar="FILE",
                        help="起案に付ける確認票(.html か .pdf、A4) / approval sheet as HTML or PDF")
    parser.add_argument("--exit-code", action="store_true",
                        help="変更があれば終了コード3、なければ0 / exit 3 when there are changes, 0 when none")
    parser.add_argument("--no-rows", action="store_true", help="行ごとの比較をしません / do not compare rows")
    add_workspace(parser)
    add_output(parser)


def _public_now(desk: Desk) -> dict[str, Package]:
    """The editions that were published last, where they are kept here."""
    from publish.push import kept_packages

    root = desk.connection.folder / "kept"
    names = [p.name for p in root.iterdir() if p.is_dir()] if root.is_dir() else []
    kept = {n: kept_packages(desk.connection.folder, n) for n in names}
    return {n: k[-1].package for n, k in kept.items() if k}


def _embedded(
    args: argparse.Namespace, workspace: Workspace
) -> tuple[str, list[Package], Planned, dict[str, Package], frozenset[str]]:
    """Title, packages, plan, the packages that are public now and the names withdrawn, of the embedded catalogue."""
    from pipelines.model import Package
    from publish.commands.clock import current_time, current_user
    from publish.commands.portal import choose_catalogue, undone_in
    from publish.ledger import read_ledgers
    from publish.push.embedded import plan_embedded
    from publish.run import Place, choose_datasets, register_packages, withdrawn_names
    from publish.site import released_files

    place, catalogue = Place(args.workspace), choose_catalogue(args.catalogue, workspace.catalogues)
    packages = [p for _, p in register_packages(workspace, place, choose_datasets(workspace, args.datasets))]
    gone = withdrawn_names(read_ledgers(place.ledger))
    undone = undone_in(place, packages, args.catalogue)
    planned = plan_embedded(place.catalogue, catalogue, packages, {b.code: b for b in workspace.bodies}, now=current_time(),
                            by=current_user(), withdrawn=gone | undone, with_rows=not args.no_rows, everything=not args.datasets)
    folders = {p.name: released_files(place.catalogue, p.name) for p in packages}
    before = {n: Package(f, json.loads((f / "datapackage.json").read_text(encoding="utf-8")), {})
              for n, f in folders.items() if f is not None}
    return catalogue.title, packages, planned, before, gone


def run(args: argparse.Namespace) -> int:
    from publish.commands.portal import (
        choose_catalogue,
        desk_packages,
        make_plan,
        open_desk,
        print_plan,
        print_undone,
        undone_in,
        withdrawn_in,
    )
    from publish.plan import write_plan
    from publish.plan.written import plan_dict, plan_number
    from publish.run import Place, dumps, open_workspace

    workspace = open_workspace(args.workspace)
    if choose_catalogue(args.catalogue, workspace.catalogues).kind == "embedded":
        title, packages, planned, before, gone = _embedded(args, workspace)
    else:
        desk = open_desk(args.workspace, args.catalogue)
        packages = desk_packages(desk, args.datasets)
        planned = make_plan(desk, packages, with_rows=not args.no_rows, everything=not args.datasets)
        title, before, gone = desk.catalogue.title, _public_now(desk), withdrawn_in(desk)
    if args.output:
        write_plan(args.output, planned.plan)
    if args.sheet:
        from publish.report.approval import write_sheet

        write_sheet(args.sheet, planned.plan, planned.packages, title=title, before=before)
    if args.format == "json":
        sys.stdout.write(dumps(plan_dict(planned.plan)) + "\n")
    else:
        print_plan(planned.plan, packages, gone & {p.name for p in packages})
        print_undone(undone_in(Place(args.workspace), packages, args.catalogue))
        if args.output:
            sys.stdout.write(f"保存しました: {args.output}(計画の番号 {plan_number(planned.plan)})。"
                             f"実行: kokai publish {args.output} --catalogue {args.catalogue}\n")
    return CHANGES if args.exit_code and planned.plan.active else 0
