"""What was published, kept: the last packages of every dataset, for row by row comparison and for going back."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.model import Package
from publish.ckan.journal import disk_error
from publish.ckan.wanted import descriptor_sha256

KEEP = 5


@dataclass(frozen=True)
class Kept:
    """One published edition of a dataset: its number (1 = the first), its package and its hash."""

    number: int
    package: Package
    sha256: str


def kept_packages(folder: Path, name: str) -> list[Kept]:
    """The kept editions of a dataset, oldest first."""
    root = folder / "kept" / name
    numbers = sorted(int(p.name) for p in root.iterdir() if p.name.isdigit()) if root.is_dir() else []
    made = []
    for n in numbers:
        package = Package.read(root / str(n))
        made.append(Kept(n, package, descriptor_sha256(package)))
    return made


def keep_package(folder: Path, package: Package) -> None:
    """Copy `public/` of what is public now; the newest five editions stay. CatalogueError when the disk is full."""
    kept = kept_packages(folder, package.name)
    if kept and kept[-1].sha256 == descriptor_sha256(package):
        return
    root = folder / "kept" / package.name
    number = kept[-1].number + 1 if kept else 1
    staging = root / f".{number}.new"
    try:
        shutil.rmtree(staging, ignore_errors=True)
        shutil.copytree(package.public, staging / "public")
        staging.rename(root / str(number))
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise disk_error(error, root) from None
    _prune(root, [*(k.number for k in kept), number])


def _prune(root: Path, numbers: Sequence[int]) -> None:
    for n in sorted(numbers)[:-KEEP]:
        shutil.rmtree(root / str(n), ignore_errors=True)


def kept_file(folder: Path, name: str, path: str, sha256: str) -> bytes | None:
    """The bytes of a published file, where an edition with that hash is kept."""
    for kept in reversed(kept_packages(folder, name)):
        for r in kept.package.descriptor["resources"]:
            if r["path"] == path and str(r["hash"]).removeprefix("sha256:") == sha256:
                return (kept.package.public / path).read_bytes()
    return None
