"""One section's file against every edition of its kind: how far it is from each, and what an upgrade needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pipelines.check import check_file, codes_of
from pipelines.checked import CheckOptions, CheckResult
from pipelines.edition import convert_edition
from pipelines.extract import Limits, open_source
from pipelines.geocode import split_addresses
from pipelines.guard import select_columns
from pipelines.messages import level_of
from pipelines.model import Standard, Table
from pipelines.normalise import apply_map, map_columns, normalise
from pipelines.standards import common_facts, known_headings, list_kinds
from pipelines.validate import Validator


@dataclass(frozen=True)
class Upgrade:
    """What is left after the file was converted into an edition."""

    errors: int
    to_fill: tuple[tuple[str, int], ...]  # required heading, rows in which it is blank
    to_fill_probably: tuple[tuple[str, int], ...]  # the same for headings that are probably required
    to_correct: tuple[tuple[str, int], ...]  # heading, errors of other kinds in it
    lost: tuple[tuple[str, int], ...]  # heading of the file's edition, filled cells without a place
    derived: tuple[str, ...]  # headings that the conversion fills


@dataclass(frozen=True)
class EditionDistance:
    """How far a file, as it came, is from one edition; `upgrade` is None for the edition that it follows."""

    standard: Standard
    current: bool
    errors: int
    warnings: int
    errors_after_fixes: int
    missing_required: tuple[str, ...]
    missing_probably_required: tuple[str, ...]
    unplaced: tuple[str, ...]  # columns of the file that the edition does not have
    upgrade: Upgrade | None


def compare_editions(path: Path, options: CheckOptions) -> tuple[CheckResult, tuple[EditionDistance, ...]]:
    """The verdict on a file and its distance from each edition of its kind; no editions for an unknown kind.

    The errors are counted twice: against the edition's headings as the file came, and after the conversion from
    the edition that the file follows. Raises what `check_file` raises.
    """
    own = check_file(path, options)
    if own.kind is None or options.schema is not None or own.standard.kind == "gtfs_jp":
        return own, ()
    editions = next(k.editions for k in list_kinds(options.local_schemas) if k.id == own.kind)
    table = _normalised(path, own.standard, options) if len(editions) > 1 else None
    found = []
    for edition in editions:
        current = edition == own.edition
        same = own if current else check_file(path, replace(options, kind=own.kind, edition=edition))
        upgrade = None if current or table is None else _upgrade(table, own.standard, same.standard)
        found.append(_distance(same, current, upgrade))
    return own, tuple(found)


def _distance(result: CheckResult, current: bool, upgrade: Upgrade | None) -> EditionDistance:
    def named(code: str) -> tuple[str, ...]:
        return tuple(result.findings.filter(pl.col("code") == code)["field"].drop_nulls().to_list())

    return EditionDistance(
        result.standard, current, result.errors, result.warnings, result.errors_after_fixes,
        named("column-missing"), named("column-missing-inferred"), named("column-unknown"), upgrade,
    )


def _normalised(path: Path, standard: Standard, options: CheckOptions) -> Table:
    """The whole table under the headings and in the form of the edition that the file follows."""
    limits = Limits(max_bytes=options.max_bytes) if options.max_bytes else Limits()
    source = open_source(path, sheet=options.sheet, header_row=options.header_row, limits=limits,
                         known_headings=known_headings(options.local_schemas))
    facts = common_facts()
    split = facts["split_columns"].get(standard.kind)
    columns, _ = map_columns(source.columns, source.headings, standard, header_ignore=facts["header_ignore"],
                             split=split)
    blocks = [normalise(apply_map(block, columns), standard, split=split)[0].frame for block, _ in source.records()]
    whole = Table(pl.concat(blocks, how="diagonal")) if blocks else Table.from_rows(standard.names, [])
    return select_columns(whole, standard)[0]


def _upgrade(table: Table, source: Standard, target: Standard) -> Upgrade:
    code = _one_code(table, source)
    converted, said, fixes = convert_edition(
        table, source, target, split=lambda s: split_addresses(s, None, body_code=code)
    )
    validator = Validator(target, codes=codes_of(target))
    found = pl.concat([validator.check(converted), validator.finish()])
    wrong = found.filter(pl.col("code").is_in([c for c in found["code"].unique() if level_of(c, target) == "error"]))
    blank = pl.col("code") == "required-missing"
    return Upgrade(
        wrong.height, _by_field(wrong.filter(blank), target),
        _by_field(found.filter(pl.col("code") == "required-missing-inferred"), target),
        _by_field(wrong.filter(~blank), target),
        tuple(_counts(said.filter(pl.col("code") == "edition-column-lost"))),
        tuple(n for n in target.names if n in set(fixes["field"])),
    )


def _one_code(table: Table, standard: Standard) -> str | None:
    """The municipality code that every row names in its first columns, None if there is no such one."""
    names = [f.name for f in standard.fields[:3] if f.rule == "lgcode6" and f.name in table.columns]
    codes = table.frame[names[0]].drop_nulls().unique().to_list() if names else []
    return str(codes[0]) if len(codes) == 1 else None


def _by_field(found: pl.DataFrame, target: Standard) -> tuple[tuple[str, int], ...]:
    counts = dict(found.group_by("field").len().iter_rows())
    return tuple((name, counts[name]) for name in target.names if name in counts)


def _counts(lost: pl.DataFrame) -> list[tuple[str, int]]:
    count = pl.col("params").str.json_path_match("$.count").cast(pl.Int64)
    return [(str(field), int(n)) for field, n in lost.select("field", count.alias("n")).iter_rows()]
