"""A workspace with the shipped declarations and the sample history of three years in its ledgers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from publish.cli import main

ROOT = Path(__file__).parents[1]
NOW = "1795219200"  # 2026-11-21 in JST


@pytest.fixture(scope="session")
def history_source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("history")
    shutil.copytree(ROOT / "datasets", root / "datasets")
    before = {k: os.environ.get(k) for k in ("SOURCE_DATE_EPOCH", "KOKAI_USER")}
    os.environ.update(SOURCE_DATE_EPOCH=NOW, KOKAI_USER="test")
    assert main(["ledger", "import", str(root / "datasets" / "sample_history.csv"), "--workspace", str(root)]) == 0
    for key, value in before.items():
        os.environ.pop(key) if value is None else os.environ.update({key: value})
    yield root


@pytest.fixture
def history_workspace(history_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to change freely; the clock stands at 2026-11-21."""
    root = tmp_path / "workspace"
    shutil.copytree(history_source, root)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
    monkeypatch.setenv("KOKAI_USER", "test")
    return root
