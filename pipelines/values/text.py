"""Turns the text of one cell into clean text: white space, control characters, widths, kana, line breaks."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

from pipelines.values.patterns import late_pattern

_ESCAPE = late_pattern(r"_x([0-9A-Fa-f]{4})_")
_CONTROL = late_pattern(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_BREAK = late_pattern("[ \t\u3000]*(?:\r\n|[\n\r\u2028\u2029])[\\s]*")
_RUN = late_pattern(r"\s{2,}|[\t\u00a0]")
_CODE_HYPHEN = late_pattern(r"(?<=[0-9A-Za-z])[‐‑‒–—―−－](?=[0-9A-Za-z])")
_HALF_KANA = late_pattern("[｡-ﾟ]+")
_MARKS = late_pattern("[\u0300-\u036f\u3099\u309a]")
_LOOKS_LIKE = str.maketrans("OoОоlI|｜〇", "000011110")
_RADICAL_FORMS = str.maketrans("⺟⺠⻁⻄⻆⻑⻘⻝⻣⻤⻨⻩⻫⻭⻯⻲", "母民虎西角長青食骨鬼麦黄斉歯竜亀")  # NFKC leaves these
_RADICALS = late_pattern("[\u2f00-\u2fd5\u2e9f-\u2eff]+")
_ONLY_DIGITS = late_pattern(r"[-+]?[0-9][0-9.:/()\s,-]*[0-9]")
_ADDRESS_HEAD = late_pattern(r"^(東京都|北海道|(?:大阪|京都)府|[^\s0-9]{2,3}県)[\s，,]+(?=[^\s0-9])")
_ADDRESS_CITY = late_pattern(r"^((?:東京都|北海道|(?:大阪|京都)府|[^\s0-9市区町村]{2,3}県)?(?:[^\s0-9市区町村]{1,5}郡)?"
                             r"[^\s0-9０-９市区町村]{1,7}[市区町村])\s+(?=[一-龯々ぁ-ヶ]{2,})(?![^\s]*(?:地内|構内|役場|役所))")
_COMBINING = late_pattern("[^\u0300-\u036f\u3099\u309a][\u0300-\u036f\u3099\u309a]+")
_FULL_ASCII = {**{c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}
_HIRAGANA = {c: c + 0x60 for c in [*range(0x3041, 0x3097), 0x309D, 0x309E]}
_NUMBER_HYPHEN = late_pattern(r"(?<=[0-9])[‐‑‒–—―−─ー－ｰ](?=[0-9])")
_LONG_MARK = late_pattern(
    "(?<=センタ)[－−‐─-]|(?<=サ)[－−‐─-](?=[ビク])|(?<=ステ)[－−‐─-](?=ション)|(?<=ホ)[－−‐─-](?=[ムルテ])"
    "|(?<=コ)[－−‐─-](?=[ナトスポヒ])|(?<=スポ)[－−‐─-](?=ツ)|(?<=デ)[－−‐─-](?=タ)|(?<=プ)[－−‐─-](?=ル)"
)
_TAG = late_pattern(r"</?(?:p|b|i|u|a|br|hr|div|span|font|strong|em|ul|ol|li|table|tr|td|th|img|h[1-6])(?:\s[^<>]*)?/?>",
                    re.IGNORECASE)
_WRITTEN_SIGN = late_pattern(r"\\u((?!d[89a-f])[0-9a-f]{4})|\\U000([12][0-9a-f]{4})")
_WRITTEN_BREAK = late_pattern(r"(?<=[ぁ-ヶー一-龯々。、）」])(?:\\r)?\\n")
_ENTITY = late_pattern(r"&(?:amp|lt|gt|quot|apos|nbsp|yen|copy|#[0-9]{2,6}|#x[0-9A-Fa-f]{2,5});")
_JAPANESE = late_pattern(r"[ぁ-ゖァ-ヺ一-龯]")
_PLAIN_JAPANESE = late_pattern(r"[\x20-\x7e\u3000-\u30ff一-龯々\uff01-\uff5e\n]+")
_MISREAD = (("latin-1", "utf-8"), ("cp1252", "utf-8"), ("cp932", "utf-8"), ("latin-1", "cp932"), ("cp1252", "cp932"))
_SPACED = late_pattern(r"(?<![^\s])[ぁ-ゖァ-ヶー一-龯々](?:[ \u3000]+[ぁ-ゖァ-ヶー一-龯々]){2,}(?![^\s])")
SPACED_OUT = r"(?:^|\s)[ぁ-ゖァ-ヶー一-龯々](?:[ \x{3000}]+[ぁ-ゖァ-ヶー一-龯々]){2,}(?:$|\s)"
"""Rust pattern of three letters, each alone between spaces (`close_up`)."""
_CIRCLED = late_pattern("[①-⑳㊤-㊨]")
_COMPOSED = late_pattern("[①-⑳Ⅰ-ⅿ㈱-㉃㊤-㊨㌀-㏿㋀-㋋㋿№℡㍿]")
DASHES_ONLY = r"^\s*[-‐‑‒–—―−─━ー－ｰ]{1,8}\s*$"
"""Rust pattern of a cell of nothing but dashes: a blank in every column."""
_ONLY_DASHES = late_pattern(DASHES_ONLY)
_KANA_DASH = late_pattern("(?<=[0-9０-９])ｰ(?=[0-9０-９])")
_DASHES = frozenset("-‐‑‒–—―−─━ー－ｰ～〜*＊/／…")
_NONE_WORDS = frozenset(
    ("なし", "無し", "無", "無い", "ない", "該当なし", "該当無し", "設定なし", "不明", "未定", "未設定", "調査中",
     "n/a", "na", "null", "none", "nan", "#n/a", "電話なし", "電話無し", "fax無し", "faxなし")
)
DITTO = frozenset(("〃", "々", "仝", "同上", "同じ", "上に同じ", "上記に同じ", "上と同じ", "〝", "″", '"', "”", "''"))
"""Marks that stand for "the same as above" when they fill a whole cell."""


def drop_escapes(text: str) -> str | None:
    """Text without the escapes that a workbook left ("_x000D_" for a carriage return); None if nothing changes.

    An escaped line break or tab becomes a line break or tab; other escaped characters are written out.
    """
    if "_x" not in text:
        return None
    found = _ESCAPE.sub(_unescaped, text)
    return found if found != text else None


def _unescaped(match: re.Match[str]) -> str:
    code = int(match.group(1), 16)
    if 0xD800 <= code < 0xE000:  # half of a surrogate pair is no character
        return match.group()
    return "" if code == 0x0D else chr(code)


def drop_controls(text: str) -> str | None:
    """Text without characters that nobody sees (control, zero width, byte order mark); None if none stands there."""
    found = _CONTROL.sub("", text)
    return found if found != text else None


def undo_mojibake(text: str) -> str | None:
    """The Japanese that was read with the wrong encoding ("å…¬æ°‘é¤¨", "蜈ｬ豌鷹､ｨ" for 公民館); None if it is none.

    Only where the bytes are whole again in the right encoding and give plain Japanese text: that is no accident.
    """
    if text.isascii():
        return None
    for read_as, written_as in _MISREAD:
        try:
            found = text.encode(read_as).decode(written_as)
        except UnicodeError:
            continue
        if written_as == "cp932" and re.search("[A-Za-z]", found):  # "Crème brûlée" has such bytes too
            continue
        if len(found) >= 2 and _JAPANESE.search(found) and _PLAIN_JAPANESE.fullmatch(found):
            return found
    return None


def mended_digits(text: str, right: Callable[[str], object | None]) -> str | None:
    """The text with letters that look like digits (O, o, l, I, ｜) as digits, if it is `right` then; else None.

    Only where a digit stands in the text, too: a word is no number. Only to propose.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = plain.translate(_LOOKS_LIKE)
    if found == plain or not re.search("[0-9]", plain):
        return None
    return found if right(found) else None


