"""A scorecard to one A4 landscape page (PDF) of one body: headline, line against target, four units, gaps, definition."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from publish.kpi import day_name, year_name, year_short
from publish.report.phrases import (
    SAMPLE_NOTE,
    baseline_words,
    counting_words,
    gaps,
    goal_words,
    headline,
    line_words,
    outlook,
    public_kinds,
    target_words,
    unit_of,
)
from publish.report.scorecard import BodyCard, PlanCard, Scorecard

STANDARD_FONT = "HeiseiKakuGo-W5"
"""One of the fonts that every PDF reader brings for Japanese: no font file needed, shows 髙﨑①㈱."""
WIDTH, HEIGHT = 841.89, 595.28  # A4 landscape in points
LEFT, RIGHT = 40.0, WIDTH - 40.0
_SETTINGS = ("年度版・版違い", "形式違い", "複数のカタログ", "自動で作る一覧", "リンクだけのデータ",
             "取り下げたデータ", "更新の遅れたデータ", "期限の日")
INK, MAIN, SOFT, LINE, TINT, RED, AMBER = "#1c2733", "#12506b", "#566372", "#c3cdd6", "#e6f0f4", "#c8553d", "#7a4b00"


def page_bytes(score: Scorecard, card: BodyCard, *, font_file: Path | None = None) -> bytes:
    """One page about the body's leading plan. With `font_file` (TrueType) the font is embedded, else it is standard."""
    from reportlab.pdfgen.canvas import Canvas

    held = io.BytesIO()
    canvas = Canvas(held, pagesize=(WIDTH, HEIGHT), invariant=1)
    page = _Page(canvas, _font(font_file))
    canvas.setTitle(f"KPI進捗 {year_name(score.fiscal_year)} {card.body.name}")
    canvas.setAuthor("Kokai")
    _draw(page, score, card)
    canvas.showPage()
    canvas.save()
    return held.getvalue()


def _font(font_file: Path | None) -> str:
    from reportlab.pdfbase import pdfmetrics

    if font_file is not None:
        from reportlab.pdfbase.ttfonts import TTFError, TTFont

        from pipelines.errors import SourceError

        try:
            pdfmetrics.registerFont(TTFont("kokai-report", str(font_file)))
        except (TTFError, OSError):
            raise SourceError(
                "report-font-unusable", "このフォントは PDF に埋め込めません。", "this font cannot be embedded in a PDF",
                todo_ja="TrueType(.ttf)のフォントを指定するか、指定を外してください。",
                todo_en="Name a TrueType font (.ttf), or leave it out.", where=str(font_file)) from None
        return "kokai-report"
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont(STANDARD_FONT))
    return STANDARD_FONT


