"""Plans by fiscal year to the sheets 進捗管理シート, グラフ and 実績・評価, with cells for a person to fill in."""

from __future__ import annotations

from typing import Any

from publish.kpi import year_name, year_short
from publish.report.cells import MAIN, SOFT, TINT, YELLOW, Sheet
from publish.report.filled import filled_key
from publish.report.phrases import (
    baseline_words,
    deadline_year,
    four_units,
    goal_words,
    headline,
    line_words,
    outlook,
    period_words,
    target_words,
    unit_of,
    year_note,
)
from publish.report.results import result_rows
from publish.report.scorecard import BodyCard, PlanCard, Scorecard

Fields = list[tuple[str, str, str, str]]  # (plan|year, field, sheet, cell)
HEADINGS = ("年度", "実績", "目標線\n(目安)", "差", "達成率", "前年度比", "評価案", "評価(決定)", "評価の理由", "遅れの理由",
            "今後の取組")
WIDTHS = (13, 10, 10, 10, 10, 10, 9, 11, 28, 28, 32)
CHANGE = '"+"0;"▲"0;"±0"'
DIFFERENCE = '"+"0.0;"▲"0.0;"±0"'


def add_progress(sheet: Sheet, score: Scorecard, card: BodyCard, under: str, fields: Fields) -> None:
    """進捗管理シート: a block a plan; yellow cells are a person's and come back in the next report."""
    sheet.title(f"KPI進捗管理シート {year_name(score.fiscal_year)}", under=under, width=len(WIDTHS))
    sheet.widths(WIDTHS)
    for i, plan in enumerate(card.plans):
        if i:  # one plan a printed page
            sheet.break_before()
        _plan_block(sheet, score, plan, fields)
    if not card.plans:
        sheet.put(1, "計画(plan.yml)が登録されていません。", border=False, wrap=False)
    note = "黄色の欄に書き込んだ内容は、次に報告書を作るときに引き継がれます。ほかの欄は作り直されます。"
    sheet.put(1, note, border=False, wrap=False, color=SOFT, size=9)
    sheet.page()


def _plan_block(sheet: Sheet, score: Scorecard, card: PlanCard, fields: Fields) -> None:
    plan = card.plan
    _merged(sheet, 1, len(WIDTHS), f"{plan.title}  {plan.section}", bold=True, fill=MAIN, color="FFFFFF", size=12)
    for label, text in (
        ("取組", f"{plan.section or plan.title}(期間 {period_words(plan)})"),
        ("KPI原文", goal_words(plan)), ("基準値(時点)", baseline_words(plan.baseline)), ("目標値(期限)", target_words(plan)),
        ("現状", headline(card)), ("四つの数え方", four_units(card.progress.now)), ("見通し", outlook(card)), ("出典", plan.source),
    ):
        sheet.put(1, label, bold=True, fill=TINT)
        _merged(sheet, 2, len(WIDTHS), text, advance=False)
        sheet.fit_height([(text, sum(WIDTHS[1:]))])
        sheet.row += 1
    sheet.head([HEADINGS[0], f"実績\n({unit_of(plan)})", *HEADINGS[2:]])
    sheet.sheet.row_dimensions[sheet.row - 1].height = 32
    last = deadline_year(plan)
    for year in card.years:
        target = plan.target.value if plan.target else None
        note = year_note(year, last)
        now = year.year == score.fiscal_year
        sheet.put(1, year.name + (f"\n{note}" if note else ""), bold=now, fill=TINT if now else None)
        sheet.put(2, year.value, bold=now, align="right")
        sheet.put(3, year.line, number="0.0", align="right", counted=False)
        sheet.put(4, year.difference, number=DIFFERENCE, align="right")
        sheet.put(5, year.value / target if target and year.value is not None else None, number="0.0%", align="right")
        sheet.put(6, year.change, number=CHANGE, align="right")
        sheet.put(7, year.grade, align="center")
        texts = []
        for column, name in ((8, "grade"), (9, "reason"), (10, "delay"), (11, "next")):
            texts.append((_field(sheet, score, card, year.year, column, name, fields), WIDTHS[column - 1]))
        sheet.fit_height([(f"{year.name}\n{note}", WIDTHS[0]), *texts], least=34 if note else 22)
        sheet.row += 1
    _add_choices(sheet, card, len(card.years))
    _merged(sheet, 1, len(WIDTHS), line_words(plan), border=False, color=SOFT, size=9)
    sheet.row += 1


def _field(
    sheet: Sheet, score: Scorecard, card: PlanCard, year: int, column: int, name: str, fields: Fields
) -> str:
    text = score.filled.get(card.plan, year, name)
    cell = sheet.put(column, text or None, fill=YELLOW, align="center" if name == "grade" else None)
    fields.append((filled_key(card.plan, year), name, sheet.sheet.title, cell.coordinate))
    return text


