"""A large CSV or TSV to a Source that reads it in blocks cut at record boundaries, with flat memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.extract.columns import name_columns
from pipelines.extract.delimited import (
    parse,
    quote_finding,
    read_records,
    recover,
    separator_findings,
    usual_width,
    width_findings,
)
from pipelines.extract.encoding import mojibake_codecs, public_name, utf8_chunks
from pipelines.extract.grid import blank_rows, header_findings
from pipelines.extract.header import filled, find_table, find_tail
from pipelines.extract.limits import Limits
from pipelines.extract.source import OpenedSource
from pipelines.extract.stops import stop
from pipelines.model import ROW, Finding, Table, findings_frame

_HEAD_BYTES = 512 << 10
_SMALL_REST = 64 << 10
_LONGEST_RECORD = 64 << 20


@dataclass(frozen=True)
class Plan:
    """How to read the blocks of one file."""

    path: Path
    encoding: str
    mojibake: tuple[str, str] | None
    cr_only: bool
    separator: str
    skip: int  # records above the first data row
    width: int  # cells of a record
    columns: tuple[str, ...]
    places: tuple[int, ...]
    block_bytes: int

    def chunks(self) -> Iterator[bytes]:
        """The file as UTF-8 with line feeds, whatever it was."""
        for chunk in utf8_chunks(self.path, self.encoding, self.block_bytes, self.mojibake):
            if b"\0" in chunk:
                chunk = chunk.replace(b"\0", b"")
            yield chunk.replace(b"\r", b"\n") if self.cr_only else chunk


def open_stream(path: Path, size: int, encoding: str, header_row: int | None, limits: Limits,
                known: Collection[str]) -> OpenedSource:
    """The Source for a large text table; only its beginning is read here."""
    chunks = utf8_chunks(path, encoding, _HEAD_BYTES)
    head = next(chunks)
    while len(head) < _HEAD_BYTES // 2 and (more := next(chunks, b"")):
        head += more
    findings: list[Finding] = []
    decoded = head.decode("utf-8", errors="replace")
    mojibake = mojibake_codecs(decoded)
    if mojibake:
        findings.append(Finding("mojibake-repaired", None, None, decoded.split("\n")[0].strip()[:60], {}))
        decoded = decoded.encode(mojibake[0], errors="ignore").decode(mojibake[1], errors="ignore")
    text = decoded.replace("\0", "")
    cr_only = "\n" not in text and "\r" in text
    cut = text.rfind("\r" if cr_only else "\n")
    records = read_records(text[: cut + 1] if cut > 0 else text)
    if header_row is not None and header_row > len(records.rows):
        raise stop("header-row-missing", path, row=header_row)
    layout = find_table(records.rows, known, header_row)
    if layout is None:
        raise stop("no-table", path)
    width = usual_width(records.rows[layout.first :])
    if layout.header is not None:
        width = max(width, len(records.rows[layout.header]))
    if width > limits.columns:
        raise stop("too-many-columns", path, columns=width, limit=limits.columns)
    headings = (layout.names + ("",) * (width - len(layout.names)))[:width]
    used = [any(len(r) > j and r[j].strip() for r in records.rows[layout.first :]) for j in range(width)]
    row = None if layout.header is None else layout.header + 1
    names, kept, named = name_columns(headings, used, row, layout.labels)
    findings += [*records.findings, *separator_findings(records.separator), *header_findings(records.rows, layout), *named]
    plan = Plan(path, encoding, mojibake, cr_only, records.separator, layout.first, width, names, kept,
                limits.block_bytes)
    return OpenedSource(path, "tsv" if records.separator == "\t" else "csv", public_name(encoding), None, row, names,
                        tuple(headings[i] for i in kept), findings_frame(findings), (), size, lambda: read_blocks(plan))


def read_blocks(plan: Plan) -> Iterator[tuple[Table, pl.DataFrame]]:
    """The table of `plan` block by block, with the findings of each block."""
    number = 1
    for data, last, balanced in record_blocks(plan.chunks()):
        if number <= plan.skip:
            data, skipped = skip_records(data, plan.skip - number + 1)
            number += skipped
            if not data:
                continue
        frame, findings, records = _read_block(plan, data, number, balanced)
        number += records
        frame = _without_blank_rows(frame, plan, findings)
        if last:
            frame = _without_tail(frame, plan, findings)
        if frame.height or findings:
            yield Table(frame.select(ROW, *plan.columns)), findings_frame(findings)


def record_blocks(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool, bool]]:
    """(bytes of whole records, is it the last block, are its quotes balanced) from arbitrary chunks."""
    pending: bytes | None = None
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        at = last_record_end(data)
        if at == 0:
            if len(data) > _LONGEST_RECORD:  # a quote that is never closed: cut at the line end
                at = data.rfind(b"\n") + 1
                if pending is not None:
                    yield pending, False, True
                    pending = None
                yield data[:at], False, False
                rest = data[at:]
                continue
            rest = data
            continue
        if pending is not None:
            yield pending, False, True
        pending, rest = data[:at], data[at:]
    balanced = rest.count(b'"') % 2 == 0
    if pending is not None and len(rest) < _SMALL_REST and balanced:
        yield pending + rest, True, True
        return
    if pending is not None:
        yield pending, not rest, True
    if rest:
        yield rest, True, balanced


def last_record_end(data: bytes) -> int:
    """Offset behind the last line feed that stands outside quotes (0 = none)."""
    odd = data.count(b'"') % 2 == 1
    end = len(data)
    while True:
        at = data.rfind(b"\n", 0, end)
        if at < 0:
            return 0
        if data.count(b'"', at, end) % 2:
            odd = not odd
        if not odd:
            return at + 1
        end = at


def skip_records(data: bytes, count: int) -> tuple[bytes, int]:
    """Cut off the first `count` records; returns the rest and how many were cut."""
    at = done = 0
    while done < count and at < len(data):
        end = data.find(b"\n", at)
        while end >= 0 and data.count(b'"', at, end) % 2:
            end = data.find(b"\n", end + 1)
        at = len(data) if end < 0 else end + 1
        done += 1
    return data[at:], done


def _read_block(plan: Plan, data: bytes, number: int, balanced: bool) -> tuple[pl.DataFrame, list[Finding], int]:
    """One block as a frame with `ROW` and the columns, its findings, and how many records it has."""
    if balanced and (plan.encoding.startswith("utf-8") or b"\xef\xbf\xbd" not in data):
        frame = _fast(plan, data)
        if frame is not None:
            height = frame.height
            rows = pl.int_range(number, number + height, dtype=pl.Int64, eager=True).alias(ROW)
            return frame.insert_column(0, rows), [], height
    return _careful(plan, data, number, balanced)


def _fast(plan: Plan, data: bytes) -> pl.DataFrame | None:
    """The block through polars' own reader; None when a record has more or fewer cells than the header."""
    schema = {f"c{i}": pl.String for i in range(plan.width)}
    try:
        frame = pl.read_csv(data, has_header=False, schema=schema, separator=plan.separator, quote_char='"')
    except pl.exceptions.PolarsError:
        return None
    if frame.width != plan.width:
        return None
    quoted = b'"' in data
    if frame[f"c{plan.width - 1}"].null_count() and not _complete(frame, data, plan, quoted):
        return None
    if quoted and b'""' in data:
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    dropped = [i for i in range(plan.width) if i not in set(plan.places)]
    if any(frame[f"c{i}"].null_count() < frame.height for i in dropped):
        return None
    return frame.select(pl.col(f"c{i}").alias(n) for i, n in zip(plan.places, plan.columns, strict=True))


