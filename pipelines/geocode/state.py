"""The folder of the address data store to what it says of itself, and to the rows of each file that was added."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import SourceError

FORMAT = 3
"""The version of the store's layout; another one is told as outdated."""


def read_state(folder: Path) -> dict[str, Any]:
    """The store.json of the folder; an empty state where there is none of this version."""
    path = folder / "store.json"
    if not path.exists():
        return {"format": FORMAT, "index": "", "sources": []}
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"format": FORMAT, "index": "", "sources": []}
    return state if isinstance(state, dict) and state.get("format") == FORMAT else {"format": FORMAT, "index": "", "sources": []}


def unwritable(folder: Path, problem: OSError) -> SourceError:
    """The error for a store's folder in which nothing can be written."""
    why = problem.strerror or type(problem).__name__
    return SourceError("gazetteer-unwritable", f"住所データの保存場所に書き込めません({why})。",
                       f"The address data store cannot be written ({why}).",
                       todo_ja="フォルダーかどうか、書き込みの権限、ディスクの空きを確かめるか、--gazetteer で別の場所を"
                               "指定してください。",
                       todo_en="See whether it is a folder, that you may write there and that the disk is not full, or "
                               "give another folder with --gazetteer.", where=str(folder))


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Put a new store.json in the place of the old one, whole or not at all."""
    partial = folder / "store.json.part"
    partial.write_text(json.dumps(state, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, folder / "store.json")


def kept_rows(folder: Path, entry: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of a file that was added before; SourceError that names it when they are gone or damaged."""
    try:
        return pl.read_parquet(folder / "sources" / f"{entry['slot']}.parquet")
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise SourceError("gazetteer-broken", f"住所データの保存場所が壊れています({entry['file']} の分)。",
                          f"The address data store is damaged (its part from {entry['file']}).",
                          todo_ja=f"{entry['file']} の入った配布ファイルも、kokai gazetteer add で一緒に追加し直してください。",
                          todo_en=f"Add the downloaded file that holds {entry['file']} again too, with kokai gazetteer add.",
                          where=str(folder)) from problem
