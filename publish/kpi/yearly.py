"""A plan and its counts to progress by fiscal year: actual, target line, difference, grade, pace and forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.declare import Plan
from publish.kpi.counting import Count, Request, count_all
from publish.kpi.fiscal import fiscal_year_end, fiscal_year_of, fiscal_year_start, year_name
from publish.kpi.grading import Grade, Scale, propose_grade, scale_of

MOST_YEARS = 12
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Year:
    """One fiscal year of a plan. `state`: done, running (counted on `day`), unrecorded (before the ledger), ahead."""

    year: int
    name: str
    state: str
    day: date
    count: Count | None
    line: float | None  # the target line at the end of that year
    change: int | None  # against the end of the year before
    grade: str | None  # proposed

    @property
    def value(self) -> int | None:
        return self.count.value if self.count else None

    @property
    def difference(self) -> float | None:
        """Actual minus target line."""
        return None if self.line is None or self.count is None else round(self.count.value - self.line, 1)


@dataclass(frozen=True)
class Forecast:
    """Where the count may stand at the deadline if the years go on as before, and what that rests on."""

    low: int
    high: int
    years: int  # yearly changes that it rests on
    least: int  # smallest yearly change
    most: int  # largest yearly change

    def words(self, deadline: str) -> str:
        """The uncertainty stated plainly."""
        if self.low == self.high:
            return (
                f"過去{self.years}年度は1年に{self.least:+d}でした。このまま続けば{deadline}には{self.low}になりますが、"
                f"{self.years}年度分だけから引いた目安で、外れることがあります。"
            )
        return (
            f"過去{self.years}年度の増減は1年に{self.least:+d}〜{self.most:+d}でした。この幅で続けば、{deadline}には"
            f"{self.low}〜{self.high}になる見込みです。{self.years}年度分だけから引いた目安で、外れることがあります。"
        )


def plan_scale(plan: Plan) -> Scale:
    """The scale of grades that plan.yml chose."""
    return scale_of(plan.grades.scale, [Grade(s.mark, s.words, s.min_percent, s.of) for s in plan.grades.steps])


def line_start(plan: Plan) -> tuple[date, int] | None:
    """Where the target line starts: the baseline on its day, else (day unknown) on the first day of the period."""
    if plan.baseline is None:
        return None
    day = plan.baseline.as_of or plan.period_start
    return (date.fromisoformat(day), plan.baseline.value) if day else None


def target_line(plan: Plan, day: date) -> float | None:
    """The target line on a day: through the plan's own yearly numbers, else straight from the baseline to the target.

    None without a target, and before the deadline without a baseline or its day: no number is invented.
    """
    if plan.target is None:
        return None
    deadline = date.fromisoformat(plan.target.deadline)
    if day >= deadline:
        return float(plan.target.value)
    points = [(fiscal_year_end(y), v) for y, v in sorted(plan.target.by_year().items()) if fiscal_year_end(y) < deadline]
    start = line_start(plan)
    if start is not None and (not points or start[0] < points[0][0]):
        points.insert(0, start)
    points.append((deadline, plan.target.value))
    for (a, low), (b, high) in zip(points, points[1:], strict=False):
        if a <= day <= b:
            return round(low + (high - low) * (day - a).days / max((b - a).days, 1), 1)
    return None


def needed_pace(plan: Plan, actual: int, day: date) -> float | None:
    """How many more a year until the deadline; None without a target, when it is reached, or when it has passed."""
    if plan.target is None or actual >= plan.target.value:
        return None
    left = (date.fromisoformat(plan.target.deadline) - day).days
    return round((plan.target.value - actual) / (left / DAYS_PER_YEAR), 1) if left > 0 else None


def forecast(years: Sequence[Year], plan: Plan, now: Count) -> Forecast | None:
    """From the changes of the closed years; None with fewer than two of them or after the deadline."""
    left = (date.fromisoformat(plan.deadline) - now.day).days / DAYS_PER_YEAR
    changes = [y.change for y in years if y.state == "done" and y.change is not None]
    if left <= 0 or len(changes) < 2:
        return None
    low, high = (max(round(now.value + c * left), 0) for c in (min(changes), max(changes)))
    return Forecast(low, high, len(changes), min(changes), max(changes))


def year_span(plan: Plan, first: date | None, until: int) -> list[int]:
    """The fiscal years to show: from the period's start (else baseline, else first record) to its end, then `until`."""
    baseline = plan.baseline.as_of or plan.baseline.as_of_to if plan.baseline else None
    begins = plan.period_start or baseline or (first.isoformat() if first else None) or plan.period_end
    begin = fiscal_year_of(date.fromisoformat(begins))
    end = fiscal_year_of(date.fromisoformat(plan.deadline))
    return list(range(max(begin, end - MOST_YEARS + 1), end + 1)) + ([until] if until > end else [])


def plan_years(
    entries: pl.DataFrame, plan: Plan, day: date, request: Request, *, until: int | None = None
) -> tuple[Year, ...]:
    """Every fiscal year of a plan as of `day`; `request` says how this plan counts (its day is ignored)."""
    own = entries.filter(pl.col("body") == plan.body)
    first = count_all(own, [request])[0].since
    span = year_span(plan, first, fiscal_year_of(day) if until is None else until)
    days = {y: min(fiscal_year_end(y), day) for y in sorted({*span, *(y - 1 for y in span)})}
    counts = dict(zip(days, count_all(own, [_on(request, d) for d in days.values()]), strict=True))
    scale, start = plan_scale(plan), plan.baseline.value if plan.baseline else None
    years = []
    for y in span:
        state = _state(y, day, first)
        counted = counts[y] if state in ("done", "running") else None
        before_known = first is not None and first <= fiscal_year_end(y - 1)
        line = target_line(plan, fiscal_year_end(y)) if fiscal_year_end(y) <= _last_day(plan) else None
        change = counted.value - counts[y - 1].value if counted and before_known else None
        grade = propose_grade(scale, counted.value if counted else None, line=line, start=start,
                              target=plan.target.value if plan.target else None)
        years.append(Year(y, year_name(y), state, days[y], counted, line, change, grade))
    return tuple(years)


def _on(request: Request, day: date) -> Request:
    return Request(request.body, day, request.unit, request.counts_in, request.counting, request.listed,
                   request.sample_workspace)


def _last_day(plan: Plan) -> date:
    return fiscal_year_end(fiscal_year_of(date.fromisoformat(plan.deadline)))


def _state(year: int, day: date, first: date | None) -> str:
    if fiscal_year_start(year) > day:
        return "ahead"
    if first is None or fiscal_year_end(year) < first:
        return "unrecorded"
    return "done" if fiscal_year_end(year) <= day else "running"
