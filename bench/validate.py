"""The same tables with 32 seeded kinds of defects to CPU seconds, memory and recall of Kokai and its peers, side by side.

    python -m bench.validate [ROWS …] [--runs 3] [--only kokai,frictionless,…] [--ten-million] [--no-extras] [--write]

Kokai runs as its users run it: `kokai check FILE --schema S --report csv --output OUT`, every finding with its words
in both languages on disk. Each tool is a process of its own, in turn on the same file; CPU seconds (user + system) and
peak memory are the operating system's (wait4), child processes included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.chart import line_chart
from bench.results import store, stored
from bench.validate_bars import bars, growth

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SLOW = {"great_expectations": 100_000, "frictionless-shipped": 1_000_000, "frictionless": 1_000_000}
"""The largest table that a peer gets: beyond it a run takes minutes."""
TOOLS = ("read", "kokai", "kokai-full", "frictionless", "frictionless-shipped", "great_expectations")
SMALL_ROWS, SMALL_FILES, SHEET_ROWS = 300, 200, 20_000
STANDARD = ("--kind", "public_facility", "--edition", "municipal-standard-v3")
Numbers = dict[str, Any]


def command(tool: str, out: Path, schema: Path, tables: Sequence[Path]) -> list[str]:
    """The command line of a tool; `kokai-full` checks against the standard with all rules, not against `schema`."""
    if tool.startswith("kokai"):
        given = list(STANDARD) if tool == "kokai-full" else ["--schema", str(schema)]
        words = [*map(str, tables), *given, "--report", "csv", "--output", str(out)]
        return [sys.executable, "-m", "publish.cli", "check", *words]
    return [sys.executable, "-m", "bench.validate_tools", tool, str(out), str(schema), *map(str, tables)]


_LAUNCHER = """import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                     file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, used = os.wait4(pid, 0)
print([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss])
"""
"""A process inherits the peak memory of the one that starts it: this one is small, the bench itself is not."""


def measure(words: Sequence[str], fine: Sequence[int] = (0, 1)) -> Numbers:
    """CPU seconds, wall seconds and peak RSS in MiB of one process. SystemExit for a status that is not `fine`."""
    import time

    env = {**os.environ, "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-S", "-c", _LAUNCHER, *words], env=env, stdout=subprocess.PIPE, check=True)
    status, cpu_s, peak = json.loads(done.stdout)
    if status not in fine:
        raise SystemExit(f"{' '.join(words[2:5])} … ended with status {status}")
    return {"cpu_s": cpu_s, "wall_s": time.monotonic() - started, "peak_mib": peak / 1024}


def medians(work: dict[str, Callable[[], Numbers]], runs: int) -> dict[str, Numbers]:
    """Every tool in turn, `runs` times; the median of each number."""
    taken: dict[str, list[Numbers]] = {name: [] for name in work}
    for _ in range(runs):
        for name, run in work.items():
            taken[name].append(run())
    return {name: {k: round(statistics.median(t[k] for t in times), 3) for k in times[0]}
            for name, times in taken.items()}


def standard_table(table: Path, out: Path) -> Path:
    """The same facilities in the columns and forms of the standard (the defects stay)."""
    import polars as pl

    def check_digit() -> pl.Expr:
        digits = [pl.col("法人番号").str.slice(-1 - i, 1).cast(pl.Int64, strict=False) for i in range(12)]
        rest = pl.sum_horizontal([d * (1 + i % 2) for i, d in enumerate(digits)], ignore_nulls=False) % 9
        return (9 - rest).cast(pl.String)

    sound = pl.col("法人番号").str.contains(r"\A[0-9]{13}\z")
    frame = pl.read_csv(table, infer_schema=False).with_columns(
        pl.col("郵便番号").str.replace(r"\A([0-9]{3})-([0-9]{4})\z", "$1$2"),
        pl.when(sound).then(check_digit() + pl.col("法人番号").str.slice(1)).otherwise("法人番号").alias("法人番号"),
        pl.col("所在地_連結表記").str.replace(r"\A.{2}県", "山口県"),
        pl.lit("山口県").alias("所在地_都道府県"),
    )
    frame = frame.rename({"市区町村": "所在地_市区町村", "町字": "所在地_町字", "番地以下": "所在地_番地以下"})
    frame.drop("施設分類", "都道府県", "バリアフリー").write_csv(out, line_terminator="\r\n")
    return out


def found_cells(tool: str, out: Path) -> set[tuple[int, str]]:
    """The cells (row as Excel shows it, field) that a report names."""
    if tool.startswith("kokai"):
        import polars as pl

        report = pl.read_csv(out, infer_schema=False).drop_nulls(["row", "field"])
        return {(int(r), f) for r, f in report.select("row", "field").iter_rows()}
    return {(int(row), field) for row, field in json.loads(out.read_text(encoding="utf-8"))}


def recall(tool: str, out: Path, truth: Path) -> Numbers:
    """Seeded cells found, kinds found whole, and cells named that were not seeded."""
    import polars as pl

    known = {(int(r), f): k for r, f, k in pl.read_csv(truth, infer_schema=False).iter_rows()}
    found = found_cells(tool, out)
    kinds = set(known.values())
    missed = {k for cell, k in known.items() if cell not in found}
    return {"cells": f"{sum(c in found for c in known)}/{len(known)}", "kinds": f"{len(kinds - missed)}/{len(kinds)}",
            "missed": sorted(missed), "false_alarms": len(found - set(known))}


def bench_size(rows: int, runs: int, tools: Sequence[str]) -> Numbers:
    """One size: the tools in turn, `runs` times, medians, recall."""
    from bench.defects import write_files

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, schema, truth = write_files(folder, rows)
        chosen = [t for t in tools if rows <= SLOW.get(t, rows)]
        tables = {t: standard_table(table, folder / "standard.csv") if t == "kokai-full" else table for t in chosen}
        work = {t: lambda t=t: measure(command(t, folder / f"{t}.out", schema, [tables[t]])) for t in chosen}
        result: Numbers = {"rows": rows, "size_mib": round(table.stat().st_size / 2**20, 1)}
        result |= medians(work, runs)
        for tool in chosen:
            if tool not in ("read", "kokai-full"):
                result[tool] |= recall(tool, folder / f"{tool}.out", truth)
    return result | ratios(result)


def ratios(result: Numbers) -> Numbers:
    """Kokai's CPU seconds against the peers' and the reader's."""
    ours = result.get("kokai", {}).get("cpu_s")
    if not ours:
        return {}
    shown = {"times_frictionless_cpu": ("frictionless", 1), "times_reading_cpu": ("read", -1)}
    return {name: round((result[tool]["cpu_s"] / ours) ** sign, 2) for name, (tool, sign) in shown.items() if tool in result}


