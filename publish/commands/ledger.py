"""`kokai ledger verify`: every body's ledger to a yes, or the line where the chain breaks."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="verify", required=True)
    verify = actions.add_parser("verify", help="改ざん・欠落がないか確かめます / look for any change or gap")
    add_workspace(verify)


def run(args: argparse.Namespace) -> int:
    from publish.ledger import verify_ledger
    from publish.run import Place

    root = Place(args.workspace).ledger
    status = 0
    codes = {p.stem for p in root.glob("*.jsonl")} | {p.stem for p in root.glob("*.head")} if root.is_dir() else set()
    if not codes:
        sys.stdout.write("台帳はまだありません。 / no ledger yet\n")
    for code in sorted(codes):
        broken = verify_ledger(root / f"{code}.jsonl")
        if broken is None:
            sys.stdout.write(f"{code}: 異常なし / intact\n")
        else:
            sys.stdout.write(f"{code}: {broken.line}行目 {broken.ja} / line {broken.line}: {broken.en}\n")
            status = 1
    return status
