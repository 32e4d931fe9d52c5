"""The numbers of the validation bench to the bars that Kokai has set itself: measured, wanted, reached or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Numbers = dict[str, Any]


FRICTIONLESS_S = 73.7
"""CPU seconds of frictionless, uncapped, for the table of 1,000,000 rows where the absolute bars were set."""


class Bar(NamedTuple):
    """One bar: `measured` is to be at least (or at most) `wanted`.

    `slower`: for a bar in seconds, how many times the CPU time of that machine frictionless takes on this one.
    """

    what: str
    measured: float
    wanted: float
    at_least: bool
    slower: float | None = None

    @property
    def reached(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted

    def line(self) -> str:
        sign = ">=" if self.at_least else "<="
        said = "reached" if self.reached else "MISSED"
        if self.slower is not None and not self.reached:
            there = self.measured * self.slower if self.at_least else self.measured / self.slower
            said += f" ({there:.2f} if the machine were {self.slower:.2f} times as fast)"
        return f"  {self.what:64}{self.measured:10.2f}  {sign} {self.wanted:<7g} {said}"


def bars(results: Numbers) -> list[Bar]:
    """The bars that these results say something about."""
    peer = results.get("1000000", {}).get("frictionless", {}).get("cpu_s")
    slower = round(peer / FRICTIONLESS_S, 2) if peer else None
    absolute = [bar._replace(slower=slower) for bar in _small(results)]
    return [*_speed(results), *absolute, *_findings(results), *_growth(results)]


def _speed(results: Numbers) -> Iterator[Bar]:
    for rows, wanted in (("100000", 15), ("1000000", 20)):
        times = results.get(rows, {}).get("times_frictionless_cpu")
        if times:
            yield Bar(f"{int(rows):,} rows, --schema: times less CPU than frictionless", times, wanted, True)
    million = results.get("1000000", {}).get("kokai")
    if million:
        yield Bar("1,000,000 rows, --schema: peak memory, MiB", million["peak_mib"], 300, False)


def _small(results: Numbers) -> Iterator[Bar]:
    if "small" in results:
        small = results["small"]
        yield Bar("300 rows, --schema, whole process: CPU-s", small["one_file_of_300_rows"]["kokai"]["cpu_s"], 0.3, False)
        yield Bar("300 rows, all rules, whole process: CPU-s", small["one_file_of_300_rows"]["kokai-full"]["cpu_s"], 0.5, False)
        yield Bar("200 files of 300 rows, --schema: files a CPU-s", small["files_a_cpu_second"]["kokai"], 150, True)
    if "workbook" in results:
        yield Bar("XLSX 20,000 x 25, --schema, end to end: CPU-s", results["workbook"]["kokai"]["cpu_s"], 1.2, False)


def _findings(results: Numbers) -> Iterator[Bar]:
    found = [size["kokai"] for key, size in results.items() if key.isdigit() and "cells" in size.get("kokai", {})]
    if found:
        yield Bar("seeded cells found, the least share of all sizes, %", min(_percent(n["cells"]) for n in found), 100, True)
        yield Bar("seeded kinds found whole, the least of all sizes, %", min(_percent(n["kinds"]) for n in found), 100, True)
        yield Bar("false alarms, all sizes", sum(n["false_alarms"] for n in found), 0, False)


def _percent(share: str) -> float:
    some, of = share.split("/")
    return 100 * int(some) / int(of)


def _growth(results: Numbers) -> Iterator[Bar]:
    """From 100,000 rows on a row costs no more, and memory grows by the 16 bytes a row that a key may take."""
    sizes = sorted((int(key), size["kokai"]) for key, size in results.items() if key.isdigit() and "kokai" in size)
    large = [(rows, n) for rows, n in sizes if rows >= 100_000]
    if len(large) < 2:
        return
    (first, at_first), (last, at_last) = large[0], large[-1]
    times = at_last["cpu_s"] / last / (at_first["cpu_s"] / first)
    yield Bar(f"CPU-s a row at {last:,} rows, times that at {first:,}", times, 1.1, False)
    beyond = at_last["peak_mib"] - at_first["peak_mib"]
    yield Bar(f"memory at {last:,} rows beyond that at {first:,}: bytes a row", beyond * 2**20 / last, 64, False)


def growth(results: Numbers) -> list[str]:
    """How the cost of each size grows, as lines to read."""
    lines = []
    for key, size in sorted(((int(k), s) for k, s in results.items() if k.isdigit())):
        for tool in ("kokai", "kokai-full"):
            if tool in size:
                n = size[tool]
                lines.append(f"  {tool:12}{key:>12,} rows{n['cpu_s']:9.2f} CPU-s{n['cpu_s'] / key * 1e6:9.2f} us a row"
                             f"{n['peak_mib']:7.0f} MiB")
    return lines
