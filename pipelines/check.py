"""One section's file to a verdict: kind, edition, where the table stands, findings as it came, and fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.checked import CheckOptions, CheckResult, Sink
from pipelines.extract import FEED_PARTS, Limits, open_source
from pipelines.findings import count_levels, join_findings, sort_findings, with_remedies
from pipelines.model import FINDINGS, FIXES, Field, Requirement, Source, Standard, Table
from pipelines.schema_only import check_schema_only, schema_check
from pipelines.standards import (
    code_list,
    common_facts,
    guess_standard,
    known_headings,
    load_standard,
    load_table_schema,
)
from pipelines.validate import Validator
from pipelines.values.headings import fold_heading, without_note

if TYPE_CHECKING:  # the stages of a municipal standard are imported by the checks that use them
    from pipelines.normalise import ColumnMap


_GENERIC_RULES = {
    "緯度": ("number", "lat"), "経度": ("number", "lon"), "電話番号": ("string", "tel"), "郵便番号": ("string", "post"),
    "法人番号": ("string", "corp"), "URL": ("string", "url"), "メールアドレス": ("string", "mail"),
    "全国地方公共団体コード": ("string", "lgcode6"), "都道府県コード又は市区町村コード": ("string", "lgcode6"),
    "名称_カナ": ("string", "kana"), "都道府県名": ("string", "pref"), "FAX番号": ("string", "tel"),
}


def generic_standard(columns: tuple[str, ...]) -> Standard:
    """The generic rules for a file of no known kind: every column text, with value rules told by its heading."""
    folded = {fold_heading(name): rule for name, rule in _GENERIC_RULES.items()}
    fields = []
    for name in columns:
        kind, rule = folded.get(fold_heading(name), ("string", "text"))
        spec: dict[str, Any] = {"name": name, "type": kind}
        fields.append(Field(name, kind, None, rule, Requirement("optional", "declared"), (), spec))
    return Standard("", "", "", "", "", "", False, "declared", tuple(fields), {"fields": [f.spec for f in fields]})


def choose_standard(source: Source, options: CheckOptions) -> Standard:
    """The Standard for a source: as named, else guessed from headings, titles and file name, else the generic one."""
    if options.schema is not None:
        return load_table_schema(options.schema)
    if options.kind and options.edition:
        return load_standard(options.kind, options.edition, options.local_schemas)
    guess = guess_standard(tuple(without_note(h) for h in source.headings), source.path.name, options.local_schemas,
                           title_lines=title_lines(source), kind=options.kind, edition=options.edition)
    if (guess.kind is None or guess.edition is None) and options.kind:
        return load_standard(options.kind, options.edition or "", options.local_schemas)
    if guess.kind is None or guess.edition is None:
        return generic_standard(source.columns)
    return load_standard(guess.kind, guess.edition, options.local_schemas)


def title_lines(source: Source) -> tuple[str, ...]:
    """The words above the header and the sheet's name: hints at the kind."""
    lines = source.findings.filter(pl.col("code") == "title-rows")["value"].drop_nulls().to_list()
    return (*lines, *([source.sheet] if source.sheet else []))


def check_file(path: Path, options: CheckOptions | None = None) -> CheckResult:
    """Check one file. Raises SourceError when it cannot be read, DeclarationError for an unknown kind or schema."""
    options = options or CheckOptions()
    limits = Limits(max_bytes=options.max_bytes) if options.max_bytes else Limits()
    if options.schema is not None:
        foreign = schema_check(options.schema)
        source = open_source(path, sheet=options.sheet, header_row=options.header_row, limits=limits,
                             known_headings=frozenset(fold_heading(name) for name in foreign.standard.names))
        return check_schema_only(source, foreign, options.sink)
    source = open_source(path, sheet=options.sheet, header_row=options.header_row, limits=limits,
                         known_headings=known_headings(options.local_schemas))
    standard = choose_standard(source, options)
    if source.format == "zip" and source.sheet in FEED_PARTS and options.kind in (None, "gtfs_jp"):
        return _check_feed(path, source, load_standard("gtfs_jp", "gtfs-jp-v3"))
    return _check_standard(source, standard, options.sink)


def _check_standard(source: Source, standard: Standard, sink: Sink | None) -> CheckResult:
    """All stages of a municipal standard, one block after the other.

    With a `sink` the findings of a file of several blocks go there block by block and are not kept.
    """
    from pipelines.guard import review_source
    from pipelines.normalise import map_columns

    facts = common_facts()
    column_map, header_findings = map_columns(source.columns, source.headings, standard,
                                              header_ignore=facts["header_ignore"],
                                              split=facts["split_columns"].get(standard.kind))
    steps = _Steps(standard, column_map)
    rows = 0
    for table, block_findings in source.records():
        if sink is not None and rows:
            steps.pass_on(sink)
        rows += table.rows + block_findings["code"].to_list().count("header-row-repeated")  # it stands in the table
        steps.add(table, block_findings)
    return steps.result(source, rows, [source.findings, header_findings, review_source(source, None)])


def codes_of(standard: Standard) -> dict[str, Mapping[str, str]]:
    """The code lists that the rules of a standard need, by name."""
    return {"poi": code_list("poi")} if standard.with_rule("poi") else {}