class _Page:
    """Text and lines on the page; y counts from the top."""

    def __init__(self, canvas: Any, font: str) -> None:
        self.canvas = canvas
        self.font = font

    def width(self, text: str, size: float) -> float:
        from reportlab.pdfbase.pdfmetrics import stringWidth

        return float(stringWidth(text, self.font, size))

    def text(self, x: float, y: float, text: str, size: float = 9, color: str = INK, align: str = "left",
             most: float | None = None) -> None:
        if most is not None:
            text = self.cut(text, size, most)
        shift = {"left": 0.0, "center": self.width(text, size) / 2, "right": self.width(text, size)}[align]
        self.canvas.setFillColor(color)
        self.canvas.setFont(self.font, size)
        self.canvas.drawString(x - shift, HEIGHT - y, text)

    def cut(self, text: str, size: float, most: float) -> str:
        if self.width(text, size) <= most:
            return text
        while text and self.width(text + "…", size) > most:
            text = text[:-1]
        return text + "…"

    def paragraph(self, x: float, y: float, text: str, size: float, most: float, *, color: str = INK, lines: int = 99,
                  leading: float = 1.5) -> float:
        """Wrapped text; returns the y below it. What does not fit in `lines` ends in …"""
        made = self.wrapped(text, size, most)
        if len(made) > lines:
            made = [*made[: lines - 1], self.cut(made[lines - 1] + "…", size, most)]
        for line in made:
            self.text(x, y, line, size, color)
            y += size * leading
        return y

    def wrapped(self, text: str, size: float, most: float) -> list[str]:
        made = []
        for part in text.split("\n"):
            line = ""
            for char in part:
                if self.width(line + char, size) > most and char not in "、。)」":
                    made.append(line)
                    line = ""
                line += char
            made.append(line)
        return made

    def box(self, x: float, y: float, width: float, height: float, *, fill: str | None = None, line: str | None = LINE,
            radius: float = 5) -> None:
        if fill:
            self.canvas.setFillColor(fill)
        if line:
            self.canvas.setStrokeColor(line)
            self.canvas.setLineWidth(0.7)
        self.canvas.roundRect(x, HEIGHT - y - height, width, height, radius, stroke=int(bool(line)), fill=int(bool(fill)))

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float = 1, dash: Sequence[float] = ()) -> None:
        self.canvas.setStrokeColor(color)
        self.canvas.setLineWidth(width)
        self.canvas.setDash(list(dash))
        path = self.canvas.beginPath()
        path.moveTo(points[0][0], HEIGHT - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, HEIGHT - y)
        self.canvas.drawPath(path, stroke=1, fill=0)
        self.canvas.setDash([])


def _draw(page: _Page, score: Scorecard, card: BodyCard) -> None:
    page.canvas.setFillColor(MAIN)
    page.canvas.rect(0, HEIGHT - 52, WIDTH, 52, stroke=0, fill=1)
    title = f"{card.body.full_name} オープンデータの進み具合 {year_name(score.fiscal_year)}"
    page.text(LEFT, 33, title, 17, "#ffffff")
    page.text(RIGHT, 33, f"{day_name(score.as_of)} 時点", 11, "#ffffff", "right")
    y = 64.0
    if score.sample:
        page.box(LEFT, y, RIGHT - LEFT, 19, fill="#fff2d6", line="#e5c37d", radius=3)
        page.text(LEFT + 10, y + 13.5, f"【見本】{SAMPLE_NOTE}", 9.5, AMBER)
        y += 27
    plan = card.lead
    if plan is None:
        page.text(LEFT, y + 20, "計画(plan.yml)が登録されていません。", 12)
        return
    _number(page, score, plan, y)
    _chart(page, plan, LEFT + 262, y, RIGHT - LEFT - 262, 232)
    _units(page, score, card, plan, y + 242)
    _gaps(page, score, card, y + 242)
    _foot(page, score, card, plan, y + 394)


def _number(page: _Page, score: Scorecard, card: PlanCard, y: float) -> None:
    width = 248.0
    page.box(LEFT, y, width, 232, fill="#ffffff")
    page.text(LEFT + 14, y + 21, card.plan.title, 11.5, MAIN, most=width - 28)
    page.paragraph(LEFT + 14, y + 37, goal_words(card.plan), 8, width - 28, color=SOFT, lines=3)
    told = card.decisive
    label = f"期限({day_name(card.deadline)})の時点" if card.passed else f"{day_name(told.day)}時点"
    page.text(LEFT + 14, y + 91, label, 9, SOFT)
    number = f"{told.value}"
    x = LEFT + 14
    if told.sample:
        page.text(x, y + 137, "見本", 11, AMBER)
        x += 28
    page.text(x, y + 137, number, 44, MAIN)
    x += page.width(number, 44) + 6
    target = card.plan.target
    page.text(x, y + 137, f"{unit_of(card.plan)}" + (f"  / 目標 {target.value}" if target else ""), 14, INK)
    if target:
        rate = min(told.value / target.value, 1.0)
        page.box(LEFT + 14, y + 149, width - 28, 8, fill=TINT, line=None, radius=4)
        if rate > 0.03:
            page.box(LEFT + 14, y + 149, (width - 28) * rate, 8, fill=MAIN, line=None, radius=4)
        mark = "見本 " if told.sample else ""
        page.text(LEFT + width - 14, y + 91, f"達成率 {mark}{100 * told.value / target.value:.1f}%", 9, MAIN, "right")
    grade = score.filled.get(card.plan, score.fiscal_year, "grade")
    words = f"評価 {grade}" if grade else f"評価案 {card.progress.grade}(決めるのは人です)" if card.progress.grade else ""
    below = page.paragraph(LEFT + 14, y + 174, headline(card).removeprefix("【見本】"), 8.5, width - 28, lines=3)
    if words:
        page.text(LEFT + 14, below + 2, words, 9.5, MAIN)
        below += 14
    page.paragraph(LEFT + 14, y + 214, f"出発点 {baseline_words(card.plan.baseline)}", 7, width - 28, color=SOFT, lines=2)


