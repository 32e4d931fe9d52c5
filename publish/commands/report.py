"""`kokai report --fiscal-year 令和7`: the ledger to a workbook, a page, a dashboard, texts and lists."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from publish.commands.arguments import add_output, add_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fiscal-year", metavar="令和7", help="年度(令和7、R7、2025。既定: 今の年度) / the fiscal year")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD",
                        help="いつの時点で数えるか(既定: 年度末、年度の途中なら今日) / count on that day")
    parser.add_argument("--body", action="append", default=[], metavar="CODE",
                        help="団体のコードか名前(既定: すべて) / one body by code or name")
    parser.add_argument("--template", action="append", default=[], type=Path, metavar="FILE",
                        help="自分のひな形(Jinja、例 報告.md.j2) / a template of one's own")
    parser.add_argument("--pdf-font", type=Path, metavar="FILE",
                        help="PDF に埋め込むフォント(.ttf。既定: 標準の日本語フォント) / embed this font")
    parser.add_argument("--out", type=Path, metavar="DIR", help="置き場所(既定: reports/年度) / where to write")
    add_workspace(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from pipelines.errors import DeclarationError
    from publish.commands.clock import current_time, parse_day
    from publish.kpi import fiscal_year_end, fiscal_year_of, parse_fiscal_year, year_name
    from publish.ledger import read_ledgers
    from publish.report.scorecard import make_scorecard
    from publish.report.scorecard_dict import scorecard_dict
    from publish.report.templates import render_own
    from publish.report.writing import filled_before, report_folder, write_report
    from publish.run import Place, dumps, open_workspace
    from publish.site import current_release
    from publish.swap import write_atomically

    now = current_time()
    year = parse_fiscal_year(args.fiscal_year) if args.fiscal_year else fiscal_year_of(now.date())
    if year is None:
        raise DeclarationError(
            "fiscal-year-wrong", f"年度「{args.fiscal_year}」を読めません。", f"not a fiscal year: {args.fiscal_year!r}",
            todo_ja="令和7、R7、2025 のように入力してください。", todo_en="Type it as 令和7, R7 or 2025.", where="--fiscal-year")
    day = parse_day(args.as_of, now) if args.as_of else min(fiscal_year_end(year), now.date())
    workspace = open_workspace(args.workspace, sources=False)
    place = Place(args.workspace)
    names = [b.name for b in workspace.bodies if not args.body or b.code in args.body or b.name in args.body]
    if not names:
        known = "、".join(f"{b.code} {b.name}" for b in workspace.bodies)
        raise DeclarationError("body-unknown", "その団体は登録されていません。", "no such body in this workspace",
                               todo_ja=f"次のどれかを指定してください: {known}", todo_en=f"Name one of: {known}", where="--body")
    folder = args.out or report_folder(args.workspace / "reports", year)
    score = make_scorecard(
        workspace, read_ledgers(place.ledger, [b.code for b in workspace.bodies]), packages=place.packages,
        released=current_release(place.catalogue), fiscal_year=year, as_of=day, made=now, bodies=args.body,
        filled=filled_before(folder, year, names),
    )
    told = scorecard_dict(score)
    own = [render_own(path, told) for path in args.template]
    paths = write_report(score, folder, font_file=args.pdf_font)
    for name, text in own:
        write_atomically(folder / name, text.encode("utf-8"))
        paths.append(folder / name)
    if args.format == "json":
        sys.stdout.write(dumps({"folder": str(folder), "files": [str(p) for p in paths], "report": told}) + "\n")
        return 0
    mark = "(数字はすべて見本)" if score.sample else ""
    sys.stdout.write(f"報告書 {year_name(year)}、{told['as_of_ja']}時点{mark}: {folder}\n")
    for path in paths:
        sys.stdout.write(f"  {path.relative_to(folder)}\n")
    sys.stdout.write("Excel の黄色の欄に評価・理由・今後の取組を書き込むと、次に作るときに引き継がれます。\n")
    return 0
