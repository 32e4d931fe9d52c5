"""Lines of a ledger to a frame with the columns of `ENTRIES`; a line of another form is named, never skipped."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from publish.ledger.chain import LedgerError
from publish.ledger.entries import AT, ENTRIES, EVENTS

_EVENT_AND_TIME = pl.col("event").is_in(EVENTS) & pl.col("at").str.contains(f"^{AT}$")


def parse_lines(path: Path, data: bytes, *, first: int = 1) -> pl.DataFrame:
    """The lines in `data` (whole lines, the first of them line `first` of the ledger) as entries.

    LedgerError names the first line that is not JSON, or has another number, body, event or time
    than an entry may have.
    """
    if not data:
        return pl.DataFrame(schema=ENTRIES)
    try:
        frame = pl.read_ndjson(io.BytesIO(data), schema=ENTRIES)
    except pl.exceptions.PolarsError:
        raise _unreadable(path, _first_unreadable(data, first)) from None
    wrong = frame.with_row_index("line", offset=first).filter(
        ~((pl.col("seq") == pl.col("line")) & (pl.col("body") == path.stem) & _EVENT_AND_TIME).fill_null(False))
    if wrong.height:
        raise _unreadable(path, int(wrong["line"][0]))
    if frame.height != data.count(b"\n"):
        raise _unreadable(path, _first_unreadable(data, first))
    return frame


def parse_ledgers(ledgers: Sequence[tuple[Path, bytes, int]]) -> pl.DataFrame:
    """Several ledgers (path, whole lines, number of the first of them) to one frame, in their order.

    All lines are read at once; when any of them is not as it should be, each ledger is read alone, which
    raises the LedgerError of `parse_lines` for it.
    """
    spans = pl.DataFrame([(path.stem, first, first + data.count(b"\n")) for path, data, first in ledgers if data],
                         schema={"code": pl.String, "first": pl.Int64, "end": pl.Int64}, orient="row")
    lines = spans.select("code", pl.int_ranges("first", "end").alias("line")).explode("line")
    try:
        frame = pl.read_ndjson(io.BytesIO(b"".join(data for _, data, _ in ledgers)), schema=ENTRIES)
        good = frame.height == lines.height and frame.select(
            ((pl.col("seq") == lines["line"]) & (pl.col("body") == lines["code"]) & _EVENT_AND_TIME).fill_null(False).all()
        ).item()
    except pl.exceptions.PolarsError:
        good = False
    if good:
        return frame
    return pl.concat([pl.DataFrame(schema=ENTRIES), *(parse_lines(p, data, first=first) for p, data, first in ledgers)])


def _first_unreadable(data: bytes, first: int) -> int:
    number = first
    for number, line in enumerate(data.split(b"\n")[:-1], start=first):
        try:
            entry = json.loads(line)
            pl.DataFrame([{key: entry.get(key) for key in ENTRIES}], schema=ENTRIES, strict=True)
        except (ValueError, AttributeError, TypeError, pl.exceptions.PolarsError):
            return number
    return number


def _unreadable(path: Path, line: int) -> LedgerError:
    return LedgerError(
        "ledger-line-unreadable",
        f"台帳の{line}行目: 台帳の書き方になっていません。", f"ledger line {line}: not in the form of a ledger",
        todo_ja="控えから戻すか、`kokai ledger verify` で確かめてください。台帳は手で直さないでください。",
        todo_en="Restore it from a copy, or see `kokai ledger verify`; never mend a ledger by hand.", where=path.name,
    )
