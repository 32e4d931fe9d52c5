"""Verified ledgers to a checkpoint: the digest of each ledger's bytes so far, and its entries as one table.

Reading then needs one digest over the bytes instead of one hash a line. A ledger whose bytes up to
the checkpoint differ is never used, even when its chain was rewritten to hold again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from publish.ledger.chain import (
    Broken,
    End,
    LedgerError,
    broken_error,
    follow,
    ledger_codes,
    ledger_path,
    locked,
)
from publish.ledger.cores import on_all_cores
from publish.ledger.entries import ENTRIES
from publish.ledger.parsing import parse_ledgers, parse_lines
from publish.swap import write_atomically

VERSION = 1
PARSED_TOGETHER_BYTES = 64 << 20  # one call a small ledger would cost more than its lines


@dataclass(frozen=True)
class Mark:
    """One ledger at the checkpoint: lines, bytes, digest (BLAKE2b) of these bytes, hash of the last line."""

    lines: int
    size_bytes: int
    digest: str
    hash: str


@dataclass(frozen=True)
class Checkpoint:
    """What was verified: a mark a body, and where the entries up to it stand as a table (Parquet, with its digest)."""

    marks: Mapping[str, Mark]
    table: Path
    table_digest: str

    @property
    def lines(self) -> int:
        return sum(m.lines for m in self.marks.values())

    def entries(self) -> pl.DataFrame:
        """Every entry up to the checkpoint. LedgerError when the table is not the one that was written with the marks."""
        try:
            data = self.table.read_bytes()
        except OSError:
            raise _unusable(self.table) from None
        if digest(data) != self.table_digest:
            raise _unusable(self.table)
        return pl.read_parquet(io.BytesIO(data)).select(pl.col(k).cast(t) for k, t in ENTRIES.items())


def digest(data: bytes | memoryview) -> str:
    """BLAKE2b-256 of the bytes: as strong as sha256 and twice as fast on processors without SHA instructions."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _paths(root: Path) -> tuple[Path, Path]:
    return root / "checkpoint.json", root / "checkpoint.parquet"


def read_checkpoint(root: Path) -> Checkpoint | None:
    """The checkpoint of `root`; None without one, or for one of another version. LedgerError when it is damaged."""
    told, table = _paths(root)
    if not told.exists():
        return None
    try:
        read = json.loads(told.read_bytes())
        marks = {code: Mark(m["lines"], m["bytes"], m["digest"], m["hash"]) for code, m in read["ledgers"].items()}
        if read["version"] != VERSION or read["columns"] != list(ENTRIES):
            return None  # of another version of Kokai: the ledgers are verified line by line
        return Checkpoint(marks, table, str(read["table"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise _unusable(told) from None


def _unusable(path: Path) -> LedgerError:
    return LedgerError(
        "ledger-checkpoint-broken", "台帳の確認点が壊れているか、書き換えられています。",
        "the ledgers' checkpoint is damaged or was changed",
        todo_ja="`kokai ledger verify` で台帳そのものを確かめてから、`kokai ledger checkpoint` で作り直してください。",
        todo_en="Verify the ledgers with `kokai ledger verify`, then `kokai ledger checkpoint` makes it anew.",
        where=path.name,
    )


def write_checkpoint(root: Path, *, renew: bool = False) -> Checkpoint:
    """Verify every ledger line by line and write the checkpoint. LedgerError for the first that does not hold.

    An older checkpoint must agree too, unless `renew` says that it is to be replaced unread.
    """
    old = None if renew else read_checkpoint(root)
    codes = ledger_codes(root)
    marks: dict[str, Mark] = {}
    frames, waiting = [pl.DataFrame(schema=ENTRIES)], []
    with on_all_cores(_verify_and_digest, [ledger_path(root, code) for code in codes]) as found:
        for code, (end, broken, seen) in zip(codes, found, strict=True):
            path = ledger_path(root, code)
            if broken is not None and not broken.torn:
                raise broken_error(broken)
            data = _first_bytes(path, end.size_bytes)
            if digest(data) != seen:
                raise broken_error(Broken(path, 0, "確かめている間に内容が変わりました。", "it changed while it was verified"))
            if old is not None and code in old.marks:
                compare_mark(path, data, old)
            marks[code] = Mark(end.lines, end.size_bytes, seen, end.hash)
            waiting.append((path, data, 1))
            if sum(len(d) for _, d, _ in waiting) >= PARSED_TOGETHER_BYTES:
                frames.append(parse_ledgers(waiting))
                waiting = []
    frames.append(parse_ledgers(waiting))
    held = io.BytesIO()
    pl.concat(frames).write_parquet(held, compression="lz4", statistics=False)
    told, place = _paths(root)
    made = Checkpoint(marks, place, digest(held.getbuffer()))
    text = json.dumps({
        "version": VERSION, "columns": list(ENTRIES), "table": made.table_digest,
        "ledgers": {c: {"lines": m.lines, "bytes": m.size_bytes, "digest": m.digest, "hash": m.hash}
                    for c, m in marks.items()},
    }, separators=(",", ":"))
    write_atomically(place, held.getvalue())
    write_atomically(told, text.encode("utf-8") + b"\n")
    return made


def _first_bytes(path: Path, size: int) -> bytes:
    if not path.exists():
        return b""
    with open(path, "rb") as handle:
        return handle.read(size)


def _verify_and_digest(path: Path) -> tuple[End, Broken | None, str]:
    """The end of a ledger, what is wrong with it, and the digest of its bytes up to that end."""
    with locked(path):
        end, broken = follow(path)
        return end, broken, digest(_first_bytes(path, end.size_bytes))


def compare_mark(path: Path, data: bytes, checkpoint: Checkpoint) -> None:
    """LedgerError, with the line, when a ledger's bytes up to the checkpoint are not those of the checkpoint."""
    mark = checkpoint.marks[path.stem]
    if len(data) >= mark.size_bytes and digest(memoryview(data)[: mark.size_bytes]) == mark.digest:
        return
    _, broken = follow(path)
    if broken is not None and not broken.torn:
        raise broken_error(broken)
    raise broken_error(Broken(
        path, _first_difference(path, data, checkpoint), "確認点のときと内容が違います(台帳が書き直されたおそれ)。",
        "differs from the checkpoint (the ledger may have been rewritten)"))


def _first_difference(path: Path, data: bytes, checkpoint: Checkpoint) -> int:
    """The first line whose entry is not the checkpoint's; the chain itself holds."""
    was = checkpoint.entries().filter(pl.col("body") == path.stem)
    now = parse_lines(path, data[: data.rfind(b"\n") + 1])
    for number, (old, new) in enumerate(zip(was.iter_rows(), now.iter_rows(), strict=False), start=1):
        if old != new:
            return number
    return min(was.height, now.height) + 1
