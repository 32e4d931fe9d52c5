"""Publications and withdrawals to an append-only, hash-chained file per body, and back to a frame.

One JSON object a line, in `ledger/<code>.jsonl`. Each line begins with `prev`: the sha256 of the
whole line before it (64 zeros for the first), so that a changed, lost or inserted line breaks the
chain at a line that can be named. `ledger/<code>.head` holds the number of lines and the hash of
the last one, so that a cut-off end is seen too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import KokaiError
from publish.swap import write_atomically

GENESIS = "0" * 64
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+09:00")
EVENTS = ("published", "updated", "withdrawn", "approved", "adopted", "imported")
ENTRIES: dict[str, Any] = {
    "seq": pl.Int64,
    "at": pl.String,  # YYYY-MM-DDTHH:MM:SS+09:00 (JST, so that text order is time order)
    "event": pl.String,  # one of EVENTS
    "body": pl.String,  # 全国地方公共団体コード
    "dataset": pl.String,  # id in the register (種類)
    "name": pl.String,  # package name
    "kind": pl.String,
    "catalogue": pl.String,
    "release": pl.String,
    "sha256": pl.String,  # of public/datapackage.json, which carries the hashes of all files
    "rows": pl.Int64,
    "files": pl.Int64,
    "periods": pl.Int64,  # dated files of one list (1 = not dated)
    "formats": pl.Int64,  # file formats of one list: csv, geojson ...
    "as_of": pl.String,
    "frequency": pl.String,
    "licence": pl.String,
    "url": pl.String,  # evidence
    "hosted": pl.Boolean,  # by the body itself, not only linked
    "generated": pl.Boolean,  # made from the register (オープンデータ一覧)
    "sample": pl.Boolean,
    "by": pl.String,
    "reason": pl.String,
}


@dataclass(frozen=True)
class Broken:
    """Where a ledger's chain does not hold: file, line (1-based) and why, in two languages."""

    path: Path
    line: int
    ja: str
    en: str


class LedgerError(KokaiError):
    """A ledger is broken or busy; it is never used silently."""


def ledger_path(root: Path, code: str) -> Path:
    """The ledger file of one body under the workspace's `ledger/` folder."""
    return root / f"{code}.jsonl"


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _line(prev: str, entry: Mapping[str, Any]) -> bytes:
    body = {k: v for k, v in entry.items() if v is not None}
    text = json.dumps({"prev": prev, **body}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8") + b"\n"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the ledger's lock file; two writers wait for one another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a+b") as handle:
        if os.name == "nt":  # pragma: no cover - the steward's PC
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
            try:
                yield
            finally:
                handle.seek(0)
                msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)


def verify_ledger(path: Path) -> Broken | None:
    """None if every line chains to the one before and the head agrees; else the first place that does not.

    A last line without a line end is a write that a crash cut off: it is reported too, and the
    next append sets it aside.
    """
    if not path.exists():
        head_path = path.with_suffix(".head")
        if head_path.exists():
            return Broken(path, 0, "台帳のファイルがありません。", "the ledger file is missing")
        return None
    lines = path.read_bytes().split(b"\n")
    torn = lines.pop()
    prev = GENESIS
    hashes_at: dict[int, str] = {0: GENESIS}
    head = _read_head(path)
    for number, line in enumerate(lines, start=1):
        if line[:73] != b'{"prev":"' + prev.encode("ascii"):
            return Broken(path, number, "前の行とのつながりが切れています(変更・削除・挿入のおそれ)。",
                          "the chain to the line before is broken (changed, removed or inserted)")
        prev = _hash(line + b"\n")
        if head is not None and number == head["lines"]:
            hashes_at[number] = prev
    if head is not None:
        if len(lines) < head["lines"]:
            return Broken(path, len(lines) + 1, f"{head['lines']}行あるはずが{len(lines)}行しかありません。",
                          f"{head['lines']} lines expected, {len(lines)} found")
        if hashes_at.get(head["lines"]) != head["hash"]:
            return Broken(path, head["lines"], "最後に記録した行と内容が違います。",
                          "the line differs from the one recorded last")
    if torn:
        return Broken(path, len(lines) + 1, "書きかけの行があります(次の記録のときに退避します)。",
                      "a half-written line stands at the end (set aside at the next append)")
    return None