def digits_for_letters(text: str) -> str | None:
    """`mended_digits` where the rest of the text is digits and their signs: "2O26-O4-01", "O837-52-1110"."""
    return mended_digits(text, _ONLY_DIGITS.fullmatch)


def close_address(text: str) -> str | None:
    """An address without spaces between its prefecture, its municipality and its town; None if nothing changes.

    L1-06: no spaces for looks. Seen: 「石川県 金沢市東蚊爪町」. A space further on may part a building from its number.
    """
    found = _ADDRESS_HEAD.sub(r"\1", text, count=1)
    found = _ADDRESS_CITY.sub(r"\1", found, count=1)
    return found if found != text else None


def drop_markup(text: str) -> str | None:
    """Text without what a web page left: tags ("<br>") and a written "\\n" as spaces, "\\u516c" and entities ("&amp;") as
    their signs; else None.

    Only to propose: a tag may carry an address that the text needs.
    """
    if "<" not in text and "&" not in text and "\\" not in text:
        return None
    found = html.unescape(_TAG.sub(" ", text)) if _TAG.search(text) or _ENTITY.search(text) else text
    found = _WRITTEN_SIGN.sub(lambda m: chr(int(m[1] or m[2], 16)), _WRITTEN_BREAK.sub(" ", found))
    found = found.strip() if found != text else found
    return found if found != text else None


def drop_quotes(text: str) -> str | None:
    """Text without the quotation marks of a badly written CSV around the whole cell, or the apostrophe with which a
    spreadsheet is told "this is text" ('0837); None if neither stands there.
    """
    if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        return text[1:-1]
    if len(text) > 1 and text[0] == "'" and text.count("'") == 1 and not re.match("'[0-9]{2}(?![0-9.,:/-]|$)", text):
        return text[1:]
    return None


def plain_signs(text: str) -> str | None:
    """Text with signs that only some machines have written out (㈱ -> (株), ① -> (1), ㎡ -> m2, Ⅱ -> II), else None."""
    found = _CIRCLED.sub(lambda m: f"({unicodedata.normalize('NFKC', m.group())})", text)
    found = _COMPOSED.sub(lambda m: unicodedata.normalize("NFKC", m.group()), found)
    found = found.replace("〝", "「").replace("〟", "」")
    return found if found != text else None


