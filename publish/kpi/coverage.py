"""What is public and what is drafted to a matrix of bodies against the standard datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

STATES = {
    "public": ("●", "公開"), "stale": ("◐", "公開(更新の遅れ)"), "ready": ("◇", "公開待ち"), "held": ("△", "下書き(保留)"),
    "planned": ("□", "予定"), "none": ("–", "まだない"),
}
"""From the best to the least: mark and words."""


@dataclass(frozen=True)
class Draft:
    """A register entry that is not (or not newly) public: ready, held, failed, planned or unbuilt."""

    body: str
    dataset: str
    kind: str
    title: str
    section: str
    status: str
    errors: int = 0
    warnings: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One body and one kind: the best state of its register entries, and which they are."""

    body: str
    kind: str
    state: str
    datasets: tuple[str, ...] = ()
    detail: str = ""


def coverage(
    bodies: Sequence[str], kinds: Sequence[str], public: Mapping[str, pl.DataFrame], drafts: Sequence[Draft]
) -> list[Cell]:
    """A cell for every body and kind. `public[body]` is the evidence of a Count; drafts add what is on the way."""
    cells = []
    for body in bodies:
        rows = public[body].select("kind", "dataset", "stale").rows() if body in public else []
        for kind in kinds:
            own = [(d, stale) for k, d, stale in rows if k == kind]
            waiting = [d for d in drafts if d.body == body and d.kind == kind]
            cells.append(_cell(body, kind, own, waiting))
    return cells


def _cell(body: str, kind: str, own: Sequence[tuple[str, bool]], waiting: Sequence[Draft]) -> Cell:
    if own:
        late = all(stale for _, stale in own)
        return Cell(body, kind, "stale" if late else "public", tuple(d for d, _ in own))
    for state, statuses in (("ready", ("ready",)), ("held", ("held", "failed")), ("planned", ("planned", "unbuilt"))):
        found = [d for d in waiting if d.status in statuses]
        if found:
            errors = sum(d.errors for d in found)
            return Cell(body, kind, state, tuple(d.dataset for d in found), f"残りのエラー{errors}件" if errors else "")
    return Cell(body, kind, "none")
