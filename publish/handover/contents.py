"""What a hand-over zip is made of, for who writes it and who reads it: form, names, a package's files by their hashes."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import CatalogueError
from pipelines.model import Package
from pipelines.package import sha256_of

FORM = 1
SUMS = "SHA256SUMS"
ALWAYS = ("datapackage.json", "SHA256SUMS")


def public_files(package: Package) -> list[Path]:
    """The files of `public/` that the description names, and the description. CatalogueError when one has another hash."""
    wanted = {str(r["path"]): str(r["hash"]).removeprefix("sha256:") for r in package.descriptor["resources"]}
    for name, sha in wanted.items():
        file = package.public / name
        if not file.is_file() or sha256_of(file) != sha:
            raise _damaged(package.name, name)
    return [package.public / n for n in [*sorted(wanted), *ALWAYS] if (package.public / n).is_file()]


def _damaged(name: str, file: str) -> CatalogueError:
    return CatalogueError(
        "files-damaged", f"「{name}」のファイル {file} が記録されたハッシュと一致しません。",
        f"{file} of {name} does not match its recorded hash",
        todo_ja="kokai build で作り直してください。", todo_en="Build it again.", where=name,
    )