def _chart(page: _Page, card: PlanCard, x: float, y: float, width: float, height: float) -> None:
    page.box(x, y, width, height, fill="#ffffff")
    mark = "【見本】" if card.progress.now.sample else ""
    page.text(x + 14, y + 20, f"{mark}年度ごとの実績" + ("と目標線" if card.plan.target else ""), 11, MAIN)
    page.text(x + width - 14, y + 20, f"縦: {unit_of(card.plan)}", 8, SOFT, "right")
    left, right, top, bottom = x + 40, x + width - 22, y + 40, y + height - 40
    years = card.years
    values = [v for year in years for v in (year.value, year.line) if v is not None]
    most = _nice_top(max([*values, 1]))

    def px(i: int) -> float:
        return left + (right - left) * (i + 0.5) / len(years)

    def py(value: float) -> float:
        return bottom - (bottom - top) * value / most

    for k in range(6):
        value = most * k / 5
        page.line([(left, py(value)), (right, py(value))], "#e3e8ec", 0.6)
        page.text(left - 6, py(value) + 3, f"{value:g}", 8, SOFT, "right")
    bar = min(34.0, (right - left) / len(years) * 0.5)
    for i, year in enumerate(years):
        page.text(px(i), bottom + 13, year_short(year.year), 9, INK, "center")
        if year.value is None:
            told = "記録なし" if year.state == "unrecorded" else "これから"
            page.text(px(i), bottom - 5, told, 7, SOFT, "center")
            continue
        fill = MAIN if year.state == "done" else "#6f9db0"
        page.canvas.setFillColor(fill)
        page.canvas.rect(px(i) - bar / 2, HEIGHT - bottom, bar, bottom - py(year.value), stroke=0, fill=1)
    line = [(px(i), py(year.line)) for i, year in enumerate(years) if year.line is not None]
    if len(line) > 1:
        page.line(line, RED, 1.4, (4, 3))
    for px_, py_ in line:
        page.canvas.setFillColor(RED)
        page.canvas.circle(px_, HEIGHT - py_, 2.4, stroke=0, fill=1)
    for i, year in enumerate(years):
        if year.value is not None:
            above = py(year.value) - 5
            near = year.line is not None and abs(py(year.line) - above + 4) < 8
            inside = near and year.value > most * 0.12
            told = f"{'見本 ' if year.count and year.count.sample else ''}{year.value}"
            page.text(px(i), py(year.value) + 12 if inside else above, told, 9, "#ffffff" if inside else INK, "center")
    if line:
        end = next(y_ for y_ in reversed(years) if y_.line is not None)
        page.text(line[-1][0], line[-1][1] - 7, f"{end.line:g}", 9, RED, "center")
    legend = "■ 実績(薄い色は途中の年度)" + ("   ‥●‥ 目標線(目安)" if line else "")
    page.text(left, y + height - 10, legend, 8, SOFT)


