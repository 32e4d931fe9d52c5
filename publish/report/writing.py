"""A scorecard to the files of a report in one folder, each written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import SourceError
from publish.kpi import parse_fiscal_year, year_name
from publish.report.filled import Filled, read_filled, write_filled
from publish.report.scorecard import BodyCard, Scorecard
from publish.swap import write_atomically


def report_folder(root: Path, year: int) -> Path:
    """reports/令和7年度."""
    return root / year_name(year)


def workbook_path(folder: Path, year: int, body_name: str) -> Path:
    return folder / f"KPI進捗_{year_name(year)}_{body_name}.xlsx"


def filled_before(folder: Path, year: int, body_names: list[str]) -> Filled:
    """What persons wrote into the workbooks of the last run and of other years' reports, and what was kept beside them."""

    def workbooks(place: Path, of: int) -> list[Path]:
        return [workbook_path(place, of, name) for name in body_names]

    others = []
    if folder == report_folder(folder.parent, year) and folder.parent.is_dir():
        years = {parse_fiscal_year(p.name): p for p in folder.parent.iterdir() if p.is_dir() and p != folder}
        others = [(place, workbooks(place, of)) for of, place in sorted((y, p) for y, p in years.items() if y is not None)]
    return read_filled(folder, workbooks(folder, year), others)


def write_report(score: Scorecard, folder: Path, *, font_file: Path | None = None) -> list[Path]:
    """Every file of the report; returns them in order. The last run's workbook is kept once as `….前回.xlsx`."""
    files = report_files(score, font_file=font_file)
    write_filled(folder, score.filled)
    paths = []
    for name, data in files.items():
        path = folder / name
        if path.suffix == ".xlsx" and path.exists() and path.read_bytes() != data:
            _write(path.with_suffix(".前回.xlsx"), path.read_bytes())
        _write(path, data)
        paths.append(path)
    return paths


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except PermissionError:
        raise SourceError(
            "report-file-open", "ファイルを書けません。Excel などで開いていませんか。", "the file cannot be written; is it open?",
            todo_ja="ファイルを閉じてから、もう一度実行してください。", todo_en="Close it and run again.", where=path.name,
        ) from None


def report_files(score: Scorecard, *, font_file: Path | None = None) -> Mapping[str, bytes]:
    """Name to bytes, all in memory first: a report that cannot be made whole changes nothing on disk."""
    from publish.report.dashboard import dashboard_html
    from publish.report.lateness import calendar_text, mail_texts
    from publish.report.page import page_bytes
    from publish.report.scorecard_dict import scorecard_dict
    from publish.report.tables import csv_bytes, evidence_rows, progress_rows
    from publish.report.templates import render_shipped
    from publish.report.workbook import workbook_bytes

    year = year_name(score.fiscal_year)
    files: dict[str, bytes] = {}
    told = scorecard_dict(score)
    for card in score.bodies:
        files[f"KPI進捗_{year}_{card.body.name}.xlsx"] = workbook_bytes(score, card)
        files[f"KPI進捗_{year}_{card.body.name}.pdf"] = page_bytes(score, card, font_file=font_file)
    files["index.html"] = dashboard_html(score).encode("utf-8")
    for name, text in render_shipped(told).items():
        files[name] = text.encode("utf-8")
    files["kpi.json"] = (json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")
    files["年度別実績.csv"] = csv_bytes(progress_rows(score))
    files["公開データ一覧.csv"] = csv_bytes(evidence_rows(score))
    files["更新予定.ics"] = calendar_text(
        [(c.body.name, x) for c in score.bodies for x in c.late], made=score.made).encode("utf-8")
    for card in score.bodies:
        for section, text in mail_texts(card.body.name, card.late, contact=_contact(card), day=score.as_of).items():
            files[f"メール文案/{card.body.name}_{_safe(section)}.txt"] = text.encode("utf-8")
    return files


def _contact(card: BodyCard) -> str:
    contact = card.body.contact
    return "\n".join(t for t in (contact.section, contact.tel and f"電話 {contact.tel}", contact.email) if t)


def _safe(name: str) -> str:
    return "".join("_" if c in '\\/:*?"<>|\n\r\t' or ord(c) < 32 else c for c in name)[:60].strip(" .") or "_"
