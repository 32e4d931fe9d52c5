"""Plans and a ledger on one day to progress: the count, last year's, the deadline's, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from pipelines.declare import Plan
from publish.kpi.counting import Count, Request, count_all
from publish.kpi.fiscal import fiscal_year_end, fiscal_year_of, year_name
from publish.kpi.grading import propose_grade
from publish.kpi.yearly import needed_pace, plan_scale, target_line


@dataclass(frozen=True)
class Progress:
    """One plan on one day: the count now and at the deadline, and what is missing toward the target."""

    plan: Plan
    now: Count
    at_deadline: Count | None  # None while the deadline lies ahead, or when no ledger reaches back to it
    missing: int | None  # None where the plan gives no number
    rate: float | None  # percent of the target
    basic_done: tuple[str, ...]
    basic_missing: tuple[str, ...]
    last_year: Count | None = None  # at the end of the fiscal year before; None when no ledger reaches back there
    line: float | None = None  # the target line at the end of this fiscal year (the target, once the deadline passed)
    grade: str | None = None  # proposed: at the deadline if it has passed, else now
    standard_done: tuple[str, ...] = ()
    standard_missing: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True when the deadline lies behind."""
        return self.now.day > date.fromisoformat(self.plan.deadline)

    @property
    def change(self) -> int | None:
        """Against the end of the fiscal year before."""
        return self.now.value - self.last_year.value if self.last_year else None


def resolve_plan(plan: Plan, plans: Sequence[Plan]) -> Plan:
    """A plan with the catalogues and lists of the plans that it includes, and of those that they include."""
    known = {p.id: p for p in plans if p.body == plan.body}
    seen, waiting = {plan.id}, list(plan.includes)
    counts_in, lists = list(plan.counts_in), list(plan.lists)
    while waiting:
        other = known.get(waiting.pop(0))
        if other is None or other.id in seen:
            continue
        seen.add(other.id)
        counts_in += [c for c in other.counts_in if c not in counts_in]
        lists += [named for named in other.lists if named not in lists]
        waiting += other.includes
    return replace(plan, counts_in=tuple(counts_in), lists=tuple(lists))


def plan_request(plan: Plan, day: date, *, sample_workspace: bool) -> Request:
    """How a (resolved) plan counts."""
    listed = frozenset(item.dataset for named in plan.lists for item in named.items if item.dataset)
    return Request(plan.body, day, plan.unit, plan.counts_in, plan.counting, listed, sample_workspace)


def measure_plan(
    entries: pl.DataFrame, plan: Plan, day: date, *, basic_kinds: Sequence[str], sample_workspace: bool = False,
    standard_kinds: Sequence[str] = (), plans: Sequence[Plan] = (),
) -> Progress:
    """One plan on `day`: count, the count at its deadline if that has passed, and what is missing."""
    return measure_plans(entries, [plan], day, basic_kinds=basic_kinds, standard_kinds=standard_kinds,
                         sample_bodies=[plan.body] if sample_workspace else (), plans=plans or [plan])[0]


def measure_plans(
    entries: pl.DataFrame, chosen: Sequence[Plan], day: date, *, basic_kinds: Sequence[str],
    standard_kinds: Sequence[str] = (), sample_bodies: Collection[str] = (), plans: Sequence[Plan] | None = None,
) -> list[Progress]:
    """Every chosen plan on `day`, all in one pass over the ledger. `plans` are all plans, for `includes`."""
    everything = chosen if plans is None else plans
    whole = [resolve_plan(p, everything) if p.includes else p for p in chosen]
    samples = set(sample_bodies)
    year_before = fiscal_year_end(fiscal_year_of(day) - 1)
    requests = []
    for plan in whole:
        asked = plan_request(plan, day, sample_workspace=plan.body in samples)
        requests += [asked, replace(asked, day=min(date.fromisoformat(plan.deadline), day)),
                     replace(asked, day=year_before)]
    counts = count_all(entries, requests)
    return [
        _progress(plan, counts[3 * i], counts[3 * i + 1], counts[3 * i + 2], basic_kinds, standard_kinds)
        for i, plan in enumerate(whole)
    ]


def _progress(
    plan: Plan, now: Count, deadline: Count, before: Count, basic: Sequence[str], standard: Sequence[str]
) -> Progress:
    target = plan.target.value if plan.target else None
    begin = now.since or date.max  # before it nothing is known: no number, not zero
    passed = now.day > date.fromisoformat(plan.deadline) and begin <= date.fromisoformat(plan.deadline)
    public = now.public_kinds
    decisive = deadline if passed else now
    line = target_line(plan, min(fiscal_year_end(fiscal_year_of(now.day)), date.fromisoformat(plan.deadline)))
    grade = propose_grade(plan_scale(plan), decisive.value, line=line, target=target,
                          start=plan.baseline.value if plan.baseline else None)
    return Progress(
        plan, now, deadline if passed else None,
        max(target - now.value, 0) if target is not None else None,
        round(100 * now.value / target, 1) if target else None,
        tuple(k for k in basic if k in public), tuple(k for k in basic if k not in public),
        before if begin <= before.day else None, line, grade,
        tuple(k for k in standard if k in public), tuple(k for k in standard if k not in public),
    )


def progress_dict(progress: Progress) -> dict[str, Any]:
    """A plan's progress as JSON: the four numbers, baseline, target, deadline, what is missing, how it was counted."""
    plan, now = progress.plan, progress.now
    stale = int(now.evidence["stale"].sum()) if now.evidence.height else 0
    return {
        "body": plan.body,
        "plan": plan.id,
        "title": plan.title,
        "as_of": now.day.isoformat(),
        "fiscal_year": year_name(fiscal_year_of(now.day)),
        "sample": now.sample,
        "unit": plan.unit,
        "value": now.value,
        "kinds": now.kinds,
        "packages": now.packages,
        "files": now.files,
        "records": now.records,
        "stale": stale,
        "imported": int(now.evidence["imported"].sum()) if now.evidence.height else 0,
        "last_year_end": progress.last_year.value if progress.last_year else None,
        "change": progress.change,
        "at_deadline": progress.at_deadline.value if progress.at_deadline else None,
        "baseline": plan.baseline.value if plan.baseline else None,
        "baseline_unit": plan.baseline.unit if plan.baseline else None,
        "baseline_as_of": plan.baseline.as_of if plan.baseline else None,
        "target": plan.target.value if plan.target else None,
        "target_line": progress.line,
        "deadline": plan.deadline,
        "missing": progress.missing,
        "rate_percent": progress.rate,
        "pace_needed_per_year": needed_pace(plan, now.value, now.day),
        "grade_proposed": progress.grade,
        "basic_done": list(progress.basic_done),
        "basic_missing": list(progress.basic_missing),
        "standard_done": list(progress.standard_done),
        "standard_missing": list(progress.standard_missing),
        "counts_in": list(plan.counts_in),
        "includes": list(plan.includes),
        "successor": plan.successor,
        "counting": [{"setting": s, "ja": ja, "en": en} for s, ja, en in plan.counting.words()],
        "evidence": now.evidence.to_dicts(),
    }
