"""From a catalogue folder to its current release, and from a staged folder to the next one in a single rename."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import CatalogueError
from pipelines.package import sha256_of
from publish.swap import write_atomically

STATE = "release.json"
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Release:
    """What a publication came to. `number` 0 = nothing has ever been public and nothing was ready now."""

    number: int
    folder: Path
    changes: Mapping[str, str]  # dataset name -> created, updated, kept, carried, withdrawn
    index: Path  # path of the index page that readers see


def current_release(root: Path) -> Path | None:
    """The release folder that readers see: `root/current` is a symlink, or a text file where links are impossible.

    CatalogueError if the pointer leads nowhere: then nothing may be published over it.
    """
    pointer = root / "current"
    if pointer.is_symlink():
        target = Path(os.readlink(pointer))
    elif pointer.is_file():
        target = Path(pointer.read_text(encoding="utf-8").strip())
    else:
        return None
    folder = root / target
    if not (folder / STATE).is_file():
        raise CatalogueError(
            "release-missing",
            f"公開中の版（{target}）が見つかりません。カタログのフォルダーが壊れています。",
            f"the current release ({target}) is missing: the catalogue folder is damaged",
            todo_ja="バックアップから releases/ を戻してください。",
            todo_en="Restore releases/ from a backup.",
            where=str(root),
        )
    return folder


def read_state(folder: Path) -> dict[str, Any]:
    """release.json of a release: its number, its address, and for each dataset when it was published and changed."""
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return state


def released_files(root: Path, name: str) -> Path | None:
    """The folder with the public files of a dataset in the current release; None if it is not public."""
    folder = current_release(root)
    if folder is None:
        return None
    entry = read_state(folder)["datasets"].get(name)
    if entry is None or entry.get("withdrawn"):
        return None
    return folder / "datasets" / name


def verified_files(folder: Path, name: str) -> list[str]:
    """The files that SHA256SUMS of `folder` lists, every hash compared. CatalogueError when one differs or is gone."""
    sums = folder / SUMS
    files = []
    for line in sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else [""]:
        wanted, _, path = line.partition("  ")
        safe = bool(path) and Path(path).name == path
        if not safe or not (folder / path).is_file() or sha256_of(folder / path) != wanted:
            raise CatalogueError(
                "files-damaged",
                f"「{name}」のファイル {path or SUMS} が記録されたハッシュと一致しません。",
                f"{path or SUMS} of {name} does not match its recorded hash",
                todo_ja="もう一度 kokai build を実行してください。公開中の版は変わっていません。",
                todo_en="Run kokai build again. The current release is unchanged.",
                where=str(folder),
            )
        files.append(path)
    return [*files, SUMS]


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """One writer at a time per catalogue folder; the lock goes with the process. CatalogueError when it is taken."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as handle:
        try:
            import fcntl
        except ImportError:  # no such lock on Windows; one steward's machine has one writer
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CatalogueError(
                "catalogue-locked",
                "別の公開処理が進行中です。",
                "another run is publishing into this catalogue",
                todo_ja="終わるのを待って、もう一度実行してください。",
                todo_en="Wait for it to end and run again.",
                where=str(root),
            ) from None
        yield


def clear_leftovers(root: Path, current: Path | None) -> None:
    """Remove what a run that was cut off left behind: staging folders, and releases newer than the current one."""
    number = int(current.name) if current else 0
    for folder in (root / "releases").iterdir() if (root / "releases").is_dir() else ():
        if not folder.name.isdigit() or int(folder.name) > number:
            shutil.rmtree(folder)


def same_content(one: Path, other: Path) -> bool:
    """True if two releases hold the same files with the same bytes, release.json apart."""
    files, others = _files(one), _files(other)
    if files.keys() != others.keys():
        return False
    return all(_same_bytes(path, others[name]) for name, path in files.items())


def _files(folder: Path) -> dict[str, Path]:
    return {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file() and p != folder / STATE}


def _same_bytes(one: Path, other: Path) -> bool:
    if os.path.samefile(one, other):
        return True
    return one.stat().st_size == other.stat().st_size and sha256_of(one) == sha256_of(other)


def switch(root: Path, staging: Path, number: int) -> Path:
    """Make the staged folder release `number` and let `current` point to it: readers see the old or the new one."""
    folder = root / "releases" / str(number)
    _flush(staging)
    staging.rename(folder)
    target = Path("releases") / str(number)
    pointer, link = root / "current", root / ".current.new"
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:  # a file system without links, such as a network share
        write_atomically(pointer, f"{target.as_posix()}\n".encode())
    else:
        os.replace(link, pointer)
    return folder


def _flush(folder: Path) -> None:
    """Everything staged is on the disk before anything points to it; many at once, so that the disk joins them."""
    written = [p for p in folder.rglob("*") if p.is_file() and p.stat().st_nlink == 1]
    with ThreadPoolExecutor(max_workers=16) as pool:
        for _ in pool.map(_flush_file, written):
            pass


def _flush_file(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def prune(root: Path, current: int, keep: int) -> None:
    """Delete all but the newest `keep` releases; the current one always stays."""
    for folder in (root / "releases").iterdir():
        if folder.name.isdigit() and int(folder.name) <= current - max(keep, 1):
            shutil.rmtree(folder)


def place_file(source: Path, target: Path, *, share: bool) -> None:
    """Copy a file, or share it with an older release by a hard link where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if share:
        try:
            os.link(source, target)
            return
        except OSError:
            pass
    shutil.copyfile(source, target)
