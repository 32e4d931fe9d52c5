"""A scorecard to one self-contained HTML page: every body side by side, charts, coverage, map, evidence."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from publish.kpi import day_name, year_name
from publish.kpi.coverage import STATES
from publish.report.charts import PALETTE, points_map, years_chart
from publish.report.phrases import (
    DRAFT_WORDS,
    SAMPLE_NOTE,
    baseline_words,
    common_words,
    counting_words,
    deadline_year,
    gaps,
    goal_words,
    headline,
    line_words,
    outlook,
    public_kinds,
    signed,
    target_words,
    unit_of,
    year_note,
)
from publish.report.scorecard import BodyCard, PlanCard, Scorecard


def dashboard_html(score: Scorecard) -> str:
    """The page: style and drawings inside, no script, no address outside it but the links to evidence."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader("publish", "templates/report"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = (files("publish") / "templates" / "report" / "dashboard.css").read_text(encoding="utf-8")
    places = [(c.body.name, c.places) for c in score.bodies]
    return environment.get_template("dashboard.html").render(
        style=Markup(style), year=year_name(score.fiscal_year), day=day_name(score.as_of), sample=score.sample,
        made=day_name(score.made.date()), note=SAMPLE_NOTE, bodies=[_body(score, c) for c in score.bodies],
        kinds=score.kinds, cells={(c.body, c.kind): c for c in score.cells}, states=STATES,
        map=Markup(points_map(places)), places=[
            {"name": n, "total": p.total, "color": PALETTE[i % len(PALETTE)]} for i, (n, p) in enumerate(places)],
        definition=common_words(score), draft_words=DRAFT_WORDS,
    ).rstrip() + "\n"


def _body(score: Scorecard, card: BodyCard) -> dict[str, Any]:
    basic, every = public_kinds(card, score, basic=True), public_kinds(card, score, basic=False)
    late = [x for x in card.late if x.state in ("due", "overdue", "delinquent")]
    return {
        "code": card.body.code, "name": card.body.name, "lead": _plan(score, card.lead) if card.lead else None,
        "plans": [_plan(score, p) for p in card.plans], "public": card.public, "basic": basic, "every": every,
        "late": late, "overdue": sum(x.state != "due" for x in late), "gaps": gaps(card, score),
        "changes": {c: int((card.changes["change"] == c).sum()) for c in ("new", "again", "updated", "withdrawn")},
        "drafts": card.drafts,
        "evidence": [_evidence(card, score, row) for row in card.public.evidence.iter_rows(named=True)],
    }


def _evidence(card: BodyCard, score: Scorecard, row: dict[str, Any]) -> dict[str, Any]:
    url = row["url"] or ""
    return {
        "dataset": row["dataset"], "title": card.titles.get(row["dataset"], row["dataset"]),
        "section": card.sections.get(row["dataset"], ""), "first": row["first"][:10], "last": row["last"][:10],
        "places": [score.catalogue_titles.get(c, c) for c in row["catalogues"]], "rows": row["rows"], "files": row["files"],
        "url": url if re.fullmatch(r"https?://[^\s\"<>]+", url) else "", "sha256": row["sha256"] or "",
        "imported": row["imported"], "stale": row["stale"],
    }


def _plan(score: Scorecard, card: PlanCard) -> dict[str, Any]:
    from markupsafe import Markup

    plan, last = card.plan, deadline_year(card.plan)
    told = card.decisive
    return {
        "title": plan.title, "section": plan.section, "goal": goal_words(plan), "unit": unit_of(plan), "value": told.value,
        "target": plan.target.value if plan.target else None, "target_words": target_words(plan),
        "baseline": baseline_words(plan.baseline), "headline": headline(card).removeprefix("【見本】"), "outlook": outlook(card),
        "line_words": line_words(plan), "source": plan.source, "passed": card.passed,
        "at": "期限の時点" if card.passed else f"{day_name(told.day)}時点",
        "rate": min(100 * told.value / plan.target.value, 100) if plan.target else None,
        "rate_words": f"{100 * told.value / plan.target.value:.1f}%" if plan.target else "",
        "grade": score.filled.get(plan, score.fiscal_year, "grade"), "proposed": card.progress.grade,
        "chart": Markup(years_chart(card.years, unit=unit_of(plan), sample=told.sample, label=f"{plan.title}の年度別実績")),
        "years": [{"name": y.name, "note": year_note(y, last), "value": y.value, "line": y.line,
                   "difference": signed(y.difference), "change": signed(y.change), "grade": y.grade,
                   "decided": score.filled.get(plan, y.year, "grade"),
                   "reason": score.filled.get(plan, y.year, "reason")} for y in card.years],
        "counting": counting_words(card, score.catalogue_titles), "now": card.progress.now,
    }
