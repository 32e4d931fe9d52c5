"""`kokai plan`: what a publication would change in a catalogue, field by field and row by row; nothing is written there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output, add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from pipelines.model import Package
    from publish.commands.portal import Desk

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


def run(args: argparse.Namespace) -> int:
    from publish.commands.portal import desk_packages, make_plan, open_desk, print_plan, withdrawn_in
    from publish.plan import write_plan
    from publish.plan.written import plan_dict
    from publish.run import dumps

    desk = open_desk(args.workspace, args.catalogue)
    packages = desk_packages(desk, args.datasets)
    planned = make_plan(desk, packages, with_rows=not args.no_rows, everything=not args.datasets)
    if args.output:
        write_plan(args.output, planned.plan)
    if args.sheet:
        from publish.report.approval import write_sheet

        write_sheet(args.sheet, planned.plan, planned.packages, title=desk.catalogue.title, before=_public_now(desk))
    if args.format == "json":
        sys.stdout.write(dumps(plan_dict(planned.plan)) + "\n")
    else:
        names = {p.name for p in packages}
        print_plan(planned.plan, packages, withdrawn_in(desk) & names)
        if args.output:
            sys.stdout.write(f"保存しました: {args.output}。実行: kokai publish {args.output} --catalogue {args.catalogue}\n")
    return CHANGES if args.exit_code and planned.plan.active else 0
