"""Steps of a publication to an append-only file, so that a run that was killed resumes with only what is left; and the lock."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.errors import CatalogueError


class Journal:
    """One line a step: `begin` before the first write of a dataset, `written`, `verified`, `done` after them.

    The portal itself says what is left (every file bears its SHA-256); the journal says which
    differences are ours: datasets that a cut-off run had begun, and files not yet verified.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = _unfinished(path)

    def begun(self, name: str) -> bool:
        """True when a run began with this dataset and nobody knows how far it came."""
        return name in self._open

    @property
    def unfinished(self) -> frozenset[str]:
        return frozenset(self._open)

    def note(self, step: str, name: str, **more: Any) -> None:
        """Append one step and flush it to disk. CatalogueError when the disk is full."""
        line = json.dumps({"step": step, "name": name, **more}, ensure_ascii=False, sort_keys=True) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab", buffering=0) as handle:
                handle.write(line.encode())
                os.fsync(handle.fileno())
        except OSError as error:
            raise disk_error(error, self.path) from None

    def clear(self) -> None:
        """Forget everything: every dataset is done."""
        self._open = {}
        self.path.unlink(missing_ok=True)


def _unfinished(path: Path) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    if not path.exists():
        return found
    for line in path.read_bytes().split(b"\n"):
        try:
            step = json.loads(line)
        except ValueError:
            continue  # the line that a crash cut off
        if step["step"] == "done":
            found.pop(step["name"], None)
        else:
            found[step["name"]] = step
    return found


def disk_error(error: OSError, path: Path) -> CatalogueError:
    """A full or unwritable disk in words."""
    return CatalogueError(
        "disk-write", f"{path.name} に書き込めません({error.strerror})。", f"cannot write {path.name} ({error.strerror})",
        todo_ja="ディスクの空きと権限を確かめ、もう一度実行してください。残りだけを送ります。",
        todo_en="Check free space and permissions and run again: only the rest is sent.", where=str(path.parent),
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One run at a time per catalogue; the lock ends with the process. CatalogueError when it is taken."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(path, "a+b")  # noqa: SIM115
    except OSError as error:
        raise disk_error(error, path) from None
    with handle:
        if not _try_lock(handle):
            raise CatalogueError(
                "catalogue-locked", "同じカタログへの別の処理が進行中です。", "another run is working on this catalogue",
                todo_ja="終わるのを待って、もう一度実行してください。", todo_en="Wait for it to end and run again.",
                where=path.stem,
            )
        yield


def _try_lock(handle: BinaryIO) -> bool:
    try:
        if os.name == "nt":  # pragma: no cover - the steward's PC
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
