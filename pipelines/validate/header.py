"""The headings of a file against a foreign Table Schema: missing, extra, blank, repeated and wrong ones.

As frictionless defines them for `fieldsMatch` exact (by position), equal, subset, superset and partial (by name).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.model import Finding, Standard, findings_frame


def _missing(name: str) -> Finding:
    return Finding("label-missing", 1, name, None, {})


def _by_position(columns: Sequence[str], names: Sequence[str]) -> list[Finding]:
    found: list[Finding] = []
    for i, (label, name) in enumerate(zip(columns, names, strict=False)):
        if not label:
            found.append(Finding("label-blank", 1, name, None, {"number": i + 1}, name))
        elif label in columns[:i]:
            found.append(Finding("label-duplicate", 1, name, label, {"number": i + 1}))
        elif label != name:
            found.append(Finding("label-incorrect", 1, name, label, {"number": i + 1}, name))
    found += [Finding("label-extra", 1, label or None, label, {}) for label in columns[len(names) :]]
    return found + [_missing(name) for name in names[len(columns) :]]


def check_labels(columns: Sequence[str], standard: Standard) -> pl.DataFrame:
    """Findings about the headings, in file order; `columns` as they stand in the file ("" = blank heading)."""
    schema = standard.schema
    names = standard.names
    match = schema.get("fieldsMatch", "exact")
    match = match[0] if isinstance(match, list) and match else match
    if match == "exact" or not match:
        return findings_frame(_by_position(list(columns), names))
    key = schema.get("primaryKey") or []
    keys = {key} if isinstance(key, str) else set(key)
    found = []
    if match not in ("subset", "partial"):
        found += [Finding("label-extra", 1, label or None, label, {}) for label in columns if label not in names]
    for field in standard.fields:
        needed = bool(field.spec.get("constraints", {}).get("required")) or field.name in keys
        if field.name not in columns and (needed or match not in ("superset", "partial")):
            found.append(_missing(field.name))
    return findings_frame(found)
