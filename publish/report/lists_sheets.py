"""Evidence, gaps, changes, terms and settings to the listing sheets of the workbook."""

from __future__ import annotations

from datetime import date

from publish.kpi import year_name
from publish.kpi.changes import CHANGE_WORDS
from publish.report.cells import SOFT, TINT, Sheet
from publish.report.lateness import FREQUENCY_JA
from publish.report.phrases import DRAFT_WORDS, common_words, counting_words, gaps
from publish.report.scorecard import BodyCard, Scorecard


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def add_evidence(sheet: Sheet, score: Scorecard, card: BodyCard, under: str) -> None:
    """公開データ一覧: every 種類 that is public, and which plan counts it."""
    from openpyxl.utils import get_column_letter

    plans = [p.plan for p in card.plans]
    counted = [set(p.progress.now.evidence["dataset"].to_list()) for p in card.plans]
    headings = ["番号", "データセット", "題名", "所管課", "カタログ", "初回公開日", "最終更新日", "データの時点", "更新頻度",
                "鮮度", "ファイル", "件数", "ライセンス", "記録", *[f"{p.title}に数える" for p in plans], "根拠(URL)", "SHA-256"]
    widths = [6, 21, 32, 19, 38, 11, 11, 11, 9, 10, 9, 11, 12, 7, *([12] * len(plans)), 40, 20]
    sheet.title(f"公開データ一覧(根拠) {year_name(score.fiscal_year)}", under=under, width=len(headings))
    sheet.widths(widths)
    top = sheet.row
    sheet.head(headings)
    sheet.sheet.row_dimensions[top].height = 46
    late = {x.dataset: x for x in card.late}
    for i, row in enumerate(card.public.evidence.iter_rows(named=True), start=1):
        dataset = row["dataset"]
        places = "\n".join(score.catalogue_titles.get(c, c) for c in row["catalogues"])
        title = card.titles.get(dataset, dataset)
        url = row["url"] or ""
        values = [dataset, title, card.sections.get(dataset, ""), places, _day(row["first"]), _day(row["last"]),
                  _day(row["as_of"]), FREQUENCY_JA.get(row["frequency"] or "", ""), late[dataset].words]
        sheet.put(1, i, align="center", counted=False)
        for column, value in enumerate(values, start=2):
            sheet.put(column, value, short_day=True)
        sheet.put(11, row["files"], align="right")
        sheet.put(12, row["rows"], align="right")
        sheet.put(13, row["licence"])
        sheet.put(14, "取込" if row["imported"] else "Kokai", align="center")
        for column, own in enumerate(counted, start=15):
            sheet.put(column, "○" if dataset in own else "–", align="center")
        sheet.put(15 + len(plans), url, link=url, wrap=False)
        sheet.put(16 + len(plans), row["sha256"], size=8, wrap=False)
        section = card.sections.get(dataset, "")
        sheet.fit_height([(dataset, widths[1]), (title, widths[2]), (section, widths[3]), (places, widths[4])])
        sheet.row += 1
    if not card.public.evidence.height:
        sheet.put(1, "この時点で公開されているデータは、台帳にありません。", border=False, wrap=False)
    note = "根拠の URL と SHA-256 は右の欄にあります(印刷はしません)。日付の R・H は令和・平成です。"
    sheet.put(1, note, border=False, wrap=False, color=SOFT, size=9)
    sheet.sheet.freeze_panes = sheet.sheet.cell(top + 1, 4)
    sheet.page(repeat=f"{top}:{top}", printed=f"A:{get_column_letter(14 + len(plans))}")


def add_gaps(sheet: Sheet, score: Scorecard, card: BodyCard, under: str) -> None:
    """未公開と下書き: which standard datasets are not public, which exist as drafts, which local ones are planned."""
    sheet.title("未公開と下書き", under=under + "(下書きは、いまの作業フォルダの状態)", width=6)
    sheet.widths((34, 20, 22, 14, 12, 70))
    sheet.section("標準のデータセットで、まだ公開していないもの")
    sheet.head(["標準のデータセット", "状態", "備考"])
    for title, words, detail in gaps(card, score):
        sheet.put(1, title)
        sheet.put(2, words)
        sheet.put(3, detail)
        sheet.row += 1
    sheet.row += 1
    sheet.section("下書き・予定(登録簿にあるもの)")
    sheet.head(["題名", "データセット", "所管課", "状態", "残りのエラー", "理由"])
    for draft in card.drafts:
        reason = "\n".join(draft.reasons)
        for column, value in enumerate((draft.title, draft.dataset, draft.section, DRAFT_WORDS[draft.status]), start=1):
            sheet.put(column, value)
        sheet.put(5, draft.errors if draft.status not in ("planned", "unbuilt") else None, align="right")
        sheet.put(6, reason)
        sheet.fit_height([(reason, 70), (draft.title, 34)])
        sheet.row += 1
    if not card.drafts:
        sheet.put(1, "ありません。", border=False)
    sheet.page()


