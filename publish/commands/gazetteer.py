"""`kokai gazetteer add|status|download`: official address files to the local store."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from publish.commands.arguments import add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="add|status|download", required=True)
    adding = actions.add_parser("add", help="配布ファイル(csv・zip・gz・parquet、N03のgeojson・shp)を追加します "
                                            "/ add official files")
    adding.add_argument("files", nargs="+", type=Path, metavar="FILE",
                        help="位置参照情報・アドレスベースレジストリ・行政区域(N03)・測地系の変換格子"
                             "(TKY2JGD。tif・gsb・par)のファイル / official address data, boundaries, the datum grid")
    status = actions.add_parser("status", help="入っている住所データと出典 / what is there, with its credit lines")
    fetch = actions.add_parser("download", help="公式サイトから取り寄せます(ネットワークを使う唯一の操作) / fetch them")
    fetch.add_argument("prefecture", metavar="PREF", help="都道府県(例 山口県、35) / prefecture")
    fetch.add_argument("--base-url", metavar="URL", help="取り寄せ先の代わり(ミラー) / a mirror of the files")
    for sub in (adding, status, fetch):
        sub.add_argument("--gazetteer", type=Path, metavar="DIR", help="住所データの場所 / folder of the store")
        add_output(sub)


def run(args: argparse.Namespace) -> int:
    from pipelines.geo import add_grid, grid_in, is_grid
    from pipelines.geocode import build_gazetteer, default_gazetteer_folder, download, gazetteer_status

    folder = args.gazetteer or default_gazetteer_folder(os.environ)
    if args.action == "add":
        grids = [path for path in args.files if is_grid(path)]
        for path in grids:
            add_grid(path, folder)
        if addresses := [path for path in args.files if path not in grids]:
            build_gazetteer(addresses, folder)
    elif args.action == "download":
        download(args.prefecture, folder, base_url=args.base_url)
    grid = grid_in(folder)
    status = {**gazetteer_status(folder), "datum_grid": grid.name if grid is not None else None}
    _print_status(status, as_json=args.format == "json")
    return 0


def _print_status(status: dict[str, object], *, as_json: bool) -> None:
    import json

    from publish.report.console import print_table

    if as_json:
        sys.stdout.write(json.dumps(status, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"住所データ: {status['folder']}\n")
    if status["outdated"]:
        sys.stdout.write("  保存形式が今の版と違います。kokai gazetteer add ファイル… で追加し直してください。\n")
    elif not status["present"]:
        sys.stdout.write("  住所データはまだありません。kokai gazetteer add ファイル… で追加してください。\n")
    if status["datum_grid"]:
        sys.stdout.write(f"  日本測地系からの変換格子: {status['datum_grid']}\n")
    if not status["sources"]:
        return
    sys.stdout.write(f"  町字 {status['towns']}、市区町村 {status['cities']}、番地・街区 {status['lots']}\n")
    sources = status["sources"]
    assert isinstance(sources, list)
    print_table("出典", ["種類", "範囲", "日付", "行", "ファイル", "出典の表示"],
                [[str(s["layout"]), str(s["area"]), str(s["date"]), str(s["rows"]), str(s["file"]), str(s["credit"])]
                 for s in sources], right=(3,))
