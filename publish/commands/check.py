"""`kokai check FILE…`: files to findings and fixes, as text for a clerk or as one JSON object a line."""

from __future__ import annotations

import argparse
from pathlib import Path

from publish.commands.arguments import add_output


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
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from pipelines.check import CheckOptions, check_file
    from pipelines.errors import SourceError
    from pipelines.standards import local_schema_folder
    from publish.report.findings import check_as_json, check_as_text

    local = local_schema_folder(args.workspace)
    options = CheckOptions(
        kind=args.kind, edition=args.edition, schema=args.schema, sheet=args.sheet, header_row=args.header_row,
        max_bytes=args.max_bytes, local_schemas=local,
    )
    status = 0
    for path in args.files:
        try:
            result = check_file(path, options)
        except SourceError as error:
            if len(args.files) == 1:
                raise
            from publish.cli import _report_stop

            _report_stop(error, args.format == "json")
            status = 2
            continue
        if args.format == "json":
            check_as_json(result)
        else:
            check_as_text(result, every=args.all_findings)
        if result.errors:
            status = max(status, 1)
    return status
