"""The command line: words to a command of `publish/commands/`, and every stop to a clear message."""

from __future__ import annotations

import argparse
import atexit
import errno
import importlib
import json
import os
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

import pipelines
from pipelines.errors import KokaiError

COMMANDS = {
    "init": "新しい作業フォルダを作ります / make a new workspace",
    "add": "Excel・CSVから定義ファイルを作ります / declare a dataset from a file",
    "check": "ファイルを点検します / check files against the standard",
    "build": "点検・補正・変換してパッケージを作ります / build packages",
    "plan": "公開で何が変わるかを示します / show what a publication would change",
    "publish": "パッケージをカタログに公開します / publish packages to a catalogue",
    "verify": "公開中のファイルと説明が公開したものと同じか確かめます / download what is public and compare",
    "doctor": "カタログのトークン・権限・ライセンスを公開前に確かめます / examine a catalogue beforehand",
    "rollback": "前に公開した版に戻します / publish an earlier edition again",
    "handover": "APIのないカタログや、別のPCへ渡すzipを作ります / a zip for catalogues without API",
    "run": "build・publish・kpi を続けて行います / build, publish and count",
    "serve": "公開したカタログを Web で見せます(読み取り専用) / serve the embedded catalogue, read only",
    "kpi": "計画ごとの達成状況を表示します / count toward each plan",
    "report": "委員会に出す報告書(Excel・PDF・HTML)を作ります / write the yearly report",
    "approve": "保留されたデータセットを承認します / approve a held dataset by name",
    "withdraw": "公開を取り下げます / withdraw a dataset by name",
    "ledger": "公開台帳を確かめ、以前の公開を取り込みます / verify the ledger, import history",
    "explain": "指摘のコードの意味を説明します / explain a code or a rule",
    "schema": "標準の項目一覧を表示します / list and show the standard schemas",
    "geocode": "住所に座標を付けます / give points to addresses",
    "gazetteer": "住所データを追加・確認します / add and inspect address data",
}


DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EROFS)


def make_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole parser; with `only`, the arguments of that one command are loaded, the others by name."""
    parser = argparse.ArgumentParser(
        prog="kokai",
        description="公開 Kokai: 課のExcelを、点検済みの標準オープンデータにして公開し、計画のKPIに数えます。 / "
        "From a section's Excel to checked standard open data, published and counted.",
        epilog="終了コード: 0 正常、1 指摘あり(check・verify、--strict)、2 実行できない / "
        "exit status: 0 fine, 1 findings, 2 cannot run. 各コマンドの説明: kokai コマンド --help",
    )
    parser.add_argument("--version", action="version", version=f"kokai {pipelines.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="コマンド", required=True)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if only is None or only == name:
            importlib.import_module(f"publish.commands.{name}").add_arguments(sub)
    return parser


def _first_word(argv: Sequence[str]) -> str | None:
    for word in argv:
        if word in COMMANDS:
            return word
    return ""


def _report_stop(error: KokaiError, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": error.as_dict()}, ensure_ascii=False) + "\n")
        return
    where = f"{error.where}: " if error.where else ""
    lines = [f"実行できません [{error.code}] {where}{error.ja}"]
    if error.todo_ja:
        lines.append(f"  → {error.todo_ja}")
    lines.append(f"Cannot run [{error.code}] {where}{error.en}")
    if error.todo_en:
        lines.append(f"  → {error.todo_en}")
    sys.stderr.write("\n".join(lines) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status (0 fine, 1 findings, 2 cannot run). Without words: `start`."""
    if argv is None:
        start()
    words = list(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    args = make_parser(_first_word(words)).parse_args(words)
    as_json = getattr(args, "format", "text") == "json"
    try:
        return int(importlib.import_module(f"publish.commands.{args.command}").run(args))
    except KokaiError as error:
        _report_stop(error, as_json)
        return error.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("中断しました / interrupted\n")
        return 130
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:  # before all else: a report could not be written either
            _report_stop(_disk_report(error), as_json)
            return 2
        if os.environ.get("KOKAI_DEBUG"):
            raise
        _report_stop(_bug_report(error), as_json)
        return 2


def _disk_report(error: OSError) -> KokaiError:
    return KokaiError(
        "disk-full", f"ディスクに書き込めません({error.strerror})。", f"the disk cannot be written ({error.strerror})",
        todo_ja="空きを作って、もう一度実行してください。途中までの処理は、次の実行が続きから片付けます。",
        todo_en="Make room and run again: the next run takes up what is left.", where=str(error.filename or ""),
    )


def _bug_report(error: Exception) -> KokaiError:
    """A bug to a file with its traceback; the clerk sees a code and where the file lies."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="kokai-bug-", delete=False, encoding="utf-8") as out:
        out.write("".join(traceback.format_exception(error)))
    return KokaiError(
        "bug",
        f"Kokai の不具合です({type(error).__name__})。記録: {out.name}",
        f"a bug in Kokai ({type(error).__name__}); report: {out.name}",
        todo_ja="この記録を開発元に送ってください。個人情報が含まれていないか、先に確かめてください。",
        todo_en="Send that report to the developers; look first whether it holds personal data.",
    )


def start() -> NoReturn:
    """The process of the console script: `main`, then out at once.

    Taking polars down object by object costs 0.07 s of CPU, a fifth of a small check. Everything that was written is
    flushed first; what has to be done at the end of a process (temporary folders, logs) is done by `atexit` before.
    """
    try:
        status = main(sys.argv[1:])
    except SystemExit as stop:  # argparse: --help, --version, wrong arguments
        status = stop.code if isinstance(stop.code, int) else 2
    if threading.active_count() > 1:
        sys.exit(status)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    os._exit(status)


if __name__ == "__main__":
    start()
