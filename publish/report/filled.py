"""What a person wrote into the workbook (decided grade, reasons, next steps) to the next report, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.declare import Plan
from pipelines.errors import SourceError
from publish.swap import write_atomically

FIELDS = {"grade": "評価(決定)", "reason": "評価の理由", "delay": "遅れの理由", "next": "今後の取組", "done": "実績(記入)",
          "mark": "評価(記入)"}
"""The fields that a person fills in, a plan and fiscal year each, and their headings."""
KEY_SHEET = "_kokai"
Texts = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Filled:
    """Texts by 'body/plan|year' and field."""

    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def get(self, plan: Plan, year: int, name: str) -> str:
        return self.texts.get(filled_key(plan, year), {}).get(name, "")


def filled_key(plan: Plan, year: int) -> str:
    """The id of a plan is its body's own: two bodies may both call theirs dx."""
    return f"{plan.body}/{plan.id}|{year}"


def read_filled(folder: Path, workbooks: list[Path], others: Sequence[tuple[Path, list[Path]]] = ()) -> Filled:
    """What was kept beside the reports, overlaid by what the workbooks say now, over the same of `others`.

    `others` are the reports of other fiscal years (folder and workbooks, the oldest first): what was decided
    there comes along, unless this year's report says otherwise. A cell that was filled at the last run and is
    blank now was emptied by a person: it stays empty. SourceError when a workbook cannot be read: it is never
    overwritten unread.
    """
    texts: Texts = {}
    for place, books in [*others, (folder, workbooks)]:
        for key, own in _read_report(place, books).items():
            texts.setdefault(key, {}).update(own)
    return Filled({k: v for k, v in sorted(texts.items()) if v})


def _read_report(folder: Path, workbooks: list[Path]) -> Texts:
    """The texts of one report; '' where a person emptied a cell."""
    store = folder / "filled.json"
    texts: Texts = {}
    if store.exists():
        try:
            texts = {k: dict(v) for k, v in json.loads(store.read_text(encoding="utf-8")).items()}
        except (ValueError, AttributeError, TypeError):
            raise _unreadable(store) from None
    for path in workbooks:
        if path.exists():
            for key, own in _read_workbook(path).items():
                kept = texts.setdefault(key, {})
                kept.update({name: text for name, text in own.items() if text or name in kept})
    return texts


def write_filled(folder: Path, filled: Filled) -> None:
    """Keep the texts beside the reports, sorted, so that a lost workbook loses nothing."""
    text = json.dumps({k: dict(sorted(v.items())) for k, v in sorted(filled.texts.items())}, ensure_ascii=False, indent=1)
    write_atomically(folder / "filled.json", (text + "\n").encode("utf-8"))


def _read_workbook(path: Path) -> Texts:
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path)
        if KEY_SHEET not in book.sheetnames:
            return {}
        texts: Texts = {}
        for key, name, sheet, cell in book[KEY_SHEET].iter_rows(min_row=2, max_col=4, values_only=True):
            if sheet not in book.sheetnames:
                continue  # the person removed the sheet: what was kept before stays
            place = book[str(sheet)][_moved(book, str(sheet), str(cell), f"{key}|{name}")]
            value = place.value
            texts.setdefault(str(key), {})[str(name)] = "" if value is None else str(value).strip()
        return texts
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise _unreadable(path) from None


def _moved(book: object, sheet: str, cell: str, name: str) -> str:
    """Where a field is now: Excel moves the defined name with its cell when rows or columns are inserted."""
    from openpyxl.workbook import Workbook

    assert isinstance(book, Workbook)
    defined = book.defined_names.get(field_name(name))
    if defined is None:
        return cell
    for found_sheet, found in defined.destinations:
        if found_sheet == sheet:
            return str(found).replace("$", "").split(":")[0]
    return cell


def field_name(key: str) -> str:
    """The defined name of a field's cell: letters, digits and underscores only."""
    return "kokai_" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in key)


def _unreadable(path: Path) -> SourceError:
    return SourceError(
        "report-filled-unreadable", "前回の報告書を読めないため、書き込まれた評価や理由を引き継げません。",
        "the last report cannot be read, so what was written into it would be lost",
        todo_ja="ファイルを閉じてから、もう一度実行してください。壊れているときは、別の場所へ移してから実行してください。",
        todo_en="Close it and run again; if it is damaged, move it elsewhere first.", where=path.name,
    )
