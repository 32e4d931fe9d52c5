"""`kokai withdraw DATASET --by NAME --reason TEXT`: a dataset out of a catalogue, with a tombstone, said in the ledger."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_signature, add_workspace
from publish.commands.portal import add_catalogue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="データセットの名前 / the dataset")
    add_catalogue(parser)
    add_signature(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.portal import choose_catalogue
    from publish.run import open_workspace

    catalogue = choose_catalogue(args.catalogue, open_workspace(args.workspace, sources=False).catalogues)
    return _from_embedded(args) if catalogue.kind == "embedded" else _from_ckan(args)


def _from_embedded(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time
    from publish.run import Place, choose_datasets, open_workspace, withdraw_embedded

    workspace = open_workspace(args.workspace, sources=False)
    datasets = choose_datasets(workspace, [args.dataset])
    names = withdraw_embedded(workspace, Place(args.workspace), datasets, now=current_time(), by=args.by,
                              reason=args.reason)
    for name in names:
        sys.stdout.write(f"取り下げました: {name}。台帳に理由を記録しました。\n")
    return 0


def _from_ckan(args: argparse.Namespace) -> int:
    """The dataset stays as a tombstone without files: harvesters never delete, they take a change."""
    from publish.commands.clock import current_time
    from publish.commands.portal import open_desk, print_outcome
    from publish.push import plan_withdrawals, publish_changes
    from publish.push.publishing import failed
    from publish.run import choose_datasets, package_name

    desk = open_desk(args.workspace, args.catalogue, sources=False)
    now = current_time()
    names = {package_name(d, desk.workspace): (d.body.code, d.id) for d in choose_datasets(desk.workspace, [args.dataset])}
    plan = plan_withdrawals(desk.connection, names, now=now, by=args.by, why=args.reason)
    outcomes = publish_changes(desk.connection, desk.place, plan, {}, {}, desk.bodies, now=now, by=args.by,
                               on_done=print_outcome)
    return 2 if failed(outcomes) else 0
