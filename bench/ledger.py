"""A ledger of 1,741 bodies x 50 datasets x 10 yearly publications to seconds: verify, checkpoint, count, append.

    python -m bench.ledger [--bodies 1741] [--keep DIR] [--results bench/results.json]

Bodies, datasets and days are made up. Each step runs in a process of its own, so that start and imports count too;
`kpi` answers every body's plan (one each) from the ledgers, verified up to the checkpoint by the digest of all bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.results import RESULTS, store

ROOT = Path(__file__).resolve().parent.parent
CODES = ("352136", "352128", "352012", "353442")
VERIFY = "from publish.cli import main; raise SystemExit(main(['ledger', 'verify', '--workspace', sys.argv[1]]))"
STEPS = {
    "verify": VERIFY,
    "checkpoint": "from publish.cli import main; raise SystemExit(main(['ledger', 'checkpoint', '--renew', '--workspace', "
    "sys.argv[1]]))",
    "verify with a checkpoint": VERIFY,
    "verify with every row of the checkpoint": VERIFY.replace("'verify', ", "'verify', '--rows', "),
    "kpi of the workspace's plans": "from publish.cli import main; raise SystemExit(main(['kpi', '--as-of', '2026-03-31', "
    "'--workspace', sys.argv[1]]))",
    "kpi of a plan for every body": "from bench.ledger import count_everything; count_everything(sys.argv[1])",
    "append one entry": "from bench.ledger import append_one; append_one(sys.argv[1])",
}


def make_ledgers(root: Path, bodies: int, datasets: int = 50, years: int = 10) -> tuple[int, int]:
    """Write chained ledgers (lines, bytes); the same call writes the same bytes."""
    from publish.ledger.entries import write_line

    root.mkdir(parents=True)
    lines = size = 0
    codes = [*CODES, *(f"{900000 + i}" for i in range(bodies))][:bodies]
    for code in codes:
        prev, out = "0" * 64, []
        for year in range(years):
            for d in range(datasets):
                number = year * datasets + d + 1
                line = write_line(prev, {
                    "seq": number, "at": f"{2016 + year}-{1 + d % 12:02d}-{1 + d % 28:02d}T09:00:00+09:00",
                    "event": "published" if year == 0 else "updated", "body": code, "dataset": f"dataset_{d:02d}",
                    "name": f"{code}_dataset_{d:02d}", "kind": f"kind_{d:02d}", "catalogue": "yamaguchi",
                    "release": str(number), "sha256": hashlib.sha256(f"{code}{number}".encode()).hexdigest(),
                    "rows": 10 + number, "files": 2, "periods": 1, "formats": 2, "as_of": f"{2016 + year}-04-01",
                    "frequency": "annual", "licence": "CC-BY-4.0", "url": f"https://opendata.example.jp/{code}_{d:02d}",
                    "hosted": True, "generated": False, "sample": False, "by": "広報課"})
                out.append(line)
                prev = hashlib.sha256(line).hexdigest()
        data = b"".join(out)
        (root / f"{code}.jsonl").write_bytes(data)
        head = {"lines": len(out), "hash": prev, "bytes": len(data), "mark": -1}
        (root / f"{code}.head").write_text(json.dumps(head), encoding="ascii")
        lines, size = lines + len(out), size + len(data)
    return lines, size


def count_everything(workspace: str) -> None:
    """A plan for every body: now, at its deadline and at the end of the year before, in one pass."""
    from datetime import date

    from pipelines.declare import Baseline, Plan, Target
    from publish.kpi import measure_plans
    from publish.ledger import ledger_codes, read_ledgers

    root = Path(workspace) / "ledger"
    began = time.perf_counter()
    entries = read_ledgers(root)
    read = time.perf_counter()
    plans = [
        Plan(id="p", body=code, title="計画", section="", source="", period_start="2021-04-01", period_end="2026-03-31",
             unit="種類", baseline=Baseline(14, "件"), target=Target(50, "種類", "2026-03-31", ""), counts_in=("yamaguchi",))
        for code in ledger_codes(root)
    ]
    found = measure_plans(entries, plans, date(2026, 11, 21), basic_kinds=[f"kind_{d:02d}" for d in range(14)])
    counted = time.perf_counter()
    print(f"{len(found)} plans, {sum(p.now.value for p in found)} kinds, {entries.height} lines: read and verified in "
          f"{read - began:.2f} s, counted in {counted - read:.2f} s")
    assert all(p.now.value == 50 for p in found)


def append_one(workspace: str) -> None:
    """One more line to one body's ledger."""
    from publish.ledger import append_entries

    append_entries(Path(workspace) / "ledger", "353442", [{
        "at": "2026-11-21T09:00:00+09:00", "event": "noted", "body": "353442", "by": "広報課"}])


def timed(step: str, workspace: Path) -> dict[str, Any]:
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {STEPS[step]}"
    done = subprocess.run([sys.executable, "-c", code, str(workspace)], capture_output=True, text=True, cwd=ROOT)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    if done.returncode:
        raise SystemExit(f"{step}: {done.stdout[-500:]} {done.stderr[-2000:]}")
    last = done.stdout.strip().splitlines()
    return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "says": last[-1] if last and "plans" in last[-1] else ""}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bodies", type=int, default=1741)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    workspace = args.keep or Path(tempfile.mkdtemp(prefix="kokai-ledger-"))
    try:
        if not (workspace / "ledger").exists():
            shutil.copytree(ROOT / "datasets", workspace / "datasets", dirs_exist_ok=True)
            lines, size = make_ledgers(workspace / "ledger", args.bodies)
        else:
            files = list((workspace / "ledger").glob("*.jsonl"))
            lines, size = sum(f.read_bytes().count(b"\n") for f in files), sum(f.stat().st_size for f in files)
        print(f"{lines:,} lines, {size / 1e6:.0f} MB")
        results: dict[str, Any] = {"lines": lines, "bytes": size, "cores": os.cpu_count(), "python": platform.python_version()}
        (workspace / "ledger" / "checkpoint.json").unlink(missing_ok=True)
        for step in STEPS:
            results[step] = best(step, workspace, args.runs)
        store("ledger", results, args.results)
    finally:
        if args.keep is None:
            shutil.rmtree(workspace)


def best(step: str, workspace: Path, runs: int) -> dict[str, Any]:
    found = min((timed(step, workspace) for _ in range(runs)), key=lambda r: float(r["seconds"]))
    print(f"{step}: {found['seconds']} s ({found['cpu_seconds']} CPU-s)  {found['says']}")
    return found


if __name__ == "__main__":
    main()