def bench_small(runs: int) -> Numbers:
    """A file of 300 rows as a whole process, and 200 such files in one process (files a CPU second)."""
    from bench.defects import write_files

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables, standards = [], []
        for i in range(SMALL_FILES):
            table, schema, _ = write_files(folder / str(i), SMALL_ROWS, seed=i)
            tables.append(table)
            standards.append(standard_table(table, folder / str(i) / "standard.csv"))
        tools = ("import", "kokai", "kokai-full", "frictionless")
        out = folder / "out"
        one = {t: lambda t=t: measure(command(t, out, schema, (standards if t == "kokai-full" else tables)[:1]))
               for t in tools}
        many = {t: lambda t=t: measure(command(t, out, schema, standards if t == "kokai-full" else tables))
                for t in tools[1:]}
        small, all_files = medians(one, max(runs, 3)), medians(many, 1)
    rate = {t: round(SMALL_FILES / n["cpu_s"], 1) for t, n in all_files.items()}
    return {"one_file_of_300_rows": small, "files_a_cpu_second": rate}


def bench_workbook(runs: int) -> Numbers:
    """A workbook of 20,000 rows, end to end, with the process that opens it."""
    import openpyxl
    import polars as pl

    from bench.defects import write_files

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, schema, _ = write_files(folder, SHEET_ROWS)
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("施設")
        frame = pl.read_csv(table, infer_schema=False)
        sheet.append(frame.columns)
        for row in frame.iter_rows():
            sheet.append(row)
        path = folder / "facilities.xlsx"
        book.save(path)
        tools = ("read-workbook", "kokai", "frictionless")
        return medians({t: lambda t=t: measure(command(t, folder / "out", schema, [path])) for t in tools}, runs)


