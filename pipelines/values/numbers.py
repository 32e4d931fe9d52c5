"""Turns numbers as typed (separators, units, full-width digits) into plain numbers."""

from __future__ import annotations

import re

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern

_PLAIN = late_pattern(r"-?[0-9]+(?:\.[0-9]+)?")
_THOUSANDS = late_pattern(r"([-+]?)([0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?")
_MINUS = late_pattern(r"^[△▲−‐‑–—―─ー](?=\s*[0-9.])")
_POINT = late_pattern(r"(-?[0-9]+)\.0*")
_COUNT_UNITS = "人|名|台|戸|世帯|件|か所|箇所|ヶ所|カ所|ケ所|ヵ所|基|室|床|席|個|棟|階|組|回|本|冊|枚|区画|校|園|歳"
_UNITS = {
    "int": _COUNT_UNITS,
    "yen": "円|圓|yen",
    "alt": "m|メートル",
    "mm": "mm|ミリ|ミリメートル",
    "num": "m2|m²|平方メートル|平米|m|メートル|m3|立方メートル|%|パーセント|" + _COUNT_UNITS,
    "h_val": "m|メートル|階|F",
}
_APPROX = late_pattern(
    r"(?:約|およそ|凡そ|概ね|おおむね|最大|定員|先着|計|全|1(?:回|人|日|名)(?:につき)?)?\s*(-?[0-9][0-9,]*(?:\.[0-9]+)?)\s*([^0-9]*)"
)
_BRACKETED = late_pattern(r"[(\[〔【][^()\[\]〔〕【】]*[)\]〕】]|[※*].*$")


def drop_thousands(text: str) -> str | None:
    """A number without thousands separators ("1,300" and "1 300" -> 1300); None if it has none in the right places."""
    match = _THOUSANDS.fullmatch(re.sub(r"(?<=[0-9])\s(?=[0-9]{3}(?![0-9]))", ",", narrow(text)))
    if match is None:
        return None
    return match.group(1).replace("+", "") + match.group(2).replace(",", "") + (match.group(3) or "")


def drop_unit(text: str, rule: str) -> str | None:
    """A number without the unit that its column has anyway ("30人", "1,200㎡", "２台", "φ75"); None if none is there.

    `rule` is the column's value rule (int, yen, alt, mm, num, h_val). Units that change the size of the number
    (千円, ha, km) are not taken off.
    """
    units = _UNITS.get(rule)
    if units is None:
        return None
    match = re.fullmatch(rf"([¥\\φΦ⌀]?)\s*([-+△▲]?[0-9][0-9,]*(?:\.[0-9]+)?)\s*(?:{units})?(?:-|也)?", narrow(text))
    if match is None or narrow(text) == match.group(2):
        return None
    if match.group(1) and rule != ("mm" if match.group(1) in "φΦ⌀" else "yen"):
        return None
    if narrow(text)[-1] in "-也" and rule != "yen":
        return None
    number = match.group(2)
    return drop_thousands(number) or (number if "," not in number else None)


def minus_sign(text: str) -> str | None:
    """A negative number with the ASCII hyphen ("△5", "▲5", "−5"); None if nothing changes."""
    found = _MINUS.sub("-", narrow(text)).replace("- ", "-")
    return found if found != text and _PLAIN.fullmatch(found.replace(",", "")) and found.startswith("-") else None


def plain_number(text: str) -> str | None:
    """A plain number: no full-width digits, spaces or plus sign, a digit on both sides of the point.

    None if it is that already, or no number.
    """
    rest = narrow(text)
    rest = rest[1:] if rest.startswith("+") else rest
    rest = re.sub(r"^(-?)\.", r"\g<1>0.", rest)
    rest = rest[:-1] if re.fullmatch(r"-?[0-9]+\.", rest) else rest
    return rest if _PLAIN.fullmatch(rest) and rest != text else None


def drop_zero_decimals(text: str) -> str | None:
    """An integer without decimals that are all zero ("273.0" -> 273); None if it has none."""
    match = _POINT.fullmatch(narrow(text))
    return match.group(1) if match else None


def number_in_words(text: str) -> str | None:
    """The one number in a cell of words ("約120名", "30人（先着順）", "30(3.3㎡あたり1人)"); None if not exactly one.

    What the words said is lost, so this is only ever proposed.
    """
    plain = narrow(text)
    if re.search(r"[0-9]\s*(?:組|世帯|班|チーム).*[0-9]\s*[人名]", plain):  # two counts: which one is meant?
        return None
    rest = _BRACKETED.sub("", plain).strip()
    match = _APPROX.fullmatch(rest)
    unit = "" if match is None else re.sub("^m{1,2}(?![A-Za-z])", "", match.group(2))
    if match is None or len(unit) > 8 or re.search("[千万億半]|[A-Za-z]", unit):
        return None
    number = drop_thousands(match.group(1)) or match.group(1)
    return number if _PLAIN.fullmatch(number) and number != text else None


def floor_number(text: str) -> str | None:
    """The floor as a number, basements negative ("地下1階" -> -1, "B1F" -> -1); None if it is no basement.

    GIF: 高度の値 is the floor number, -1 for the first basement.
    """
    match = re.fullmatch(r"(?:地下|B)\s*([0-9]{1,2})\s*(?:階|F)?", narrow(text), re.IGNORECASE)
    return f"-{int(match.group(1))}" if match else None


def zero_yen(text: str) -> str | None:
    """"0" for words that say a thing is free of charge ("無料"), else None."""
    return "0" if narrow(text) in ("無料", "ただ", "無償", "不要") else None
