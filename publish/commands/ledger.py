"""`kokai ledger verify|import|checkpoint|renew-head`: every body's ledger to a yes or a line, history to entries."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_signature, add_workspace

if TYPE_CHECKING:
    from pipelines.declare import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="verify|import|checkpoint|renew-head", required=True)
    verify = actions.add_parser("verify", help="改ざん・欠落がないか確かめます / look for any change or gap")
    verify.add_argument("--rows", action="store_true", help="大きな台帳でも、確認点の表を一行ずつ台帳と比べます / every row")
    add_workspace(verify)
    history = actions.add_parser("import", help="使い始める前の公開を一覧から取り込みます / take in what was public before")
    history.add_argument("file", type=Path, metavar="FILE", help="CSV、または CKAN の package_search の結果(JSON)")
    history.add_argument("--body", default="", metavar="CODE", help="団体コード(ファイルに列がないとき) / body, if no column")
    history.add_argument("--catalogue", default="", metavar="NAME", help="カタログの名前(ファイルに列がないとき) / catalogue")
    history.add_argument("--dry-run", action="store_true", help="書き込まずに内容だけ見ます / show, write nothing")
    add_workspace(history)
    checkpoint = actions.add_parser("checkpoint", help="確かめた所までの確認点を作ります(大きな台帳を速く読むため) / checkpoint")
    checkpoint.add_argument("--renew", action="store_true", help="前の確認点と比べずに作り直します / replace it unread")
    add_workspace(checkpoint)
    head = actions.add_parser("renew-head", help="失われた末尾の記録(.head)を作り直します / renew a lost .head")
    head.add_argument("code", metavar="CODE", help="団体コード / the body")
    add_signature(head)
    add_workspace(head)


def run(args: argparse.Namespace) -> int:
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "verify": _verify, "import": _import, "checkpoint": _checkpoint, "renew-head": _renew_head}
    return actions[args.action](args)


def _verify(args: argparse.Namespace) -> int:
    from publish.ledger import verify_everything
    from publish.run import Place

    verified = verify_everything(Place(args.workspace).ledger, rows=args.rows)
    found, wrong = verified.chains, verified.wrong
    if not found:
        sys.stdout.write("台帳はまだありません。 / no ledger yet\n")
    for code, broken in found.items():
        if broken is not None:
            sys.stdout.write(f"{code}: {broken.line}行目 {broken.ja} / line {broken.line}: {broken.en}\n")
        elif len(found) <= 100:
            sys.stdout.write(f"{code}: 異常なし / intact\n")
    bad = sum(b is not None for b in found.values())
    if wrong is not None:
        sys.stdout.write(f"{wrong.where}: {wrong.ja} / {wrong.en}\n")
    if len(found) > 100 and not bad:
        sys.stdout.write(f"{len(found)}の台帳: 異常なし / all intact\n")
    if not verified.every_row and wrong is None:
        sys.stdout.write("確認点の表は全体のダイジェストで確かめました。一行ずつ比べるには --rows を付けてください。"
                         " / the checkpoint's table was verified by its digest; --rows compares every row\n")
    return 1 if bad or wrong is not None else 0


def _import(args: argparse.Namespace) -> int:
    from pipelines.errors import DeclarationError, SourceError
    from publish.commands.clock import current_time, current_user
    from publish.ledger import append_entries, history_entries, read_history, read_ledgers
    from publish.ledger.history import file_sha256, without_known
    from publish.run import Place, open_workspace

    if not args.file.is_file():
        raise SourceError("source-missing", "ファイルがありません。", "no such file", todo_ja="場所と名前を確かめてください。",
                          todo_en="Check where it is and its name.", where=str(args.file))
    workspace = open_workspace(args.workspace, sources=False)
    place = Place(args.workspace)
    entries = history_entries(
        read_history(args.file), file=args.file.name, source_sha256=file_sha256(args.file), now=current_time(),
        by=current_user(), body=args.body, catalogue=args.catalogue, dataset_of=_known_datasets(workspace))
    for entry in entries:
        if workspace.body(str(entry["body"])) is None or workspace.catalogue(str(entry["catalogue"])) is None:
            raise DeclarationError(
                "history-unknown-place", f"「{entry['body']}」または「{entry['catalogue']}」は、この作業フォルダにありません。",
                f"no body {entry['body']} or no catalogue {entry['catalogue']} in this workspace",
                todo_ja="datasets/ の団体と datasets/catalogues.yml の名前を確かめてください。",
                todo_en="See datasets/ and datasets/catalogues.yml.", where=args.file.name)
    new = without_known(entries, read_ledgers(place.ledger, sorted({str(e["body"]) for e in entries})))
    skipped = len(entries) - len(new)
    for code in sorted({str(e["body"]) for e in new}):
        own = [e for e in new if e["body"] == code]
        if not args.dry_run:
            append_entries(place.ledger, code, own)
        sys.stdout.write(f"{code}: {len(own)}行{'を取り込みます' if args.dry_run else 'を取り込みました(取込の印つき)'}\n")
    if skipped:
        sys.stdout.write(f"すでに台帳にある{skipped}行は取り込みませんでした。\n")
    return 0


def plain_title(text: str) -> str:
    """A title without what people write around it: 【柳井市】観光施設一覧(令和2年3月11日時点) is 観光施設一覧."""
    plain = re.sub(r"^(?:【[^】]*】\s*)+", "", text.strip())
    around = r"(?:\s*[(\uff08][^()\uff08\uff09]*(?:時点|現在|年度?版?|csv|xlsx?|excel)[^()\uff08\uff09]*[)\uff09])+$"
    return re.sub(around, "", plain, flags=re.IGNORECASE).strip()


def _known_datasets(workspace: Workspace) -> Callable[[str, str], tuple[str, str] | None]:
    """(body, id or title) to (dataset id, kind): the register first, then the standard's kinds and their slices."""
    from pipelines.standards import list_kinds

    kinds = list_kinds(workspace.local_schemas)
    ids = {k.id for k in kinds}
    by_title = {k.title: k.id for k in kinds}
    register = {(d.body.code, key): (d.id, d.kind) for d in workspace.datasets
                for key in (d.id, d.title, d.title.removeprefix("【見本】"))}

    def find(code: str, text: str) -> tuple[str, str] | None:
        for name in (text.strip(), plain_title(text)):
            if (code, name) in register:
                return register[(code, name)]
            if name in by_title:
                return by_title[name], by_title[name]
        slug = text.strip().removeprefix(code).lstrip("_-").replace("-", "_")
        if (code, slug) in register:
            return register[(code, slug)]
        kind = next((k for k in sorted(ids, key=len, reverse=True) if slug == k or slug.startswith(f"{k}_")), None)
        return (slug, kind) if kind and slug.replace("_", "").isalnum() and slug.isascii() else None

    return find


def _checkpoint(args: argparse.Namespace) -> int:
    from publish.ledger import write_checkpoint
    from publish.run import Place

    made = write_checkpoint(Place(args.workspace).ledger, renew=args.renew)
    lines = sum(m.lines for m in made.marks.values())
    sys.stdout.write(f"確認点を作りました: {len(made.marks)}団体、{lines:,}行 / checkpoint written\n")
    return 0


def _renew_head(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time
    from publish.ledger import renew_head
    from publish.run import Place

    lines = renew_head(Place(args.workspace).ledger, args.code, {
        "at": current_time().strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": "noted", "body": args.code, "by": args.by,
        "reason": args.reason})
    sys.stdout.write(f"{args.code}: つながりを確かめ、末尾の記録を作り直しました({lines}行)。理由を台帳に残しました。\n")
    return 0
