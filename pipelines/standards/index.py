"""Schemas into an index: folded heading -> the schemas and fields that it can mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.values.headings import fold_heading

NAME, COUNTERPART, ALIAS = 0, 1, 2


def build_index(schemas: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, Any]:
    """(kind, edition, schema) triples into {"schemas": [...], "headings": {folded: [[schema, field, how], ...]}}.

    `how` is 0 for a field's own name, 1 for its name in the other edition, 2 for any other alias. One heading means
    at most one field of a schema: its own name first.
    """
    rows: list[dict[str, Any]] = []
    headings: dict[str, list[list[int]]] = {}
    for number, (kind, edition, schema) in enumerate(schemas):
        rows.append(_summary(kind, edition, schema))
        meant: dict[str, tuple[int, int]] = {}
        for position, spec in enumerate(schema["fields"]):
            for how, spelling in _spellings(spec):
                folded = fold_heading(spelling)
                if folded not in meant or how < meant[folded][0]:
                    meant[folded] = (how, position)
        for folded, (how, position) in meant.items():
            headings.setdefault(folded, []).append([number, position, how])
    return {"schemas": rows, "headings": dict(sorted(headings.items()))}


def _summary(kind: str, edition: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "edition": edition,
        "title": str(schema.get("title") or kind),
        "title_en": str(schema.get("title_en") or ""),
        "number": str(schema.get("number") or ""),
        "confidence": str(schema.get("confidence") or "declared"),
        "file_slug": str(schema.get("file_slug") or kind),
        "columns": len(schema["fields"]),
        "names": [fold_heading(spec["name"]) for spec in schema["fields"]],
    }


def _spellings(spec: Mapping[str, Any]) -> Iterable[tuple[int, str]]:
    yield NAME, spec["name"]
    if spec.get("counterpart"):
        yield COUNTERPART, spec["counterpart"]
    for alias in spec.get("aliases", ()):
        yield ALIAS, alias