@lru_cache(maxsize=8)
def _shipped_check(kind: str, edition: str) -> Validator:
    """What the checks of many files of one shipped standard share: its expressions and verdicts on single values."""
    standard = load_standard(kind, edition)
    return Validator(standard, codes=codes_of(standard))


class _Steps:
    """The stages over the blocks of one file, with the findings before and after fixes kept apart."""

    def __init__(self, standard: Standard, column_map: ColumnMap) -> None:
        from pipelines.geo import RepeatedPoints

        self.repeated = RepeatedPoints()
        self.standard = standard
        self.column_map = column_map
        self.split = common_facts()["split_columns"].get(standard.kind)
        known = _shipped_check(standard.kind, standard.edition) if standard.kind and not standard.local else None
        self.as_came = Validator(standard, codes=codes_of(standard), like=known)
        self.after = Validator(standard, like=self.as_came)
        self.always: list[pl.DataFrame] = []
        self.points: list[pl.DataFrame] = []
        self.before: list[pl.DataFrame] = []
        self.left: list[pl.DataFrame] = []
        self.fixes: list[pl.DataFrame] = []
        self.counts: Counter[str] = Counter()  # findings settled so far by level, and as `left` the errors after fixes
        self.passed_fixes: list[pl.DataFrame] = []
        self.stops: list[pl.DataFrame] = []  # of the blocks passed on: their words are masked elsewhere, too

    def add(self, table: Table, block_findings: pl.DataFrame) -> None:
        from pipelines.geo import check_points
        from pipelines.guard import check_personal, select_columns
        from pipelines.normalise import apply_map, normalise

        raw = apply_map(table, self.column_map)
        fixed, form_findings, form_fixes = normalise(raw, self.standard, split=self.split)
        pointed, point_findings, point_fixes = check_points(fixed, self.standard, repeated=self.repeated)
        chosen, _ = select_columns(pointed, self.standard)
        self.always += [block_findings, form_findings, check_personal(chosen, self.standard)]
        self.points.append(point_findings)
        self.before.append(self.as_came.check(raw))
        self.left.append(self.after.check(pointed))
        self.fixes += [form_fixes, point_fixes]

    def pass_on(self, sink: Sink) -> None:
        """Give away the findings of the blocks so far; what only the whole file tells comes with `result`.

        A finding of the whole file about a cell of these blocks has no remedy from their fixes any more.
        """
        from pipelines.guard import is_stop

        fixes = join_findings(self.fixes, FIXES)
        findings = self._settle([], fixes)
        sink(findings, self.standard)
        self.passed_fixes.append(fixes)
        stops = [code for code in set(findings["code"].to_list()) if is_stop(code)]
        if stops:
            self.stops.append(findings.filter(pl.col("code").is_in(stops)))
        for kept in (self.always, self.points, self.before, self.left, self.fixes):
            kept.clear()

    def _settle(self, about_file: list[pl.DataFrame], fixes: pl.DataFrame) -> pl.DataFrame:
        """The findings at hand with their remedies, in the order of the file; they are counted."""
        about = join_findings([*about_file, *self.always], FINDINGS)
        points = join_findings(self.points, FINDINGS)
        left = join_findings(self.left, FINDINGS)
        # A fix cures what is wrong with a value, never a merged cell, a formula or personal data.
        cured = with_remedies(join_findings([points, *self.before], FINDINGS), fixes, left)
        findings = sort_findings(join_findings([about, cured], FINDINGS))
        self.counts.update(count_levels(findings, self.standard))
        after = count_levels(join_findings([about, points, left], FINDINGS), self.standard)
        self.counts["left"] += after["error"]
        return findings

    def result(self, source: Source, rows: int, about_file: list[pl.DataFrame]) -> CheckResult:
        self.points.append(self.repeated.finish())
        self.before.append(self.as_came.finish())
        self.left.append(self.after.finish())
        last = join_findings(self.fixes, FIXES).sort("row", maintain_order=True)
        findings = self._settle(about_file, last)
        if self.stops:
            from pipelines.guard import mask_findings

            stops = join_findings(self.stops, FINDINGS)
            findings = mask_findings(pl.concat([stops, findings])).slice(stops.height)
        fixes = join_findings([*self.passed_fixes, last], FIXES).sort("row", maintain_order=True)
        known, counts = bool(self.standard.kind), self.counts
        return CheckResult(
            str(source.path), self.standard.kind if known else None, self.standard.edition if known else None,
            source.encoding, source.format, source.sheet, source.header_row, rows, self.column_map.pairs,
            findings, fixes, counts["error"], counts["warning"], counts["left"], self.standard,
        )


def _check_feed(path: Path, source: Source, standard: Standard) -> CheckResult:
    """A GTFS zip by the rules for its files and the keys between them; its rows are those of stop_times.txt."""
    from pipelines.gtfs import check_gtfs, read_gtfs

    tables, read_findings = read_gtfs(path)
    findings = sort_findings(join_findings([read_findings, check_gtfs(tables)], FINDINGS))
    counts = count_levels(findings, standard)
    times = tables.get("stop_times.txt")
    columns = times.columns if times is not None else ()
    return CheckResult(
        str(source.path), standard.kind, standard.edition, source.encoding, source.format, None, None,
        times.rows if times is not None else 0, tuple((c, c) for c in columns), findings,
        pl.DataFrame(schema=FIXES), counts["error"], counts["warning"], counts["error"], standard,
    )
