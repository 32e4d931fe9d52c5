"""Entries to chained lines on disk, and a file of lines to a yes or the place where its chain breaks."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import KokaiError
from publish.ledger.entries import check_entry, write_line
from publish.swap import write_atomically

GENESIS = "0" * 64
LOCK_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Broken:
    """Where a ledger's chain does not hold: file, line (1-based) and why, in two languages."""

    path: Path
    line: int
    ja: str
    en: str
    torn: bool = False  # only a half-written last line: the lines before it hold


class LedgerError(KokaiError):
    """A ledger is broken or busy; it is never used silently."""


@dataclass(frozen=True)
class End:
    """The end of a chain: number of lines, hash of the last, size of the file, time stamp of our last write."""

    lines: int = 0
    hash: str = GENESIS
    size_bytes: int = 0
    mark: int = -1


def ledger_path(root: Path, code: str) -> Path:
    """The ledger file of one body under the workspace's `ledger/` folder."""
    return root / f"{code}.jsonl"


def ledger_codes(root: Path) -> list[str]:
    """The bodies that have a ledger, or had one (its head is left), in order."""
    if not root.is_dir():
        return []
    return sorted({p.stem for p in root.iterdir() if p.suffix in (".jsonl", ".head") and not p.name.startswith(".")})


@contextmanager
def locked(path: Path, *, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the ledger's lock file; two writers wait for one another. LedgerError after `timeout_s`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a+b") as handle:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(handle.fileno()):
            if time.monotonic() > deadline:
                raise LedgerError(
                    "ledger-busy", "ほかの処理が台帳に書き込んでいます。", "another process is writing the ledger",
                    todo_ja="終わるのを待って、もう一度実行してください。", todo_en="Wait for it and run again.",
                    where=path.name,
                )
            time.sleep(0.02)
        try:
            yield
        finally:
            _unlock(handle.fileno())


def _try_lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":  # pragma: no cover - the steward's PC
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    if os.name == "nt":  # pragma: no cover - the steward's PC
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)


def read_head(path: Path) -> End | None:
    """The recorded end of a ledger; None without one. ValueError when the record cannot be read."""
    head_path = path.with_suffix(".head")
    try:
        text = head_path.read_bytes()
    except FileNotFoundError:
        return None
    head = json.loads(text)
    return End(int(head["lines"]), str(head["hash"]), int(head.get("bytes", -1)), int(head.get("mark", -1)))


def _write_head(path: Path, end: End) -> None:
    head = {"lines": end.lines, "hash": end.hash, "bytes": end.size_bytes, "mark": end.mark}
    write_atomically(path.with_suffix(".head"), (json.dumps(head, separators=(",", ":")) + "\n").encode("ascii"))


def walk(path: Path, lines: Iterable[bytes], start: End, head: End | None) -> tuple[End, Broken | None]:
    """Follow the chain over `lines` (each with its line feed) from `start`: the end reached, and what is wrong.

    `head`, where it lies at or after `start`, must agree with the line that it records.
    """
    sha256 = hashlib.sha256
    prev, number, size = start.hash.encode("ascii"), start.lines, start.size_bytes
    recorded = head.lines if head is not None else -1
    agrees = recorded != number or (head is not None and head.hash == start.hash)
    body = b'"body":"%s"' % path.stem.encode()
    torn, before = False, b""
    for line in lines:
        if line[-1] != 10:
            torn = True
            break
        if not line.startswith(b'{"prev":"%b","seq":%d,' % (prev, number + 1)) or body not in line:
            return End(number, prev.decode(), size), _line_broken(path, number + 1, line, before, prev)
        prev = sha256(line).hexdigest().encode("ascii")
        number += 1
        size += len(line)
        before = line
        if number == recorded and head is not None:
            agrees = prev.decode() == head.hash
    end = End(number, prev.decode(), size)
    if head is not None and number < head.lines:
        return end, Broken(path, number + 1, f"{head.lines}行あるはずが{number}行しかありません。",
                           f"{head.lines} lines expected, {number} found")
    if head is not None and not agrees:
        return end, Broken(path, head.lines, "最後に記録した行と内容が違います。",
                           "the line differs from the one recorded last")
    if torn:
        return end, Broken(path, number + 1, "書きかけの行があります(次の記録のときに退避します)。",
                           "a half-written line stands at the end (set aside at the next append)", torn=True)
    return end, None


def _line_broken(path: Path, number: int, line: bytes, before: bytes, prev: bytes) -> Broken:
    """Why line `number` does not follow from the line `before`: an editor's traces are told from a changed entry."""
    if line.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return Broken(path, number, "文字コードの印(BOM)が付いています(メモ帳などで保存し直したおそれ)。",
                      "begins with a byte order mark (saved anew by an editor?)")
    if before.endswith(b"\r\n"):
        return Broken(path, number - 1, "行の終わりが変わっています(エディターなどで保存し直したおそれ)。",
                      "its line end was changed to CRLF (saved anew by an editor?)")
    if line.startswith(b'{"prev":"%b"' % prev):
        return Broken(path, number, "行の番号か団体コードが、この台帳のものではありません(ほかの台帳や行のおそれ)。",
                      "its number or body is not that of this ledger (another ledger or line?)")
    if number == 1:
        return Broken(path, 1, "台帳の始まりの行ではありません(変更・削除・挿入のおそれ)。",
                      "is not the beginning of a ledger (changed, removed or inserted)")
    return Broken(path, number,
                  f"前の行とのつながりが切れています({number - 1}行目か{number}行目の変更、間の行の削除・挿入のおそれ)。",
                  f"the chain to the line before is broken (line {number - 1} or {number} changed, a line removed or put in)")


