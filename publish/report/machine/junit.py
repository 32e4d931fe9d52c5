"""Findings to JUnit XML, the form in which CI systems show tests: a suite for each file, a case for each code."""

from __future__ import annotations

import re
from typing import Any, BinaryIO
from xml.etree import ElementTree

import polars as pl

from pipelines.checked import CheckResult
from pipelines.errors import KokaiError
from publish.report.machine.shape import Report

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JUnitReport(Report):
    """Errors of one code fail that code's case and stand in its text; warnings and notes are told in system-out."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        self.cases: dict[str, dict[tuple[str, str], list[str]]] = {}
        self.stops: dict[str, KokaiError] = {}

    def add_stop(self, file: str, error: KokaiError) -> None:
        self.stops[file] = error

    def close(self) -> None:
        root = ElementTree.Element("testsuites", name="kokai check")
        totals = {"tests": 0, "failures": 0, "errors": 0}
        for file in sorted({*self.cases, *self.stops}):
            for name, n in self._suite(root, file).items():
                totals[name] += n
        for name, n in totals.items():
            root.set(name, str(n))
        ElementTree.indent(root, " ")
        self.out.write(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
        self.out.flush()

    def _take(self, file: str, rendered: pl.DataFrame) -> None:
        cases = self.cases.setdefault(file, {})
        for row in rendered.select("code", "level", "row", "field", "message_ja").iter_rows(named=True):
            cases.setdefault((row["level"], row["code"]), []).append(_line(row))

    def _done(self, result: CheckResult) -> None:
        self.cases.setdefault(result.file, {})

    def _suite(self, root: ElementTree.Element, file: str) -> dict[str, int]:
        cases = self.cases.get(file, {})
        stop = self.stops.get(file)
        failures = sum(1 for level, _ in cases if level == "error")
        counts = {"tests": max(len(cases), 1), "failures": failures, "errors": int(stop is not None)}
        suite = ElementTree.SubElement(root, "testsuite", name=_text(file))
        for name, n in counts.items():
            suite.set(name, str(n))
        for (level, code), lines in sorted(cases.items()):
            case = ElementTree.SubElement(suite, "testcase", classname=_text(file), name=code)
            said = "\n".join(lines)
            if level == "error":
                failed = ElementTree.SubElement(case, "failure", type=code, message=f"{len(lines)} × {code}")
                failed.text = said
            else:
                ElementTree.SubElement(case, "system-out").text = said
        if not cases:
            case = ElementTree.SubElement(suite, "testcase", classname=_text(file), name="kokai check")
            if stop is not None:
                failed = ElementTree.SubElement(case, "error", type=stop.code, message=_text(stop.ja))
                failed.text = _text(f"{stop.ja}{stop.todo_ja}\n{stop.en} {stop.todo_en}")
        return counts


def _line(row: dict[str, Any]) -> str:
    where = f"{row['row']}行目 " if row["row"] is not None else ""
    return _text(where + (f"{row['field']}: " if row["field"] else "") + row["message_ja"])


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
