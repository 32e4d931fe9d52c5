"""THE LINE: a register entry and its section's file to a checked package on disk, stage after stage."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.check import choose_standard, codes_of
from pipelines.checked import CheckOptions
from pipelines.decide import Reason, pass_gate, reasons_to_hold
from pipelines.edition import convert_edition
from pipelines.errors import KokaiError, SourceError
from pipelines.extract import Limits, open_source
from pipelines.facilities import facility_columns, has_points
from pipelines.findings import count_levels, join_findings, sort_findings
from pipelines.geo import Area, check_points, convert_crs, load_area
from pipelines.geocode import Gazetteer, Register, fill_points, split_addresses
from pipelines.gtfs import check_gtfs, gtfs_bytes, read_gtfs
from pipelines.guard import check_personal, mask, mask_findings, mask_fixes, review_source, select_columns
from pipelines.model import FINDINGS, FIXES, ROW, Dataset, Package, Source, Standard, Table
from pipelines.normalise import ColumnMap, apply_map, map_columns, normalise
from pipelines.opendata_list import opendata_list_rows
from pipelines.package import ResourceData, write_package
from pipelines.placing import points_apart, suspected_datum, town_points, unresolved
from pipelines.standards import common_facts, known_headings, load_standard
from pipelines.validate import Validator


@dataclass(frozen=True)
class Built:
    """What became of one register entry: `status` is ready, held or failed."""

    dataset: Dataset
    name: str
    status: str
    reasons: tuple[Reason, ...]
    package: Package | None
    rows: int = 0
    errors: int = 0
    warnings: int = 0
    fixes: int = 0
    filled_points: int = 0
    bug: str = ""  # a traceback, for a bug of ours only


@dataclass(frozen=True)
class Surroundings:
    """What the line needs beside the register entry, handed in by the caller."""

    packages: Path  # var/packages
    local_schemas: Path | None = None
    gazetteer: Gazetteer | None = None
    areas: Mapping[str, Path] = field(default_factory=dict)  # code -> outline or N03 file
    datum_grid: Path | None = None
    last_release: Callable[[str], Path | None] = lambda name: None  # package name -> folder with its public files
    approved: Collection[str] = ()  # package names that a person approved since their last release
    max_bytes: int | None = None


@dataclass
class _Work:
    """The frames of one dataset while the line goes over its resources."""

    findings: list[pl.DataFrame] = field(default_factory=list)
    fixes: list[pl.DataFrame] = field(default_factory=list)
    resources: list[ResourceData] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    given_points: list[Table] = field(default_factory=list)  # rows whose point stood in the source
    stopped: list[pl.DataFrame] = field(default_factory=list)  # what guard stops under the source edition's headings


def build_datasets(datasets: Sequence[Dataset], around: Surroundings) -> Iterator[Built]:
    """Build each register entry, facilities first (others take points from them), generated lists last.

    A dataset whose source cannot be read is `failed`; the others go on. Raises DeclarationError.
    """
    facilities: dict[str, list[tuple[str, pl.Series, pl.Series, pl.Series, pl.Series]]] = {}
    for dataset in sorted(datasets, key=_order):
        if dataset.planned:
            continue
        standard = load_standard(dataset.kind, dataset.edition, around.local_schemas)
        name = dataset.name(standard)
        known = facilities.setdefault(dataset.body.code, [])
        try:
            register = Register.from_tables(known) if known else None
            built, tables = _build_one(dataset, standard, datasets, around, register)
        except SourceError as error:
            yield Built(dataset, name, "failed", (Reason(error.code, f"{error.where} {error.ja}", error.en),), None)
            continue
        except KokaiError:
            raise
        except Exception as error:  # noqa: BLE001 - one of the two places (a bug report, then the next dataset)
            reason = Reason("bug", f"Kokai の不具合です({type(error).__name__}: {error})。",
                            f"a bug in Kokai ({type(error).__name__}: {error})")
            yield Built(dataset, name, "failed", (reason,), None, bug=traceback.format_exc())
            continue
        if built.status == "ready":
            known.extend(facility_columns(dataset.title, standard, t) for t in tables if has_points(standard, t))
        yield built


def _order(dataset: Dataset) -> tuple[int, str, str]:
    first = {"public_facility": 0}.get(dataset.kind, 1)
    return (2 if dataset.generated else first, dataset.body.code, dataset.id)


def _build_one(
    dataset: Dataset, standard: Standard, all_datasets: Sequence[Dataset], around: Surroundings,
    register: Register | None,
) -> tuple[Built, list[Table]]:
    work = _Work()
    if dataset.generated:
        same_body = [d for d in all_datasets if d.body.code == dataset.body.code and not d.planned]
        standards = {d.id: load_standard(d.kind, d.edition, around.local_schemas) for d in same_body}
        table = opendata_list_rows(same_body, standards, dataset.body, standard)
        _finish_resource(table, None, dataset.as_of, dataset, standard, around, register, work)
    for stamp, file, as_of in _files_of(dataset):
        if dataset.kind == "gtfs_jp":
            _feed_resource(file, stamp, as_of, dataset, standard, around, work)
            continue
        table = _read_resource(file, dataset, standard, around, work)
        _finish_resource(table, stamp, as_of, dataset, standard, around, register, work)
    return _pack(dataset, standard, around, work)


def _files_of(dataset: Dataset) -> list[tuple[str | None, str, str]]:
    if dataset.periods:
        return [(p.stamp, p.file, p.as_of) for p in dataset.periods]
    if dataset.source_file is None:
        return []
    stamp = dataset.as_of.replace("-", "") if dataset.kind == "population" else None
    return [(stamp, dataset.source_file, dataset.as_of)]


def _read_resource(
    file: str, dataset: Dataset, standard: Standard, around: Surroundings, work: _Work
) -> Table:
    """Read, name the columns, clean the values, and bring the edition to the one that is published."""
    limits = Limits(max_bytes=around.max_bytes) if around.max_bytes else Limits()
    source = open_source(dataset.body.folder / file, sheet=dataset.sheet, header_row=dataset.header_row,
                         limits=limits, known_headings=known_headings(around.local_schemas))
    own = _source_standard(source, dataset, standard, around)
    facts = common_facts()
    split = facts["split_columns"].get(own.kind)
    column_map, header_findings = map_columns(source.columns, source.headings, own,
                                              declared=dataset.columns, ignore=dataset.ignore,
                                              header_ignore=facts["header_ignore"], split=split)
    work.sources.append(source)
    work.findings += [source.findings, review_source(source, dataset),
                      _without_constants(header_findings, dataset)]
    frames = []
    for block, block_findings in source.records():
        cleaned, findings, fixes = normalise(
            apply_map(block, column_map), own, lookups=dataset.lookups, constants=dataset.constants,
            refuse=dataset.refuse_fixes, accept=dataset.accept_fixes, body=dataset.body, split=split,
        )
        frames.append(_only_mapped(cleaned, column_map, dataset))
        work.findings += [block_findings, findings]
        work.fixes.append(fixes)
    table = Table(pl.concat(frames, how="diagonal") if frames else _empty(own).frame)
    if own.edition == standard.edition:
        return table
    work.stopped.append(check_personal(table, own, allowances=dataset.allowances))
    table, findings, fixes = convert_edition(
        table, own, standard, body=dataset.body,
        split=lambda s: split_addresses(s, around.gazetteer, body_code=dataset.body.code),
    )
    work.findings.append(findings)
    work.fixes.append(fixes)
    return table


def _only_mapped(table: Table, column_map: ColumnMap, dataset: Dataset) -> pl.DataFrame:
    """The columns that were mapped or are constants: an ignored one stays in the house whatever its name is."""
    kept = {*column_map.mapped.values(), *dataset.constants}
    return table.frame.select(ROW, *(c for c in table.columns if c in kept))


def _without_constants(findings: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Header findings without the missing columns that the declaration fills with a constant."""
    missing = pl.col("code").str.starts_with("column-missing") & pl.col("field").is_in(list(dataset.constants))
    return findings.filter(~missing.fill_null(value=False))


