"""The facts of an approval sheet to one A4 page of PDF, with a font that every reader of PDF brings."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MOST_LINES = 2
MOST_REASONS = 4


def sheet_pdf(facts: Mapping[str, Any]) -> bytes:
    """One A4 page with a font that every PDF reader brings; same plan, same bytes."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(str(facts["title"]))
    _draw(canvas, facts)
    canvas.showPage()
    canvas.save()
    return held.getvalue()


FONT = "HeiseiKakuGo-W5"
WIDTH, HEIGHT = 595.28, 841.89
LEFT, RIGHT = 40.0, WIDTH - 40.0
COLUMNS = (28.0, 146.0, 46.0, 54.0, 62.0, 64.0, 56.0, 59.0)


def _cut(text: str, size: float, most: float) -> str:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    if stringWidth(text, FONT, size) <= most:
        return text
    while text and stringWidth(text + "…", FONT, size) > most:
        text = text[:-1]
    return text + "…"


def _lines(text: str, size: float, most: float) -> Iterator[str]:
    """The text in at most two lines; the second ends in … when there is more."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    for _ in range(MOST_LINES - 1):
        end = len(text)
        while end > 1 and stringWidth(text[:end], FONT, size) > most:
            end -= 1
        yield text[:end]
        text = text[end:].lstrip()
        if not text:
            return
    yield _cut(text, size, most)


def _notes(facts: Mapping[str, Any]) -> list[str]:
    reasons = [f"取下げ {w}" for w in facts["withdrawn"]]
    left = len(reasons) - MOST_REASONS
    more = [f"取下げ ほか{left}件(理由は計画のファイルにあります)"] if left > 0 else []
    return [*facts["guard"], *reasons[:MOST_REASONS], *more, f"このほか{facts['kept']}件は変わりません。"]


def _draw(canvas: Any, facts: Mapping[str, Any]) -> None:
    def say(x: float, y: float, text: str, size: float = 8, most: float = RIGHT - LEFT) -> None:
        canvas.setFont(FONT, size)
        canvas.drawString(x, HEIGHT - y, _cut(text, size, most))

    def line(x1: float, y1: float, x2: float, y2: float, width: float = 0.5) -> None:
        canvas.setLineWidth(width)
        canvas.line(x1, HEIGHT - y1, x2, HEIGHT - y2)

    say(LEFT, 52, facts["title"], 15, 330)
    say(LEFT, 70, f"公開先 {facts['catalogue']}", 8, 300)
    say(LEFT, 82, f"計画の番号 {facts['number']}  作った日時 {facts['made_at']}  作った人 {facts['made_by']}", 8, 320)
    for n, name in enumerate(facts["sign"]):
        x = RIGHT - 46.0 * (len(facts["sign"]) - n)
        canvas.setLineWidth(0.5)
        canvas.rect(x, HEIGHT - 92, 46, 52)
        line(x, 54, x + 46, 54)
        say(x + 4, 50, name, 7, 40)
    y = 112.0
    if facts["sample"]:
        say(LEFT, y, "見本のデータが入っています。この機械の外には公開できません。", 9)
        y += 14
    say(LEFT, y, "変わること: " + facts["summary"], 10)
    y += 10
    y = _table(say, line, facts, y)
    y += 16
    for words in _notes(facts):
        for part in _lines(words, 8, RIGHT - LEFT):
            say(LEFT, y, part, 8)
            y += 12
    y += 4
    side = min(166.0, HEIGHT - 50 - y - 44)  # many words above leave smaller maps, never a second page
    for n, m in enumerate(facts["maps"]):
        _draw_map(canvas, say, m, LEFT + n * 174.0, y, side)
    say(LEFT, HEIGHT - 34, "備考:", 8)
    line(LEFT + 24, HEIGHT - 32, RIGHT, HEIGHT - 32)


def _table(say: Callable[..., None], line: Callable[..., None], facts: Mapping[str, Any], y: float) -> float:
    top = y
    line(LEFT, y, RIGHT, y, 1)
    for row in [facts["headings"], *facts["rows"]]:
        x, heading = LEFT, row is facts["headings"]
        for width, cell in zip(COLUMNS, row, strict=True):
            for n, part in enumerate(cell.split("\n")):  # the second line is the name, which nobody may have to guess
                say(x + 2, y + 9 + 8 * n + 3 * heading, part, 6.8, width - 4)
            x += width
        y += 18 if heading else 21
        line(LEFT, y, RIGHT, y, 1 if heading else 0.3)
    if facts["more"]:
        say(LEFT + 2, y + 12, f"ほか{facts['more']}件(計画のファイルにすべてあります)", 7)
        y += 18
        line(LEFT, y, RIGHT, y, 0.3)
    line(LEFT, top, LEFT, y)
    line(RIGHT, top, RIGHT, y)
    return y


def _draw_map(canvas: Any, say: Callable[..., None], m: Mapping[str, Any], x: float, y: float, side: float) -> None:
    say(x, y + 8, m["title"], 7, side)
    say(x, y + 18, m["words"], 7, side)
    top = HEIGHT - (y + 24)
    canvas.setFillGray(0.93)
    canvas.setStrokeGray(0.55)
    canvas.setLineWidth(0.4)
    if m["rings"]:
        path = canvas.beginPath()
        for ring in m["rings"]:
            for n, (px, py) in enumerate(ring):
                (path.lineTo if n else path.moveTo)(x + px * side, top - py * side)
            path.close()
        canvas.drawPath(path, stroke=1, fill=1, fillMode=0)  # even-odd: an island in a lake stays land
    canvas.setFillGray(0)
    canvas.setStrokeGray(0)
    canvas.rect(x, top - side, side, side)
    for px, py in m["before"]:
        canvas.circle(x + px * side, top - py * side, 2.4, stroke=1, fill=0)
    for px, py in m["after"]:
        canvas.circle(x + px * side, top - py * side, 1.3, stroke=0, fill=1)
    for n, words in enumerate(_lines("○前 ●後  " + m["outline"], 6, side)):
        say(x, y + 24 + side + 9 + 8 * n, words, 6, side)
