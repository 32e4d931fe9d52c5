"""Every ledger of a workspace, and its checkpoint, to intact or the line where something does not hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from publish.ledger.chain import GENESIS, Broken, LedgerError, ledger_codes, ledger_path, verify_ledger
from publish.ledger.checkpoint import PARSED_TOGETHER_BYTES, Mark, compare_mark, read_checkpoint
from publish.ledger.cores import MANY_BYTES, on_all_cores
from publish.ledger.parsing import parse_ledgers


@dataclass(frozen=True)
class Verified:
    """What was found: body -> the first line that does not hold (None = intact), what is wrong with the checkpoint or an
    entry's form, and whether every row of the checkpoint's table was compared with its line."""

    chains: dict[str, Broken | None]
    wrong: LedgerError | None
    every_row: bool


def verify_everything(root: Path, *, rows: bool = False) -> Verified:
    """Every chain line by line; then the form of the entries, and the checkpoint against them.

    Ledgers of more than 64 MiB are verified by their chains, numbers and bodies, and the checkpoint by its marks and
    the digest of its table; `rows` has each row of that table compared with its line, too.
    """
    codes = ledger_codes(root)
    paths = [ledger_path(root, code) for code in codes]
    small = sum(p.stat().st_size for p in paths if p.exists()) < MANY_BYTES
    with on_all_cores(verify_ledger, paths) as found:
        wrong = verify_checkpoint(root, rows=rows or small)
        chains = dict(zip(codes, found, strict=True))
    if wrong is None and small:
        wrong = _wrong_form([ledger_path(root, code) for code, broken in chains.items() if broken is None])
    return Verified(chains, wrong, rows or small or not (root / "checkpoint.json").exists())


def _wrong_form(paths: list[Path]) -> LedgerError | None:
    """The first line that chains to the one before and yet is not an entry."""
    try:
        parse_ledgers([(path, path.read_bytes(), 1) for path in paths if path.exists()])
    except LedgerError as error:
        return error
    return None


def verify_checkpoint(root: Path, *, rows: bool = True) -> LedgerError | None:
    """None if there is no checkpoint or it says what the (verified) ledgers say; else what is wrong with it.

    Bytes and marks are compared, the table with its digest, and with `rows` every row of it with the line that it
    was made from.
    """
    try:
        checkpoint = read_checkpoint(root)
        if checkpoint is None:
            return None
        table, row = checkpoint.entries(), 0
        waiting: list[tuple[Path, bytes, int]] = []
        for number, (code, mark) in enumerate(checkpoint.marks.items(), start=1):
            path = ledger_path(root, code)
            data = path.read_bytes() if path.exists() else b""
            compare_mark(path, data, checkpoint)
            _compare_end(path, data[: mark.size_bytes], mark)
            if not rows:
                row += mark.lines
                continue
            waiting.append((path, data[: mark.size_bytes], 1))
            if sum(len(d) for _, d, _ in waiting) >= PARSED_TOGETHER_BYTES or number == len(checkpoint.marks):
                lines = parse_ledgers(waiting)
                _compare_rows(table.slice(row, lines.height), lines, checkpoint.table)
                row, waiting = row + lines.height, []
        if row != table.height:
            raise _row_wrong(checkpoint.table, "", 0)
    except LedgerError as error:
        return error
    return None


def _compare_rows(table: pl.DataFrame, lines: pl.DataFrame, where: Path) -> None:
    """LedgerError, with body and line, for the first row of the checkpoint's table that is not its ledger's line."""
    if table.equals(lines):
        return
    same = zip(table.iter_rows(), lines.iter_rows(), strict=False)
    place = next((i for i, (old, new) in enumerate(same) if old != new), min(table.height, lines.height))
    if place == lines.height:
        raise _row_wrong(where, "", 0)
    raise _row_wrong(where, str(lines["body"][place]), int(lines["seq"][place]))


def _compare_end(path: Path, data: bytes, mark: Mark) -> None:
    """LedgerError when the mark tells another number of lines or another last hash than its bytes have."""
    last = hashlib.sha256(data[data.rfind(b"\n", 0, -1) + 1 :]).hexdigest() if data else GENESIS
    if (data.count(b"\n"), last) != (mark.lines, mark.hash):
        raise _row_wrong(path.parent / "checkpoint.json", path.stem, mark.lines)


def _row_wrong(where: Path, body: str, line: int) -> LedgerError:
    ja, en = f"台帳 {body} の{line}行目と違います", f"differs from line {line} of ledger {body}"
    if not line:
        ja, en = "台帳より多くの行をもっています", "has more rows than the ledgers"
    return LedgerError(
        "ledger-checkpoint-differs", f"確認点が、{ja}(確認点が書き換えられたおそれ)。",
        f"the checkpoint {en} (the checkpoint may have been changed)",
        todo_ja="台帳そのものに異常がなければ、`kokai ledger checkpoint --renew` で作り直してください。",
        todo_en="If the ledgers themselves are intact, `kokai ledger checkpoint --renew` makes it anew.", where=where.name)