def _merged(sheet: Sheet, first: int, last: int, text: str, *, advance: bool = True, border: bool = True,
            **style: Any) -> None:
    for column in range(first, last + 1):
        sheet.put(column, text if column == first else None, border=border, **style)
    sheet.sheet.merge_cells(start_row=sheet.row, end_row=sheet.row, start_column=first, end_column=last)
    if advance:
        sheet.fit_height([(text, sum(WIDTHS[first - 1 : last]))], least=18)
        sheet.row += 1


def _add_choices(sheet: Sheet, card: PlanCard, rows: int) -> None:
    """A drop-down of the scale's marks; other words may be typed too."""
    from openpyxl.worksheet.datavalidation import DataValidation

    if not rows:
        return
    marks = ",".join(g.mark for g in card.scale.grades if "," not in g.mark and '"' not in g.mark)
    choice = DataValidation(type="list", formula1=f'"{marks}"', allow_blank=True, showErrorMessage=False)
    sheet.sheet.add_data_validation(choice)
    choice.add(f"H{sheet.row - rows}:H{sheet.row - 1}")


def add_charts(sheet: Sheet, score: Scorecard, card: BodyCard, under: str) -> None:
    """グラフ: the numbers of each plan and a native chart over them, to copy into other documents."""
    from openpyxl.chart import BarChart, LineChart, Reference

    sheet.title(f"グラフ {year_name(score.fiscal_year)}", under=under, width=14)
    sheet.widths((14, 12, 14, 12, *([10] * 10)))
    for plan in card.plans:
        sheet.section(f"{plan.plan.title}({unit_of(plan.plan)})")
        top = sheet.row
        with_line = plan.plan.target is not None
        sheet.head(["年度", "実績"] + (["目標線(目安)"] if with_line else []))
        for year in plan.years:
            sheet.put(1, year_short(year.year), align="center")
            sheet.put(2, year.value, align="right")
            if with_line:
                sheet.put(3, year.line, number="0.0", align="right", counted=False)
            sheet.row += 1
        bars = BarChart()
        mark = "【見本】" if score.sample else ""
        bars.title = f"{mark}{plan.plan.title} 実績" + ("と目標線" if with_line else "") + f"({unit_of(plan.plan)})"
        bars.y_axis.scaling.min = 0
        bars.x_axis.delete = bars.y_axis.delete = False
        bars.y_axis.number_format = "0"
        bars.gapWidth, bars.height, bars.width = 60, 8.6, 17
        last = sheet.row - 1
        bars.add_data(Reference(sheet.sheet, min_col=2, min_row=top, max_row=last), titles_from_data=True)
        bars.set_categories(Reference(sheet.sheet, min_col=1, min_row=top + 1, max_row=last))
        bars.series[0].graphicalProperties.solidFill = MAIN
        _label_bars(bars)
        if with_line:
            line = LineChart()
            line.add_data(Reference(sheet.sheet, min_col=3, min_row=top, max_row=last), titles_from_data=True)
            line.series[0].graphicalProperties.line.solidFill = "C8553D"
            line.series[0].graphicalProperties.line.dashStyle = "dash"
            line.series[0].marker.symbol = "circle"
            line.series[0].smooth = False
            bars += line
        bars.legend.position = "b"
        sheet.sheet.add_chart(bars, f"E{top - 1}")
        sheet.row = max(sheet.row, top + 18) + 1
    sheet.page()


def _label_bars(bars: Any) -> None:
    from openpyxl.chart.label import DataLabelList

    labels = DataLabelList()
    labels.showVal = True
    labels.showSerName = labels.showCatName = labels.showLegendKey = labels.showPercent = False
    bars.series[0].dLbls = labels


def add_results(sheet: Sheet, score: Scorecard, card: BodyCard, under: str, fields: Fields) -> None:
    """実績・評価: 施策 / 実績 / 評価, the form that 第二次美祢市地域情報化計画 uses for the plan before it."""
    sheet.title(f"実績・評価 {year_name(score.fiscal_year)}", under=under, width=5)
    widths = (32, 74, 10, 12, 42)
    sheet.widths(widths)
    sheet.head(["施策", "実績", "評価", "評価(記入)", "実績(記入)"])
    for row in result_rows(score, card):
        done = "\n".join(f"○ {line}" for line in row.done)
        told = score.filled.get(row.plan, score.fiscal_year, "done")
        sheet.put(1, row.measure)
        sheet.put(2, done)
        sheet.put(3, row.grade, align="center", size=14)
        key = filled_key(row.plan, score.fiscal_year)
        mark = sheet.put(4, score.filled.get(row.plan, score.fiscal_year, "mark") or None, fill=YELLOW, align="center")
        fields.append((key, "mark", sheet.sheet.title, mark.coordinate))
        cell = sheet.put(5, told or None, fill=YELLOW)
        fields.append((key, "done", sheet.sheet.title, cell.coordinate))
        sheet.fit_height([(row.measure, widths[0]), (done, widths[1]), (told, widths[4])], least=40)
        sheet.row += 1
    note = "評価は、「評価(記入)」か進捗管理シートの「評価(決定)」に書かれた ○△× です。空欄のあいだは案を( )で示します。"
    sheet.put(1, note, border=False, wrap=False, color=SOFT, size=9)
    sheet.page()
