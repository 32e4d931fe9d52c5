"""Ledgers to one frame of entries: up to the checkpoint by the digest of their bytes, after it line by line."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from publish.ledger.chain import Broken, End, broken_error, ledger_codes, ledger_path, read_head, walk
from publish.ledger.checkpoint import Checkpoint, compare_mark, read_checkpoint
from publish.ledger.entries import ENTRIES
from publish.ledger.parsing import parse_ledgers


def read_ledger(root: Path, code: str) -> pl.DataFrame:
    """All entries of one body as a frame with the columns of `ENTRIES`; LedgerError when the chain is broken."""
    return read_ledgers(root, [code])


def read_ledgers(root: Path, codes: Sequence[str] | None = None) -> pl.DataFrame:
    """The entries of the bodies `codes` (None = every body under `root`), in the order of body and line.

    LedgerError names ledger and line when a chain does not hold, bytes differ from the checkpoint,
    or a line is not an entry. A half-written last line (a crash) is left out; the next append sets it aside.
    """
    chosen = ledger_codes(root) if codes is None else list(codes)
    checkpoint = read_checkpoint(root)
    marks = checkpoint.marks if checkpoint else {}
    known = set(marks) & set(chosen)
    # The table of a checkpoint is read whole: for a few bodies of many, following their own chains is less work.
    use_table = checkpoint is not None and 4 * sum(marks[c].lines for c in known) >= checkpoint.lines
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        table = pool.submit(checkpoint.entries) if checkpoint is not None and known and use_table else None
        tails = list(pool.map(lambda code: _tail(ledger_path(root, code), checkpoint, skip=use_table), chosen))
    frames = [pl.DataFrame(schema=ENTRIES)]
    if table is not None:
        before = table.result()
        frames.append(before if known == set(marks) else before.filter(pl.col("body").is_in(sorted(known))))
    later = [(ledger_path(root, code), tail, first) for code, (first, tail) in zip(chosen, tails, strict=True) if tail]
    if later:
        frames.append(parse_ledgers(later))
    whole = pl.concat(frames)
    return whole.sort("body", "seq") if later and table is not None else whole


def _tail(path: Path, checkpoint: Checkpoint | None, *, skip: bool) -> tuple[int, bytes]:
    """The number of the first line wanted, and the verified lines from there on (`skip`: from the checkpoint on).

    The bytes up to the checkpoint must have its digest in either case.
    """
    mark = checkpoint.marks.get(path.stem) if checkpoint else None
    try:
        head = read_head(path)
    except (ValueError, KeyError, TypeError):
        raise broken_error(Broken(path, 0, "末尾の記録(.head)を読めません。",
                                  "the record of its end (.head) is unreadable")) from None
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if mark is None and (head is None or head.lines == 0):
            return 1, b""
        raise broken_error(Broken(path, 0, "台帳のファイルがありません。", "the ledger file is missing")) from None
    if head is None and data:
        raise broken_error(Broken(path, 0, "末尾の記録(.head)がなく、終わりが切り取られていても分かりません。",
                                  "the record of its end (.head) is missing: a cut-off end would not be seen"))
    start = End()
    if mark is not None and checkpoint is not None:
        compare_mark(path, data, checkpoint)
        start = End(mark.lines, mark.hash, mark.size_bytes) if skip else End()
        if head is not None and head.lines < mark.lines:
            raise broken_error(Broken(path, head.lines + 1, "末尾の記録(.head)が確認点より前です。",
                                      "the record of its end (.head) lies before the checkpoint"))
    tail = data[start.size_bytes :]
    end, broken = walk(path, io.BytesIO(tail), start, head)
    if broken is not None and not broken.torn:
        raise broken_error(broken)
    return start.lines + 1, tail[: end.size_bytes - start.size_bytes]
