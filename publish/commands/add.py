"""`kokai add FILE`: a section's own file to a declaration that the steward can read and mend."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_workspace

if TYPE_CHECKING:
    from pipelines.declare import Workspace
    from pipelines.model import Municipality, Standard


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="課のExcel・CSVなど / the section's file")
    parser.add_argument("--kind", help="データの種類(既定: 見出しから判断) / kind, default: told by the headings")
    parser.add_argument("--edition", help="公開する版(既定: 新しい版) / the edition to publish, default: the newer")
    parser.add_argument("--body", metavar="CODE", help="団体コード(団体が一つなら不要) / municipality code")
    parser.add_argument("--id", metavar="NAME", help="定義ファイルの名前(既定: 種類) / name of the declaration")
    parser.add_argument("--slice", metavar="NAME", help="同じ種類を分けるときの名前(例 kominkan) / slice of one kind")
    parser.add_argument("--section", help="所管課 / section in charge")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="データの時点(既定: 今日) / date of the data")
    parser.add_argument("--frequency", default="annual",
                        choices=("daily", "weekly", "monthly", "quarterly", "semiannual", "annual", "as-needed",
                                 "irregular", "never"), help="更新頻度(既定: annual) / how often it is renewed")
    parser.add_argument("--sheet", help="シート名(既定: 表のあるシート) / sheet name")
    parser.add_argument("--header-row", type=int, metavar="N", help="見出しの行番号 / row number of the header")
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from pipelines.check import choose_standard
    from pipelines.checked import CheckOptions
    from pipelines.declare import add_dataset
    from pipelines.extract import open_source
    from pipelines.normalise import map_columns
    from pipelines.standards import common_facts, known_headings
    from publish.commands.clock import current_time, parse_day
    from publish.run import open_workspace

    workspace = open_workspace(args.workspace)
    body = _choose_body(workspace, args.body)
    local = workspace.local_schemas
    source = open_source(args.file, sheet=args.sheet, header_row=args.header_row, known_headings=known_headings(local))
    own = choose_standard(source, CheckOptions(kind=args.kind, local_schemas=local))
    _refuse_unknown_kind(own, args.file)
    column_map, _ = map_columns(source.columns, source.headings, own,
                                header_ignore=common_facts()["header_ignore"])
    is_feed = source.format == "zip" and own.kind == "gtfs_jp"  # its files are published as they are, with all columns
    pairs = () if is_feed else column_map.pairs
    dataset = add_dataset(
        body, args.file, own, dict(pairs), as_of=parse_day(args.as_of, current_time()).isoformat(),
        id=args.id, edition=args.edition or _newest_edition(own, workspace), sheet=args.sheet,
        header_row=args.header_row, slice=args.slice, section=args.section, frequency=args.frequency,
    )
    left_out = [s for s, standard in pairs if standard is None]
    sys.stdout.write(f"定義ファイルを作りました: {dataset.path}\n")
    sys.stdout.write(f"  種類: {own.title_ja}({own.kind})、元の版: {own.edition}、公開する版: {dataset.edition}\n")
    if is_feed:
        sys.stdout.write("  フィードのファイルをすべて、列を変えずに公開します。\n")
    else:
        sys.stdout.write(f"  公開する列: {len(pairs) - len(left_out)}、公開しない列: {len(left_out)}"
                         f"{'(' + '、'.join(left_out) + ')' if left_out else ''}\n")
    sys.stdout.write("次にすること: 題名・所管課・時点を確かめて、kokai run を実行してください。\n")
    return 0


def _choose_body(workspace: Workspace, code: str | None) -> Municipality:
    from pipelines.errors import DeclarationError

    bodies = [b for b in workspace.bodies if code in (None, b.code, b.name)]
    if len(bodies) == 1:
        return bodies[0]
    known = "、".join(f"{b.code}({b.name})" for b in workspace.bodies)
    raise DeclarationError(
        "body-unclear", "どの団体のデータか分かりません。", "it is not clear whose data this is",
        todo_ja=f"--body で次のどれかを指定してください: {known}", todo_en=f"Name one with --body: {known}", where="--body",
    )


def _refuse_unknown_kind(standard: Standard, file: Path) -> None:
    from pipelines.errors import DeclarationError

    if standard.kind:
        return
    raise DeclarationError(
        "kind-unclear", "見出しからデータの種類を判断できません。", "the headings do not tell the kind of data",
        todo_ja="--kind で種類を指定してください(一覧: kokai schema list)。標準にない種類は schemas/ に独自の標準を置きます。",
        todo_en="Name it with --kind (see kokai schema list); for a kind of your own put a schema into schemas/.",
        where=file.name,
    )


def _newest_edition(own: Standard, workspace: Workspace) -> str:
    """The edition to publish: the newer standard where the kind has it, else the file's own."""
    from pipelines.standards import list_standards

    editions = [i.edition for i in list_standards(workspace.local_schemas) if i.kind == own.kind]
    return "municipal-standard-v3" if "municipal-standard-v3" in editions else own.edition
