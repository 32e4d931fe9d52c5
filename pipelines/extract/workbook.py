"""A workbook (xlsx, xls, ods), opened by a process of its own, to a Source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

import pipelines
from pipelines.extract.facts import sheet_findings
from pipelines.extract.grid import table_from_grid
from pipelines.extract.limits import Limits
from pipelines.extract.source import OpenedSource
from pipelines.extract.stops import stop
from pipelines.model import Finding, SheetInfo, Table, findings_frame


def open_workbook(path: Path, kind: str, size: int, sheet: str | None, header_row: int | None, limits: Limits,
                  known: Collection[str]) -> OpenedSource:
    """The Source for an xlsx, xls or ods; SourceError when the reading process refuses, fails or takes too long."""
    answer = _ask(path, kind, sheet, limits, known)
    if "refused" in answer:
        raise stop(answer["refused"], path, detail=answer["detail"])
    infos = tuple(
        SheetInfo(s["name"], s["hidden"], *answer["sizes"].get(s["name"], [0, 0])) for s in answer["sheets"]
    )
    chosen = answer["chosen"]
    if chosen is None:
        if sheet is not None:
            raise stop("sheet-missing", path, sheet=sheet, sheets="、".join(i.name for i in infos))
        raise stop("no-table", path)
    facts = next(s for s in answer["sheets"] if s["name"] == chosen)
    grid: pl.DataFrame = answer["grid"]
    if header_row is not None and header_row > grid.height:
        raise stop("header-row-missing", path, row=header_row)
    found = table_from_grid(grid, known, header_row, _merges(facts["merges"]))
    if found is None:
        raise stop("no-table", path)
    if facts["columns"] > limits.columns:
        raise stop("too-many-columns", path, columns=facts["columns"], limit=limits.columns)
    findings = [Finding(f["code"], None, None, f["value"], f.get("params", {})) for f in answer["facts"]]
    findings += [
        Finding("sheet-hidden" if i.hidden else "sheet-extra", None, None, i.name,
                {"rows": i.rows, "columns": i.columns, "rule": "L1-13" if i.hidden else "L1-02"})
        for i in infos if i.name != chosen
    ]
    if next(i for i in infos if i.name == chosen).hidden:
        findings.append(Finding("sheet-used-is-hidden", None, None, chosen, {"rule": "L1-13"}))
    findings += [*found.findings, *sheet_findings(facts, found)]
    for other in answer["sheets"]:
        if other["name"] != chosen:
            for ref, text in other["comments"]:
                params = {"cell": f"{other['name']}!{ref}", "rule": "L1-04"}
                findings.append(Finding("cell-comment", None, None, text[:300], params))
    blocks = findings_frame(found.block_findings)

    def read() -> Iterator[tuple[Table, pl.DataFrame]]:
        yield found.table, blocks

    return OpenedSource(path, kind, None, chosen, found.header_row, found.columns, found.headings,
                        findings_frame(findings), infos, size, read)


def _merges(refs: list[str]) -> list[tuple[int, int, int, int]]:
    from pipelines.extract.child.parts import split_cell

    out = []
    for ref in refs:
        first, _, last = ref.partition(":")
        a, b = split_cell(first), split_cell(last or first)
        if a != (0, 0) and b != (0, 0):
            out.append((a[0] - 1, a[1] - 1, b[0] - 1, b[1] - 1))
    return out


def _ask(path: Path, kind: str, sheet: str | None, limits: Limits, known: Collection[str]) -> dict[str, Any]:
    """Run the reading process and take its answer; a crash or a timeout becomes a SourceError."""
    root = str(Path(pipelines.__file__).resolve().parent.parent)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
           "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory(prefix="kokai-") as folder:
        target = Path(folder) / "answer.json"
        request = {"path": str(path.resolve()), "format": kind, "sheet": sheet, "limits": asdict(limits),
                   "known": sorted(known), "answer": str(target)}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pipelines.extract.child"], input=json.dumps(request).encode(),
                env=env, capture_output=True, timeout=limits.seconds, check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise stop("workbook-too-heavy", path, detail=f"{limits.seconds:g} s") from late
        if done.returncode or not target.exists():
            if done.returncode == -9 or done.returncode == -24:
                raise stop("workbook-too-heavy", path, detail=f"{limits.seconds:g} s")
            error = done.stderr.decode("utf-8", "replace")
            if "memory" in error.lower() or done.returncode == -6:
                raise stop("workbook-too-heavy", path, detail=f"{limits.memory_bytes // (1 << 20)} MiB")
            raise stop("workbook-damaged", path, detail=error.strip().rsplit("\n", 1)[-1][:200] or str(done.returncode))
        answer: dict[str, Any] = json.loads(target.read_bytes())
        answer["grid"] = _grid(target)
    return answer


def _grid(answer: Path) -> pl.DataFrame:
    """The cells that the reading process wrote (see its `write_cells`), as columns c0, c1 … of text, blank = null."""
    plain, path = answer.with_suffix(".cells"), answer.with_suffix(".csv")
    if plain.exists():
        frame = pl.read_csv(plain.read_bytes(), has_header=False, infer_schema=False, separator="\x1f", eol_char="\x1e",
                            quote_char=None)
        frame.drop_in_place(frame.columns[-1])
        frame.columns = [f"c{i}" for i in range(frame.width)]
        return frame
    if not path.exists() or not path.stat().st_size:
        return pl.DataFrame()
    frame = pl.read_csv(path.read_bytes(), has_header=False, infer_schema=False, glob=False)
    frame.columns = [f"c{i}" for i in range(frame.width)]
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
