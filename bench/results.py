"""A bench's numbers to its section of bench/results.json; the other sections stay as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


def stored(section: str, path: Path = RESULTS) -> dict[str, Any]:
    """The section as it was stored last, empty when there is none."""
    found: dict[str, Any] = _whole(path).get(section, {})
    return found


def store(section: str, numbers: dict[str, Any], path: Path = RESULTS) -> None:
    """Put the section in the place of the one before."""
    whole = _whole(path) | {section: numbers}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _whole(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
