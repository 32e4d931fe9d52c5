"""Values to worksheet cells: styles of the workbook, and foreign text that can never become a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from datetime import date
from typing import Any

FONT = "BIZ UDPゴシック"
INK, MAIN, TINT, YELLOW, LINE, SOFT = "1C2733", "12506B", "E6F0F4", "FFF8D6", "B8C4CE", "566372"
WAREKI = '[$-411]ggge"年"m"月"d"日"'
WAREKI_SHORT = "[$-411]ge.m.d"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MOST_CHARACTERS = 32_000


class Sheet:
    """One worksheet, written row by row; `sample` marks every number 見本 in its format."""

    def __init__(self, sheet: Any, *, sample: bool) -> None:
        self.sheet = sheet
        self.sample = sample
        self.row = 1
        self._made: dict[tuple[Any, ...], Any] = {}

    def put(self, column: int, value: object, *, row: int | None = None, bold: bool = False, fill: str | None = None,
            color: str = INK, size: float = 10, wrap: bool = True, align: str | None = None, border: bool = True,
            number: str | None = None, short_day: bool = False, link: str | None = None, middle: bool = False,
            counted: bool = True) -> Any:
        """Write one cell; text is always text, also when it begins with =, +, - or @.

        A number that the plan gives (`counted` False) is not marked 見本 in a sample.
        """
        cell = self.sheet.cell(row or self.row, column)
        form, quoted = "General", False
        if isinstance(value, str):
            cell.value = _ILLEGAL.sub("〓", value)[:MOST_CHARACTERS]
            quoted = value[:1] in ("=", "+", "-", "@", "\t", "\r")
            if quoted:
                cell.data_type = "s"
        elif value is not None:
            cell.value = value
            plain = number or "#,##0"
            day = WAREKI_SHORT if short_day else WAREKI
            form = day if isinstance(value, date) else self.number(plain) if counted else plain
        linked = bool(link and re.fullmatch(r"https?://[^\s\"<>]+", link))
        if linked:
            cell.hyperlink = link
        self._dress(cell, (bold, fill, "0B5394" if linked else color, size, wrap, align, border, middle, linked, form, quoted))
        return cell

    def _dress(self, cell: Any, style: tuple[Any, ...]) -> None:
        """Give a cell its style; openpyxl compares whole style objects for every cell, so each is made once and copied."""
        made = self._made.get(style)
        if made is not None:
            cell._style = copy(made)
            return
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

        bold, fill, color, size, wrap, align, border, middle, linked, form, quoted = style
        cell.number_format = form
        cell.font = Font(name=FONT, size=size, bold=bold, color=color, underline="single" if linked else None)
        cell.alignment = Alignment(wrap_text=wrap, vertical="center" if middle else "top", horizontal=align)
        if fill:
            cell.fill = PatternFill("solid", fgColor=fill)
        if border:
            side = Side(style="thin", color=LINE)
            cell.border = Border(left=side, right=side, top=side, bottom=side)
        if quoted:
            cell.quotePrefix = True
        self._made[style] = copy(cell._style)

    def number(self, form: str) -> str:
        """The number format, with 見本 before every number of a sample."""
        if not self.sample:
            return form
        return ";".join(f'"見本 "{part}' for part in form.split(";"))

    def title(self, text: str, *, under: str = "", width: int) -> None:
        """The sheet's heading over `width` columns, a line under it, and the mark of a sample."""
        self._line(text, width, size=16, bold=True, color=MAIN, height=26)
        if under:
            self._line(under, width, size=10, color=SOFT, height=17)
        if self.sample:
            self._line("【見本】架空のデータから数えた数字です。実際の団体の実績ではありません。", width, size=10, bold=True,
                       color="7A4B00", fill="FFF2D6", height=18)
        self.row += 1

    def _line(self, text: str, width: int, *, height: float, **style: Any) -> None:
        self.put(1, text, border=False, wrap=False, middle=True, **style)
        if style.get("fill"):
            for column in range(2, width + 1):
                self.put(column, None, border=False, fill=style["fill"])
        self.sheet.row_dimensions[self.row].height = height
        self.row += 1

    def section(self, text: str) -> None:
        """A heading inside a sheet."""
        self.put(1, text, border=False, bold=True, wrap=False, size=12, middle=True)
        self.sheet.row_dimensions[self.row].height = 22
        self.row += 1

    def head(self, headings: Sequence[str]) -> None:
        """A row of headings."""
        for i, heading in enumerate(headings, start=1):
            self.put(i, heading, bold=True, fill=MAIN, color="FFFFFF", align="center", middle=True)
        self.row += 1

    def widths(self, widths: Sequence[float]) -> None:
        from openpyxl.utils import get_column_letter

        for i, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(i)].width = width

    def fit_height(self, texts: Sequence[tuple[str, float]], *, row: int | None = None, least: float = 18) -> None:
        """Height for wrapped texts: (text, width of its cell in characters); LibreOffice and Excel agree on it."""
        lines = max((sum(max(1, -(-wide(part) // max(int(width * 0.92), 1))) for part in text.split("\n"))
                     for text, width in texts if text), default=1)
        self.sheet.row_dimensions[row or self.row].height = max(least, 14.5 * lines + 4)

    def break_before(self) -> None:
        """The row to come begins a printed page."""
        from openpyxl.worksheet.pagebreak import Break

        self.sheet.row_breaks.append(Break(id=self.row - 1))

    def page(self, *, landscape: bool = True, repeat: str | None = None, printed: str | None = None) -> None:
        """A4, as wide as one page, with page numbers; of the columns `printed` (A:M), if not of all."""
        sheet = self.sheet
        sheet.page_setup.paperSize = 9
        sheet.page_setup.orientation = "landscape" if landscape else "portrait"
        sheet.page_setup.fitToWidth = 1
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.page_margins.left = sheet.page_margins.right = 0.45
        sheet.page_margins.top, sheet.page_margins.bottom, sheet.page_margins.footer = 0.5, 0.75, 0.35
        sheet.oddFooter.center.text = "&A  &P / &N"
        sheet.sheet_view.showGridLines = False
        if repeat:
            sheet.print_title_rows = repeat
        if printed:
            first, last = printed.split(":")
            sheet.print_area = f"{first}1:{last}{max(self.row, 2)}"


def wide(text: str) -> int:
    """Width of a text in half-width characters."""
    return sum(1 if ord(c) < 0x2000 or 0xFF61 <= ord(c) <= 0xFF9F else 2 for c in text)
