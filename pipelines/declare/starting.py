"""Makes what a steward starts from: an empty folder to a workspace for one municipality."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pipelines.declare.adding import yaml_scalar
from pipelines.declare.loading import load_body
from pipelines.declare.templates import CATALOGUES, EXAMPLE, FIRST_READ, GITIGNORE, MUNICIPALITY, PLAN
from pipelines.errors import DeclarationError
from pipelines.values.codes import check_digit_lgcode, is_lgcode, narrow, prefectures


def init_workspace(folder: Path, code: str, name: str, *, romaji: str | None = None) -> tuple[Path, ...]:
    """Make a workspace for one municipality below `folder`; returns what was made, relative to it.

    An existing file is never overwritten (a second body may be added to a workspace); only .gitignore gets
    the lines that it lacks. `romaji` names the folder (`352136_mine`); without it a table of 山口県's 19
    municipalities is asked, else the code stands alone. Raises DeclarationError: a code whose check digit is
    wrong (with the right one), a name that is not that of the code, a body that is already there.
    """
    code = _six_digits(code)
    known = _known(code)
    if known and known["name"] != name:
        raise DeclarationError(
            "init-name-mismatch",
            f"コード {code} は{known['name']}です。「{name}」とは合いません。",
            f"The code {code} is that of {known['name']}.",
            todo_ja=f"--name {known['name']} とするか、--code を確かめてください。",
            todo_en=f"Give --name {known['name']} or check --code.",
            where="--name",
        )
    slug = _slug(romaji or known.get("romaji", ""))
    body = folder / "datasets" / (f"{code}_{slug}" if slug else code)
    there = sorted((folder / "datasets").glob(f"{code}*/municipality.yml")) if folder.is_dir() else []
    if there:
        raise DeclarationError(
            "init-already-there",
            f"{name}の宣言がもうあります。",
            f"{name} is already in this workspace.",
            todo_ja="別のフォルダーを指定するか、そのまま kokai add で続けてください。",
            todo_en="Name another folder, or go on with kokai add.",
            where=str(there[0]),
        )
    made: list[Path] = []
    for sub in (body / "inbox", folder / "schemas", folder / "ledger"):
        if not sub.is_dir():
            sub.mkdir(parents=True)
            made.append(sub)
    files = {
        folder / "はじめに.txt": FIRST_READ.format(name=name, body=body.name).replace("\n", "\r\n"),
        folder / "datasets" / "catalogues.yml": CATALOGUES,
        body / "municipality.yml": _municipality(code, name, known),
        body / "plan.yml": PLAN.format(name=name),
        body / "_example.yml": EXAMPLE,
    }
    for path, text in files.items():
        if not path.exists():
            path.write_text(text, encoding="utf-8-sig" if path.suffix == ".txt" else "utf-8", newline="")
            made.append(path)
    if _complete_gitignore(folder / ".gitignore"):
        made.append(folder / ".gitignore")
    load_body(body)
    return tuple(p.relative_to(folder) for p in made)


def _six_digits(code: str) -> str:
    code = narrow(code)
    if is_lgcode(code):
        return code
    digit = check_digit_lgcode(code[:5])
    right = code[:5] + digit if digit and code[:2] in prefectures() else ""
    if len(code) == 5 and right:
        ja = f"コードが 5 桁です。6 桁では {right} です。"
        en = f"The code has 5 digits; with its check digit it is {right}."
    elif len(code) == 6 and right:
        ja = f"コード {code} は検査数字(最後の 1 桁)が合いません。先頭 5 桁が正しければ {right} です。"
        en = f"The check digit of {code} is wrong; if the first five digits are right it is {right}."
    else:
        ja, en = f"「{code}」は全国地方公共団体コードではありません。", f"'{code}' is not a municipality code."
    raise DeclarationError(
        "init-code",
        ja,
        en,
        todo_ja=f"--code {right} としてください。" if right else "総務省の一覧で 6 桁のコードを確かめてください。",
        todo_en=f"Give --code {right}." if right else "Look up the six-digit code.",
        where="--code",
    )


def _known(code: str) -> dict[str, str]:
    table = json.loads(Path(__file__).with_name("yamaguchi.json").read_text(encoding="utf-8"))
    found: dict[str, str] = table["municipalities"].get(code, {})
    return found


def _slug(romaji: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", romaji.lower()).strip("_")
    if romaji and not slug:
        raise DeclarationError(
            "init-romaji",
            f"「{romaji}」はローマ字ではありません。",
            f"'{romaji}' is not romaji.",
            todo_ja="--romaji mine のように半角の英字で書いてください。",
            todo_en="Write plain letters, such as --romaji mine.",
            where="--romaji",
        )
    return slug


def municipal_corporate_number(code: str) -> str:
    """法人番号 of a municipality, computed: check digit + 000020 + its 6-digit code. To be verified by a person.

    The structure is that of 国の機関・地方公共団体; the check digit is that of 法人番号の指定等に関する省令 第二条.
    """
    base = "000020" + code
    total = sum(int(d) * (1 if i % 2 == 0 else 2) for i, d in enumerate(reversed(base)))
    return str(9 - total % 9) + base


def _municipality(code: str, name: str, known: Mapping[str, str]) -> str:
    return MUNICIPALITY.format(
        code=code,
        name=yaml_scalar(name),
        kana=f"name_kana: {known['kana']}" if known else "# name_kana: ヨミガナ   # 全角カタカナで書き、# を消します",
        english=f"name_en: {known['english']}" if known else "# name_en: Example City   # 英語で書き、# を消します",
        prefecture=prefectures()[code[:2]],
        corporate_number=municipal_corporate_number(code),
    )


def _complete_gitignore(path: Path) -> bool:
    """True if the file was made or got lines: sections' raw files and what can be made again stay out of git."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in GITIGNORE.splitlines() if line not in old.splitlines()]
    if not missing:
        return False
    gap = "\n" if old and not old.endswith("\n") else ""
    path.write_text(old + gap + "\n".join(missing) + "\n", encoding="utf-8", newline="")
    return True
