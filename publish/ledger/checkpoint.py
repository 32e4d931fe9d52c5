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

from publish.ledger.chain import Broken, LedgerError, broken_error, follow, ledger_codes, ledger_path, locked
from publish.ledger.entries import ENTRIES
from publish.ledger.parsing import parse_lines
from publish.swap import write_atomically

VERSION = 1


@dataclass(frozen=True)
class Mark:
    """One ledger at the checkpoint: lines, bytes, digest (BLAKE2b) of these bytes, hash of the last line."""

    lines: int
    size_bytes: int
    digest: str
    hash: str


@dataclass(frozen=True)
class Checkpoint:
    """What was verified: a mark a body, and every entry up to it."""

    marks: Mapping[str, Mark]
    table: bytes  # Parquet with the columns of ENTRIES

    def entries(self) -> pl.DataFrame:
        return pl.read_parquet(io.BytesIO(self.table)).select(pl.col(k).cast(t) for k, t in ENTRIES.items())


def digest(data: bytes | memoryview) -> str:
    """BLAKE2b-256 of the bytes: as strong as sha256 and twice as fast on processors without SHA instructions."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _paths(root: Path) -> tuple[Path, Path]:
    return root / "checkpoint.json", root / "checkpoint.parquet"


def read_checkpoint(root: Path) -> Checkpoint | None:
    """The checkpoint of `root`; None without one. LedgerError when its two files do not belong together."""
    told, table = _paths(root)
    if not told.exists():
        return None
    try:
        read = json.loads(told.read_bytes())
        data = table.read_bytes()
        marks = {code: Mark(m["lines"], m["bytes"], m["digest"], m["hash"]) for code, m in read["ledgers"].items()}
        if read["version"] != VERSION or read["columns"] != list(ENTRIES):
            return None  # of another version of Kokai: the ledgers are verified line by line
    except (OSError, ValueError, KeyError, TypeError):
        raise _unusable(told) from None
    if digest(data) != read["table"]:
        raise _unusable(table)
    return Checkpoint(marks, data)


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
    frames, marks = [pl.DataFrame(schema=ENTRIES)], {}
    for code in ledger_codes(root):
        path = ledger_path(root, code)
        with locked(path):
            data = path.read_bytes() if path.exists() else b""
            end, broken = follow(path)
        if broken is not None and not broken.torn:
            raise broken_error(broken)
        whole = data[: end.size_bytes]
        if old is not None and code in old.marks:
            compare_mark(path, whole, old)
        marks[code] = Mark(end.lines, end.size_bytes, digest(whole), end.hash)
        frames.append(parse_lines(path, whole))
    table = io.BytesIO()
    pl.concat(frames).write_parquet(table, compression="lz4", statistics=False)
    made = Checkpoint(marks, table.getvalue())
    told, place = _paths(root)
    text = json.dumps({
        "version": VERSION, "columns": list(ENTRIES), "table": digest(made.table),
        "ledgers": {c: {"lines": m.lines, "bytes": m.size_bytes, "digest": m.digest, "hash": m.hash}
                    for c, m in marks.items()},
    }, separators=(",", ":"))
    write_atomically(place, made.table)
    write_atomically(told, text.encode("utf-8") + b"\n")
    return made


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


def verify_checkpoint(root: Path) -> LedgerError | None:
    """None if there is no checkpoint or it says what the (verified) ledgers say; else what is wrong with it."""
    try:
        checkpoint = read_checkpoint(root)
        for code in checkpoint.marks if checkpoint else ():
            path = ledger_path(root, code)
            assert checkpoint is not None
            compare_mark(path, path.read_bytes() if path.exists() else b"", checkpoint)
    except LedgerError as error:
        return error
    return None