def close_up(text: str) -> str | None:
    """Letters that were spaced out for looks drawn together ("市　民　会　館" -> 市民会館), else None.

    Three letters or more, each alone between spaces; 「刀 銘 則國」 are words (デジタル庁 machine_readability_rule L1-06).
    """
    found = _SPACED.sub(lambda m: re.sub(r"\s", "", m.group()), text)
    return found if found != text else None


def compose(text: str) -> str | None:
    """Letters and their separate marks composed (か+゙ = が, as files from macOS have); None if nothing changes.

    Only letters followed by a mark are touched: NFC of the whole text would also replace the ideographs of
    names that have a compatibility code point. Radicals that a copy from a PDF leaves for ideographs (⽇ for 日, seen in
    宇部市 events) become the ideographs: nobody means a radical.
    """
    found = _RADICALS.sub(lambda m: unicodedata.normalize("NFKC", m.group()).translate(_RADICAL_FORMS), text)
    if _MARKS.search(found):  # much faster than to try the pair at every letter
        found = _COMBINING.sub(lambda m: unicodedata.normalize("NFC", m.group()), found)
    return found if found != text else None


def widen_kana(text: str) -> str | None:
    """Half-width katakana and their punctuation in full width (ｷｬﾌﾟｼｮﾝ -> キャプション); None if nothing changes.

    A half-width long mark between two digits is a hyphen ("10:20ｰ19:00", 山口市).
    """
    found = _HALF_KANA.sub(lambda m: unicodedata.normalize("NFKC", m.group()), _KANA_DASH.sub("-", text))
    return found if found != text else None


def join_lines(text: str) -> str | None:
    """One line: each line break inside the cell becomes a space (standard L1-14); None if there is none."""
    found = _BREAK.sub(" ", text)
    return found if found != text else None


def trim(text: str) -> str | None:
    """Text without white space at its ends, full-width spaces included; None if nothing changes."""
    found = text.strip()
    return found if found != text else None


def squeeze_spaces(text: str) -> str | None:
    """Runs of white space inside the text as one space, tabs as spaces; None if nothing changes."""
    found = _RUN.sub(lambda m: "\u3000" if m.group()[0] == "\u3000" else " ", text)
    return found if found != text else None


def narrow_ascii(text: str) -> str | None:
    """Full-width letters, digits, signs and spaces in half width (１２－３ -> 12-3); None if nothing changes."""
    found = text.translate(_FULL_ASCII)
    return found if found != text else None


def narrow_digits(text: str) -> str | None:
    """Half-width digits and letters, and half-width hyphens between digits, in an address; None if nothing changes.

    GIF 442: 番地以下 has half-width digits joined by half-width hyphens. Letters go with them, so that no building
    is left half and half. Seen: "大嶺町東分３２６－１", "326ー1", "稲毛海岸ビル１Ｆ".
    """
    found = re.sub("[０-９Ａ-Ｚａ-ｚ]", lambda m: chr(ord(m.group()) - 0xFEE0), text)
    found = _NUMBER_HYPHEN.sub("-", found)
    return found if found != text else None


def plain_hyphens(text: str) -> str | None:
    """ASCII hyphens between letters and digits of a code ("A‐01", "12－3"); None if nothing changes."""
    found = _CODE_HYPHEN.sub("-", text)
    return found if found != text else None


def katakana(text: str) -> str | None:
    """Hiragana as katakana; None if nothing changes. Seen: "ひがしみちうえ" in 名称_カナ."""
    found = text.translate(_HIRAGANA)
    return found if found != text else None


def long_marks(text: str) -> str | None:
    """The katakana long mark in common words where a dash was typed for it ("センタ－" -> センター), else None.

    Elsewhere a dash may join two words (ヤマグチ－シモノセキ), so it stays. Seen: ミヤイチフクシセンタ－ (防府市).
    """
    found = _LONG_MARK.sub("ー", text)
    return found if found != text else None


def blank_for_dash(text: str) -> str | None:
    """A blank cell ("") for a cell of nothing but dashes ("－", "---", "*"), else None."""
    stripped = text.strip()
    return "" if stripped and all(c in _DASHES for c in stripped) and len(stripped) <= 8 else None


def is_dashes(text: str) -> bool:
    """True if the whole cell is dashes ("-", "－", "ー", "―"): in every column that says "nothing here"."""
    return _ONLY_DASHES.fullmatch(text) is not None


def blank_for_bare_dash(text: str) -> str | None:
    """A blank cell ("") for a text cell of nothing but dashes, else None; "*" and "/" may be words of a text."""
    return "" if is_dashes(text) else None


def blank_for_none(text: str) -> str | None:
    """A blank cell ("") for words that say there is nothing ("なし", "電話なし", "不明"), else None."""
    word = unicodedata.normalize("NFKC", text).strip().strip("()[]").lower()
    return "" if word in _NONE_WORDS else None


def is_ditto(text: str) -> bool:
    """True if the whole cell says "the same as above" (〃, 同上, （同上）, 上に同じ)."""
    return text.strip().strip("()（）") in DITTO
