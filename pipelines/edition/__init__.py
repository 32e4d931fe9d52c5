"""A table of one edition into the kind's other edition: every derived cell a fix, every loss a finding."""

from __future__ import annotations

import polars as pl

from pipelines.edition.address import Split, convert_address
from pipelines.edition.publisher import convert_codes, convert_publisher
from pipelines.edition.work import HEIGHT, HEIGHT_TYPE, HEIGHT_VALUE, Work
from pipelines.model import FINDINGS, FIXES, ROW, Finding, Municipality, Standard, Table, findings_frame

__all__ = ["Split", "carried_names", "convert_edition"]


def convert_edition(
    table: Table,
    source: Standard,
    target: Standard,
    *,
    body: Municipality | None = None,
    split: Split | None = None,
) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    """A normalised table of edition `source` into edition `target` of the same kind: (table, findings, fixes).

    Columns in: those of `source` (others are reported as lost). Columns out: all of `target`, in official order.
    Renamed columns keep their values; what the target asks in another shape is derived (都道府県名 + 市区町村名 to
    地方公共団体名 and back, one 住所 to its parts with `split` and back, 標高 to 高度の種別/値 and back) and listed as
    fixes. A filled source column without a place in the target is a finding (edition-column-lost), never silent.
    Source of the renames: the two definition sheets of each kind, as `counterpart` in its schemas.
    """
    work = Work(table.frame, source, target)
    _carry(work)
    convert_publisher(work, body)
    convert_codes(work, body)
    convert_address(work, body, split)
    _convert_height(work)
    _report_columns(work)
    columns = [table.frame[ROW], *(work.new(name).alias(name) for name in target.names)]
    findings = pl.concat(work.findings) if work.findings else pl.DataFrame(schema=FINDINGS)
    fixes = pl.concat(work.fixes) if work.fixes else pl.DataFrame(schema=FIXES)
    return Table(pl.DataFrame(columns)), findings, fixes.sort("row", maintain_order=True)


def carried_names(source: Standard, target: Standard) -> dict[str, str]:
    """Target heading -> source heading of the same meaning: the declared counterpart, else the same name."""
    towards = {f.spec["counterpart"]: f.name for f in source.fields if f.spec.get("counterpart")}
    pairs: dict[str, str] = {}
    for own in target.fields:
        for name in (own.spec.get("counterpart"), towards.get(own.name), own.name):
            if name and source.get(name) is not None and name not in pairs.values():
                pairs[own.name] = name
                break
    return pairs


def _carry(work: Work) -> None:
    for name, old in carried_names(work.source, work.target).items():
        if old not in work.frame.columns:
            continue
        work.carried[name] = old
        work.columns[name] = work.frame[old].alias(name)
        work.keep(old)
        if name != old:
            work.findings.append(findings_frame([Finding("edition-column-renamed", field=name, params={"from": old})]))


def _convert_height(work: Work) -> None:
    if work.wants(HEIGHT_VALUE) and HEIGHT not in work.carried.values():
        height = work.get(HEIGHT)
        work.fill(HEIGHT_VALUE, height, "edition-height")
        work.fill(
            HEIGHT_TYPE, pl.select(pl.when(height.is_not_null()).then(pl.lit(HEIGHT))).to_series(), "edition-height"
        )
        work.keep(HEIGHT)
    if work.wants(HEIGHT):
        metres = work.get(HEIGHT_TYPE) == HEIGHT
        work.fill(HEIGHT, pl.select(pl.when(metres).then(work.get(HEIGHT_VALUE))).to_series(), "edition-height")
        work.keep(HEIGHT_TYPE, metres)
        work.keep(HEIGHT_VALUE, metres)


def _report_columns(work: Work) -> None:
    found: list[Finding] = []
    for name in (c for c in work.frame.columns if c != ROW):
        filled = work.frame[name].is_not_null()
        lives = work.kept.get(name)
        lost = int((filled if lives is None else filled & ~lives).sum())
        edition = work.target.edition
        if lost:
            params = {"count": lost, "edition": edition}
            found.append(Finding("edition-column-lost", field=name, params=params))
        elif lives is None and not filled.any():
            found.append(Finding("edition-column-unused", field=name, params={"edition": edition}))
    for name in work.target.names:
        if name not in work.carried and work.new(name).is_null().all() and work.frame.height:
            found.append(Finding("edition-column-new", field=name, params={"edition": work.target.edition}))
    work.findings.append(findings_frame(found))
