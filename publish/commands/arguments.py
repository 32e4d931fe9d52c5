"""Arguments that several commands share, so that they are named and explained alike."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workspace", type=Path, default=Path("."), metavar="DIR",
                        help="作業フォルダ(既定: 現在のフォルダ) / the workspace, default: the current folder")


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text",
                        help="出力の形 / output as text (default) or JSON")
    parser.add_argument("--quiet", action="store_true", help="途中経過を表示しません / no progress")


def add_datasets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", metavar="DATASET",
                        help="データセットの名前(例 aed、352136_aed。既定: すべて) / datasets, default: all")
    parser.add_argument("--gazetteer", type=Path, metavar="DIR",
                        help="住所データの場所(既定: kokai gazetteer add の場所) / folder of the address data")
    parser.add_argument("--max-bytes", type=int, metavar="N", help="元ファイルの大きさの上限 / refuse larger files")


def add_strict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strict", action="store_true",
                        help="保留があれば終了コード1 / exit 1 when a dataset was held back")


def add_signature(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", required=True, metavar="NAME", help="氏名または職名 / who decides")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="理由 / why")
