"""(ledger, plan, date, unit) to numbers with their evidence: pure, so that the same date gives the same number."""

from publish.kpi.changes import changes_between
from publish.kpi.counting import UNIT_WORDS, UNITS, Count, Request, count, count_all
from publish.kpi.coverage import STATES, Cell, Draft, coverage
from publish.kpi.fiscal import (
    day_name,
    fiscal_year_end,
    fiscal_year_of,
    fiscal_year_start,
    parse_fiscal_year,
    year_name,
    year_short,
)
from publish.kpi.freshness import FRESHNESS_WORDS, THRESHOLDS_DAYS, due_day, freshness, is_stale
from publish.kpi.grading import SCALES, Grade, Scale, propose_grade, scale_of
from publish.kpi.progress import Progress, measure_plan, measure_plans, progress_dict, resolve_plan
from publish.kpi.reconciling import Difference, Listed, Reconciled, reconcile
from publish.kpi.yearly import Forecast, Year, forecast, needed_pace, plan_years, target_line
from publish.ledger.entries import PUBLIC_EVENTS

__all__ = [
    "FRESHNESS_WORDS",
    "PUBLIC_EVENTS",
    "SCALES",
    "STATES",
    "THRESHOLDS_DAYS",
    "UNITS",
    "UNIT_WORDS",
    "Cell",
    "Count",
    "Difference",
    "Draft",
    "Forecast",
    "Grade",
    "Listed",
    "Progress",
    "Reconciled",
    "Request",
    "Scale",
    "Year",
    "changes_between",
    "count",
    "count_all",
    "coverage",
    "day_name",
    "due_day",
    "fiscal_year_end",
    "fiscal_year_of",
    "fiscal_year_start",
    "forecast",
    "freshness",
    "is_stale",
    "measure_plan",
    "measure_plans",
    "needed_pace",
    "parse_fiscal_year",
    "plan_years",
    "progress_dict",
    "propose_grade",
    "reconcile",
    "resolve_plan",
    "scale_of",
    "target_line",
    "year_name",
    "year_short",
]