def bench_machine(runs: int) -> Numbers:
    """How fast the machine is today: five million steps of Python, and polars' import."""
    nothing = Path(os.devnull)
    return medians({t: lambda t=t: measure(command(t, nothing, nothing, [])) for t in ("loop", "import")}, max(runs, 3))


def show(results: Numbers) -> str:
    """The numbers as lines to read."""
    lines = []
    for size in (v for k, v in results.items() if k.isdigit()):
        lines.append(f"\n{size['rows']:,} rows x 25 columns, {size['size_mib']} MiB")
        for tool in (t for t in TOOLS if t in size):
            n = size[tool]
            found = f"  cells {n['cells']}, kinds {n['kinds']}, false alarms {n['false_alarms']}" if "cells" in n else ""
            lines.append(f"  {tool:21}{n['cpu_s']:9.2f} CPU-s{n['wall_s']:9.2f} s{n['peak_mib']:7.0f} MiB{found}")
        lines += [f"  {name}: {size[name]}" for name in ("times_frictionless_cpu", "times_reading_cpu") if name in size]
    if "small" in results:
        lines.append(f"\n{SMALL_ROWS} rows, whole process (CPU-s); {SMALL_FILES} such files in one process (files a CPU-s)")
        one, many = results["small"]["one_file_of_300_rows"], results["small"]["files_a_cpu_second"]
        lines += [f"  {tool:21}{n['cpu_s']:9.3f}{many.get(tool, ''):>9}" for tool, n in one.items()]
    if "workbook" in results:
        lines.append(f"\nXLSX {SHEET_ROWS:,} x 25, end to end, with the process that opens it")
        lines += [f"  {tool:21}{n['cpu_s']:9.2f} CPU-s{n['peak_mib']:16.0f} MiB" for tool, n in results["workbook"].items()]
    if "machine" in results:
        lines.append("\nThe machine, for whoever compares absolute numbers")
        lines += [f"  {tool:21}{n['cpu_s']:9.2f} CPU-s" for tool, n in results["machine"].items()]
    lines += ["\nGrowth", *growth(results)]
    reached = bars(results)
    if reached:
        lines += ["\nThe bars that Kokai has set itself", *(bar.line() for bar in reached)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", default=",".join(TOOLS), help="tools, with commas between")
    parser.add_argument("--ten-million", action="store_true", help="also 10,000,000 rows (5 GiB of temporary disk)")
    parser.add_argument("--no-extras", action="store_true", help="without the small files and the workbook")
    parser.add_argument("--write", action="store_true", help="store bench/results.json and bench/validate.svg")
    given = parser.parse_args()
    sizes = [*given.rows, *([10_000_000] if given.ten_million else [])]
    results: Numbers = {}
    for rows in sizes:
        results[str(rows)] = bench_size(rows, given.runs, given.only.split(","))
    if not given.no_extras:
        results["machine"] = bench_machine(given.runs)
        results["small"] = bench_small(given.runs)
        results["workbook"] = bench_workbook(given.runs)
    print(show(results))
    if given.write:
        known = stored("validate") | results
        store("validate", known)
        lines = {t: [(s["rows"], s[t]["cpu_s"]) for k, s in known.items() if k.isdigit() and t in s]
                 for t in TOOLS}
        chart = line_chart("Table Schema check, 25 columns", {t: sorted(p) for t, p in lines.items() if p}, "rows", "CPU-s")
        (ROOT / "bench" / "validate.svg").write_text(chart, encoding="utf-8")


if __name__ == "__main__":
    main()
