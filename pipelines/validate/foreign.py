"""Several tables of one package to findings about keys that point at nothing (`foreignKeys`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from pipelines.model import ROW, Standard, Table, findings_frame
from pipelines.validate.fields import missing_values
from pipelines.validate.problems import as_findings, params_json


def _names(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _cells(frame: pl.DataFrame, names: Sequence[str], standard: Standard) -> pl.DataFrame:
    """The key columns as k0, k1 ... with missing values as null, numbers in one notation."""
    out = []
    for i, name in enumerate(names):
        field = standard.get(name)
        spec = field.spec if field else {}
        cell = pl.col(name)
        blanks = [m for m in missing_values(spec, standard.schema) if m]
        if blanks:
            cell = pl.when(cell.is_in(blanks)).then(None).otherwise(cell)
        out.append(key_cell(cell, spec).alias(f"k{i}"))
    return frame.select(pl.col(ROW), *out, *[pl.col(name).alias(f"v{i}") for i, name in enumerate(names)])


def key_cell(cell: pl.Expr, spec: Mapping[str, Any]) -> pl.Expr:
    """A key cell so that equal values have equal text: 7 and 07 are one integer; a text stays as it is."""
    if spec.get("type") == "integer":
        number = cell.str.strip_chars().cast(pl.Int64, strict=False).cast(pl.String)
        return pl.coalesce(number, cell)
    if spec.get("type") == "number":
        number = cell.str.strip_chars().cast(pl.Float64, strict=False)
        short = number.is_finite() & (cell.str.len_bytes() <= 15)
        return pl.coalesce(pl.when(short).then((number + 0.0).cast(pl.String)), cell)
    return cell


def _one_key(name: str, key: Mapping[str, Any], tables: Mapping[str, Table], standards: Mapping[str, Standard]) -> pl.DataFrame:
    reference = key["reference"]
    target = str(reference.get("resource") or name)
    mine, theirs = _names(key["fields"]), _names(reference["fields"])
    here, there = tables.get(name), tables.get(target)
    if here is None or there is None or target not in standards:
        return findings_frame()
    if not (set(mine) <= set(here.columns) and set(theirs) <= set(there.columns)):
        return findings_frame()
    keys = [f"k{i}" for i in range(len(mine))]
    rows = _cells(here.frame, mine, standards[name]).filter(~pl.all_horizontal(pl.col(k).is_null() for k in keys))
    known = _cells(there.frame, theirs, standards[target]).select(keys).unique()
    lost = rows.join(known, on=keys, how="anti", nulls_equal=True).sort(ROW)
    value = pl.concat_str([pl.col(f"v{i}").fill_null("") for i in range(len(mine))], separator=" / ")
    params = params_json(table=name, target=target, target_field=" / ".join(theirs))
    return as_findings(lost, "foreign-key-missing", " / ".join(mine), value, pl.lit(params))


def check_foreign_keys(tables: Mapping[str, Table], standards: Mapping[str, Standard]) -> pl.DataFrame:
    """Findings `foreign-key-missing` for every row whose key is not in the table that it points at.

    `tables` and `standards` by resource name; params name the table and its target. A key whose columns are
    all blank points at nothing and is let through (Table Schema, foreignKeys).
    """
    found = []
    for name, standard in standards.items():
        for key in standard.schema.get("foreignKeys", []):
            found.append(_one_key(name, key, tables, standards))
    return pl.concat(found) if found else findings_frame()
