"""`kokai plan`: what a publication would change in a catalogue, field by field and row by row; nothing is written there."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output, add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.declare import Workspace
    from pipelines.model import Package
    from publish.commands.portal import Desk
    from publish.push import Planned
    from publish.report.approval_map import Outline

CHANGES = 3


@dataclass(frozen=True)
class Told:
    """A plan with what the terminal and the sheet say beside it."""

    title: str
    packages: list[Package]
    planned: Planned
    before: dict[str, Package]  # public now
    gone: frozenset[str]  # withdrawn before


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", metavar="DATASET",
                        help="データセットの名前(既定: すべて) / datasets, default: all")
    add_catalogue(parser, "ckan")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="計画を保存します(kokai publish FILE で実行) / save it for kokai publish FILE")
    parser.add_argument("--sheet", type=Path, metavar="FILE", action="append", default=[],
                        help="起案に付ける確認票(.html か .pdf、A4。2回書けば両方) / approval sheet as HTML or PDF")
    parser.add_argument("--exit-code", action="store_true",
                        help="変更があれば終了コード3、なければ0 / exit 3 when there are changes, 0 when none")
    parser.add_argument("--withdraw", metavar="DATASET", action="append", default=[],
                        help="取り下げるデータセット(--by と --reason が要ります。これだけなら、取下げだけの計画) "
                             "/ plan a withdrawal, signed with --by and --reason")
    parser.add_argument("--by", metavar="NAME", default="", help="取下げを決めた人 / who decides a withdrawal")
    parser.add_argument("--reason", metavar="TEXT", default="", help="取下げの理由 / why")
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


def _outlines(workspace: Workspace) -> dict[str, Outline]:
    """The boundary of each body by its code: the official one of the address data (N03), else the body's own file."""
    from pipelines.geocode import area_files, default_gazetteer_folder
    from publish.report.approval_map import own_outline, stored_outline

    stored = area_files(default_gazetteer_folder(os.environ), [b.code for b in workspace.bodies])
    found = {b.code: stored_outline(stored[b.code]) if b.code in stored else own_outline(b.folder) for b in workspace.bodies}
    return {code: outline for code, outline in found.items() if outline is not None}


def _embedded(args: argparse.Namespace, workspace: Workspace, graves: Mapping[str, tuple[str, str]]) -> Told:
    """The plan of the embedded catalogue and what is told with it."""
    from dataclasses import replace

    from pipelines.model import Package
    from publish.commands.clock import current_time, current_user
    from publish.commands.portal import choose_catalogue, undone_in
    from publish.ledger import read_ledgers
    from publish.push import with_withdrawals
    from publish.push.embedded import plan_embedded, plan_embedded_withdrawals
    from publish.run import Place, choose_datasets, register_packages, withdrawn_names
    from publish.site import released_files

    place, catalogue, now = Place(args.workspace), choose_catalogue(args.catalogue, workspace.catalogues), current_time()
    chosen = [] if graves and not args.datasets else choose_datasets(workspace, args.datasets)
    packages = [p for _, p in register_packages(workspace, place, chosen)]
    gone = withdrawn_names(read_ledgers(place.ledger))
    undone = undone_in(place, packages, args.catalogue)
    planned = plan_embedded(place.catalogue, catalogue, packages, {b.code: b for b in workspace.bodies}, now=now,
                            by=current_user(), withdrawn=gone | undone, with_rows=not args.no_rows, everything=_everything(args))
    if graves:
        out = plan_embedded_withdrawals(place.catalogue, catalogue, graves, now=now, by=args.by, why=args.reason)
        planned = replace(planned, plan=with_withdrawals(planned.plan, out))
    folders = {n: released_files(place.catalogue, n) for n in [*(p.name for p in packages), *graves]}
    before = {n: Package(f, json.loads((f / "datapackage.json").read_text(encoding="utf-8")), {})
              for n, f in folders.items() if f is not None}
    return Told(catalogue.title, packages, planned, before, gone)


def _portal(args: argparse.Namespace, graves: Mapping[str, tuple[str, str]]) -> Told:
    """The plan of a CKAN and what is told with it."""
    from dataclasses import replace

    from publish.commands.clock import current_time
    from publish.commands.portal import desk_packages, make_plan, open_desk, withdrawn_in
    from publish.push import plan_withdrawals, with_withdrawals
    from publish.push.planning import want_packages

    desk = open_desk(args.workspace, args.catalogue)
    alone = graves and not args.datasets
    packages = [] if alone else desk_packages(desk, args.datasets)
    empty = want_packages(desk.connection, [], desk.bodies)
    planned = empty if alone else make_plan(desk, packages, with_rows=not args.no_rows, everything=_everything(args))
    if graves:
        out = plan_withdrawals(desk.connection, graves, now=current_time(), by=args.by, why=args.reason)
        planned = replace(planned, plan=out if alone else with_withdrawals(planned.plan, out))
    return Told(desk.catalogue.title, packages, planned, _public_now(desk), withdrawn_in(desk))


def _everything(args: argparse.Namespace) -> bool:
    return not args.datasets and not args.withdraw


def _graves(args: argparse.Namespace, workspace: Workspace) -> dict[str, tuple[str, str]]:
    """Package name -> (code, register id) of what is to go. DeclarationError when nobody signs, or a name is unknown."""
    from pipelines.errors import DeclarationError
    from publish.run import choose_datasets, package_name

    if bool(args.withdraw) != bool(args.by.strip() and args.reason.strip()) or (not args.withdraw and (args.by or args.reason)):
        raise DeclarationError(
            "withdraw-unsigned", "取下げの計画には、--withdraw、--by(決めた人)、--reason(理由)の三つが要ります。",
            "a planned withdrawal needs --withdraw, --by and --reason",
            todo_ja="例: kokai plan --withdraw 352136_aed --by 係長 --reason 設置をやめたため",
            todo_en="For example: kokai plan --withdraw 352136_aed --by NAME --reason TEXT", where="--withdraw",
        )
    chosen = choose_datasets(workspace, args.withdraw) if args.withdraw else []
    return {package_name(d, workspace): (d.body.code, d.id) for d in chosen}


def run(args: argparse.Namespace) -> int:
    from publish.commands.portal import choose_catalogue, print_plan, print_undone, undone_in
    from publish.plan import write_plan
    from publish.plan.written import plan_dict, plan_number
    from publish.run import Place, dumps, open_workspace

    workspace = open_workspace(args.workspace)
    graves = _graves(args, workspace)
    embedded = choose_catalogue(args.catalogue, workspace.catalogues).kind == "embedded"
    told = _embedded(args, workspace, graves) if embedded else _portal(args, graves)
    plan = told.planned.plan
    if args.output:
        write_plan(args.output, plan)
    if args.sheet:
        from publish.report.approval import write_sheet

        outlines = _outlines(workspace)
        for path in args.sheet:
            write_sheet(path, plan, told.planned.packages, title=told.title, before=told.before, outlines=outlines)
    if args.format == "json":
        sys.stdout.write(dumps(plan_dict(plan)) + "\n")
    else:
        print_plan(plan, told.packages, told.gone & {p.name for p in told.packages})
        print_undone(undone_in(Place(args.workspace), told.packages, args.catalogue))
        if args.output:
            sys.stdout.write(f"保存しました: {args.output}(計画の番号 {plan_number(plan)})。"
                             f"実行: kokai publish {args.output} --catalogue {args.catalogue}\n")
    return CHANGES if args.exit_code and plan.active else 0
