"""`kokai approve DATASET --by NAME --reason TEXT`: a person's yes to a changed dataset, kept in the ledger."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_signature, add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="データセットの名前 / the dataset")
    add_signature(parser)
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from pipelines.errors import DeclarationError
    from publish.commands.clock import current_time, current_user
    from publish.ledger import append_entries
    from publish.run import Place, choose_datasets, open_workspace, package_name

    workspace = open_workspace(args.workspace, sources=False)
    place = Place(args.workspace)
    chosen = choose_datasets(workspace, [args.dataset])
    names = [package_name(dataset, workspace) for dataset in chosen]
    if len(chosen) > 1:  # a yes is given to one dataset, by name
        raise DeclarationError(
            "dataset-ambiguous", f"「{args.dataset}」は{len(chosen)}件あります。", f"{args.dataset!r} names {len(chosen)} datasets",
            todo_ja=f"次のどれか一つを指定してください: {'、'.join(names)}", todo_en=f"Name one of: {', '.join(names)}",
            where=args.dataset)
    for dataset, name in zip(chosen, names, strict=True):
        append_entries(place.ledger, dataset.body.code, [{
            "at": current_time().strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": "approved", "body": dataset.body.code,
            "dataset": dataset.id, "name": name, "kind": dataset.kind, "catalogue": "embedded",
            "sample": dataset.sample, "by": args.by, "reason": f"{args.reason}({current_user()})",
        }])
        sys.stdout.write(f"承認を台帳に記録しました: {name}({args.by})。次の kokai run で公開されます。\n")
    return 0
