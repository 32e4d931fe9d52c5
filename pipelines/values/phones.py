"""Turns telephone numbers as typed into the forms that the standard takes: 0837-52-1110 or (0837)52-1110."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern
from pipelines.values.text import blank_for_none

_HYPHEN_FORM = late_pattern(r"0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}")
_BRACKET_FORM = late_pattern(r"\((0[0-9]{1,4})\)([0-9]{1,4})-([0-9]{4})")
_FREE_FORM = late_pattern(r"(?:0120|0570|0800|0990)-[0-9]{6,7}")
_WORLD_FORM = late_pattern(r"\+[0-9]{1,3}[ -](?:\([0-9]{1,4}\)|[0-9]{1,4}-)[0-9]{1,4}-[0-9]{4}")
_HYPHENS = late_pattern(r"\s*[‐‑‒–—―−─ーｰ－﹣~〜～]\s*")
_LABEL = late_pattern(r"^(?:TEL|電話番号|電話|Tel|tel|℡|☎|📞)\s*[:.]?\s*")
_MAIN = late_pattern(r"\s*[(\[]?\s*(?:代表番号|代表電話|代表|大代表|代)\s*[)\]]\s*|\s*(?:代表|大代表)$")
_MAIN_FRONT = late_pattern(r"^(?:代表|代表電話|大代表)[:\s]\s*")
_INNER_BRACKET = late_pattern(r"(0[0-9]{1,4})\(([0-9]{1,4})\)([0-9]{4})")
_OPEN_BRACKET = late_pattern(r"\((0[0-9]{1,4})\)\s*-?\s*([0-9]{1,4})[\s.-]*([0-9]{4})")
_SPACED = late_pattern(r"(0[0-9]{1,4})[\s./・-]{1,3}([0-9]{1,4})[\s./・-]{1,3}([0-9]{3,4})")
_WORD_BETWEEN = late_pattern(r"(?<=[0-9)])\s*[\[(<{]\s*[^0-9()\[\]<>{}]{1,16}\s*[\])>}]\s*(?=[0-9])")
_NO_NUMBER = late_pattern(
    r"[(\[]?\s*(?:(?:固定)?(?:電話|TEL|FAX|ファックス|番号|電話番号|FAX番号|連絡先)は?)?\s*"
    r"(?:なし|無し|無|無い|ない|ありません|該当なし|該当無し|設置なし|設定なし)\s*[)\]]?",
    re.IGNORECASE,
)
_EXTENSION = late_pattern(r"[(\[]?(?:内線|内|ext\.?)?(?:番号)?[)\]:]?\s*(?<![0-9])([0-9]{1,6})[)\]]?", re.IGNORECASE)
_JOINTS = late_pattern(r"\s*(?:[\r\n]+|[、,;，；・]|[/／])\s*|\s+")


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(Path(__file__).with_name("area_codes.json").read_text(encoding="utf-8"))
    return loaded


def is_phone(text: str) -> bool:
    """True for one number in a form that the standard takes, with the right count of digits.

    GIF 445 puts the area code in brackets, (0837)52-1110; real files write 0820-22-2111: both are right. Free
    dial 0120-999999, mobile 090-9999-9999, international "+81 (03)5253-5111".
    """
    if _WORLD_FORM.fullmatch(text):
        return True
    if not (_HYPHEN_FORM.fullmatch(text) or _BRACKET_FORM.fullmatch(text) or _FREE_FORM.fullmatch(text)):
        return False
    digits = re.sub("[^0-9]", "", text)
    return len(digits) == (11 if re.match("0[5789]0|0800", digits) else 10)


def is_phone_list(text: str) -> bool:
    """True for one number, or several joined by " / "."""
    return bool(text) and all(is_phone(part) for part in text.split(" / "))


def plain_phone(text: str) -> str | None:
    """A number in a form that the standard takes, from another notation; None if it is that already or not certain.

    Seen: "０８３７－５２－１１１０", "（0837）52-1110", "(083)-928-8656" (山口市), "0836-\\n21-9504" (山口県),
    "0837(52)1110", "0837.52.1110", "TEL 0820-22-2111".
    """
    rest = _LABEL.sub("", _HYPHENS.sub("-", narrow(text).lstrip("'")))
    rest = re.sub(r"(?<=[0-9])の(?=[0-9])", "-", re.sub(r"-{2,}", "-", re.sub(r"\s*-\s*", "-", rest)))
    rest = re.sub(r"\(\s*([0-9]+)\s*\)\s*", r"(\1)", rest)
    for pattern, form in ((_OPEN_BRACKET, r"(\1)\2-\3"), (_INNER_BRACKET, r"\1-\2-\3"), (_SPACED, r"\1-\2-\3")):
        if not is_phone(rest) and pattern.fullmatch(rest):
            rest = pattern.sub(form, rest)
    return rest if rest != text and is_phone(rest) else None


def phone_without_word(text: str) -> str | None:
    """A number without the bracketed word between its digits ("(0833)72[sanitize]1448", 下松市), else None.

    Only where the digits alone are one number; 内線 is an extension's and stays. The word is lost: only to propose.
    """
    plain = narrow(text)
    rest = _WORD_BETWEEN.sub("-", plain)
    if rest == plain or "内線" in plain:
        return None
    return rest if is_phone(rest) else plain_phone(rest)


def blank_for_no_number(text: str) -> str | None:
    """A blank cell ("") for the honest answer that there is no number ("なし", "電話なし", "FAX無し"), else None.

    "不明" and "未定" are no such answer: there may be a number.
    """
    return "" if _NO_NUMBER.fullmatch(narrow(text)) else None


def blank_for_unknown_number(text: str) -> str | None:
    """A blank cell ("") for words that leave the number open ("不明", "未定"), else None."""
    return None if blank_for_no_number(text) is not None else blank_for_none(text)


def hyphenated_phone(text: str) -> str | None:
    """A number with its hyphens ("0837521110" -> 0837-52-1110) where its area code is certain, else None.

    A lost leading zero comes back. The area codes of the country, and the numbers of mobile phones, IP phones and
    free dial, stand in area_codes.json; 0837-6 has two readings and is left alone.
    """
    digits = re.sub(r"\.0$", "", re.sub(r"[\s-]", "", _HYPHENS.sub("-", narrow(text))))
    if not re.fullmatch("[0-9]{9,11}", digits) or is_phone(text):
        return None
    digits = digits if digits.startswith("0") else "0" + digits
    cut = _cut(digits)
    if cut is None:
        return None
    found = "-".join(cut)
    return found if is_phone(found) and found != text else None


def recut_phone(text: str) -> str | None:
    """A number whose hyphens stand where its area code ends ("0820-56" is right, "082-056" is not); None if they do.

    Area codes that were joined keep their old notation on many lists (千葉県 hospitals: 0471-23-5911 for 04-7123-5911).
    Several numbers are one text: None unless one of them changes.
    """
    parts = text.split(" / ")
    found = [_recut(part) or part for part in parts]
    return " / ".join(found) if found != parts else None


def _recut(text: str) -> str | None:
    if text.startswith("+"):
        return None
    cut = _cut(re.sub("[^0-9]", "", text))
    if cut is None or len(cut) != 3:
        return None
    brackets = _BRACKET_FORM.fullmatch(text)
    given = (brackets[1], brackets[2], text[-4:]) if brackets else tuple(text.split("-"))
    return "-".join(cut) if given != cut else None


def _cut(digits: str) -> tuple[str, ...] | None:
    tables = _tables()
    for prefix, (first, second, third) in tables["other"]["prefixes"].items():
        if digits.startswith(prefix) and len(digits) == first + second + third:
            if first == 4:  # GIF 445 writes free dial in two parts: 0120-999999
                return digits[:4], digits[4:]
            return digits[:first], digits[first : first + second], digits[first + second :]
    if len(digits) != 10:
        return None
    for length in (5, 4, 2):
        if digits[:length] in tables["area_codes"]:
            area = tables["area_codes"][digits[:length]]
            return (area, digits[len(area) : -4], digits[-4:]) if area else None
    if not re.match("0[1-9]", digits) or digits.startswith(("020", "060", "0990")):
        return None
    size = next((size for n in (6, 5, 4, 3, 2) if (size := _area_sizes().get(digits[:n]))), 4)
    return digits[:size], digits[size:-4], digits[-4:]


@lru_cache(maxsize=1)
def cut_patterns() -> str:
    """The beginning of every hyphenated number whose hyphen stands where its area code ends, as one alternation.

    Prefixes with two readings are in none: they have to be looked at one by one.
    """
    own = {digits: len(area) if area else 0 for digits, area in _tables()["area_codes"].items()}
    sizes = {**{digits: size for digits, size in _area_sizes().items() if digits[:4] not in own and digits[:2] not in own}, **own}
    begun = {digits[:n] for digits in sizes for n in range(1, len(digits))}
    four = [f"0{n}" for n in range(100, 1000) if not any(f"0{n}"[:k] in sizes for k in (2, 3, 4)) and f"0{n}" not in begun]
    ends = [(d[:size], d[size:]) for d, size in sizes.items() if size and d not in begun] + [(d, "") for d in four]
    groups: dict[tuple[str, str, str], str] = {}
    for area, behind in ends:  # 0820, 0821 and 0823 are 082[013]
        key = (area, behind[:-1], "behind") if behind else (area[:-1], "", "area")
        groups[key] = groups.get(key, "") + (behind or area)[-1]
    return "|".join(
        f"{area}-{behind}[{last}]" if where == "behind" else f"{area}[{last}]-" for (area, behind, where), last in groups.items()
    )


@lru_cache(maxsize=1)
def _area_sizes() -> Mapping[str, int]:
    """Leading digits -> length of the area code, for those whose code has not four digits."""
    by_length = _tables()["nationwide"]["prefixes_by_length"]
    return {digits: int(length) for length, lines in by_length.items() for line in lines for digits in line.split()}


def phone_without_note(text: str) -> str | None:
    """A number without "（代表）" (GIF 445 wants none in the cell); None if nothing changes or it is no number then."""
    rest = _MAIN_FRONT.sub("", _MAIN.sub("", narrow(text))).strip()
    if rest == narrow(text):
        return None
    return rest if is_phone(rest) else plain_phone(rest)


def plain_extension(text: str) -> str | None:
    """The digits of an extension without its word ("内線123", "(内)123"); None if nothing changes or it says more."""
    match = _EXTENSION.fullmatch(narrow(text))
    return match.group(1) if match and match.group(1) != text else None


def extension_list(text: str) -> str | None:
    """Several extensions joined by " / " ("2442・2421" -> 2442 / 2421, 狛江市), as GIF 445 joins numbers; else None."""
    parts = [p for p in _JOINTS.split(narrow(text)) if p]
    if len(parts) < 2 or not all(re.fullmatch("[0-9]{1,6}", p) for p in parts):
        return None
    found = " / ".join(parts)
    return found if found != text else None


def phone_list(text: str) -> str | None:
    """Several numbers joined by " / " (GIF 445), from "、", "・", "/" or a line break; None unless each is certain.

    A line break inside one number ("0836-\\n21-9504") joins it.
    """
    joined = re.sub(r"[\r\n]+", "", text)
    if joined != text and (is_phone(joined) or plain_phone(joined)):
        return plain_phone(joined) or joined
    parts = [p for p in _JOINTS.split(text.strip()) if p]
    if len(parts) < 2:
        return None
    mended = [p if is_phone(p) else plain_phone(p) or phone_without_note(p) for p in parts]
    if any(p is None for p in mended):
        return None
    found = " / ".join(p for p in mended if p is not None)
    return found if found != text else None
