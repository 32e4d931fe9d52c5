"""Lines of a ledger to a frame with the columns of `ENTRIES`; a line of another form is named, never skipped."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl

from publish.ledger.chain import LedgerError
from publish.ledger.entries import AT, ENTRIES, EVENTS


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
        ~((pl.col("seq") == pl.col("line")) & (pl.col("body") == path.stem) & pl.col("event").is_in(EVENTS)
          & pl.col("at").str.contains(f"^{AT}$")).fill_null(False)
    )
    if wrong.height:
        raise _unreadable(path, int(wrong["line"][0]))
    if frame.height != data.count(b"\n"):
        raise _unreadable(path, _first_unreadable(data, first))
    return frame


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
