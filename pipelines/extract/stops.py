"""The reasons why a file cannot be read, as SourceError with words for the person who sent the file."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import SourceError

_TEXTS: dict[str, tuple[str, str, str, str]] = {
    "file-missing": (
        "ファイルが見つかりません。", "The file does not exist.",
        "ファイル名と置き場所を確かめてください。", "Check the name and the folder of the file."),
    "file-unreadable": (
        "ファイルを開けません（{detail}）。", "The file cannot be opened ({detail}).",
        "ほかのプログラムで開いていないか、閲覧する権限があるかを確かめてください。",
        "Check that no other program holds it open and that you may read it."),
    "file-empty": (
        "ファイルが空です。", "The file is empty.",
        "中身のあるファイルかどうかを確かめて、もう一度保存してください。", "Check the contents and save it again."),
    "file-too-large": (
        "ファイルの大きさ {size} バイトが上限の {limit} バイトを超えています。",
        "The file has {size} bytes, more than the limit of {limit}.",
        "CSV（UTF-8）で保存し直すか、上限を --max-bytes で上げてください。",
        "Save it as CSV (UTF-8), or raise the limit with --max-bytes."),
    "zip-bomb": (
        "展開すると大きくなりすぎるファイルです（{detail}）。", "The file unpacks to far too much ({detail}).",
        "Excel で開いて、データのある範囲だけを新しいブックに値で貼り付けて保存してください。",
        "Open it in Excel and paste the range with data, as values, into a new workbook."),
    "zip-damaged": (
        "ファイルが途中で切れているか壊れています（{detail}）。", "The file is cut off or damaged ({detail}).",
        "元のファイルを Excel で開いて保存し直すか、もう一度受け取ってください。",
        "Open the original in Excel and save it again, or ask for it again."),
    "xml-entities": (
        "ブックの中の XML に、使ってはならない宣言（DTD・実体）があります。",
        "The workbook's XML holds a declaration (DTD, entities) that is not allowed.",
        "出どころを確かめてください。Excel で作った普通のブックにはありません。",
        "Check where it comes from. An ordinary Excel workbook never has one."),
    "workbook-encrypted": (
        "パスワードで保護されたブックです。", "The workbook is protected by a password.",
        "パスワードを外して保存したものを使ってください。", "Save it without a password."),
    "workbook-damaged": (
        "ブックを読めません（{detail}）。", "The workbook cannot be read ({detail}).",
        "Excel で開いて、xlsx として保存し直してください。", "Open it in Excel and save it as xlsx again."),
    "workbook-too-heavy": (
        "ブックを {detail} の上限の中で読めません。", "The workbook cannot be read within the limits ({detail}).",
        "データのある範囲だけを新しいブックに値で貼り付けるか、CSV（UTF-8）で保存してください。",
        "Paste the range with data, as values, into a new workbook, or save it as CSV (UTF-8)."),
    "too-many-columns": (
        "表の列が {columns} 列あり、上限の {limit} 列を超えています。",
        "The table has {columns} columns, more than the limit of {limit}.",
        "表の右側にある余分な列を削除してください。", "Delete the superfluous columns at the right."),
    "format-unknown": (
        "このファイルは表として読めない形式です（{detail}）。", "The file is of a kind that holds no table ({detail}).",
        "Excel ブック（xlsx）か CSV（UTF-8）で保存し直してください。",
        "Save it as an Excel workbook (xlsx) or CSV (UTF-8)."),
    "sheet-missing": (
        "シート「{sheet}」がありません。あるのは {sheets} です。",
        'There is no sheet "{sheet}". The sheets are {sheets}.',
        "シート名を確かめて、sheet: の指定を直してください。", "Check the name and correct sheet: in the declaration."),
    "header-row-missing": (
        "見出しの行として指定された {row} 行目がありません。", "Row {row}, named as the header row, does not exist.",
        "header_row: の指定を直してください。", "Correct header_row: in the declaration."),
    "no-table": (
        "表が見つかりません。", "No table was found.",
        "1行目に見出し、2行目からデータを置いてください。", "Put headings in row 1 and data from row 2 on."),
    "json-damaged": (
        "JSON として読めません（{detail}）。", "The JSON cannot be read ({detail}).",
        "書き出し直すか、CSV（UTF-8）で渡してください。", "Export it again, or hand it over as CSV (UTF-8)."),
}


def stop(code: str, path: Path | str, **params: object) -> SourceError:
    """The SourceError `code` for the file `path`, its texts filled with `params`."""
    ja, en, todo_ja, todo_en = _TEXTS[code]
    return SourceError(
        code, ja.format(**params), en.format(**params), todo_ja=todo_ja, todo_en=todo_en, where=Path(path).name
    )