def follow(path: Path, *, head_needed: bool = True) -> tuple[End, Broken | None]:
    """The whole chain of a ledger file: its end, and the first place that does not hold."""
    try:
        head = read_head(path)  # before the lines: a writer adds lines first, then the head
    except (ValueError, KeyError, TypeError):
        return End(), Broken(path, 0, "末尾の記録(.head)を読めません。", "the record of its end (.head) is unreadable")
    if not path.exists():
        if head is not None and head.lines > 0:
            return End(), Broken(path, 0, "台帳のファイルがありません。", "the ledger file is missing")
        return End(), None
    with open(path, "rb", buffering=1 << 20) as lines:
        end, broken = walk(path, lines, End(), head)
    if broken is None and head is None and head_needed and end.lines:
        broken = Broken(path, end.lines, "末尾の記録(.head)がなく、終わりが切り取られていても分かりません。",
                        "the record of its end (.head) is missing: a cut-off end would not be seen")
    return end, broken


def verify_ledger(path: Path) -> Broken | None:
    """None if every line chains to the one before and the head agrees; else the first place that does not.

    A last line without a line end is a write that a crash cut off: it is reported too, and the
    next append sets it aside.
    """
    return follow(path)[1]


def broken_error(broken: Broken) -> LedgerError:
    """The stop for a broken ledger: which line, why, and what to do."""
    return LedgerError(
        "ledger-broken",
        f"台帳の{broken.line}行目: {broken.ja}",
        f"ledger line {broken.line}: {broken.en}",
        todo_ja="控えから戻すか、`kokai ledger verify` で確かめてください。台帳は手で直さないでください。",
        todo_en="Restore it from a copy, or see `kokai ledger verify`; never mend a ledger by hand.",
        where=str(broken.path.name),
    )


def _trusted_end(path: Path) -> End:
    """The end to append to. The whole chain is followed unless the file is as our own last write left it.

    Our last write left its size and an odd time stamp (see `_mark`), which any later write to the
    file changes. A half-written last line is set aside in `<code>.torn`.
    """
    try:
        head = read_head(path)
        status = path.stat() if path.exists() else None
    except (ValueError, KeyError, TypeError):
        head, status = None, None
    if head and status and (status.st_size, status.st_mtime_ns) == (head.size_bytes, head.mark):
        return head
    end, broken = follow(path)
    if broken is not None and not broken.torn:
        raise broken_error(broken)
    if broken is not None:
        _set_aside(path, end.size_bytes)
    return end


def _set_aside(path: Path, whole_bytes: int) -> None:
    with open(path, "r+b") as handle:
        handle.seek(whole_bytes)
        rest = handle.read()
        with open(path.with_suffix(".torn"), "ab") as out:
            out.write(rest + b"\n")
            out.flush()
            os.fsync(out.fileno())
        handle.truncate(whole_bytes)


def _mark(path: Path, last_hash: str) -> int:
    """Give the file a time stamp that only this write could have given it: nanoseconds out of the last hash."""
    stamp = path.stat().st_mtime_ns // 1_000_000 * 1_000_000 + int(last_hash[:8], 16) % 1_000_000
    os.utime(path, ns=(stamp, stamp))
    kept = path.stat().st_mtime_ns
    return kept if kept % 1_000_000 else -1  # a file system with coarse stamps proves nothing: verify again


def append_entries(root: Path, code: str, entries: Sequence[Mapping[str, Any]]) -> int:
    """Append entries (keys of `ENTRIES` without `seq`) to a body's ledger; returns the number of lines now.

    All or none: ValueError for an entry of another form, LedgerError when the chain does not hold.
    Writes under a lock, flushed to disk; a failed write (disk full) is taken back.
    """
    if not entries:
        return 0
    for entry in entries:
        check_entry(entry)
    path = ledger_path(root, code)
    with locked(path):
        if not path.exists() and not path.with_suffix(".head").exists():
            _write_head(path, End())
        end = _trusted_end(path)
        prev, out = end.hash, []
        for number, entry in enumerate(entries, start=end.lines + 1):
            line = write_line(prev, {"seq": number, **{k: v for k, v in entry.items() if k != "seq"}})
            out.append(line)
            prev = hashlib.sha256(line).hexdigest()
        data = b"".join(out)
        _write_lines(path, end.size_bytes, data)
        total = end.lines + len(out)
        _write_head(path, End(total, prev, end.size_bytes + len(data), _mark(path, prev)))
    return total


def _write_lines(path: Path, start: int, data: bytes) -> None:
    with open(path, "ab", buffering=0) as handle:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[handle.write(rest) :]
            os.fsync(handle.fileno())
        except OSError:
            os.truncate(path, start)
            raise


def renew_head(root: Path, code: str, note: Mapping[str, Any]) -> int:
    """Write a lost head anew: the chain must hold; the note (event `noted`, by, reason) is appended and stays."""
    path = ledger_path(root, code)
    check_entry(note)
    with locked(path):
        path.with_suffix(".head").unlink(missing_ok=True)
        end, broken = follow(path, head_needed=False)
        if broken is not None and not broken.torn:
            raise broken_error(broken)
        if broken is not None:
            _set_aside(path, end.size_bytes)
        _write_head(path, End(end.lines, end.hash, end.size_bytes, -1))
    return append_entries(root, code, [note])
