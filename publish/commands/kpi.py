"""`kokai kpi`: the ledger counted toward each plan, today or on any day; beside it, what a live catalogue lists."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output, add_workspace

if TYPE_CHECKING:
    from pipelines.declare import Workspace
    from publish.kpi import Reconciled
    from publish.run import Place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="いつの時点で数えるか(既定: 今日) / count on that day")
    parser.add_argument("--reconcile", metavar="NAME",
                        help="カタログに1回だけ問い合わせ、台帳と比べます(数は変わりません) / compare with a live catalogue")
    add_workspace(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time, parse_day
    from publish.kpi import progress_dict
    from publish.report.outcome import print_kpi
    from publish.run import Place, dumps, measure_workspace, open_workspace

    day = parse_day(args.as_of, current_time())
    workspace = open_workspace(args.workspace, sources=False)
    place = Place(args.workspace)
    progress = measure_workspace(workspace, place, day)
    compared = reconcile_bodies(workspace, place, args.reconcile, day) if args.reconcile else []
    if args.format == "json":
        told = {"as_of": day.isoformat(), "plans": [progress_dict(p) for p in progress]}
        if args.reconcile:
            told["reconciled"] = [_told(r) for r in compared]
        sys.stdout.write(dumps(told) + "\n")
    else:
        print_kpi(progress, {b.code: b.name for b in workspace.bodies})
        for result in compared:
            _print_reconciled(result)
    return 1 if any(r.differences for r in compared) else 0


def reconcile_bodies(workspace: Workspace, place: Place, name: str, day: date) -> list[Reconciled]:
    """Every body that a plan counts in this catalogue, asked once each with the catalogue's own pause between."""
    import time

    from pipelines.declare import Counting
    from pipelines.errors import DeclarationError
    from publish.kpi import count, reconcile
    from publish.ledger import read_ledgers
    from publish.reconcile import read_ckan

    catalogue = workspace.catalogue(name)
    if catalogue is None:
        known = "、".join(c.name for c in workspace.catalogues)
        raise DeclarationError(
            "catalogue-unknown", f"「{name}」という公開先はありません。", f"no catalogue named {name!r}",
            todo_ja=f"datasets/catalogues.yml にある名前({known})を指定してください。",
            todo_en=f"Name one of datasets/catalogues.yml: {known}", where="--reconcile")
    results: list[Reconciled] = []
    everything = Counting(generated_lists=True, linked_only=True)
    for body in workspace.bodies:
        plans = workspace.plans_of(body.code)
        if name not in body.catalogues and not any(name in p.counts_in for p in plans):
            continue
        if results:
            time.sleep(catalogue.delay_s)
        own = count(read_ledgers(place.ledger, [body.code]), body.code, day, counts_in=[name], counting=everything,
                    sample_workspace=False)
        results.append(reconcile(body.code, name, own.evidence, read_ckan(catalogue, body.organization_id)))
    return results


def _told(result: Reconciled) -> dict[str, object]:
    return {
        "body": result.body, "catalogue": result.catalogue, "ledger": result.ledger, "listed": result.listed,
        "words": result.words,
        "differences": [{"what": d.what, "name": d.name, "title": d.title, "ja": d.ja, "en": d.en}
                        for d in result.differences],
    }


def _print_reconciled(result: Reconciled) -> None:
    sys.stdout.write(f"\n照合 {result.body} × {result.catalogue}: {result.words}\n")
    for difference in result.differences:
        sys.stdout.write(f"  {difference.title}({difference.name}): {difference.ja}\n")