def _source_standard(source: Source, dataset: Dataset, standard: Standard, around: Surroundings) -> Standard:
    """The edition that the section's file follows: as declared, else the one its headings are nearest to."""
    options = CheckOptions(kind=dataset.kind, edition=dataset.source_edition, local_schemas=around.local_schemas)
    if dataset.source_edition is None and standard.local:
        return standard
    chosen = choose_standard(source, options)
    return chosen if chosen.kind == dataset.kind else standard


def _empty(standard: Standard) -> Table:
    return Table.from_rows(standard.names, [])


def _finish_resource(
    table: Table, stamp: str | None, as_of: str, dataset: Dataset, standard: Standard, around: Surroundings,
    register: Register | None, work: _Work,
) -> None:
    """Points, allow-list, rules and personal data over one table; adds a resource to `work`."""
    area = _area(dataset, around)
    if dataset.crs and dataset.crs != dataset.body.crs:
        table, findings, fixes = convert_crs(
            table, standard, dataset.crs, dataset.body.crs, grid=around.datum_grid, area=area)
        work.findings.append(findings)
        work.fixes.append(fixes)
    table, left_out = select_columns(_with_columns(table, standard, ("lat", "lon")), standard)
    town = town_points(table, standard, around.gazetteer, dataset.body.code)
    if town is not None and dataset.crs is None:
        work.findings.append(suspected_datum(table, standard, town))
    table, point_findings, point_fixes = check_points(
        table, standard, area=area, accept=dataset.accept_fixes, town_points=town
    )
    work.findings.append(points_apart(table, standard, register))
    table, fill_findings, fill_fixes = fill_points(
        table, standard, gazetteer=around.gazetteer, register=register, coarsest=dataset.geocode_coarsest,
        body=dataset.body,
    )
    validator = Validator(standard, body=dataset.body, codes=codes_of(standard))
    rule_findings = [validator.check(table), validator.finish()]
    personal = check_personal(table, standard, allowances=dataset.allowances)
    mended = join_findings([point_fixes, fill_fixes], FIXES)
    work.findings += [left_out, unresolved(point_findings, mended, table.rows), fill_findings, *rule_findings, personal]
    work.fixes += [point_fixes, fill_fixes]
    filled = fill_fixes.filter("applied")["row"].unique()
    work.given_points.append(Table(table.frame.filter(~pl.col(ROW).is_in(filled.implode()))))
    complete, _ = select_columns(_with_columns(mask(table, personal), standard), standard)
    work.resources.append(ResourceData(stamp, complete, as_of))


