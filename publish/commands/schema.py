"""`kokai schema list|show`: the standard's kinds and columns, with how sure each mark is."""

from __future__ import annotations

import argparse
from pathlib import Path

from publish.commands.arguments import add_output

MARKS = {"required": "◎", "recommended": "○", "optional": "", "unknown": "?"}
BASES = {"read": "", "inferred": "(推定)", "unknown": "(未確認)", "declared": ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="list|show", required=True)
    listing = actions.add_parser("list", help="種類と版の一覧 / kinds and editions")
    show = actions.add_parser("show", help="項目の一覧 / the columns of one kind")
    show.add_argument("kind", help="種類(例 aed) / kind")
    show.add_argument("--edition", default=None, help="版(既定: 新しい版) / edition")
    for sub in (listing, show):
        sub.add_argument("--workspace", type=Path, default=Path("."), metavar="DIR",
                         help="独自の標準(schemas/)を探す作業フォルダ / workspace with local schemas")
        add_output(sub)


def run(args: argparse.Namespace) -> int:
    return _list(args) if args.action == "list" else _show(args)


def _list(args: argparse.Namespace) -> int:
    import json

    from pipelines.standards import list_standards, local_schema_folder

    infos = list_standards(local_schema_folder(args.workspace))
    if args.format == "json":
        rows = [{"kind": i.kind, "edition": i.edition, "title": i.title, "number": i.number, "columns": i.columns,
                 "confidence": i.confidence, "local": i.local} for i in infos]
        print(json.dumps(rows, ensure_ascii=False))  # noqa: T201
        return 0
    from publish.report.console import print_table

    print_table(
        "標準データセットの一覧",
        ["種類", "名称", "版", "番号", "項目数", "確かさ"],
        [[i.kind, i.title, i.edition, i.number, str(i.columns), i.confidence + (" 独自" if i.local else "")]
         for i in infos],
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    import json

    from pipelines.standards import list_standards, load_standard, local_schema_folder

    local = local_schema_folder(args.workspace)
    editions = [i.edition for i in list_standards(local) if i.kind == args.kind]
    edition = args.edition or ("municipal-standard-v3" if "municipal-standard-v3" in editions else None)
    standard = load_standard(args.kind, edition or (editions[0] if editions else ""), local)
    if args.format == "json":
        print(json.dumps(standard.schema, ensure_ascii=False))  # noqa: T201
        return 0
    from publish.report.console import print_table

    print_table(
        f"{standard.title_ja}({standard.kind}) {standard.edition} 確かさ: {standard.confidence}",
        ["", "項目名", "必須", "型", "書き方", "選択肢"],
        [[str(n), f.name, MARKS[f.requirement.mark] + BASES[f.requirement.basis], f.type, f.rule or "",
          "、".join(f.enum)[:40]] for n, f in enumerate(standard.fields, start=1)],
    )
    return 0
