"""Packages of two samples, byte by byte; rewritten only by `make golden`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from publish.cli import main

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
NAMES = ("352136_aed", "352128_public_toilet")
KEPT = (".csv", ".json", ".geojson")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("golden")
    shutil.copytree(ROOT / "datasets", root / "datasets")
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(root / "xdg")
    try:
        assert main(["build", *NAMES, "--workspace", str(root), "--quiet"]) == 0
    finally:
        if before is None:
            os.environ.pop("XDG_DATA_HOME")
        else:
            os.environ["XDG_DATA_HOME"] = before
    return root / "var" / "packages"


@pytest.mark.parametrize("name", NAMES)
def test_a_package_is_byte_for_byte_the_golden_one(packages: Path, name: str) -> None:
    made = {str(p.relative_to(packages)): p.read_bytes() for p in sorted((packages / name).rglob("*"))
            if p.suffix in KEPT}
    if os.environ.get("KOKAI_GOLDEN") == "write":
        shutil.rmtree(GOLDEN / name, ignore_errors=True)
        for path, data in made.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_bytes(data)
    wanted = {str(p.relative_to(GOLDEN)): p.read_bytes() for p in sorted((GOLDEN / name).rglob("*")) if p.is_file()}
    assert sorted(made) == sorted(wanted)
    for path, data in wanted.items():
        assert made[path].decode() == data.decode(), f"{path} changed: read the difference, then `make golden`"
