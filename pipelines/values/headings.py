"""Turns a heading as somebody typed it into a folded key, so that spellings of one heading meet."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pipelines.values.patterns import late_pattern

_NUMBERING = late_pattern(
    r"^(?:\([0-9]{1,2}\)|[0-9]{1,2}[.):、](?![0-9])|[①-⑳][.、]?|[0-9]{1,2}-[0-9]{1,2}[.、])(?=.)"
)
_NOTE_BEHIND = late_pattern(
    r"(?<=.)\s*[(\[【〔]\s*(?:必須|任意|推奨|必須項目|任意項目|半角|全角|半角数字|半角英数字|全角カタカナ|10進法?|十進法?|度|世界測地系|jgd2011|jgd2000|wgs84"
    r"|西暦|yyyy[-/]mm[-/]dd|hh:mm|24時間表記|ハイフンなし|ハイフンあり)\s*[)\]】〕]\s*$",
    re.IGNORECASE,
)
_INVISIBLE = late_pattern("_x000d_|[\\s\u0000-\u001f\u007f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
# One kind of each sign: brackets, hyphens with dashes and tildes, middle dots, underscores, slashes.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("([{〔〈《「『【〖⦅", "("),
        **dict.fromkeys(")]}〕〉》」』】〗⦆", ")"),
        **dict.fromkeys("-‐‑‒–—―−─━~〜∼˜⁓﹣", "-"),
        **dict.fromkeys("·•‧∙⋅・᛫●.", "・"),
        **dict.fromkeys("_‗﹍﹎﹏＿", "_"),
        **dict.fromkeys("/⁄∕", "/"),
        **dict.fromkeys(",、，､", "、"),
    }
)


def without_note(text: str) -> str:
    """A heading without a note behind it on how to fill the column in ("名称（必須）", "緯度（十進法）")."""
    plain = unicodedata.normalize("NFKC", text)
    found = _NOTE_BEHIND.sub("", plain)
    return text if found == plain else found


@lru_cache(maxsize=4096)
def fold_heading(text: str) -> str:
    """Folded key of a heading: equal for spellings that differ only in form.

    NFKC (full-width letters, half-width kana, circled numbers), no white space or line breaks, no leading
    numbering ("1." "(1)" "①"), one kind of bracket, hyphen, middle dot and underscore, ASCII in lower case.
    Seen in files of municipalities: "1.名称", "緯  度", "画像_ｷｬﾌﾟｼｮﾝ", "地方公共団体名\\n(市町村名)".
    """
    # The circled digit must go before NFKC makes a bare digit of it.
    stripped = re.sub(r"^[\s\ufeff]*[①-⑳][\s.．、]*(?=.)", "", text)
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", stripped).lower())
    folded = _NUMBERING.sub("", folded)
    # The katakana long mark stays: it is a letter. Marks such as "※" and "◎" around a heading are no part of it.
    return folded.translate(_SIGNS).strip("*※◎■□●◆・") or folded
