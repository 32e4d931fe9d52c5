"""The ledger to the editions from which somebody went back: they stay out until approved anew, or a run would undo the return."""

from __future__ import annotations

import re

import polars as pl

from publish.ledger.entries import PUBLIC_EVENTS

RETURN = re.compile(r"第[0-9]+版に戻す: ")


def return_words(number: int, reason: str) -> str:
    """The `reason` of the ledger's `noted` line of a return to edition `number`."""
    return f"第{number}版に戻す: {reason}"


def undone_editions(entries: pl.DataFrame, catalogue: str) -> dict[str, set[str]]:
    """name -> sha256 (of datapackage.json) of the editions of `catalogue` that were left by `kokai rollback`.

    An approval of the dataset, and a return to the edition itself, take it out again.
    """
    public: dict[str, list[str]] = {}
    undone: dict[str, set[str]] = {}
    columns = entries.select("name", "event", "catalogue", "sha256", "reason")
    for name, event, where, sha, reason in columns.iter_rows():
        if event == "approved":
            undone.pop(name, None)
        elif where != catalogue:
            continue
        elif event in PUBLIC_EVENTS:
            public.setdefault(name, []).append(sha or "")
        elif event == "noted" and RETURN.match(reason or ""):
            left = [s for s in public.get(name, []) if s and s != sha]
            undone.setdefault(name, set()).update(left[-1:])
            undone[name].discard(sha)
    return {n: shas for n, shas in undone.items() if shas}