def _complete(frame: pl.DataFrame, data: bytes, plan: Plan, quoted: bool) -> bool:
    """True if no record is short: the separators are as many as the cells need."""
    wanted = frame.height * (plan.width - 1)
    count = data.count(plan.separator.encode())
    if quoted and count > wanted:
        inside = frame.select(pl.sum_horizontal(pl.all().str.count_matches(plan.separator, literal=True).sum())).item()
        count -= int(inside or 0)
    return count == wanted


def _careful(plan: Plan, data: bytes, number: int, balanced: bool) -> tuple[pl.DataFrame, list[Finding], int]:
    """The block through Python's reader, with a finding for every record that is not as the header says."""
    text = data.decode("utf-8", errors="replace")
    findings = []
    if balanced:
        rows = parse(text, plan.separator)
    else:
        rows, broken = recover(text, plan.separator, plan.width)
        findings += [quote_finding(number + n - 1, rows[n - 1]) for n in broken]
    by_place = dict(zip(plan.places, plan.columns, strict=True))
    for i, row in enumerate(rows, number):
        findings += width_findings(i, row, plan.width)
        for j, cell in enumerate(row):
            if j not in by_place and cell.strip():
                findings.append(Finding("cell-outside-table", i, None, cell[:200], {"column": j + 1, "rule": "L1-05"}))
            elif j in by_place and "\ufffd" in cell:
                findings.append(Finding("bytes-undecodable", i, by_place[j], cell[:80], {"rule": "L1-08"}))
    series = [pl.Series(ROW, range(number, number + len(rows)), dtype=pl.Int64)]
    for place, name in by_place.items():
        series.append(pl.Series(name, [(r[place] or None) if place < len(r) else None for r in rows], dtype=pl.String))
    return pl.DataFrame(series), findings, len(rows)


def _without_blank_rows(frame: pl.DataFrame, plan: Plan, findings: list[Finding]) -> pl.DataFrame:
    first = frame.select(pl.coalesce(plan.columns).alias("first"))["first"]
    candidates = first.is_null() | (first.str.strip_chars() == "")
    if not candidates.any():
        return frame
    odd = frame.filter(candidates)
    blank = odd.filter(pl.all_horizontal(pl.col(plan.columns).fill_null("").str.strip_chars() == ""))
    if not blank.height:
        return frame
    findings.append(blank_rows(blank[ROW]))
    return frame.join(blank.select(ROW), on=ROW, how="anti", maintain_order="left")


def _without_tail(frame: pl.DataFrame, plan: Plan, findings: list[Finding]) -> pl.DataFrame:
    tail = frame.tail(40)
    rows = tail.select(plan.columns).rows()
    left: list[int] = []
    for i, code in find_tail(rows, len(plan.columns), frame.height):
        number = int(tail[ROW][i])
        left.append(number)
        text = " ".join(rows[i][j].strip() for j in filled(rows[i]))
        findings[:] = [f for f in findings if f.row != number]  # its width is of no interest then
        findings.append(Finding(code, number, None, text[:500], {"rule": "L1-04"}))
    return frame.filter(~pl.col(ROW).is_in(left)) if left else frame

