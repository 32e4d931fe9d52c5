"""Turns choices as typed (有無, flags, days of the week, lists, code lists) into the standard's words."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.values.codes import narrow
from pipelines.values.headings import fold_heading
from pipelines.values.patterns import late_pattern

DAYS = "月火水木金土日"
_NOTE = late_pattern(r"^([^()\[\]\s]{1,4})\s*[(\[].+[)\]]$|^([○〇◯×有無可否])[\s:].+$")
_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY_DAY = ("毎日", "全日", "全曜日", "月火水木金土日")
_WEEKDAYS = ("平日",)
_BRACKETED = late_pattern(r"[(\[].*?[)\]]|※.*$")


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(Path(__file__).with_name("choices.json").read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=3)
def _words(rule: str) -> Mapping[str, str]:
    known = _known()
    yes, no = {"yesno": ("有", "無"), "kahi": ("可", "否"), "flag1": ("1", "")}[rule]
    own = known.get(rule, {"yes": [], "no": []})
    return {
        **dict.fromkeys([*known["circles"], *known["yes"], *own["yes"]], yes),
        **dict.fromkeys([*known["crosses"], *known["no"], *own["no"]], no),
    }


def known_aliases() -> Mapping[str, str]:
    """Words that files write for a word of an official code list (choices.json), alias -> official."""
    aliases: Mapping[str, str] = _known()["aliases"]
    return aliases


def choice(text: str, rule: str) -> str | None:
    """有/無 (`yesno`), 可/否 (`kahi`) or 1/blank (`flag1`, blank is "") for another spelling, else None.

    Seen: ○ and × (下関市), "有り", "（有）", "１", "1.0" (宇部市, from a workbook), "〇" in 飲食可否 (山口市).
    """
    found = _words(rule).get(narrow(text).lower().strip("()[]。. "))
    return found if found is not None and found != text else None


def choice_with_note(text: str, rule: str) -> str | None:
    """The choice in a cell that says more ("○（２階）", "有（要相談）"), else None.

    The note is lost, so this is only ever proposed.
    """
    match = _NOTE.fullmatch(narrow(text))
    if match is None:
        return None
    word = match.group(1) or match.group(2)
    return _words(rule).get(word.lower())


def weekdays(text: str) -> str | None:
    """Days of the week as 月火水木金, in Monday order (GIF 441); None if it is that already or says anything more.

    Seen: "月～金", "火～日" (山口県), "月・火・水・木・金・土" (山口市), "月～金曜日" (美祢市), "毎日", "平日", "Mon-Fri".
    """
    english = _english_days(narrow(text))
    rest = english or re.sub(r"[・、,，;；/\s.と及び]|曜日?", "", re.sub("[‐‑‒–—―−─ー~〜～から]+", "-", narrow(text)))
    if rest.replace("-", "") in _EVERY_DAY or rest in _EVERY_DAY:
        found = DAYS if "-" not in rest else None
    elif rest in _WEEKDAYS:
        found = DAYS[:5]
    else:
        found = _spread(rest)
    return found if found and found != text else None


def _english_days(text: str) -> str | None:
    """"Mon-Fri" and "Mon, Wed" with the days in kanji, None for any other text."""
    if not re.fullmatch(r"[A-Za-z.,;/&\s‐–—~〜～-]+", text):
        return None
    words = re.split(r"([‐–—~〜～-])|[.,;/&\s]+", text.lower())
    days = [("-" if w in "‐–—~〜～-" else DAYS[_ENGLISH_DAYS.index(w[:3])] if w[:3] in _ENGLISH_DAYS and len(w) < 10 else "?")
            for w in words if w]
    return "".join(days)


def _spread(rest: str) -> str | None:
    chosen: set[str] = set()
    at = 0
    while at < len(rest):
        if rest[at] not in DAYS:
            return None
        if rest[at + 1 : at + 2] == "-":
            if at + 2 >= len(rest) or rest[at + 2] not in DAYS:
                return None
            first, last = DAYS.index(rest[at]), DAYS.index(rest[at + 2])
            span = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
            chosen.update(DAYS[i] for i in span)
            at += 3
        else:
            chosen.add(rest[at])
            at += 1
    return "".join(d for d in DAYS if d in chosen) or None


def weekdays_without_note(text: str) -> str | None:
    """Days of the week in a cell that says more ("土日祝", "月～金（祝日を除く）"), else None. Only to propose."""
    rest = _BRACKETED.sub("", narrow(text)).strip()
    rest = re.sub("[・、,]?(?:国民の)?(?:祝祭日|祝日|祝|休日)$", "", rest)
    if rest in ("年中無休", "無休", "365日"):
        return DAYS
    if rest == narrow(text) or not rest:
        return None
    return weekdays(rest) or (rest if rest == _spread(rest) else None)


def semicolon_list(text: str) -> str | None:
    """Values joined by half-width ";" instead of "、", "," "／" or line breaks; None if nothing changes.

    Separators inside brackets, in addresses of web pages, and "/" or "," between half-width letters or digits
    (TCP/IP, 2021/4/1, 1,000) stay.
    """
    if "://" in text:
        return None
    parts, depth, part = [], 0, ""
    for place, sign in enumerate(text):
        depth = depth + (sign in "(（「[") - (sign in ")）」]")
        if depth <= 0 and sign in "、,，;；/／|\n\r" and not (sign in "/," and _within_word(text, place)):
            parts.append(part.strip())
            part = ""
        else:
            part += sign
    parts.append(part.strip())
    found = ";".join(p for p in parts if p)
    return found if found and found != text else None


def spaced_list(text: str) -> str | None:
    """Values joined by ";" where "・", "｜" or spaces part them ("内科・外科", "内・外・小", "内科 外科"), else None.

    "・" may belong to one name (盲導犬・介助犬同伴可): only to propose, and not where ";" stands, too.
    Text in brackets, digits and Latin words stay together.
    """
    if re.search("://|[。(（「\n;；]", text) or re.search(r"(?:^|\s)\S(?:\s|$)", text.strip()):
        return None
    parts = [p for p in re.split(r"\s*[・;；｜|]\s*|\s+", text.strip()) if p]
    plain = [p for p in parts if re.fullmatch("[ぁ-ゖァ-ヶー一-龯々]{1,12}", p)]
    found = ";".join(parts)
    return found if len(parts) > 1 and len(plain) == len(parts) and found != text else None


def _within_word(text: str, place: int) -> bool:
    around = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
    return len(around) == 2 and around.isascii() and around.isalnum()


def fold_choice(text: str) -> str:
    """Folded key of a word of a code list: width, spaces, brackets and hyphens do not count."""
    return fold_heading(unicodedata.normalize("NFKC", text))


def official_choice(text: str, choices: Sequence[str], aliases: Mapping[str, str]) -> str | None:
    """The official word of a code list for another spelling of it; None if it is right or none or several fit."""
    if text in choices:
        return None
    if text in aliases:
        return aliases[text]
    key = fold_choice(text)
    found = {c for c in choices if fold_choice(c) == key}
    found |= {aliases[a] for a in aliases if fold_choice(a) == key}
    return found.pop() if len(found) == 1 else None


def near_choice(text: str, choices: Sequence[str]) -> str | None:
    """The one official word that differs in a single character ("図書舘" -> 図書館), else None. Only to propose."""
    key = fold_choice(text)
    if len(key) < 3 or text in choices:
        return None
    near = {c for c in choices if one_apart(key, fold_choice(c))}
    return near.pop() if len(near) == 1 else None


def one_apart(left: str, right: str) -> bool:
    """True if one replaced, missing, added or swapped character makes the one text the other; no digit counts."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    a, b = left[start : len(left) - end], right[start : len(right) - end]
    if any(c.isdigit() for c in a + b):
        return False
    return max(len(a), len(b)) == 1 or (len(a) == len(b) == 2 and a == b[::-1])
