"""A scorecard to plain JSON: what kpi.json holds, and all that a template can see."""

from __future__ import annotations

from datetime import date
from typing import Any

from publish.kpi import day_name, year_name
from publish.kpi.changes import CHANGE_WORDS
from publish.report.filled import FIELDS
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
    period_words,
    public_kinds,
    signed,
    target_words,
    unit_of,
    year_note,
)
from publish.report.results import result_rows
from publish.report.scorecard import BodyCard, PlanCard, Scorecard


def scorecard_dict(score: Scorecard) -> dict[str, Any]:
    """Only dicts, lists, texts, numbers and truth values; every number of a sample stands beside `sample: true`."""
    return {
        "fiscal_year": year_name(score.fiscal_year), "fiscal_year_western": score.fiscal_year,
        "as_of": score.as_of.isoformat(), "as_of_ja": day_name(score.as_of),
        "made_ja": day_name(score.made.date()), "made": score.made.isoformat(), "sample": score.sample,
        "sample_note": SAMPLE_NOTE if score.sample else "",
        "definition": [{"what": a, "how": b} for a, b in common_words(score)],
        "kinds": [{"id": k.id, "title": k.title, "number": k.number_new, "basic": k.basic} for k in score.kinds],
        "coverage": [{"body": c.body, "kind": c.kind, "state": c.state, "datasets": list(c.datasets), "detail": c.detail}
                     for c in score.cells],
        "bodies": [_body(score, card) for card in score.bodies],
    }


def _body(score: Scorecard, card: BodyCard) -> dict[str, Any]:
    basic, every = public_kinds(card, score, basic=True), public_kinds(card, score, basic=False)
    return {
        "code": card.body.code, "name": card.body.name, "full_name": card.body.full_name, "sample": score.sample,
        "contact": card.body.contact.section,
        "counts": {"kinds": card.public.kinds, "packages": card.public.packages, "files": card.public.files,
                   "records": card.public.records, "sample": score.sample},
        "basic": {"public": basic[0], "of": basic[1]}, "standard": {"public": every[0], "of": every[1]},
        "plans": [_plan(score, p) for p in card.plans],
        "evidence": [
            {**row, "title": card.titles.get(row["dataset"], row["dataset"]), "section": card.sections.get(row["dataset"], ""),
             "catalogues": [score.catalogue_titles.get(c, c) for c in row["catalogues"]]}
            for row in card.public.evidence.iter_rows(named=True)],
        "changes": [
            {**row, "change_ja": CHANGE_WORDS[row["change"]], "day_ja": day_name(date.fromisoformat(row["at"][:10])),
             "title": card.titles.get(row["dataset"], row["dataset"])}
            for row in card.changes.iter_rows(named=True)],
        "late": [
            {"dataset": x.dataset, "title": x.title, "section": x.section, "state": x.state, "state_ja": x.words,
             "frequency_ja": x.frequency_ja, "last": x.last.isoformat(), "due": x.due.isoformat() if x.due else None,
             "due_ja": day_name(x.due) if x.due else "", "days_late": x.days_late} for x in card.late],
        "drafts": [
            {"dataset": d.dataset, "title": d.title, "section": d.section, "status": d.status,
             "status_ja": DRAFT_WORDS[d.status], "errors": d.errors, "reasons": list(d.reasons)} for d in card.drafts],
        "gaps": [{"title": a, "state_ja": b, "detail": c} for a, b, c in gaps(card, score)],
        "results": [{"plan": r.plan.id, "measure": r.measure, "done": list(r.done), "grade": r.grade, "decided": r.decided,
                     "done_by_hand": score.filled.get(r.plan, score.fiscal_year, "done")}
                    for r in result_rows(score, card)],
    }


def _plan(score: Scorecard, card: PlanCard) -> dict[str, Any]:
    plan, now, last = card.plan, card.progress.now, deadline_year(card.plan)
    return {
        "id": plan.id, "title": plan.title, "section": plan.section, "source": plan.source, "sample": now.sample,
        "period_ja": period_words(plan), "goal": goal_words(plan), "unit": unit_of(plan),
        "baseline": plan.baseline.value if plan.baseline else None, "baseline_ja": baseline_words(plan.baseline),
        "target": plan.target.value if plan.target else None, "target_ja": target_words(plan), "deadline": plan.deadline,
        "value": now.value, "kinds": now.kinds, "packages": now.packages, "files": now.files, "records": now.records,
        "at_deadline": card.progress.at_deadline.value if card.progress.at_deadline else None,
        "missing": card.progress.missing, "rate_percent": card.progress.rate, "headline": headline(card),
        "outlook": outlook(card), "line_words": line_words(plan), "pace_needed_per_year": card.pace,
        "forecast": {"low": card.forecast.low, "high": card.forecast.high, "years": card.forecast.years,
                     "words": card.forecast.words(plan.deadline)} if card.forecast else None,
        "successor": card.successor.title if card.successor else None, "includes": [p.title for p in card.included],
        "grade_proposed": card.progress.grade,
        "grades": [{"mark": g.mark, "words": g.words, "rule": g.rule()} for g in card.scale.grades],
        "counting": [{"what": a, "how": b} for a, b in counting_words(card, score.catalogue_titles)],
        "duties": [{"text": d.text, "quote": d.quote, "yearly": d.yearly} for d in plan.duties],
        "years": [
            {"year": y.year, "name": y.name, "state": y.state, "note": year_note(y, last), "value": y.value,
             "line": y.line, "difference": y.difference, "difference_ja": signed(y.difference), "change": y.change,
             "change_ja": signed(y.change), "grade_proposed": y.grade, "sample": now.sample,
             **{name: score.filled.get(plan, y.year, name) for name in FIELDS}} for y in card.years],
    }