def _with_columns(table: Table, standard: Standard, rules: Collection[str] | None = None) -> Table:
    """The table with the standard's columns that it lacks, blank (only those of `rules` when given)."""
    blank = [f.name for f in standard.fields if f.name not in table.columns and (rules is None or f.rule in rules)]
    return Table(table.frame.with_columns(pl.lit(None, pl.String).alias(name) for name in blank))


def _feed_resource(
    file: str, stamp: str | None, as_of: str, dataset: Dataset, standard: Standard, around: Surroundings, work: _Work
) -> None:
    """A GTFS-JP zip: its rules, its stops as the table with points, and the whole feed written anew beside them."""
    limits = Limits(max_bytes=around.max_bytes) if around.max_bytes else Limits()
    path = dataset.body.folder / file
    work.sources.append(open_source(path, limits=limits))
    tables, read_findings = read_gtfs(path)
    stops = tables.get("stops.txt", _empty(standard))
    table, _ = select_columns(stops, standard)  # the other columns are in the zip
    table, point_findings, point_fixes = check_points(
        table, standard, area=_area(dataset, around), accept=dataset.accept_fixes
    )
    personal = check_personal(table, standard, allowances=dataset.allowances)
    in_feed = pl.col("code") != "coordinate-outside-japan"  # said by the rules of the feed already
    left = unresolved(point_findings.filter(in_feed), point_fixes, table.rows)
    work.findings += [read_findings, check_gtfs(tables), left, personal]
    work.fixes.append(point_fixes)
    table = mask(table, personal)
    work.given_points.append(table)
    feed = {**tables, "stops.txt": Table(stops.frame.with_columns(table.frame.select(table.columns)))}
    work.resources.append(ResourceData(stamp, table, as_of, gtfs_bytes(feed if "stops.txt" in tables else tables)))


def _area(dataset: Dataset, around: Surroundings) -> Area | None:
    path = around.areas.get(dataset.body.code)
    return load_area(path, dataset.body.code) if path is not None else None


def _pack(
    dataset: Dataset, standard: Standard, around: Surroundings, work: _Work
) -> tuple[Built, list[Table]]:
    """Decide ready or held, and write the package."""
    name = dataset.name(standard)
    work.findings.append(pass_gate(dataset, standard, name, work.resources, around.last_release(name)))
    findings = sort_findings(join_findings(work.findings, FINDINGS))
    fixes = join_findings(work.fixes, FIXES).sort("row", maintain_order=True)
    reasons = reasons_to_hold(dataset, standard, name, findings, around.approved)
    counts = count_levels(findings, standard)
    package = write_package(
        around.packages / name, dataset, standard, work.resources,
        findings=_masked_findings(findings, work.stopped),
        fixes=mask_fixes(fixes, join_findings([findings, *work.stopped], FINDINGS)),
        status="held" if reasons else "ready", reasons=[{"code": r.code, "ja": r.ja, "en": r.en} for r in reasons],
        credits=_credits(findings), sources=[_source_facts(s) for s in work.sources],
    )
    filled = findings.filter(pl.col("code") == "point-filled").height
    built = Built(dataset, name, "held" if reasons else "ready", tuple(reasons), package,
                  sum(r.table.rows for r in work.resources), counts["error"], counts["warning"],
                  int(fixes["applied"].sum() or 0), filled)
    return built, work.given_points


def _masked_findings(findings: pl.DataFrame, stopped: list[pl.DataFrame]) -> pl.DataFrame:
    """The findings with stopped values masked, also where they stand under a heading of the source's edition."""
    both = join_findings([findings, *stopped], FINDINGS)
    return mask_findings(both).head(findings.height)


def _credits(findings: pl.DataFrame) -> list[str]:
    """Credit lines of the address data that points came from."""
    filled = findings.filter(pl.col("code") == "point-filled")
    lines = filled["params"].str.json_path_match("$.credit").drop_nulls().unique().to_list()
    return sorted(line for line in lines if line)


def _source_facts(source: Source) -> dict[str, object]:
    return {"name": source.path.name, "sha256": source.sha256, "size_bytes": source.size_bytes,
            "format": source.format, "encoding": source.encoding, "sheet": source.sheet,
            "header_row": source.header_row}
