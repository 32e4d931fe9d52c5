"""A body's year to rows of 施策 / 実績 / 評価, as 第二次美祢市地域情報化計画 shows the results of the plan before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from pipelines.declare import Plan
from publish.kpi import SCALES, propose_grade, year_name
from publish.report.phrases import headline, public_kinds, signed, unit_of
from publish.report.scorecard import BodyCard, PlanCard, Scorecard

_MARKS = tuple(g.mark for g in SCALES["marks"].grades)


@dataclass(frozen=True)
class ResultRow:
    """One row: the measure, what was done (one line each), and the grade (decided, or proposed in brackets)."""

    plan: Plan
    measure: str
    done: tuple[str, ...]
    grade: str
    decided: bool


def result_rows(score: Scorecard, card: BodyCard) -> list[ResultRow]:
    """A row a plan that runs in the fiscal year or ended before it."""
    return [_row(score, card, plan) for plan in card.plans]


def _row(score: Scorecard, card: BodyCard, plan: PlanCard) -> ResultRow:
    mark, grade = (score.filled.get(plan.plan, score.fiscal_year, name) for name in ("mark", "grade"))
    decided = mark or (grade if grade in _MARKS else "")  # S/A/B/C of the progress sheet is another scale
    return ResultRow(
        plan.plan, f"{plan.plan.title}\n{plan.plan.section}".strip(), tuple(_done(score, card, plan)),
        decided or f"({_proposed(score, plan) or '未定'})", bool(decided),
    )


def _proposed(score: Scorecard, card: PlanCard) -> str | None:
    """○, △ or × from the year's number; None where the plan gives no number: a person decides."""
    year = card.year(score.fiscal_year)
    plan = card.plan
    return propose_grade(
        SCALES["marks"], year.value if year else None, line=year.line if year else None,
        target=plan.target.value if plan.target else None, start=plan.baseline.value if plan.baseline else None,
    )


def _done(score: Scorecard, card: BodyCard, plan: PlanCard) -> Iterable[str]:
    mark = "【見本】" if score.sample else ""
    year = plan.year(score.fiscal_year)
    yield headline(plan)
    if year is not None and year.value is not None and year.change is not None:
        yield f"{mark}{year_name(score.fiscal_year)}の増減: {signed(year.change)}{unit_of(plan.plan)}"
    for change, words in (("new", "新しく公開"), ("again", "再び公開"), ("withdrawn", "取下げ")):
        names = _names(card, change)
        if names:
            yield f"{mark}{words}{len(names)}件: {'、'.join(names)}"
    updated = _names(card, "updated")
    if updated:
        yield f"{mark}更新{len(updated)}件: {'、'.join(updated)}"
    basic, of_basic = public_kinds(card, score, basic=True)
    every, of_every = public_kinds(card, score, basic=False)
    yield f"{mark}国の推奨データセット: 基本編{of_basic}のうち{basic}、全{of_every}のうち{every}を公開"


def _names(card: BodyCard, change: str) -> list[str]:
    found = card.changes.filter(pl.col("change") == change)["dataset"].unique(maintain_order=True).to_list()
    return [card.titles.get(d, d) for d in found]
