"""A CSV or TSV file to a Source: encoding, separator, header, then the table in blocks of text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from pipelines.extract.encoding import guess_encoding, public_name, repair_mojibake
from pipelines.extract.even import read_even
from pipelines.extract.grid import GridTable, grid_from_rows, table_from_grid
from pipelines.extract.limits import Limits
from pipelines.extract.source import OpenedSource
from pipelines.extract.stops import stop
from pipelines.model import ROW, Finding, Table, findings_frame

_SEPARATORS = ",\t;|"
_DETECT_BYTES = 8 << 20
_ODD_MARKS = ("\0", "\x1a", "\ufffd")


def open_delimited(path: Path, size: int, header_row: int | None, limits: Limits,
                   known: Collection[str]) -> OpenedSource:
    """The Source for a text table. Small files are one block; larger ones stream (see `stream`)."""
    whole = size <= limits.whole_bytes
    with path.open("rb") as file:
        data = file.read() if whole else file.read(_DETECT_BYTES)
        while not whole and data.isascii() and b"\x1b$" not in data and (more := file.read(_DETECT_BYTES)):
            data = data[:65_536] + more  # an ASCII beginning says nothing about the rest
    encoding = guess_encoding(data, whole)
    if whole:
        return _open_whole(path, size, data, encoding, header_row, limits, known)
    from pipelines.extract.stream import open_stream

    return open_stream(path, size, encoding, header_row, limits, known)


def _open_whole(path: Path, size: int, data: bytes, encoding: str, header_row: int | None, limits: Limits,
                known: Collection[str]) -> OpenedSource:
    text, findings = decode(data, encoding)
    plain = header_row is None and not any(mark in text for mark in _ODD_MARKS)
    separator = find_separator(text) if plain else ""
    found = read_even(text, separator, known) if plain else None
    rows: list[Finding] = []
    if found is None:
        records = read_records(text)
        separator = records.separator
        if header_row is not None and header_row > len(records.rows):
            raise stop("header-row-missing", path, row=header_row)
        found = table_from_grid(grid_from_rows(records.rows), known, header_row)
        if found is None:
            raise stop("no-table", path)
        findings = [*records.findings, *findings]
        rows = row_findings(records, found)
    if len(found.columns) > limits.columns:
        raise stop("too-many-columns", path, columns=len(found.columns), limit=limits.columns)
    findings += separator_findings(separator)
    table, blocks = found.table, findings_frame([*rows, *found.block_findings])

    def read() -> Iterator[tuple[Table, pl.DataFrame]]:
        yield table, blocks

    return OpenedSource(path, "tsv" if separator == "\t" else "csv", public_name(encoding), None, found.header_row,
                        found.columns, found.headings, findings_frame([*findings, *found.findings]), (), size, read)


def decode(data: bytes, encoding: str) -> tuple[str, list[Finding]]:
    """The text of a whole file and findings about its bytes; a doubly decoded text is repaired, with a finding."""
    findings = []
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
    repaired = repair_mojibake(text)
    if repaired is not None:
        findings.append(Finding("mojibake-repaired", None, None, text[:60].split("\n")[0].strip(), {}))
        text = repaired
    return text.lstrip("\ufeff"), findings


@dataclass
class Records:
    """The records of a text table: rows of cells, blank lines included, with the separator that was found."""

    rows: list[list[str]]
    separator: str
    findings: list[Finding]


def read_records(text: str) -> Records:
    """Split a whole text into records. Recovers from one unbalanced quote: then lines are records."""
    findings = []
    if "\0" in text:
        findings.append(Finding("nul-characters", None, None, None, {"count": text.count("\0")}))
        text = text.replace("\0", "")
    text = text.rstrip("\x1a")
    if "\r" in text and "\n" not in text:
        findings.append(Finding("line-ends-cr", None, None, None, {}))
    separator = find_separator(text)
    rows = parse(text, separator)
    if text.count('"') % 2 and any("\n" in cell for row in rows for cell in row):
        whole = [row for row in rows if not any("\n" in cell for cell in row)]
        rows, broken = recover(text, separator, usual_width(whole or rows))
        findings += [quote_finding(n, rows[n - 1]) for n in broken]
    return Records(rows, separator, findings)


def separator_findings(separator: str) -> list[Finding]:
    """What there is to say about a table whose cells are not parted by commas (RFC 4180)."""
    if separator == ",":
        return []
    return [Finding("separator-not-comma", None, None, None, {"separator": "TAB" if separator == "\t" else separator})]


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """The number of cells that most records have."""
    counts = Counter(len(row) for row in rows if row)
    return max(counts, key=lambda n: (counts[n], n), default=0)


def quote_finding(row: int, cells: list[str]) -> Finding:
    """The finding for a record whose quote is never closed."""
    return Finding("quote-unbalanced", row, None, " ".join(cells)[:80], {"rule": "L1-15"})


def recover(text: str, separator: str, width: int) -> tuple[list[list[str]], list[int]]:
    """(records, numbers of the broken ones) of a text with an unbalanced quote.

    A line that opens a quote takes the following lines only if that gives a record of `width` cells.
    """
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    rows: list[list[str]] = []
    broken: list[int] = []
    i = 0
    while i < len(lines):
        end = i + 1
        if lines[i].count('"') % 2:
            while end < min(len(lines), i + 200) and lines[end].count('"') % 2 == 0:
                end += 1
            closed = end < len(lines) and lines[end].count('"') % 2 == 1
            found = parse("\n".join(lines[i : end + 1]), separator) if closed else []
            if len(found) == 1 and len(found[0]) == width:
                rows.append(found[0])
                i = end + 1
                continue
            broken.append(len(rows) + 1)
        rows.append(next(iter(parse(lines[i], separator)), []))
        i += 1
    return rows, broken


def parse(text: str, separator: str) -> list[list[str]]:
    """All records of a text; blank lines are empty records."""
    csv.field_size_limit(1 << 30)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        return [line.split(separator) for line in text.splitlines()]


def first_records(text: str, separator: str, most: int) -> list[list[str]]:
    """The first records of a text, as `parse` reads them."""
    csv.field_size_limit(1 << 30)
    try:
        return list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), most))
    except csv.Error:
        return parse(text, separator)[:most]


def find_separator(text: str) -> str:
    """Comma, tab, semicolon or bar: the one that gives the first records most cells, equally often."""
    head = text[:16_384]
    best, best_score = ",", 0.0
    for separator in _SEPARATORS:
        if separator not in head:  # every record has one cell
            continue
        rows = [r for r in first_records(head, separator, 30) if any(r)]
        if len(text) > len(head) and len(rows) > 1:
            rows = rows[:-1]
        widths = [len(r) for r in rows]
        if not widths or max(widths) < 2:
            continue
        usual = max(set(widths), key=lambda w: (widths.count(w), w))
        score = (usual - 1) * widths.count(usual) / len(widths) * (1.0 if separator in ",\t" else 0.6)
        if score > best_score:
            best, best_score = separator, score
    return best


def width_findings(number: int, row: Sequence[str], width: int) -> list[Finding]:
    """A record with fewer cells than the header (Excel leaves out blank ends), or with more that are not blank."""
    cells = {"cells": len(row), "columns": width, "rule": "L1-15"}
    if any(row) and len(row) < width:
        return [Finding("row-short", number, None, None, cells)]
    if width and any(cell.strip() for cell in row[width:]):
        return [Finding("row-width", number, None, None, cells)]
    return []


def row_findings(records: Records, found: GridTable) -> list[Finding]:
    """Findings about single records: more or fewer cells than the header, bytes that could not be decoded."""
    out = []
    start = found.layout.first
    width = usual_width(records.rows[start:])
    if found.layout.header is not None:
        width = max(width, len(records.rows[found.layout.header]))
    inside = set(found.table.frame[ROW])
    for i, row in enumerate(records.rows[start:], start + 1):
        if i not in inside:
            continue  # blank rows, notes and totals have their own finding
        out += width_findings(i, row, width)
        if any("\ufffd" in cell for cell in row):
            bad = next(j for j, cell in enumerate(row) if "\ufffd" in cell)
            field = next((n for n, p in zip(found.columns, found.places, strict=True) if p == bad), None)
            out.append(Finding("bytes-undecodable", i, field, row[bad][:80], {"rule": "L1-08"}))
    return out
