"""`kokai run`: build, publish into the embedded catalogue, count toward the plans."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_datasets, add_output, add_strict, add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_datasets(parser)
    add_workspace(parser)
    add_strict(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time, current_user
    from publish.commands.line import build_chosen, exit_status
    from publish.commands.portal import print_undone, undone_in
    from publish.kpi import progress_dict
    from publish.report.outcome import print_built, print_changes, print_kpi
    from publish.run import built_dict, dumps, measure_workspace, publish_embedded, register_packages

    now = current_time()
    workspace, place, results = build_chosen(args)
    built = [r.dataset for r in results if r.package is not None]
    release = publish_embedded(workspace, place, register_packages(workspace, place, built), now=now,
                               by=current_user())
    progress = measure_workspace(workspace, place, now.date())
    if args.format == "json":
        sys.stdout.write(dumps({
            "datasets": [built_dict(b) for b in results],
            "release": {"number": release.number, "changes": release.changes,
                        "index": str(release.index) if release.number else None},
            "kpi": [progress_dict(p) for p in progress],
        }) + "\n")
        return exit_status(results, strict=args.strict)
    print_built(results)
    print_changes(dict(release.changes), release.number)
    print_undone(undone_in(place, [b.package for b in results if b.package is not None], "embedded"))
    print_kpi(progress, {b.code: b.name for b in workspace.bodies})
    if release.number:
        sys.stdout.write(f"\n開くページ: {release.index}\n公開台帳: {place.ledger}\n")
    return exit_status(results, strict=args.strict)
