"""Verdicts on files to reports that other programs read: CSV, frictionless' report, SARIF 2.1.0, JUnit XML.

    open_report("sarif", stream) -> Report; report.take(...)*, report.add(...), report.add_stop(...), report.close()

Values that guard stops are masked in every one of them, since such reports are handed on.
"""

from __future__ import annotations

from typing import BinaryIO

from publish.report.machine.frictionless_form import FrictionlessReport
from publish.report.machine.junit import JUnitReport
from publish.report.machine.sarif import SarifReport
from publish.report.machine.shape import Report
from publish.report.machine.tabular import CsvReport

__all__ = ["REPORTS", "Report", "open_report"]

REPORTS = ("csv", "frictionless", "junit", "sarif")


def open_report(kind: str, out: BinaryIO) -> Report:
    """The report `kind` (one of REPORTS) that will be written to `out`, UTF-8; CSV is written as findings come."""
    makers: dict[str, type[Report]] = {
        "csv": CsvReport, "frictionless": FrictionlessReport, "junit": JUnitReport, "sarif": SarifReport,
    }
    return makers[kind](out)