def add_changes(sheet: Sheet, score: Scorecard, card: BodyCard, under: str) -> None:
    """異動: what came, changed and went in the fiscal year."""
    widths = (17, 15, 34, 20, 34, 9, 9, 14, 52)
    sheet.title(f"異動(新規・更新・取下げ) {year_name(score.fiscal_year)}", under=under, width=len(widths))
    sheet.widths(widths)
    top = sheet.row
    sheet.head(["日付", "できごと", "題名", "所管課", "カタログ", "ファイル", "件数", "記録した人", "理由"])
    for row in card.changes.iter_rows(named=True):
        dataset, reason = row["dataset"], row["reason"] or ""
        title = card.titles.get(dataset, dataset)
        place = score.catalogue_titles.get(row["catalogue"], row["catalogue"])
        sheet.put(1, _day(row["at"]))
        sheet.put(2, CHANGE_WORDS[row["change"]], align="center", bold=row["change"] == "withdrawn")
        for column, value in ((3, title), (4, card.sections.get(dataset, "")), (5, place)):
            sheet.put(column, value)
        sheet.put(6, row["files"], align="right")
        sheet.put(7, row["rows"], align="right")
        sheet.put(8, row["by"])
        sheet.put(9, reason)
        sheet.fit_height([(title, 34), (place, 34), (reason, 52)])
        sheet.row += 1
    if not card.changes.height:
        sheet.put(1, "この年度の異動はありません。", border=False, wrap=False)
    sheet.sheet.freeze_panes = sheet.sheet.cell(top + 1, 1)
    sheet.page(repeat=f"{top}:{top}")


def add_terms(sheet: Sheet, card: BodyCard, under: str) -> None:
    """更新予定: when each update is due and how late it is, the latest first."""
    widths = (14, 24, 38, 14, 18, 18, 18, 12, 30)
    sheet.title("更新予定と遅れ", under=under, width=len(widths))
    sheet.widths(widths)
    top = sheet.row
    sheet.head(["状態", "所管課", "題名", "更新頻度", "前回の更新", "データの時点", "次の予定", "経過日数", "備考"])
    fills = {"delinquent": "F6D5CE", "overdue": "FBE6C8", "due": "FFF8D6"}
    for item in card.late:
        fill = fills.get(item.state)
        sheet.put(1, item.words, fill=fill, bold=item.state in ("delinquent", "overdue"))
        values = (item.section, item.title, item.frequency_ja, item.last, item.as_of, item.due)
        for column, value in enumerate(values, start=2):
            sheet.put(column, value)
        sheet.put(8, item.days_late if item.days_late else None, align="right")
        sheet.put(9, "載せ直しただけで、中身の時点が古いままです" if item.old_content else "")
        sheet.fit_height([(item.title, 38), (item.section, 24)])
        sheet.row += 1
    sheet.sheet.freeze_panes = sheet.sheet.cell(top + 1, 1)
    sheet.page(repeat=f"{top}:{top}")


def add_counting(sheet: Sheet, score: Scorecard, card: BodyCard, under: str) -> None:
    """数え方: every setting that decides the numbers, as it stands."""
    sheet.title("数え方", under=under, width=2)
    sheet.widths((26, 120))
    for i, plan in enumerate(card.plans):
        if i and i % 2 == 0:  # two plans fill a printed page
            sheet.break_before()
        sheet.section(plan.plan.title)
        _pairs(sheet, counting_words(plan, score.catalogue_titles))
        sheet.row += 1
    if card.plans and len(card.plans) % 2 == 0:
        sheet.break_before()
    sheet.section("共通")
    _pairs(sheet, common_words(score))
    sheet.put(1, "計画が決めていないことは plan.yml の counting で決められます。決めていないものは既定の数え方です。", border=False,
              wrap=False, color=SOFT, size=9)
    sheet.page()


def _pairs(sheet: Sheet, rows: list[tuple[str, str]]) -> None:
    for label, text in rows:
        sheet.put(1, label, bold=True, fill=TINT)
        sheet.put(2, text)
        sheet.fit_height([(text, 120)])
        sheet.row += 1
