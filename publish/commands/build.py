"""`kokai build [DATASET…]`: register entries to checked packages in var/packages/."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_datasets, add_output, add_strict, add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_datasets(parser)
    parser.add_argument("--edition", metavar="EDITION",
                        help="この版に変換して作ります(その版がある種類だけ。既定: 定義の版) / build in this edition instead")
    add_workspace(parser)
    add_strict(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.line import build_chosen, exit_status
    from publish.report.outcome import print_built
    from publish.run import built_dict, dumps

    _, _, results = build_chosen(args)
    if args.format == "json":
        sys.stdout.write(dumps({"datasets": [built_dict(b) for b in results]}) + "\n")
    else:
        print_built(results)
    return exit_status(results, strict=args.strict)
