"""`kokai check FILE…`: files to findings and fixes, as text for a clerk, as JSON, or as a report for a program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output

if TYPE_CHECKING:
    from pipelines.checked import CheckOptions, CheckResult
    from pipelines.compare import EditionDistance
    from publish.report.machine import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE",
                        help="Excel・CSV・TSV・ODS・GeoJSON・GTFSのzip / the files to check")
    parser.add_argument("--kind", help="データの種類(例 aed。kokai schema list で一覧) / kind of dataset")
    parser.add_argument("--edition", help="版(recommended-v1、municipal-standard-v3) / edition")
    parser.add_argument("--schema", type=Path, metavar="TABLESCHEMA.json",
                        help="任意の Table Schema だけで点検します / check against any Table Schema, nothing else")
    parser.add_argument("--sheet", help="シート名(既定: 表のあるシート) / sheet name")
    parser.add_argument("--header-row", type=int, metavar="N", help="見出しの行番号 / row number of the header")
    parser.add_argument("--max-bytes", type=int, metavar="N", help="ファイルの大きさの上限 / refuse larger files")
    parser.add_argument("--all-findings", action="store_true",
                        help="表示を省略しません(既定は同じ指摘を10件まで) / print every finding")
    parser.add_argument("--workspace", type=Path, default=Path("."), metavar="DIR",
                        help="独自の標準(schemas/)を探す作業フォルダ / workspace with local schemas")
    parser.add_argument("--all-editions", action="store_true",
                        help="すべての版とのちがいと、新しい版に必要なことを示します / distance from every edition")
    parser.add_argument("--report", choices=("csv", "frictionless", "junit", "sarif"),
                        help="CIなどのための報告の形 / a report for other programs")
    parser.add_argument("--output", type=Path, metavar="FILE",
                        help="--report の書き出し先(既定: 標準出力) / where the report goes, default: standard output")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from pipelines.checked import CheckOptions
    from pipelines.errors import DeclarationError
    from pipelines.standards import local_schema_folder

    if args.output is not None and args.report is None:
        raise DeclarationError(
            "report-kind-missing", "--output には --report が要ります。", "--output needs --report.",
            todo_ja="--report csv のように形を選んでください。", todo_en="Choose a form: --report csv.")
    options = CheckOptions(
        kind=args.kind, edition=args.edition, schema=args.schema, sheet=args.sheet, header_row=args.header_row,
        max_bytes=args.max_bytes, local_schemas=local_schema_folder(args.workspace),
    )
    with _report(args) as report:
        return max((_check(path, args, options, report) for path in args.files), default=0)


@contextmanager
def _report(args: argparse.Namespace) -> Iterator[Report | None]:
    if args.report is None:
        yield None
        return
    from publish.report.machine import open_report

    if args.output is None:
        report = open_report(args.report, sys.stdout.buffer)
        yield report
        report.close()
        return
    with args.output.open("wb") as out:
        report = open_report(args.report, out)
        yield report
        report.close()


def _check(path: Path, args: argparse.Namespace, options: CheckOptions, report: Report | None) -> int:
    """Exit status of one file: 0, 1 for errors in it, 2 if it cannot be read."""
    from dataclasses import replace

    from pipelines.check import check_file
    from pipelines.errors import SourceError

    printed = report is None or args.output is not None
    if report is not None and (args.format == "text" or not printed):
        # The findings of a table against a given schema go to the report as they come: memory stays flat.
        options = replace(options, sink=partial(report.take, str(path)))
    editions: Sequence[EditionDistance] | None = None
    try:
        if args.all_editions:
            from pipelines.compare import compare_editions

            result, editions = compare_editions(path, options)
        else:
            result = check_file(path, options)
    except SourceError as error:
        if report is not None:
            report.add_stop(str(path), error)
        elif len(args.files) == 1:
            raise
        if printed:
            from publish.cli import _report_stop

            _report_stop(error, args.format == "json")
        return 2
    if report is not None:
        report.add(result)
    if printed:
        _print(result, editions, args)
    return 1 if result.errors else 0


def _print(result: CheckResult, editions: Sequence[EditionDistance] | None, args: argparse.Namespace) -> None:
    from publish.report.findings import check_as_json, check_as_text

    if editions is None and args.format == "json":
        check_as_json(result)
    elif editions is None:
        check_as_text(result, every=args.all_findings)
    else:
        from publish.report.editions import editions_as_text, editions_dict  # they bring the address parser along

        if args.format == "json":
            check_as_json(result, extra={"editions": editions_dict(editions)})
            return
        check_as_text(result, every=args.all_findings)
        editions_as_text(result, editions)
