"""`kokai init DIR --code 352136 --name 美祢市`: an empty folder to a workspace."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="作るフォルダ / the folder to make")
    parser.add_argument("--code", required=True, help="全国地方公共団体コード6桁(例 352136) / municipality code")
    parser.add_argument("--name", required=True, help="団体名(例 美祢市) / name of the municipality")
    parser.add_argument("--romaji", help="フォルダ名に使うローマ字(例 mine) / romaji for the folder name")


def run(args: argparse.Namespace) -> int:
    from pipelines.declare import init_workspace

    made = init_workspace(args.folder, args.code, args.name, romaji=args.romaji)
    sys.stdout.write(f"作業フォルダを作りました: {args.folder}\n")
    for path in made:
        sys.stdout.write(f"  {path}\n")
    sys.stdout.write(
        "次にすること:\n"
        f"  1. 課のExcelを inbox に置きます\n"
        f"  2. kokai add ファイル --workspace {args.folder}   (定義ファイルを作ります)\n"
        f"  3. kokai run --workspace {args.folder}\n"
    )
    return 0
