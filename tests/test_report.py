"""The yearly report: numbers, marks of samples, a person's words that survive, foreign text that stays text."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.errors import DeclarationError, SourceError
from publish.cli import main
from publish.ledger import append_entries
from publish.report.filled import Filled, filled_key
from publish.report.lateness import calendar_text, list_lateness, mail_texts
from publish.report.tables import csv_bytes
from publish.report.templates import render, render_own
from publish.run import open_workspace

NOW = "1795219200"  # 2026-11-21 in JST
YEAR = "令和7年度"
BOOK = f"KPI進捗_{YEAR}_美祢市.xlsx"


def report(workspace: Path, *words: str) -> Path:
    """`kokai report` for 美祢市 alone, which is enough for most tests; the folder that it wrote."""
    assert main(["report", "--fiscal-year", "令和7", "--body", "352136", "--workspace", str(workspace), *words]) == 0
    return workspace / "reports" / YEAR


@pytest.fixture(scope="module")
def written(history_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one report of 美祢市, for tests that only look."""
    root = tmp_path_factory.mktemp("written") / "workspace"
    shutil.copytree(history_source, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", NOW)
        return report(root)


def texts(folder: Path, sheet: str) -> list[str]:
    from openpyxl import load_workbook

    book = load_workbook(folder / BOOK)
    return [str(c) for row in book[sheet].iter_rows(values_only=True) for c in row if c is not None]


def test_every_file_of_the_report_is_written_and_is_the_same_the_next_time(history_workspace: Path) -> None:
    folder = report(history_workspace)
    first = {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    assert {BOOK, f"KPI進捗_{YEAR}_美祢市.pdf", "index.html", "報告.md", "実績・評価.html", "実績・評価.md", "kpi.json",
            "年度別実績.csv", "公開データ一覧.csv", "更新予定.ics"} <= {str(p) for p in first}
    report(history_workspace)
    assert {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()} == first


def test_the_progress_sheet_holds_the_plans_words_and_numbers(written: Path) -> None:
    from openpyxl import load_workbook

    folder = written
    told = texts(folder, "進捗管理シート")
    assert any("50件とします" in t for t in told)
    assert "14件(時点は計画に記載なし。令和4年3月1日〜令和6年6月30日の間)" in told
    book = load_workbook(folder / BOOK)
    assert book.sheetnames[:-1] == [
        "進捗管理シート", "グラフ", "公開データ一覧", "未公開と下書き", "異動", "更新予定", "実績・評価", "数え方"]
    assert book["_kokai"].sheet_state == "hidden"
    rows = {str(r[0]).split("\n")[0]: r for r in book["進捗管理シート"].iter_rows(values_only=True) if r[0]}
    assert rows["令和3年度"][1] is None and "台帳に記録なし" in str(rows["令和3年度"][0])
    with zipfile.ZipFile(folder / BOOK) as parts:
        assert any(n.startswith("xl/charts/chart") for n in parts.namelist())
        assert {i.date_time for i in parts.infolist()} == {(2026, 11, 21, 9, 0, 0)}


def test_every_number_of_a_sample_is_marked(written: Path) -> None:
    from openpyxl import load_workbook

    folder = written
    book = load_workbook(folder / BOOK)
    for name in book.sheetnames[:-1]:
        assert any("【見本】" in t for t in texts(folder, name)), name
    counted = [c for row in book["公開データ一覧"].iter_rows(min_row=6) for c in row[10:12] if isinstance(c.value, int)]
    assert counted and all("見本" in c.number_format for c in counted)
    told = json.loads((folder / "kpi.json").read_text(encoding="utf-8"))
    assert told["sample"] and all(p["sample"] for p in told["bodies"][0]["plans"])
    assert (folder / "年度別実績.csv").read_text(encoding="utf-8-sig").splitlines()[1].endswith(",1")
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert re.search(r'<span class="s">見本</span>31<', page)
    assert not re.search(r'class="big">\s*31', page)


def test_what_a_person_fills_in_survives_the_next_report_also_after_rows_were_inserted(history_workspace: Path) -> None:
    from openpyxl import load_workbook

    folder = report(history_workspace)
    book = load_workbook(folder / BOOK)
    sheet = book["進捗管理シート"]
    row = next(r for r in range(1, 60) if str(sheet.cell(r, 1).value).startswith("令和7年度"))
    for column, typed in ((8, "B"), (9, "=人が書いた理由"), (11, "各課と相談する\n髙﨑①㈱")):
        sheet.cell(row, column).value = typed
    book.save(folder / BOOK)
    for _ in range(2):
        report(history_workspace)
        again = load_workbook(folder / BOOK)["進捗管理シート"]
        assert [again.cell(row, c).value for c in (8, 9, 11)] == ["B", "=人が書いた理由", "各課と相談する\n髙﨑①㈱"]
        assert again.cell(row, 9).data_type == "s" and again.cell(row, 9).quotePrefix
    assert (folder / f"KPI進捗_{YEAR}_美祢市.前回.xlsx").exists()
    assert "髙﨑①㈱" in (folder / "報告.md").read_text(encoding="utf-8")
    told = json.loads((folder / "kpi.json").read_text(encoding="utf-8"))["bodies"][0]["plans"][0]["years"][-1]
    assert (told["grade"], told["grade_proposed"]) == ("B", "B")
    (folder / BOOK).unlink()  # the words are kept beside the workbook too
    report(history_workspace)
    assert "=人が書いた理由" in texts(folder, "進捗管理シート")
    book = load_workbook(folder / BOOK)
    book["進捗管理シート"].cell(row, 9).value = None  # emptied by a person: stays empty
    book.save(folder / BOOK)
    report(history_workspace)
    assert "=人が書いた理由" not in texts(folder, "進捗管理シート")


def test_what_was_decided_stands_in_the_next_years_report_too(history_workspace: Path) -> None:
    from openpyxl import load_workbook

    folder, next_year = report(history_workspace), history_workspace / "reports" / "令和8年度"
    in_next = next_year / "KPI進捗_令和8年度_美祢市.xlsx"
    words = ["report", "--fiscal-year", "令和8", "--body", "352136", "--workspace", str(history_workspace)]
    assert main(words) == 0  # its cells are blank: nobody emptied them
    book = load_workbook(folder / BOOK)
    row = next(r for r in range(1, 60) if str(book["進捗管理シート"].cell(r, 1).value).startswith("令和7年度"))
    book["進捗管理シート"].cell(row, 9).value = "髙﨑①㈱"
    book.save(folder / BOOK)
    assert main(words) == 0
    book = load_workbook(in_next)
    sheet = book["進捗管理シート"]
    row = next(r for r in range(1, 60) if str(sheet.cell(r, 1).value).startswith("令和7年度"))
    assert sheet.cell(row, 9).value == "髙﨑①㈱"
    sheet.cell(row, 9).value = None  # emptied in the later report: stays empty there, and stays in the earlier one
    book.save(in_next)
    for _ in range(2):
        assert main(words) == 0
        assert load_workbook(in_next)["進捗管理シート"].cell(row, 9).value is None
    assert "髙﨑①㈱" in texts(report(history_workspace), "進捗管理シート")


def test_two_bodies_may_name_their_plans_alike(history_source: Path) -> None:
    plan = open_workspace(history_source).plans[0]
    filled = Filled({filled_key(plan, 2025): {"grade": "S"}})
    assert filled.get(plan, 2025, "grade") == "S" and filled.get(replace(plan, body="352128"), 2025, "grade") == ""


def test_the_results_take_a_mark_of_their_own_scale(history_workspace: Path) -> None:
    from openpyxl import load_workbook

    folder = report(history_workspace)
    book = load_workbook(folder / BOOK)
    progress, results = book["進捗管理シート"], book["実績・評価"]
    row = next(r for r in range(1, 60) if str(progress.cell(r, 1).value).startswith("令和7年度"))
    progress.cell(row, 8).value = "B"  # of S/A/B/C: no mark of ○△×
    place = next(r for r in range(1, 20) if str(results.cell(r, 1).value).startswith("美祢市DX推進計画"))
    book.save(folder / BOOK)
    assert load_workbook(report(history_workspace) / BOOK)["実績・評価"].cell(place, 3).value == "(△)"
    book = load_workbook(folder / BOOK)
    book["実績・評価"].cell(place, 4).value = "○"
    book.save(folder / BOOK)
    again = load_workbook(report(history_workspace) / BOOK)["実績・評価"]
    assert (again.cell(place, 3).value, again.cell(place, 4).value) == ("○", "○")
    assert '<td class="grade">○</td>' in (folder / "実績・評価.html").read_text(encoding="utf-8")


def test_a_successor_is_named_in_both_plans(history_workspace: Path) -> None:
    plan = history_workspace / "datasets" / "352136_mine" / "plan.yml"
    plan.write_text(plan.read_text(encoding="utf-8").replace(
        "  - id: mine_johoka2\n", "  - id: mine_johoka2\n    successor: mine_dx\n"), encoding="utf-8")
    later, earlier = json.loads((report(history_workspace) / "kpi.json").read_text(encoding="utf-8"))["bodies"][0]["plans"]
    assert earlier["successor"] == "美祢市DX推進計画" and "後継の計画は「美祢市DX推進計画」です" in earlier["outlook"]
    assert {"what": "前の計画", "how": "第二次美祢市地域情報化計画"} in later["counting"]


def test_the_evidence_prints_readably_and_the_reports_can_be_read_by_colleagues(written: Path) -> None:
    from openpyxl import load_workbook

    sheet = load_workbook(written / BOOK)["公開データ一覧"]
    assert sheet.print_area == f"'公開データ一覧'!$A$1:$P${sheet.max_row}"
    assert [c.value for c in sheet[sheet.print_title_rows.strip("$").split(":")[0]]][-2:] == ["根拠(URL)", "SHA-256"]
    umask = os.umask(0)
    os.umask(umask)
    assert {p.stat().st_mode & 0o777 for p in written.iterdir() if p.is_file()} == {0o666 & ~umask}


def test_fields_are_found_where_a_defined_name_says_after_the_sheet_was_rearranged(history_workspace: Path) -> None:
    from openpyxl import load_workbook
    from openpyxl.workbook.defined_name import DefinedName

    from publish.report.filled import field_name

    folder = report(history_workspace)
    book = load_workbook(folder / BOOK)
    name = field_name("352136/mine_dx|2025|reason")
    book["進捗管理シート"]["I99"] = "行を足したあとの理由"
    book.defined_names[name] = DefinedName(name, attr_text="'進捗管理シート'!$I$99")  # as Excel rewrites it
    book.save(folder / BOOK)
    report(history_workspace)
    told = json.loads((folder / "kpi.json").read_text(encoding="utf-8"))["bodies"][0]["plans"][0]["years"][-1]
    assert told["reason"] == "行を足したあとの理由"


def test_a_workbook_that_cannot_be_read_is_never_overwritten(history_workspace: Path) -> None:
    folder = report(history_workspace)
    (folder / BOOK).write_bytes(b"broken")
    assert main(["report", "--fiscal-year", "令和7", "--body", "352136", "--workspace", str(history_workspace)]) == 2
    assert (folder / BOOK).read_bytes() == b"broken"


def test_foreign_text_never_becomes_a_formula_nor_markup(history_workspace: Path) -> None:
    from openpyxl import load_workbook

    evil = '=HYPERLINK("http://evil.example","x")<script>alert(1)</script>'
    append_entries(history_workspace / "ledger", "352136", [{
        "at": "2025-12-01T09:00:00+09:00", "event": "published", "body": "352136", "dataset": "evil", "kind": "evil",
        "name": "352136_evil", "title": evil, "section": "@SUM(A1)\x07", "catalogue": "yamaguchi", "rows": 1, "files": 1,
        "url": "javascript:alert(1)", "reason": "+1", "by": "-1", "sample": True}])
    folder = report(history_workspace)
    book = load_workbook(folder / BOOK)
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    assert [c for c in cells if c.value == evil] and not [c for c in cells if c.hyperlink and "javascript" in c.hyperlink.target]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "javascript:" not in page and "&lt;script&gt;" in page
    assert "<script" not in (folder / "実績・評価.html").read_text(encoding="utf-8")
    listed = (folder / "公開データ一覧.csv").read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK" in listed and ",@SUM" not in listed


def test_the_page_is_one_a4_landscape_page_with_japanese_that_can_be_read_out(history_workspace: Path) -> None:
    from pypdf import PdfReader

    plan = history_workspace / "datasets" / "352136_mine" / "plan.yml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("source: 美祢市DX推進計画(", "source: 髙﨑①㈱ 美祢市DX推進計画(", 1),
                    encoding="utf-8")
    reader = PdfReader(report(history_workspace) / f"KPI進捗_{YEAR}_美祢市.pdf")
    assert len(reader.pages) == 1
    assert [round(float(x)) for x in reader.pages[0].mediabox[2:]] == [842, 595]
    told = reader.pages[0].extract_text()
    for words in ("髙﨑①㈱", "令和8年3月31日", "見本", "目標 50", "31", "評価案 B", "四つの数え方", "数え方:"):
        assert words in told, words


def test_the_dashboard_stands_alone(history_workspace: Path) -> None:
    assert main(["report", "--fiscal-year", "R7", "--workspace", str(history_workspace)]) == 0
    page = (history_workspace / "reports" / YEAR / "index.html").read_text(encoding="utf-8")
    assert all(name in page for name in ("下関市", "柳井市", "美祢市", "平生町"))
    assert not re.search(r'(?:src|href)="(?!#|https://opendata\.example\.jp)', page)
    assert page.count("<svg class=\"chart\"") == 5 and 'class="map"' in page
    assert page.count('<td class="c ') == 31 * 4


def test_days_in_the_middle_of_a_year_and_unknown_years_and_bodies(history_workspace: Path) -> None:
    folder = report(history_workspace, "--as-of", "2025-09-30")
    told = json.loads((folder / "kpi.json").read_text(encoding="utf-8"))
    plan = told["bodies"][0]["plans"][0]
    assert (told["as_of_ja"], plan["value"], plan["years"][-1]["state"]) == ("令和7年9月30日", 27, "running")
    assert plan["pace_needed_per_year"] == pytest.approx(46.1, abs=0.2) and "見通し" not in plan["headline"]
    for words in (["--fiscal-year", "来年"], ["--body", "999999"], ["--as-of", "昨日"]):
        assert main(["report", "--workspace", str(history_workspace), *words]) == 2


def test_gaps_tell_drafts_with_their_errors_and_planned_ones(written: Path) -> None:
    folder = written
    told = json.loads((folder / "kpi.json").read_text(encoding="utf-8"))["bodies"][0]
    assert {g["title"] for g in told["gaps"]} == {"ボーリング柱状図等", "都市計画基礎調査情報"}
    assert ("library", "planned") in {(d["dataset"], d["status"]) for d in told["drafts"]}
    states = {(c["kind"], c["state"]) for c in json.loads((folder / "kpi.json").read_text("utf-8"))["coverage"]}
    assert ("boring_log", "none") in states and ("aed", "public") in states and ("procurement", "stale") in states


def test_held_packages_are_drafts_with_errors_left(tmp_path: Path, history_workspace: Path) -> None:
    from pipelines.declare import load_workspace
    from publish.kpi import coverage
    from publish.ledger import read_ledgers
    from publish.report.drafts import read_drafts

    workspace = load_workspace(history_workspace)
    register = [d for d in workspace.datasets_of("352136") if d.id == "toilet"]
    record = tmp_path / "352136_toilet" / "record"
    record.mkdir(parents=True)
    (record / "manifest.json").write_text(json.dumps({"status": "held", "counts": {"errors": 3, "warnings": 1},
                                                      "reasons": [{"ja": "直した後もエラーが3件残っています。"}]}))
    public = read_ledgers(tmp_path / "none").select("dataset", "kind").with_columns(stale=False)
    (draft,) = read_drafts(register, tmp_path, public, lambda d: f"352136_{d.id}")
    assert (draft.status, draft.errors, draft.reasons) == ("held", 3, ("直した後もエラーが3件残っています。",))
    (cell,) = coverage(["352136"], ["toilet"], {"352136": public}, [draft])
    assert (cell.state, cell.detail) == ("held", "残りのエラー3件")


def late(history_source: Path) -> list[tuple[str, object]]:
    from datetime import date

    from publish.kpi import count
    from publish.ledger import read_ledgers

    told = count(read_ledgers(history_source / "ledger"), "352136", date(2026, 3, 31), counts_in=["yamaguchi"])
    return [("美祢市", x) for x in list_lateness(told.evidence, {"procurement": "調達情報; 一覧,その1"}, {"procurement": "契約課"},
                                                date(2026, 3, 31))]


def test_the_calendar_has_an_entry_a_dataset_and_folds_its_lines(history_source: Path) -> None:
    from datetime import datetime

    from publish.commands.clock import JST

    told = calendar_text(late(history_source), made=datetime(2026, 11, 21, 8, 30, tzinfo=JST))  # type: ignore[arg-type]
    assert "DTSTAMP:20261120T233000Z\r\n" in told  # RFC 5545 wants it in UTC
    assert told.count("BEGIN:VEVENT") == told.count("END:VEVENT") == 31
    assert all(len(line.encode("utf-8")) <= 75 for line in told.split("\r\n"))
    plain = told.replace("\r\n ", "")
    assert "SUMMARY:【見本】美祢市 調達情報\\; 一覧\\,その1 の更新" in plain and "DTSTART;VALUE=DATE:20250101" in plain


def test_mails_are_written_by_section_and_only_for_what_is_due(history_source: Path) -> None:
    from datetime import date

    told = mail_texts("美祢市", [x for _, x in late(history_source)], contact="DX担当", day=date(2026, 3, 31))  # type: ignore[misc]
    assert "調達情報" in told["契約課"] and "電話" in told["契約課"] and "AED" not in "".join(told.values())


def test_csv_text_that_excel_takes_for_a_formula_gets_an_apostrophe() -> None:
    made = csv_bytes([{"題名": "=1+1", "数": -3, "備考": "-"}]).decode("utf-8-sig")
    assert made == "題名,数,備考\r\n'=1+1,-3,'-\r\n"


def test_ones_own_template_sees_the_report_and_nothing_else(history_workspace: Path, tmp_path: Path) -> None:
    own = tmp_path / "一行.txt.j2"
    own.write_text("{{ report.bodies[0].name }}: {{ report.bodies[0].plans[0].value }}種類(見本)", encoding="utf-8")
    folder = report(history_workspace, "--template", str(own))
    assert (folder / "一行.txt").read_text(encoding="utf-8") == "美祢市: 31種類(見本)\n"


@pytest.mark.parametrize("source", [
    "{{ report.nothing }}", "{{ ''.__class__.__mro__ }}", "{% for i in report.bodies %}", "{{ report.update({'a': 1}) }}",
    "{{ range(999999999) | list }}", "{{ cycler.__init__.__globals__ }}", "{% include '/etc/passwd' %}",
])
def test_a_template_that_is_wrong_or_reaches_out_is_refused_with_a_message(source: str) -> None:
    with pytest.raises(DeclarationError) as stop:
        render("x.txt", source, {"bodies": []})
    assert stop.value.code == "report-template-wrong"


def test_html_templates_are_escaped_and_unreadable_ones_are_told(tmp_path: Path) -> None:
    assert render("x.html.j2", "{{ report.t }}", {"t": "<b>"}) == "&lt;b&gt;\n"
    with pytest.raises(DeclarationError):
        render_own(tmp_path / "missing.j2", {})


def test_results_take_the_form_of_measure_results_and_grade(written: Path) -> None:
    told = (written / "実績・評価.html").read_text(encoding="utf-8")
    assert "<th>施策</th><th>実績</th><th>評価</th>" in told and "(△)<small>案</small>" in told and "見本" in told


def test_a_font_that_cannot_be_embedded_is_told(history_workspace: Path, tmp_path: Path) -> None:
    from publish.report.page import _font

    (tmp_path / "x.ttf").write_bytes(b"no font")
    with pytest.raises(SourceError):
        _font(tmp_path / "x.ttf")
