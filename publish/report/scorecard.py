"""A workspace, its ledger and a day to everything that a report says: plans by year, evidence, gaps, freshness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.declare import SAMPLE_MARK, Counting, Plan, Workspace
from pipelines.model import Dataset, Municipality
from pipelines.standards import KindInfo, list_kinds, load_standard
from publish.kpi import (
    Cell,
    Count,
    Draft,
    Forecast,
    Progress,
    Request,
    Scale,
    Year,
    changes_between,
    count_all,
    coverage,
    fiscal_year_end,
    fiscal_year_start,
    forecast,
    measure_plans,
    needed_pace,
    plan_years,
)
from publish.kpi.progress import plan_request
from publish.kpi.yearly import plan_scale
from publish.report.drafts import read_drafts
from publish.report.filled import Filled
from publish.report.lateness import Late, list_lateness
from publish.report.points import Places, read_places


@dataclass(frozen=True)
class PlanCard:
    """One plan by fiscal year, with its scale, pace and forecast."""

    plan: Plan  # with the catalogues and lists of the plans that it includes
    progress: Progress
    years: tuple[Year, ...]
    scale: Scale
    pace: float | None
    forecast: Forecast | None
    predecessors: tuple[Plan, ...]
    successor: Plan | None
    included: tuple[Plan, ...]

    @property
    def deadline(self) -> date:
        return date.fromisoformat(self.plan.deadline)

    @property
    def passed(self) -> bool:
        """True from the evening of the deadline on: the number on that day is the final one."""
        return self.progress.now.day >= self.deadline

    @property
    def decisive(self) -> Count:
        """The number that the plan is judged by: at the deadline once it has passed, else now."""
        return self.progress.at_deadline or self.progress.now  # on the day of the deadline both are one

    def year(self, year: int) -> Year | None:
        return next((y for y in self.years if y.year == year), None)


@dataclass(frozen=True)
class BodyCard:
    """One body: its plans, and what is public in any catalogue that they count."""

    body: Municipality
    plans: tuple[PlanCard, ...]
    public: Count
    changes: pl.DataFrame
    late: tuple[Late, ...]
    drafts: tuple[Draft, ...]
    titles: Mapping[str, str]  # dataset -> title
    sections: Mapping[str, str]  # dataset -> 所管課
    places: Places
    catalogues: tuple[str, ...]

    @property
    def lead(self) -> PlanCard | None:
        """The plan for the headline: with a number first, then the one that ends last."""
        ranked = sorted(self.plans, key=lambda p: (p.plan.target is not None, p.plan.deadline), reverse=True)
        return ranked[0] if ranked else None


@dataclass(frozen=True)
class Scorecard:
    """Everything that a report of one fiscal year says."""

    fiscal_year: int
    as_of: date
    made: datetime
    bodies: tuple[BodyCard, ...]
    kinds: tuple[KindInfo, ...]  # the 31 of the standard
    cells: tuple[Cell, ...]
    catalogue_titles: Mapping[str, str]
    filled: Filled

    @property
    def sample(self) -> bool:
        return any(b.body.sample or b.public.sample for b in self.bodies)

    def cell(self, body: str, kind: str) -> Cell:
        return next(c for c in self.cells if (c.body, c.kind) == (body, kind))


def make_scorecard(
    workspace: Workspace, entries: pl.DataFrame, *, packages: Path, released: Path | None, fiscal_year: int, as_of: date,
    made: datetime, filled: Filled, bodies: Sequence[str] = (),
) -> Scorecard:
    """Gather a report. `entries` are all ledgers, `packages` is var/packages, `released` the current release's folder.

    `bodies` chooses some (codes or names); none = all. Pure but for reading packages and outlines.
    """
    chosen = [b for b in workspace.bodies if not bodies or b.code in bodies or b.name in bodies]
    kinds = tuple(sorted((k for k in list_kinds() if not k.local), key=lambda k: (not k.basic, k.number_new)))
    titles = {k.id: k.title for k in list_kinds(workspace.local_schemas)}
    basic, every = [k.id for k in kinds if k.basic], [k.id for k in kinds]
    progress = measure_plans(
        entries, workspace.plans, as_of, basic_kinds=basic, standard_kinds=every, plans=workspace.plans,
        sample_bodies=[b.code for b in workspace.bodies if b.sample],
    )
    by_body: dict[str, list[PlanCard]] = {b.code: [] for b in chosen}
    for told in progress:
        if told.plan.body in by_body:
            by_body[told.plan.body].append(_plan_card(told, entries, workspace, as_of, fiscal_year))
    requests = [_public_request(b, by_body[b.code], as_of) for b in chosen]
    counts = count_all(entries, requests)
    cards, drafts = [], []
    for body, request, public in zip(chosen, requests, counts, strict=True):
        register = workspace.datasets_of(body.code)
        own = read_drafts(register, packages, public.evidence, lambda d: _package_name(d, workspace))
        drafts += own
        cards.append(_body_card(body, tuple(by_body[body.code]), public, entries, request, register, own, released,
                                titles, fiscal_year, as_of))
    cells = coverage([b.code for b in chosen], every, {c.body.code: c.public.evidence for c in cards}, drafts)
    return Scorecard(fiscal_year, as_of, made, tuple(cards), kinds, tuple(cells),
                     {c.name: c.title for c in workspace.catalogues}, filled)


def _plain(title: str | None) -> str:
    return (title or "").removeprefix(SAMPLE_MARK)


def _package_name(dataset: Dataset, workspace: Workspace) -> str:
    return dataset.name(load_standard(dataset.kind, dataset.edition, workspace.local_schemas))


def _plan_card(told: Progress, entries: pl.DataFrame, workspace: Workspace, as_of: date, fiscal_year: int) -> PlanCard:
    plan = told.plan
    body = workspace.body(plan.body)
    asked = plan_request(plan, as_of, sample_workspace=bool(body and body.sample))
    years = plan_years(entries, plan, as_of, asked, until=fiscal_year)
    own = [p for p in workspace.plans if p.body == plan.body]
    return PlanCard(
        plan, told, years, plan_scale(plan), needed_pace(plan, told.now.value, as_of), forecast(years, plan, told.now),
        tuple(p for p in own if p.successor == plan.id), next((p for p in own if p.id == plan.successor), None),
        tuple(p for p in own if p.id in plan.includes),
    )


def _public_request(body: Municipality, plans: Sequence[PlanCard], as_of: date) -> Request:
    """What the public can find of a body: every catalogue that one of its plans counts, lists included."""
    named = [c for p in plans for c in p.plan.counts_in] or list(body.catalogues)
    return Request(body.code, as_of, "種類", tuple(dict.fromkeys(named)), Counting(generated_lists=True), frozenset(),
                   body.sample)


def _body_card(
    body: Municipality, plans: tuple[PlanCard, ...], public: Count, entries: pl.DataFrame, request: Request,
    register: Sequence[Dataset], drafts: Sequence[Draft], released: Path | None, kind_titles: Mapping[str, str],
    fiscal_year: int, as_of: date,
) -> BodyCard:
    last = min(fiscal_year_end(fiscal_year), as_of)
    changes = changes_between(entries, body.code, fiscal_year_start(fiscal_year), last,
                              catalogues=sorted(request.catalogues))
    titles = {d: _plain(t) or kind_titles.get(k, d) for d, t, k in public.evidence.select("dataset", "title", "kind").iter_rows()}
    sections = {d: s for d, s in public.evidence.select("dataset", "section").iter_rows() if s}
    for row in changes.select("dataset", "title").iter_rows():
        titles.setdefault(row[0], _plain(row[1]) or kind_titles.get(row[0], row[0]))
    for dataset in register:
        titles[dataset.id] = _plain(dataset.title)
        sections.setdefault(dataset.id, dataset.section)
    return BodyCard(body, plans, public, changes, list_lateness(public.evidence, titles, sections, as_of), tuple(drafts),
                    titles, sections, read_places(released, body), tuple(sorted(request.catalogues)))
