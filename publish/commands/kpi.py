"""`kokai kpi`: the ledger counted toward each plan, today or on any day."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_output, add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="いつの時点で数えるか(既定: 今日) / count on that day")
    add_workspace(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time, parse_day
    from publish.kpi import progress_dict
    from publish.report.outcome import print_kpi
    from publish.run import Place, dumps, measure_workspace, open_workspace

    day = parse_day(args.as_of, current_time())
    workspace = open_workspace(args.workspace)
    progress = measure_workspace(workspace, Place(args.workspace), day)
    if args.format == "json":
        sys.stdout.write(dumps({"as_of": day.isoformat(), "plans": [progress_dict(p) for p in progress]}) + "\n")
    else:
        print_kpi(progress)
    return 0
