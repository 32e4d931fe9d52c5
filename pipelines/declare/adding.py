"""Turns a section's own file and the mapping of its columns into a new declaration (datasets/**/<id>.yml)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pipelines.declare.loading import load_dataset
from pipelines.errors import DeclarationError
from pipelines.model import Dataset, Municipality, Standard


def add_dataset(
    body: Municipality,
    file: Path,
    standard: Standard,
    mapping: Mapping[str, str | None],
    *,
    as_of: str,
    id: str | None = None,
    edition: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    slice: str | None = None,
    section: str | None = None,
    frequency: str = "annual",
) -> Dataset:
    """Write the declaration of a section's own file and return it; the file is copied into inbox/.

    `standard` is the Standard that the file follows and `edition` the one to publish (default: the same).
    `mapping` is source heading -> heading of `standard`, None for a column that does not leave: all of them are
    written down, so that the steward sees each. `as_of` is YYYY-MM-DD. Raises DeclarationError when the
    declaration or another file of that name in inbox/ is already there; nothing is overwritten.
    """
    id = id or (f"{standard.kind}_{slice}" if slice else standard.kind)
    path = body.folder / f"{id}.yml"
    if path.exists():
        raise DeclarationError(
            "add-already-there",
            f"{path.name} がもうあります。",
            f"{path.name} is already there.",
            todo_ja="同じ種類を分けて載せるときは --slice 名前 を付けてください。"
            "ファイルを入れ替えるときは inbox のファイルを差し替えます。",
            todo_en="Give --slice NAME for a part of its own, or replace the file in inbox/.",
            where=str(path),
        )
    target, source = _inbox_place(file, body)
    taken = edition or standard.edition
    text = _declaration(body, standard, source, mapping, as_of, taken, sheet, header_row, slice, section, frequency)
    path.write_text(text, encoding="utf-8", newline="")
    try:
        dataset = load_dataset(path, body)
    except DeclarationError:
        path.unlink()  # a wrong id, slice or date: leave nothing half done behind
        raise
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    return dataset


def _inbox_place(file: Path, body: Municipality) -> tuple[Path, str]:
    """Where the file lies, or will lie, and its path as the declaration names it."""
    if not file.is_file():
        raise DeclarationError(
            "add-file-missing",
            "ファイルがありません。",
            "There is no such file.",
            todo_ja="ファイルの場所と名前を確かめてください。",
            todo_en="Check its folder and name.",
            where=str(file),
        )
    if file.resolve().is_relative_to(body.folder.resolve()):
        return file.resolve(), file.resolve().relative_to(body.folder.resolve()).as_posix()
    target = body.folder / "inbox" / file.name
    if target.exists() and target.read_bytes() != file.read_bytes():
        raise DeclarationError(
            "add-inbox-taken",
            f"inbox に同じ名前の別のファイル({file.name})があります。",
            f"Another file named {file.name} is already in inbox/.",
            todo_ja="どちらかの名前を変えてください。",
            todo_en="Rename one of them.",
            where=str(target),
        )
    return target, f"inbox/{file.name}"


def _declaration(
    body: Municipality,
    standard: Standard,
    source: str,
    mapping: Mapping[str, str | None],
    as_of: str,
    edition: str,
    sheet: str | None,
    header_row: int | None,
    slice: str | None,
    section: str | None,
    frequency: str,
) -> str:
    mark = "【見本】" if body.sample else ""
    title = f"{mark}{standard.title_ja}" + (f"({slice})" if slice else "")
    lines = [
        f"# {standard.title_ja}。kokai add が書きました。中身は自由に直せます。",
        f"kind: {standard.kind}",
        f"edition: {edition}" + " " * 8 + "# 公開する版",
        *([f"slice: {slice}"] if slice else []),
        f"title: {yaml_scalar(title)}",
        "# 説明は 50 字以上に書き足すと探しやすくなります",
        f"description: {yaml_scalar(f'{body.name}の{standard.title_ja}です。')}",
        f"section: {yaml_scalar(section or body.contact.section)}   # 所管課",
        "# 更新の頻度: daily weekly monthly quarterly semiannual annual as-needed irregular never",
        f"frequency: {frequency}",
        f'as_of: "{as_of}"        # データの時点',
        f"source_file: {yaml_scalar(source)}",
        *([f"sheet: {yaml_scalar(sheet)}"] if sheet else []),
        *([f"header_row: {header_row}"] if header_row else []),
        f"source_edition: {standard.edition}        # 元のファイルの見出しの版",
    ]
    used = {h: n for h, n in mapping.items() if n is not None}
    unused = [h for h, n in mapping.items() if n is None]
    if used:
        lines.append("columns:        # 元の見出し: 標準の見出し")
        lines += [f"  {yaml_scalar(h)}: {yaml_scalar(n)}" for h, n in used.items()]
    if unused:
        lines.append("ignore:        # 公開しない列: 理由(公開する列なら columns へ移します)")
        lines += [f"  {yaml_scalar(h)}: 標準の項目にないため" for h in unused]
    lines.append("geocode_coarsest: oaza        # 座標のない行を住所から補うとき、大字まで許す(none = 補わない)")
    return "\n".join(lines) + "\n"


_PLAIN = re.compile(r"[^\s\"'#&*!|>%@`{}\[\],?:~-][^\"#:{}\[\],&*]*")


def yaml_scalar(value: str) -> str:
    """Text as a YAML scalar: bare where it reads back as the same text, else in double quotes."""
    text = value
    words = {"true", "false", "null", "yes", "no", "on", "off"}
    plain = _PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in words
    if plain and not text[0].isdigit() and text.isprintable() and text[0] not in "+.":
        return text
    return json.dumps(text, ensure_ascii=False)