def _nice_top(value: float) -> float:
    for step in (5, 10, 20, 25, 50, 75, 100, 150, 200, 250, 500, 1000, 2500, 5000):
        if value * 1.08 <= step:
            return float(step)
    return float(-(-value * 1.1 // 5000) * 5000)


def _units(page: _Page, score: Scorecard, card: BodyCard, plan: PlanCard, y: float) -> None:
    width, now = 248.0, plan.progress.now
    page.box(LEFT, y, width, 134, fill="#ffffff")
    page.text(LEFT + 14, y + 18, f"四つの数え方({day_name(now.day)}時点)", 10, MAIN)
    mark = "見本 " if now.sample else ""
    rows = (("種類", now.kinds), ("データセット", now.packages), ("ファイル", now.files), ("レコード", now.records))
    for i, (label, value) in enumerate(rows):
        x, top = LEFT + 14 + (i % 2) * 112, y + 38 + (i // 2) * 34
        used = label == unit_of(plan.plan)
        page.text(x, top, label + ("(計画の単位)" if used else ""), 8, MAIN if used else SOFT)
        page.text(x, top + 17, f"{mark}{value:,}", 13, INK)
    basic, every = public_kinds(card, score, basic=True), public_kinds(card, score, basic=False)
    late = sum(x.state in ("overdue", "delinquent") for x in card.late)
    told = f"国の標準: 基本編 {mark}{basic[0]}/{basic[1]}  全体 {mark}{every[0]}/{every[1]}"
    page.text(LEFT + 14, y + 108, told, 8.5, INK, most=width - 24)
    page.text(LEFT + 14, y + 123, f"更新の遅れ {mark}{late}件", 8.5, INK)


def _gaps(page: _Page, score: Scorecard, card: BodyCard, y: float) -> None:
    x, width = LEFT + 262, RIGHT - LEFT - 262
    page.box(x, y, width, 134, fill="#ffffff")
    found = gaps(card, score)
    mark = "見本 " if score.sample else ""
    first = "(下書き・基本編から5件)" if len(found) > 5 else ""
    page.text(x + 14, y + 18, f"まだ公開していない標準のデータセット {mark}{len(found)}件{first}", 10, MAIN)
    for i, (title, words, detail) in enumerate(found[:5]):
        top = y + 38 + i * 18.5
        page.text(x + 14, top, f"{i + 1}", 9, SOFT)
        page.text(x + 28, top, title, 9.5, INK, most=width - 220)
        page.text(x + width - 180, top, words, 9, SOFT)
        page.text(x + width - 14, top, detail, 9, SOFT, "right")
    if not found:
        page.text(x + 14, y + 40, "31の標準データセットをすべて公開しています。", 10)


def _foot(page: _Page, score: Scorecard, card: BodyCard, plan: PlanCard, y: float) -> None:
    words = dict(counting_words(plan, score.catalogue_titles))
    told = (f"数え方: {target_words(plan.plan)}。数えるのは{words['数えるカタログ']}に公開されているもの。"
            + "".join(words[k] for k in _SETTINGS) + line_words(plan.plan))
    y = page.paragraph(LEFT, y, f"見通し: {outlook(plan)}", 8.5, RIGHT - LEFT, lines=2)
    y = page.paragraph(LEFT, y + 3, told, 7.5, RIGHT - LEFT, color=SOFT, lines=4)
    others = [p for p in card.plans if p is not plan]
    if others:
        page.paragraph(LEFT, y + 2, "ほかの計画: " + " / ".join(f"{p.plan.title}: {headline(p)}" for p in others), 7.5,
                       RIGHT - LEFT, color=SOFT, lines=2)
    page.text(LEFT, HEIGHT - 14, f"出典 {plan.plan.source}", 7, SOFT, most=520)
    made = f"作成 {day_name(score.made.date())}  根拠は同じ名前の Excel「公開データ一覧」にあります"
    page.text(RIGHT, HEIGHT - 14, made, 7, SOFT, "right")
