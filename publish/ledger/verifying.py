"""Every ledger of a workspace, and its checkpoint, to intact or the line where something does not hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from publish.ledger.chain import GENESIS, Broken, LedgerError, ledger_codes, ledger_path, verify_ledger
from publish.ledger.checkpoint import PARSED_TOGETHER_BYTES, Mark, compare_mark, read_checkpoint
from publish.ledger.cores import MANY_BYTES, on_all_cores
from publish.ledger.parsing import parse_ledgers


def verify_ledgers(root: Path) -> dict[str, Broken | None]:
    """Every body's ledger under `root`, line by line, on all cores when they are large."""
    codes = ledger_codes(root)
    with on_all_cores(verify_ledger, [ledger_path(root, code) for code in codes]) as found:
        return dict(zip(codes, found, strict=True))


def verify_everything(root: Path) -> tuple[dict[str, Broken | None], LedgerError | None]:
    """Every chain line by line; then the form of the entries, and the checkpoint against them.

    Ledgers of more than 64 MiB without a checkpoint are verified by their chains, numbers and bodies alone: the
    form of each entry is seen by whatever reads them next, which stops at a wrong one.
    """
    codes = ledger_codes(root)
    with on_all_cores(verify_ledger, [ledger_path(root, code) for code in codes]) as found:
        wrong = verify_checkpoint(root)
        chains = dict(zip(codes, found, strict=True))
    paths = [ledger_path(root, code) for code, broken in chains.items() if broken is None]
    if wrong is None and sum(p.stat().st_size for p in paths if p.exists()) < MANY_BYTES:
        wrong = _wrong_form(paths)
    return chains, wrong


def _wrong_form(paths: list[Path]) -> LedgerError | None:
    """The first line that chains to the one before and yet is not an entry."""
    try:
        parse_ledgers([(path, path.read_bytes(), 1) for path in paths if path.exists()])
    except LedgerError as error:
        return error
    return None


def verify_checkpoint(root: Path) -> LedgerError | None:
    """None if there is no checkpoint or it says what the (verified) ledgers say; else what is wrong with it.

    Bytes and marks are compared, and every row of the table with the line that it was made from.
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
