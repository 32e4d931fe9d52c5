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

    from pipelines.geocode import Gazetteer

_ADDRESS_COLUMNS = ("住所", "所在地_連結表記", "所在地", "設置場所住所", "所在地住所", "address")
_LINES = 10
_MEASURES = {
    "pref": "都道府県が正しい", "city": "市区町村が正しい", "town": "町字が正しい", "lg_code": "団体コードが正しい",
    "median_m": "正しい点との距離の中央値(m)", "within_1km": "1km以内",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE",
                        help="住所のある表(CSV・Excelなど。- は標準入力) / a table with addresses, - for a pipe")
    parser.add_argument("--column", help=f"住所の列(既定: {'、'.join(_ADDRESS_COLUMNS[:3])} のうちあるもの) "
                                         "/ the address column")
    parser.add_argument("--body", metavar="CODE", help="団体コード(市区町村名のない住所の手がかり) / context of addresses")
    parser.add_argument("--out", type=Path, metavar="FILE", help="書き出し先のCSV(既定: 標準出力) / where to write")
    parser.add_argument("--gazetteer", type=Path, metavar="DIR", help="住所データの場所 / folder of the address data")
    parser.add_argument("--evaluate", action="store_true",
                        help="答え付きの表(列 input と、pref・city・town・lat・lon・lg_code のどれか)で正解率を出します "
                             "/ print accuracy on a table with answers")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    import polars as pl

    from pipelines.geocode import Gazetteer, default_gazetteer_folder, evaluate, geocode_frame

    gazetteer = Gazetteer.open(args.gazetteer or default_gazetteer_folder(os.environ))
    frame, said = _read(args.file)
    if not args.quiet:
        _tell_left_out(said)
    if args.evaluate:
        _print_accuracy(args.file, evaluate(frame, gazetteer), as_json=args.format == "json")
        return 0
    column = args.column or next((c for c in _ADDRESS_COLUMNS if c in frame.columns), _ADDRESS_COLUMNS[0])
    result = geocode_frame(frame, column, gazetteer, body_code=_body(args.body, gazetteer))
    if args.format == "json":
        text = "".join(line + "\n" for line in result.write_ndjson().splitlines())
    else:
        text = result.with_columns(pl.col(pl.Float64).round(8)).write_csv()
    if args.out is None:
        sys.stdout.write(text)
    else:
        from publish.swap import write_atomically

        write_atomically(args.out, ("\ufeff" + text).encode("utf-8"))
    if not args.quiet:
        found = result.filter(pl.col(_named("lat", frame)).is_not_null()).height
        sys.stderr.write(f"{result.height}件のうち{found}件の位置が分かりました / points for {found} of "
                         f"{result.height} rows\n")
        sys.stderr.write("".join(f"出典 / credit: {line}\n" for line in gazetteer.credits if found))
    return 0


def _named(name: str, frame: pl.DataFrame) -> str:
    """The heading under which a column was added."""
    return f"geocode_{name}" if name in frame.columns else name


def _body(code: str | None, gazetteer: Gazetteer) -> str | None:
    """The municipality code as given; SourceError when the address data has no such municipality."""
    from pipelines.errors import SourceError

    if code is not None and gazetteer.city_row(code) < 0:
        raise SourceError("body-unknown", f"団体コード「{code}」の市区町村が住所データにありません。",
                          f"The address data has no municipality {code}.",
                          todo_ja="5桁か6桁の全国地方公共団体コードを確かめ、その県の住所データを追加してください。",
                          todo_en="Check the code (5 or 6 digits), and add the address data of its prefecture.",
                          where="--body")
    return code


def _print_accuracy(name: str, table: pl.DataFrame, *, as_json: bool) -> None:
    from publish.report.console import print_table

    if as_json:
        sys.stdout.write(table.write_json() + "\n")
        return
    rows = []
    for measure, cases, right, percent in table.iter_rows():
        if not cases:
            continue
        metres = measure == "median_m"
        rows.append([measure, _MEASURES[measure], str(cases), f"{right:.1f}" if metres else str(int(right)),
                     "" if metres else f"{percent:.1f}"])
    print_table(f"正解率: {name}", ["measure", "", "cases", "right", "percent"], rows, right=(2, 3, 4))


def _tell_left_out(findings: pl.DataFrame) -> None:
    """What reading the table left out or changed (totals, notes, blank rows), in words; from `_LINES` on of one kind
    only their number."""
    from pipelines.words import render_frame

    for (code,), rows in render_frame(findings).group_by(["code"], maintain_order=True):
        for row, words in rows.head(_LINES).select("row", "message_ja").iter_rows():
            sys.stderr.write(("" if row is None else f"{row}行目: ") + f"{words} [{code}]\n")
        if rows.height > _LINES:
            sys.stderr.write(f"ほかに{rows.height - _LINES}件 / {rows.height - _LINES} more [{code}]\n")


def _read(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(all rows of the table as text, findings of the reading); a pipe may bring whatever a file may be (CSV in any
    encoding, a workbook)."""
    import tempfile

    import polars as pl

    from pipelines.extract import open_source
    from pipelines.model import ROW

    if name != "-":
        source = open_source(Path(name))
        blocks = [(table.frame, findings) for table, findings in source.blocks()]
        return (pl.concat([frame for frame, _ in blocks], how="diagonal").drop(ROW),
                pl.concat([findings for _, findings in blocks]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdin"
        with path.open("wb") as file:
            while block := sys.stdin.buffer.read(1 << 20):
                file.write(block)
        return _read(str(path))
