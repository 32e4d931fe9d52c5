"""Verdicts on files to reports that other programs read: CSV, frictionless' report, SARIF 2.1.0, JUnit XML.

    open_report("sarif", stream) -> Report; report.take(...)*, report.add(...), report.add_stop(...), report.close()

Values that guard stops are masked in every one of them, since such reports are handed on.
"""

from __future__ import annotations

from typing import BinaryIO

from publish.report.machine.shape import Report

__all__ = ["REPORTS", "Report", "open_report"]

REPORTS = ("csv", "frictionless", "junit", "sarif")


def open_report(kind: str, out: BinaryIO) -> Report:
    """The report `kind` (one of REPORTS) that will be written to `out`, UTF-8; CSV is written as findings come."""
    if kind == "csv":  # each brings its own libraries along, and a small file's check is mostly imports
        from publish.report.machine.tabular import CsvReport

        return CsvReport(out)
    if kind == "frictionless":
        from publish.report.machine.frictionless_form import FrictionlessReport

        return FrictionlessReport(out)
    if kind == "junit":
        from publish.report.machine.junit import JUnitReport

        return JUnitReport(out)
    from publish.report.machine.sarif import SarifReport

    return SarifReport(out)
