"""A hand-over zip to its packages, every hash compared first."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import CatalogueError
from pipelines.model import Package
from pipelines.package import sha256_of
from publish.handover.contents import FORM, SUMS, public_files

MAX_BYTES, MAX_FILES, MAX_RATIO = 4 << 30, 100_000, 200


def read_handover(path: Path, folder: Path) -> list[Package]:
    """Unpack a hand-over zip under `folder` and return its packages, every hash compared first. CatalogueError if not whole.

    Limits on number, size and ratio; no path may lead out; a file that SHA256SUMS does not list is refused.
    """
    try:
        with zipfile.ZipFile(path) as zipped:
            contents = _checked_contents(zipped, path)
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _not_whole(path, type(error).__name__) from None
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in contents.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    try:
        told = json.loads(contents["manifest.json"])
        if told["kokai_handover"] != FORM:
            raise ValueError("form")
        return [_package(folder / "packages" / n, m, path) for n, m in sorted(told["packages"].items())]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _not_whole(path, type(error).__name__) from None


def _package(folder: Path, told: Mapping[str, Any], path: Path) -> Package:
    read = Package.read(folder)
    package = Package(folder, read.descriptor, {"status": told["status"], "counts": dict(told["counts"]), "reasons": []})
    public_files(package)
    if sha256_of(package.public / "datapackage.json") != told["sha256"]:
        raise _not_whole(path, "datapackage.json")
    return package


def _checked_contents(zipped: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    infos = [i for i in zipped.infolist() if not i.is_dir()]
    total, packed = sum(i.file_size for i in infos), max(path.stat().st_size, 1)
    if len(infos) > MAX_FILES or total > MAX_BYTES or total / packed > MAX_RATIO:
        raise _not_whole(path, "limits")
    contents = {}
    for info in infos:
        parts = info.filename.split("/")
        if info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename or ".." in parts or "" in parts:
            raise _not_whole(path, "path")
        with zipped.open(info) as handle:
            data = handle.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise _not_whole(path, info.filename)
        contents[info.filename] = data
    lines = contents.get(SUMS, b"").decode("utf-8", "replace").splitlines()
    listed = {name: sha for sha, _, name in (line.partition("  ") for line in lines)}
    for name, data in contents.items():
        if name != SUMS and listed.get(name) != hashlib.sha256(data).hexdigest():
            raise _not_whole(path, name)
    if set(listed) - set(contents):
        raise _not_whole(path, sorted(set(listed) - set(contents))[0])
    return contents


def _not_whole(path: Path, what: str) -> CatalogueError:
    return CatalogueError(
        "handover-damaged", f"引渡しのzipが壊れているか、書き換えられています({what})。",
        f"the hand-over zip is damaged or was changed ({what})",
        todo_ja="もう一度 kokai handover で作り、運び直してください。",
        todo_en="Make it again with kokai handover.", where=path.name,
    )
