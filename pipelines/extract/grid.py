"""A whole grid of text in memory to the table in it: columns, data rows, and findings for all else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.extract.columns import name_columns
from pipelines.extract.header import Layout, Row, filled, find_table, find_tail, is_total, side_by_side
from pipelines.model import ROW, Finding, Table

_HEAD = 100
_TAIL = 200


@dataclass(frozen=True)
class GridTable:
    """The table of a grid: names and findings about the file, its rows as one Table."""

    header_row: int | None
    columns: tuple[str, ...]
    headings: tuple[str, ...]
    places: tuple[int, ...]  # 0-based column of the grid for each of `columns`
    findings: tuple[Finding, ...]
    table: Table
    block_findings: tuple[Finding, ...]
    layout: Layout


def grid_from_rows(rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Ragged rows of text as a frame with columns c0, c1 … ; blank cells are null."""
    width = max((len(row) for row in rows), default=0)
    return pl.DataFrame(
        [pl.Series(f"c{j}", [(row[j] or None) if j < len(row) else None for row in rows], dtype=pl.String)
         for j in range(width)]
    )


def blank_rows(rows: pl.Series) -> Finding:
    """The finding about blank rows inside a table, at the first of them; its params name the first thousand."""
    numbers = rows.head(1000).to_list()
    return Finding("blank-rows", numbers[0], None, None, {"count": len(rows), "rows": numbers, "rule": "L1-03"})


def table_from_grid(grid: pl.DataFrame, known: Collection[str] = (), header_row: int | None = None,
                    merges: Sequence[tuple[int, int, int, int]] = ()) -> GridTable | None:
    """Find and cut out the table of a grid (columns c0, c1 …) whose first row is row 1; None if nothing is in it."""
    head = grid.head(max(_HEAD, (header_row or 0) + 10)).rows()
    layout = find_table(head, known, header_row, merges)
    if layout is None:
        return None
    body = grid.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW), pl.all()).slice(layout.first)
    text = pl.exclude(ROW)
    full = body.filter(pl.any_horizontal(text.str.contains(r"\S")))
    out: list[Finding] = []
    findings = header_findings(head, layout)
    beside = side_by_side(layout.names)
    if beside:
        findings.append(Finding("tables-side-by-side", layout.first, None, None, {"rule": "L1-02"}))
    blanks = body.height - full.height
    if blanks:
        out.append(blank_rows(body.join(full.select(ROW), on=ROW, how="anti", maintain_order="left")[ROW]))
    left = _leave_tail(full, layout, beside, out)
    rows = full.filter(~pl.col(ROW).is_in(left)) if left else full
    note_totals(rows, out)
    used = rows.select(text.str.contains(r"\S").any()).row(0) if rows.height else (False,) * grid.width
    headings = layout.names + ("",) * (grid.width - len(layout.names))
    labels = layout.labels + ("",) * (grid.width - len(layout.labels)) if layout.labels else ()
    row_number = None if layout.header is None else layout.header + 1
    names, kept, named = name_columns(headings, [bool(u) for u in used], row_number, labels)
    findings += named
    frame = rows.select(ROW, *(pl.col(f"c{j}").alias(n) for j, n in zip(kept, names, strict=True)))
    return GridTable(row_number, names, tuple(headings[i] for i in kept), kept, tuple(findings), Table(frame),
                     tuple(out), replace(layout, names=headings))


def _leave_tail(full: pl.DataFrame, layout: Layout, beside: bool, out: list[Finding]) -> list[int]:
    """Row numbers of notes and totals under the table, each with its finding."""
    left = []
    tail = full.tail(_TAIL)
    rows = tail.drop(ROW).rows()
    numbers = tail[ROW].to_list()
    width = len([n for n in layout.names if n]) or full.width - 1
    for i, code in find_tail(rows, width, full.height):
        if code == "total-row-left-out" and beside:
            continue  # one sheet row is shared by several tables: it is no total of all of them
        left.append(numbers[i])
        text = " ".join((rows[i][j] or "").strip() for j in filled(rows[i]))
        out.append(Finding(code, numbers[i], None, text[:500], {"rule": "L1-04"}))
    return left


def note_totals(rows: pl.DataFrame, out: list[Finding]) -> None:
    """Rows that look like totals but stand among the records: kept, and said."""
    names = rows.columns[1:7]
    if not names:
        return
    maybe = pl.any_horizontal(
        (pl.col(n).str.len_bytes() < 48) & pl.col(n).str.contains("計|総数|全体") for n in names
    )
    for row in rows.filter(maybe).rows():
        cells = row[1:]
        if is_total(cells, filled(cells)):
            word = " ".join((cells[j] or "").strip() for j in filled(cells)[:3])
            out.append(Finding("total-row-kept", row[0], None, word, {"rule": "L1-02"}))


def header_findings(grid: Sequence[Row], layout: Layout) -> list[Finding]:
    """Findings about what stands above the table and about the header itself."""
    findings = []
    for code, lines, length in (("title-rows", layout.titles, 500), ("preface-row", layout.preface, 200)):
        for i in lines:
            text = " ".join(cell.strip() for cell in grid[i] if cell and cell.strip())
            findings.append(Finding(code, i + 1, None, text[:length], {"rule": "L1-04"}))
    if layout.header is None:
        findings.append(Finding("header-missing", None, None, None, {"rule": "L1-05"}))
    elif layout.header > 0:
        findings.append(Finding("header-row-not-first", layout.header + 1, None, None,
                                {"header_row": layout.header + 1, "rule": "L3-01"}))
    if layout.upper is not None:
        findings.append(Finding("header-two-rows", layout.upper + 1, None, None, {"rule": "L2-03"}))
    if layout.linkdata:
        findings.append(Finding("linkdata-template", None if layout.header is None else layout.header + 1, None, None, {}))
    return findings
