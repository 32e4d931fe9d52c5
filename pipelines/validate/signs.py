"""The text of one cell to signs that something went wrong with it: lost characters, error texts, formulas, ditto."""

from __future__ import annotations

import re

import polars as pl

from pipelines.validate.problems import Problem, params_json
from pipelines.values.patterns import late_pattern
from pipelines.values.text import SPACED_OUT, close_up, drop_markup, is_ditto, plain_signs

_WORD = "ぁ-ゖァ-ヶ一-龯々〆"
_ERROR_TEXT = late_pattern(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)|#{4,}\Z")
_FORMULA = late_pattern(r"[=@\t\r\x00]|[+-](?![0-9.(])|[+-][^|]*\|[^!]*!")
_ONLY_DASHES = late_pattern(r"[-+\s]+")
_LOST_IN_NAME = late_pattern(rf"[{_WORD}]\?|\?[{_WORD}]|[0-9０-９]\?[0-9０-９]")
_LOST_IN_TEXT = late_pattern(r"[一-龯]\?[一-龯]|[ァ-ヶ]\?[ァ-ヶー]")
_MOJIBAKE = late_pattern(
    "\ufffd|(?:[縺繧繝][ｦ-ﾟ\\x80-\\uffff]){3}|(?:ã[\x80-¿‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]){2}|(?:Ã[\x80-¿]){2}|â€[™œ\x9d“”]"
)
_PRIVATE = late_pattern("[\ue000-\uf8ff]")
_PLATFORM_SIGNS = "①-⑳Ⅰ-Ⅻⅰ-ⅻ㈱㈲㈹㊤㊥㊦㊧㊨㍾㍽㍼㍻㋿№℡㏍㍿㌔㌢㍍㌘㌧㌃㌶㍑㍗㌍㌦㌣㌫㍊㌻㎜㎝㎞㎎㎏㏄㎡〝〟"
_PLATFORM = late_pattern(f"[{_PLATFORM_SIGNS}]")
_MARKUP = r"<[A-Za-z/]|&[a-z]+;|&#|\\[nuU]"
_NOTHING_SAID = ("なし", "無し", "無", "不明", "未定", "未設定", "該当なし", "調査中", "0", "？", "?")
_EXAMPLES = r"[○〇◯●]{2}|[×△□]{2}|\A(?:テスト|ﾃｽﾄ|サンプル|test|sample|dummy|ダミー|[a-zA-Zａ-ｚＡ-Ｚ?？])\z"
_EXAMPLE = late_pattern(r"[○〇◯●]{2}|[×△□]{2}|\A(?:テスト|ﾃｽﾄ|サンプル|test|sample|dummy|ダミー|[a-zA-Zａ-ｚＡ-Ｚ?？])\Z")
_NO_VALUES = ("null", "nan", "none", "n/a", "na", "undefined", "(null)", "<null>", "#n/a", "\\n")
_LONGEST_NAME = 120
_SUSPICIOUS = (
    r"\A[=@\t\r\x00+\-]|\A[(（]?(?:〃|同[上じ]|上[にと記])|\A(?:々|仝|〝|″|\"|”|'')\z|"
    r"(?i:\A(?:null|nan|none|n/a|na|undefined|\(null\)|\\n)\z)|"
    + _MARKUP + r"|[?\x{FFFD}縺繧繝ãÃâ\n#〓\x{E000}-\x{F8FF}" + _PLATFORM_SIGNS + "]"
)
# One pattern for all columns: the engine keeps it, and compiling one costs more than 300 cells.
_SUSPICIOUS_NAME = "|".join((_SUSPICIOUS, _EXAMPLES, SPACED_OUT, rf"\A(?:{'|'.join(map(re.escape, _NOTHING_SAID))})\z"))
NAME_RULES = ("kana", "addr_old", "addr_full", "town", "bldg", "pref", "city", "lgname", "banchi")


def fine_text(column: pl.Expr, in_name: bool) -> pl.Expr:
    """True for cells without any character that a rule below looks at."""
    if not in_name:
        return ~column.str.contains(_SUSPICIOUS)
    return ~column.str.contains(_SUSPICIOUS_NAME) & (column.str.len_bytes() <= _LONGEST_NAME)


def judge_injection(value: str) -> tuple[Problem, ...]:
    """A text that a spreadsheet would run: `=`, `@`, tab, CR, NUL in front, `+`/`-` not before a digit.

    OWASP ASVS 5.0 §1.2.10. Only marked, never altered: publishing is blocked until a person has looked. A cell of
    dashes alone is no formula.
    """
    if not _FORMULA.match(value) or _ONLY_DASHES.fullmatch(value):
        return ()
    sign = {"\t": "TAB", "\r": "CR", "\x00": "NUL"}.get(value[0], value[0])
    return (Problem("formula-injection", params_json(sign=sign)),)


def is_name(rule: str | None, name: str) -> bool:
    """True for columns of names and addresses, where a question mark is no punctuation."""
    return rule in NAME_RULES or (rule == "text" and name.endswith(("名称", "名称_通称", "施設名")))


def judge_signs(value: str, in_name: bool, in_title: bool = False) -> tuple[Problem, ...]:
    """The first sign that the text is not what was typed (デジタル庁 machine_readability_rule L1-08, L1-14, L2-02).

    A title (イベント名) is a name in which a question mark may stand.
    """
    if _ERROR_TEXT.match(value.strip()):
        return (Problem("spreadsheet-error", "{}"),)
    if _MOJIBAKE.search(value):
        return (Problem("mojibake"),)
    if (_LOST_IN_NAME if in_name else _LOST_IN_TEXT).search(value) and "://" not in value:
        return (Problem("character-lost", params_json(sign="?")),)
    if "〓" in value:
        return (Problem("character-lost", params_json(sign="〓")),)
    if _PRIVATE.search(value):
        return (Problem("character-private"),)
    if is_ditto(value):
        return (Problem("same-as-above", params_json(rule_no="L2-02")),)
    in_name = in_name or in_title
    said = value.strip()
    if said.lower() in _NO_VALUES or (in_name and (said in _NOTHING_SAID or _EXAMPLE.search(said))):
        return (Problem("placeholder-text", "{}"),)
    found = _layout(value, in_name)
    if "\n" in value.strip():
        found += (Problem("line-break-in-cell", params_json(rule_no="L1-14")),)
    platform = _PLATFORM.findall(value)
    if platform:
        signs = "".join(dict.fromkeys(platform))
        found += (Problem("platform-character", params_json(rule_no="L1-08", signs=signs), plain_signs(value)),)
    return found


def _layout(value: str, in_name: bool) -> tuple[Problem, ...]:
    """What is in the cell for looks: HTML, letters spaced out (L1-06), a text where a name belongs."""
    found: tuple[Problem, ...] = ()
    plain = drop_markup(value)
    if plain is not None:
        found += (Problem("markup-in-text", params_json(rule_no="L1-06"), plain),)
    closed = close_up(value) if in_name else None
    if closed is not None:
        found += (Problem("spaced-letters", params_json(rule_no="L1-06"), closed),)
    length = len(value.strip())
    if in_name and length > _LONGEST_NAME and ";" not in value:
        found += (Problem("name-too-long", params_json(length=length)),)
    return found
