"""What build, publish and run share: open the workspace, build the chosen datasets with progress, exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from pipelines.build import Built
from pipelines.declare import Workspace
from pipelines.errors import DeclarationError
from pipelines.geocode import default_gazetteer_folder
from pipelines.model import Dataset
from pipelines.standards import list_standards
from publish.report.console import show_progress
from publish.run import Place, build_workspace, choose_datasets, open_gazetteer, open_workspace, surroundings


def build_chosen(args: argparse.Namespace) -> tuple[Workspace, Place, list[Built]]:
    """Build the datasets named in `args.datasets` (all for none) of `args.workspace`."""
    workspace = open_workspace(args.workspace)
    place = Place(args.workspace)
    datasets = in_edition(choose_datasets(workspace, args.datasets), getattr(args, "edition", None), workspace)
    folder = default_gazetteer_folder(os.environ)
    gazetteer = open_gazetteer(place, args.gazetteer, folder)
    around = surroundings(workspace, place, gazetteer=gazetteer, max_bytes=args.max_bytes,
                          boundaries=args.gazetteer or folder)
    wanted = [d for d in datasets if not d.planned]
    with show_progress("点検と作成", len(wanted), quiet=args.quiet or args.format == "json") as progress:
        results = build_workspace(wanted, around, on_built=lambda built: progress.step(built.name))
    for built in results:
        if built.bug:
            sys.stderr.write(built.bug)
    return workspace, place, results


def in_edition(datasets: Sequence[Dataset], edition: str | None, workspace: Workspace) -> list[Dataset]:
    """The register entries, to be built in `edition` where their kind has it. DeclarationError when no kind has it."""
    if edition is None:
        return list(datasets)
    known = {(i.kind, i.edition) for i in list_standards(workspace.local_schemas)}
    if edition not in {e for _, e in known}:
        editions = "、".join(sorted({e for _, e in known}))
        raise DeclarationError(
            "edition-unknown", f"「{edition}」という版はありません。", f"no edition named {edition!r}",
            todo_ja=f"次のどれかを指定してください: {editions}", todo_en=f"Name one of: {editions}", where="--edition",
        )
    return [replace(d, edition=edition) if (d.kind, edition) in known else d for d in datasets]


def exit_status(results: Sequence[Built], *, strict: bool) -> int:
    """2 when a dataset could not be read or built, 1 with --strict when one was held back, else 0."""
    if any(b.status == "failed" for b in results):
        return 2
    return 1 if strict and any(b.status == "held" for b in results) else 0
