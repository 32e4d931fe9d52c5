"""`kokai geocode FILE --column 住所`: addresses to parts and points, as CSV; or accuracy on a file with answers."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output

if TYPE_CHECKING:
    import polars as pl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="住所のある表(- は標準入力のCSV) / a table with addresses, - for a pipe")
    parser.add_argument("--column", default="住所", help="住所の列(既定: 住所) / the address column")
    parser.add_argument("--body", metavar="CODE", help="団体コード(市区町村名のない住所の手がかり) / context of addresses")
    parser.add_argument("--out", type=Path, metavar="FILE", help="書き出し先のCSV(既定: 標準出力) / where to write")
    parser.add_argument("--gazetteer", type=Path, metavar="DIR", help="住所データの場所 / folder of the address data")
    parser.add_argument("--evaluate", action="store_true",
                        help="答え付きの表で正解率を出します / print accuracy on a CSV with answers")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    import polars as pl

    from pipelines.geocode import Gazetteer, default_gazetteer_folder, evaluate, geocode_frame
    from publish.report.console import print_table

    gazetteer = Gazetteer.open(args.gazetteer or default_gazetteer_folder(os.environ))
    if args.evaluate:
        table = evaluate(Path(args.file), gazetteer)
        if args.format == "json":
            sys.stdout.write(table.write_json() + "\n")
        else:
            print_table(f"正解率: {args.file}", table.columns, [[str(v) for v in r] for r in table.iter_rows()])
        return 0
    frame = _read(args.file)
    result = geocode_frame(frame, args.column, gazetteer, body_code=args.body)
    if args.format == "json":
        text = "".join(line + "\n" for line in result.write_ndjson().splitlines())
    else:
        text = result.with_columns(pl.col(pl.Float64).round(8)).write_csv()
    if args.out is None:
        sys.stdout.write(text)
    else:
        from publish.swap import write_atomically

        write_atomically(args.out, ("\ufeff" + text).encode("utf-8"))
    return 0


def _read(name: str) -> pl.DataFrame:
    import io

    import polars as pl

    from pipelines.extract import open_source
    from pipelines.model import ROW

    if name == "-":
        return pl.read_csv(io.BytesIO(sys.stdin.buffer.read()), infer_schema=False, truncate_ragged_lines=True)
    source = open_source(Path(name))
    return pl.concat([table.frame for table, _ in source.blocks()]).drop(ROW)
