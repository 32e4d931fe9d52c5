"""The same CSV with 32 seeded kinds of defects to CPU seconds, memory and recall of Kokai and frictionless.

    python bench/validate.py 100000 [1000000 ...] [--runs 3] [--only kokai,frictionless,read]

Each tool runs as a process of its own; CPU seconds and peak memory are the operating system's (wait4). Kokai writes
every finding with its messages in both languages to disk; frictionless writes its JSON report, uncapped.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
BLOCK_BYTES = 4 << 20


def plain_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Blocks of whole CSV records without the header (a record may hold line breaks in quotes)."""
    with path.open("rb") as file:
        file.readline()
        rest = b""
        while True:
            block = file.read(block_bytes)
            data = rest + block
            if not data:
                return
            cut = len(data)
            if block:
                cut = data.rfind(b"\n") + 1
                while cut and data.count(b'"', 0, cut) % 2:
                    cut = data.rfind(b"\n", 0, cut - 1) + 1
            rest = data[cut:]
            if cut:
                yield data[:cut]
            if not block:
                return


def run_read(table: Path, _schema: Path, _out: Path) -> int:
    """Only read the CSV in blocks: the limit that no validator on the same reader can pass."""
    import polars as pl

    rows = 0
    for data in plain_blocks(table):
        rows += pl.read_csv(data, has_header=False, infer_schema=False).height
    return rows


def load_standard(schema: Path) -> Any:
    """A foreign Table Schema as a Standard."""
    from pipelines.model import Field, Requirement, Standard

    found = json.loads(schema.read_text(encoding="utf-8"))
    fields = tuple(
        Field(
            f["name"],
            f.get("type", "string"),
            f.get("format"),
            None,
            Requirement("unknown", "unknown"),
            tuple(str(e) for e in f.get("constraints", {}).get("enum", ())),
            f,
        )
        for f in found["fields"]
    )
    return Standard("", "", "", "", "", "", False, "declared", fields, found)


def run_kokai(table: Path, schema: Path, out: Path) -> int:
    """Validate in blocks and write every finding with its words as CSV."""
    import polars as pl

    from pipelines.extract import open_source
    from pipelines.validate import Validator
    from pipelines.words import render_frame

    standard = load_standard(schema)
    source = open_source(table)
    validator = Validator(standard, municipal=False)
    count = 0
    with out.open("wb") as file:
        first = True

        def write(found: pl.DataFrame) -> int:
            nonlocal first
            render_frame(found, standard).write_csv(file, include_header=first)
            first = False
            return found.height

        count += write(validator.check_header(source.columns))
        for block, _ in source.blocks():
            count += write(validator.check(block))
        count += write(validator.finish())
    return count


def run_frictionless(table: Path, schema: Path, out: Path) -> int:
    """frictionless 5 with its cap lifted, report as JSON."""
    from frictionless import Resource, Schema, system  # type: ignore[import-untyped, unused-ignore]

    with system.use_context(trusted=True):
        resource = Resource(path=str(table), schema=Schema.from_descriptor(str(schema)))
        report = resource.validate(limit_errors=10**9)
    out.write_text(report.to_json(), encoding="utf-8")
    return int(report.stats["errors"])


TOOLS = {"kokai": run_kokai, "frictionless": run_frictionless, "read": run_read}


def measure(tool: str, table: Path, schema: Path, out: Path) -> dict[str, float]:
    """CPU seconds (user + system), wall seconds and peak RSS in MiB of one run in its own process."""
    import time

    started = time.monotonic()
    pid = os.spawnv(
        os.P_NOWAIT, sys.executable, [sys.executable, __file__, "--run", tool, str(table), str(schema), str(out)]
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{tool} failed with status {status}")
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.monotonic() - started,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def found_cells(tool: str, out: Path) -> set[tuple[int, str]]:
    """The cells (row as Excel shows it, field) that a report names."""
    if tool == "kokai":
        import polars as pl

        report = pl.read_csv(out, infer_schema=False)
        return {(int(r), f) for r, f in report.select("row", "field").iter_rows()}
    tasks = json.loads(out.read_text(encoding="utf-8"))["tasks"]
    return {(int(e["rowNumber"]), e["fieldName"]) for t in tasks for e in t["errors"] if "fieldName" in e}


def recall(tool: str, out: Path, truth: Path) -> dict[str, Any]:
    """Seeded cells found, kinds found whole, and cells named that were not seeded."""
    import polars as pl

    known = {(int(r), f): k for r, f, k in pl.read_csv(truth, infer_schema=False).iter_rows()}
    found = found_cells(tool, out)
    kinds = set(known.values())
    missed = {k for cell, k in known.items() if cell not in found}
    return {
        "cells": f"{sum(c in found for c in known)}/{len(known)}",
        "kinds": f"{len(kinds - missed)}/{len(kinds)}",
        "missed": sorted(missed),
        "false_alarms": len(found - set(known)),
    }


def bench(rows: int, runs: int, tools: list[str]) -> dict[str, Any]:
    """One size: the tools in turn, `runs` times, medians."""
    from bench.defects import write_files

    with tempfile.TemporaryDirectory() as folder:
        table, schema, truth = write_files(Path(folder), rows)
        taken: dict[str, list[dict[str, float]]] = {t: [] for t in tools}
        results: dict[str, Any] = {"rows": rows, "size_mib": round(table.stat().st_size / 2**20, 1)}
        for _ in range(runs):
            for tool in tools:
                taken[tool].append(measure(tool, table, schema, Path(folder) / f"{tool}.out"))
        for tool in tools:
            results[tool] = {name: round(statistics.median(t[name] for t in taken[tool]), 2) for name in taken[tool][0]}
            if tool != "read":
                results[tool] |= recall(tool, Path(folder) / f"{tool}.out", truth)
    if "kokai" in results and "frictionless" in results:
        results["times_frictionless_cpu"] = round(results["frictionless"]["cpu_s"] / results["kokai"]["cpu_s"], 1)
    if "kokai" in results and "read" in results:
        results["times_reading_cpu"] = round(results["kokai"]["cpu_s"] / results["read"]["cpu_s"], 2)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[100_000])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", default="kokai,frictionless,read")
    parser.add_argument("--run", nargs=4, metavar=("TOOL", "TABLE", "SCHEMA", "OUT"))
    parser.add_argument("--write", action="store_true", help="store the numbers in bench/results.json")
    given = parser.parse_args()
    if given.run:
        tool, table, schema, out = given.run
        print(f"{tool}: {TOOLS[tool](Path(table), Path(schema), Path(out))}", file=sys.stderr)
        return
    sizes = {str(rows): bench(rows, given.runs, given.only.split(",")) for rows in given.rows}
    print(json.dumps(sizes, ensure_ascii=False, indent=1))
    if given.write:
        path = ROOT / "bench" / "results.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        known.setdefault("validate", {}).update(sizes)
        path.write_text(json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
