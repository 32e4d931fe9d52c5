"""Turns plan.yml and catalogues.yml into Plan and Catalogue objects: what is promised, and where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.declare.checking import check_shape
from pipelines.declare.plans import (
    Baseline,
    Catalogue,
    Counting,
    Duty,
    Goal,
    GradeStep,
    Grading,
    ListItem,
    NamedList,
    Plan,
    Target,
)
from pipelines.declare.reading import read_declaration, stop
from pipelines.model import Municipality

_DEFAULT_CATALOGUES = (Catalogue("embedded", "embedded", "埋め込みカタログ", "Embedded catalogue"),)


def load_plans(body: Municipality) -> tuple[Plan, ...]:
    """The plans of `body`.folder/plan.yml in the order of the file; none if it is missing or holds only comments."""
    path = body.folder / "plan.yml"
    if not path.exists():
        return ()
    document = read_declaration(path, may_be_empty=True)
    if not document.data:
        return ()
    check_shape(document, "plan")
    plans: list[Plan] = []
    for i, data in enumerate(document.data["plans"]):
        if data["id"] in {p.id for p in plans}:
            raise stop(
                document,
                ("plans", i, "id"),
                "declaration-duplicate-id",
                f"計画の id「{data['id']}」が二度使われています。",
                f"The plan id '{data['id']}' is used twice.",
                "別の名前にしてください。",
                "Use another name.",
            )
        plans.append(_plan(data, body.code, path))
    return tuple(plans)


def _plan(data: Mapping[str, Any], code: str, path: Path) -> Plan:
    period, baseline, target = data["period"], data["baseline"], data["target"]
    return Plan(
        id=data["id"],
        body=code,
        title=data["title"],
        section=data.get("section", ""),
        source=data["source"],
        period_start=period["start"],
        period_end=period["end"],
        unit=data["unit"],
        baseline=Baseline(**baseline) if baseline else None,
        target=Target(**target) if target else None,
        counts_in=tuple(data["counts_in"]),
        dated=data.get("dated", ""),
        source_url=data.get("source_url", ""),
        period_words=period.get("words", ""),
        goals=tuple(Goal(**g) for g in data.get("goals", ())),
        duties=tuple(Duty(**d) for d in data.get("duties", ())),
        channels=tuple(data.get("channels", ())),
        lists=tuple(
            NamedList(n["title"], tuple(ListItem(i["title"], i["dataset"]) for i in n["items"]), n.get("as_of"))
            for n in data.get("lists", ())
        ),
        counting=Counting(**data.get("counting", {})),
        grades=_grading(data.get("grades", {})),
        includes=tuple(data.get("includes", ())),
        successor=data.get("successor"),
        note=data.get("note", ""),
        path=path,
    )


def _grading(data: Mapping[str, Any]) -> Grading:
    return Grading(data.get("scale", "sabc"), tuple(GradeStep(**step) for step in data.get("steps", ())))


def load_catalogues(path: Path) -> tuple[Catalogue, ...]:
    """The catalogues of datasets/catalogues.yml in the order of the file; only the embedded one without a file."""
    if not path.exists():
        return _DEFAULT_CATALOGUES
    document = read_declaration(path)
    check_shape(document, "catalogues")
    found = []
    for name, data in document.data["catalogues"].items():
        if data["kind"] == "ckan" and not (data.get("url") or data.get("url_env")):
            raise stop(
                document,
                ("catalogues", name),
                "declaration-catalogue-address",
                f"カタログ「{name}」のアドレスがありません。",
                f"The catalogue '{name}' has no address.",
                "url か url_env を書いてください。",
                "Write url or url_env.",
            )
        plain = {k: v for k, v in data.items() if k != "formats"}
        formats = tuple(data.get("formats", ("csv", "geojson")))
        found.append(Catalogue(name=name, formats=formats, **plain))
    return tuple(found)
