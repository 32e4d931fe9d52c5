"""`kokai withdraw DATASET --by NAME --reason TEXT`: a dataset out of the embedded catalogue, said in the ledger."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_signature, add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="データセットの名前 / the dataset")
    add_signature(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time
    from publish.run import Place, choose_datasets, open_workspace, withdraw_embedded

    workspace = open_workspace(args.workspace)
    datasets = choose_datasets(workspace, [args.dataset])
    names = withdraw_embedded(workspace, Place(args.workspace), datasets, now=current_time(), by=args.by,
                              reason=args.reason)
    for name in names:
        sys.stdout.write(f"取り下げました: {name}。台帳に理由を記録しました。\n")
    return 0
