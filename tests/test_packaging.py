"""The wheel: holds pipelines, publish and the schemas as package data, and nothing of datasets."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_carries_schemas_words_and_templates_but_no_datasets(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT,
                   check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert "pipelines/_schemas/aed/municipal-standard-v3.json" in names
    assert "pipelines/messages.yml" in names
    assert any(n.startswith("publish/") and n.endswith(".html.j2") or n.endswith(".html") for n in names)
    assert not any(n.startswith(("datasets/", "tests/", "schemas/")) for n in names)
    entry = next(n for n in names if n.endswith("entry_points.txt"))
    assert "kokai = publish.cli:main" in (tmp_path / "site" / entry).read_text()
    out = subprocess.run([sys.executable, "-c", "from publish.cli import main; main(['schema', 'list'])"],
                         cwd=tmp_path, capture_output=True, text=True,
                         env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"}, check=True)
    assert "AED設置箇所一覧" in out.stdout
