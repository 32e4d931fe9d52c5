"""`kokai explain [CODE…]`: what a finding's code or a fix's rule means, and what to do."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("codes", nargs="*", metavar="CODE", help="指摘のコードや補正の規則(既定: 一覧) / codes, default: all")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    import json

    from pipelines.errors import DeclarationError
    from pipelines.messages import load_messages

    known = load_messages()
    unknown = [c for c in args.codes if c not in known["findings"] and c not in known["rules"]]
    if unknown:
        raise DeclarationError(
            "code-unknown", f"「{unknown[0]}」というコードはありません。", f"no code {unknown[0]!r}",
            todo_ja="コードなしで kokai explain とすると、一覧が出ます。", todo_en="kokai explain alone lists them all.",
            where=unknown[0],
        )
    chosen = {family: {k: v for k, v in known[family].items() if not args.codes or k in args.codes}
              for family in ("findings", "rules")}
    if args.format == "json":
        sys.stdout.write(json.dumps(chosen, ensure_ascii=False) + "\n")
        return 0
    levels = {"error": "エラー", "warning": "注意", "info": "お知らせ"}
    for code, entry in sorted(chosen["findings"].items()):
        sys.stdout.write(f"{code} ({levels[entry['level']]})\n  {entry['ja']}{entry.get('todo_ja', '')}\n  {entry['en']}\n")
    for rule, entry in sorted(chosen["rules"].items()):
        waits = "(確認が必要)" if entry["meaning"] else ""
        sys.stdout.write(f"{rule} 補正の規則{waits}\n  {entry['ja']}\n  {entry['en']}\n")
    return 0