def _read_head(path: Path) -> dict[str, Any] | None:
    head_path = path.with_suffix(".head")
    if not head_path.exists():
        return None
    head: dict[str, Any] = json.loads(head_path.read_text(encoding="utf-8"))
    return head


def _broken_error(broken: Broken) -> LedgerError:
    return LedgerError(
        "ledger-broken",
        f"台帳の{broken.line}行目: {broken.ja}",
        f"ledger line {broken.line}: {broken.en}",
        todo_ja="控えから戻すか、`kokai ledger verify` で確かめてください。台帳は手で直さないでください。",
        todo_en="Restore it from a copy, or see `kokai ledger verify`; never mend a ledger by hand.",
        where=str(broken.path.name),
    )


def _set_aside_torn_line(path: Path) -> None:
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        with open(path.with_suffix(".torn"), "ab") as out:
            out.write(data[end:] + b"\n")
        with open(path, "r+b") as handle:
            handle.truncate(end)


def append_entries(root: Path, code: str, entries: Sequence[Mapping[str, Any]]) -> int:
    """Append entries (keys of `ENTRIES` without `seq`) to a body's ledger; returns the number of lines now.

    Raises LedgerError when the chain does not hold. Writes under a lock, flushed to disk.
    """
    if not entries:
        return 0
    path = ledger_path(root, code)
    with _locked(path):
        if path.exists():
            _set_aside_torn_line(path)
        broken = verify_ledger(path)
        if broken is not None:
            raise _broken_error(broken)
        existing = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        prev = _hash(existing[-1]) if existing else GENESIS
        out = []
        for i, entry in enumerate(entries, start=len(existing) + 1):
            unknown = set(entry) - set(ENTRIES)
            if unknown or entry.get("event") not in EVENTS or not _AT.fullmatch(str(entry.get("at"))):
                raise ValueError(f"not a ledger entry: {sorted(unknown)} {entry.get('event')} {entry.get('at')}")
            line = _line(prev, {"seq": i, **{k: v for k, v in entry.items() if k != "seq"}})
            out.append(line)
            prev = _hash(line)
        with open(path, "ab") as handle:
            handle.write(b"".join(out))
            handle.flush()
            os.fsync(handle.fileno())
        total = len(existing) + len(out)
        head = json.dumps({"lines": total, "hash": prev}, separators=(",", ":")) + "\n"
        write_atomically(path.with_suffix(".head"), head.encode("ascii"))
    return total


def read_ledger(root: Path, code: str) -> pl.DataFrame:
    """All entries of one body as a frame with the columns of `ENTRIES`; LedgerError when the chain is broken."""
    path = ledger_path(root, code)
    broken = verify_ledger(path)
    if broken is not None and not _only_torn(path, broken):
        raise _broken_error(broken)
    rows: list[dict[str, Any]] = []
    if path.exists():
        for raw in path.read_bytes().split(b"\n")[:-1]:
            entry = json.loads(raw)
            rows.append({key: entry.get(key) for key in ENTRIES})
    return pl.DataFrame(rows, schema=ENTRIES)


def _only_torn(path: Path, broken: Broken) -> bool:
    return path.exists() and not path.read_bytes().endswith(b"\n") and broken.en.startswith("a half-written")


def read_ledgers(root: Path) -> pl.DataFrame:
    """The entries of every body under `ledger/`, in the order of body and line."""
    frames = [read_ledger(root, p.stem) for p in sorted(root.glob("*.jsonl"))] if root.exists() else []
    return pl.concat(frames) if frames else pl.DataFrame(schema=ENTRIES)
