"""Turns a column's value rule into the ordered small steps that bring one of its cells into the standard's form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pipelines.model import Field, Municipality
from pipelines.values import choices, codes, coordinates, dates, numbers, phones, text, times, web
from pipelines.values.patterns import late_pattern

Mend = Callable[[str], str | None]


@dataclass(frozen=True)
class Step:
    """One rule of messages.yml and the function that applies it: the new text ("" = blank) or None for no change."""

    rule: str
    mend: Mend
    odd_only: bool = False  # has something to do only in a text that `ODD` finds


HEAD = (
    Step("mojibake", text.undo_mojibake, odd_only=True),
    Step("excel-escape", text.drop_escapes, odd_only=True),
    Step("control-character", text.drop_controls, odd_only=True),
    Step("unicode-form", text.compose, odd_only=True),
    Step("half-width-kana", text.widen_kana, odd_only=True),
)
LINES = (
    Step("quotation-marks", text.drop_quotes, odd_only=True),
    Step("line-break", text.join_lines, odd_only=True),
    Step("trim", text.trim, odd_only=True),
    Step("inner-space", text.squeeze_spaces, odd_only=True),
    Step("markup", text.drop_markup, odd_only=True),
)
# Two web addresses on two lines are two values: joined by a space they would be none.
_URL_LINES = tuple(Step(s.rule, partial(web.unless_several, mend=s.mend), odd_only=True) for s in LINES)
_WIDTH = Step("width", text.narrow_ascii)
_LETTERS = Step("letter-for-digit", text.digits_for_letters)
_DASH = Step("dash-blank", text.blank_for_dash)
_BARE_DASH = Step("dash-blank", text.blank_for_bare_dash)
_NONE = Step("none-blank", text.blank_for_none)
_ADDRESS = (Step("address-width", text.narrow_digits),)
_ADDRESS_SPACE = Step("address-space", text.close_address)
_CODE_HEAD = (_WIDTH, Step("hyphen", text.plain_hyphens), _DASH, Step("number-text", codes.plain_code))



def _format_name(value: str) -> str | None:
    found = value.lstrip(".").upper()
    return found if found != value else None


_TYPED: Mapping[str, tuple[Step, ...]] = {
    "id": _CODE_HEAD,
    "no": _CODE_HEAD,
    "code": _CODE_HEAD,
    "epsg": (*_CODE_HEAD, Step("epsg-code", codes.plain_epsg)),
    "lang": (_WIDTH, Step("language-code", codes.language_code)),
    "corp": (_WIDTH, _DASH, Step("corporate-number", codes.plain_corporate_number),
             Step("corporate-number-check", codes.corporate_number_of_registry), _LETTERS),
    "poi": (_WIDTH, _DASH, Step("poi-code", codes.plain_poi), Step("poi-note", codes.poi_without_note)),
    "town_id": (_WIDTH, _DASH, Step("town-id", codes.plain_town_id)),
    "ext": (_WIDTH, _DASH, Step("extension", phones.plain_extension), Step("number-text", codes.plain_code),
            Step("extension-list", phones.extension_list), _NONE),
    "tel": (
        _WIDTH, _DASH, Step("tel-main-note", phones.phone_without_note), Step("tel-form", phones.plain_phone),
        Step("tel-hyphen", phones.hyphenated_phone), Step("tel-list", phones.phone_list),
        Step("tel-word", phones.phone_without_word), _LETTERS, Step("tel-none", phones.blank_for_no_number),
        Step("none-blank", phones.blank_for_unknown_number),
    ),
    "mail": (_WIDTH, _DASH, Step("mail-form", web.plain_mail), _NONE),
    "url": (
        _DASH, Step("url-first", web.first_url), Step("url-form", web.plain_url),
        Step("url-scheme", web.url_with_scheme), _NONE,
    ),
    "date": (
        _WIDTH, _DASH, Step("date-notation", dates.date_from_parts), Step("date-era", dates.date_from_era),
        Step("date-past-era", dates.date_past_era), Step("date-midnight", dates.date_without_midnight),
        Step("date-serial", dates.date_from_serial), Step("date-clock", dates.date_without_clock),
        Step("date-about", dates.date_without_about), _LETTERS, _NONE,
    ),
    "time": (
        _WIDTH, _DASH, Step("time-notation", times.time_from_clock), Step("time-fraction", times.time_from_fraction),
        Step("time-seconds", times.time_without_seconds), Step("time-words", times.time_without_words), _LETTERS, _NONE,
    ),
    "text": (Step("kana-long-mark", text.long_marks), Step("spaced-letters", text.close_up)),
    "kana": (Step("kana", text.katakana), Step("kana-long-mark", text.long_marks)),
    "en": (_WIDTH,),
    "fmtname": (_WIDTH, Step("format-name", _format_name)),
    "lic": (_WIDTH,),
    "pref": (Step("prefecture-name", codes.official_prefecture),),
    "addr_old": (*_ADDRESS, _ADDRESS_SPACE),
    "addr_full": (*_ADDRESS, _ADDRESS_SPACE),
    "banchi": (_WIDTH, *_ADDRESS),
    "bldg": _ADDRESS,
    "dow": (_DASH, Step("weekdays", choices.weekdays), Step("weekdays-note", choices.weekdays_without_note), _NONE),
    "list": (Step("list-separator", choices.semicolon_list),),
}
_NUMBER_RULES = ("int", "num", "yen", "mm", "alt", "h_val")
# Cells that surely stand in the right form, so that no step has to look at them.
SETTLED: Mapping[str, str] = {
    "lgcode6": r"^[0-9]{6}$",
    "id": r"^[0-9A-Za-z_][0-9A-Za-z_\-]*$",
    "no": r"^[0-9A-Za-z_][0-9A-Za-z_\-]*$",
    "code": r"^[0-9A-Za-z]+$",
    "epsg": r"^[0-9]+$",
    "post": r"^[0-9]{7}$",
    "corp": r"^[0-9]{13}$",
    "poi": r"^[0-9]{4}$",
    "town_id": r"^[0-9]{7}$",
    "ext": r"^[0-9]+$",
    "tel": r"^(0[1-9][0-9]-[0-9]{3}-[0-9]{4}|0[1-9][0-9]{2}-[0-9]{2}-[0-9]{4}|0[1-9]-[0-9]{4}-[0-9]{4}"
           r"|\(0[1-9][0-9]{2}\)[0-9]{2}-[0-9]{4})$",
    "mail": r"^[0-9A-Za-z._+\-]+@[0-9A-Za-z.\-]+\.[A-Za-z]{2,}$",
    "url": r"^https?://[!-~]+$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "time": r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "dow": r"^月?火?水?木?金?土?日?$",
    "yesno": r"^[有無]$",
    "kahi": r"^[可否]$",
    "flag1": r"^1$",
    "lat": r"^(2[0-9]|3[0-9]|4[0-5])(\.[0-9]+)?$",
    "lon": r"^1(2[2-9]|[34][0-9]|5[0-3])(\.[0-9]+)?$",
    "int": r"^-?[0-9]+$",
    "num": r"^-?[0-9]+(\.[0-9]+)?$",
    "yen": r"^[0-9]+$",
    "mm": r"^[0-9]+(\.[0-9]+)?$",
    "alt": r"^-?[0-9]+(\.[0-9]+)?$",
    "h_val": r"^-?[0-9]+(\.[0-9]+)?$",
}
_ODD_TEXT = (
    "<[A-Za-z/]|&[a-z#]|[縺繧繝À-ÿ]|^[\\s]|[\\s]$|^[\\s(（]*[〃々仝〝″\"”']|^[(（]?(?:同[上じ]|上[にと記])|[\\s]{2}|[\\\\\u2e9f-\u2fd5\u0001-\u001f\u007f-\u00a0\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\ufeff\u0300-\u036f"
    "\u3099\u309a｡-ﾟ]|\\x00|_x[0-9A-Fa-f]{4}_|" + text.DASHES_ONLY
)
ODD = late_pattern(_ODD_TEXT)
# What a text column's own steps look for beside `_ODD_TEXT`.
_ODD_MORE: Mapping[str, str] = {
    "kana": r"|[ぁ-ゖゝゞ－−‐─]|[ァ-ヶ]-",
    "text": "|[ァ-ヶ][-－−‐─]|[ぁ-ゖァ-ヶー一-龯々][ \u3000]+[ぁ-ゖァ-ヶー一-龯々]",
    "en": "|[！-～\u3000]",
    "lang": "|[！-～\u3000]|[^a-z]|[a-z]{3}",
    "lic": "|[！-～\u3000]",
    "fmtname": "|[a-z！-～\u3000.]",
    "addr_old": "|[０-９Ａ-Ｚａ-ｚ]|[0-9][‐‑‒–—―−─ー－]|[都道府県市区町村郡][\\s\u3000，,]",
    "addr_full": "|[０-９Ａ-Ｚａ-ｚ]|[0-9][‐‑‒–—―−─ー－]|[都道府県市区町村郡][\\s\u3000，,]",
    "bldg": "|[０-９Ａ-Ｚａ-ｚ]|[0-9][‐‑‒–—―−─ー－]",
    "banchi": "|[！-～\u3000]|[0-9][‐‑‒–—―−─ー－]",
    "list": "|[、,，；/／|]|;\\s|;;|;$|^;",
}


_IN_FORM: Mapping[str, re.Pattern[str]] = {
    **{rule: late_pattern(SETTLED[rule]) for rule in ("lgcode6", "post", "corp", "poi", "town_id", "date", "time")},
    **{rule: late_pattern(SETTLED[rule]) for rule in ("yesno", "kahi", "flag1", "mail")},
    **dict.fromkeys((*_NUMBER_RULES, "lat", "lon"), late_pattern(SETTLED["num"])),
}


def in_form(rule: str) -> Callable[[str], bool] | None:
    """Whether a text of this rule is in form at last; None for rules whose cells hold any text.

    A cell that does not get there keeps its own notation: a half-mended 「○(2階)」 helps nobody.
    """
    if rule == "tel":
        return phones.is_phone_list
    pattern = _IN_FORM.get(rule)
    return None if pattern is None else lambda value: pattern.match(value) is not None


def odd_text(rule: str) -> str:
    """The Rust pattern for cells of a text column that some step may have to change."""
    return _ODD_TEXT + _ODD_MORE.get(rule, "")


def rule_of(field: Field) -> str:
    """The field's value rule, or the one that its Table Schema type stands for."""
    by_type = {"integer": "int", "year": "int", "number": "num", "date": "date", "time": "time"}
    by_format = {"email": "mail", "uri": "url"}
    return field.rule or by_type.get(field.type) or by_format.get(field.format or "", "text")


def steps_for(field: Field, body: Municipality | None, prefecture: str | None = None) -> tuple[Step, ...]:
    """The steps for one column in order: characters, lines and spaces, then the rule's own notation.

    `prefecture` is the two-digit code of the one that the rows name, for codes of a file whose body is not known.
    """
    rule = rule_of(field)
    own = _own_steps(rule, field, body, prefecture)
    dash = () if _DASH in own or any(text.is_dashes(word) for word in field.enum) else (_BARE_DASH,)
    if rule in ("tel", "list"):  # a line break between two values is their separator, not a space
        before = tuple(s for s in own if s.rule in ("tel-list", "list-separator"))
        return (*HEAD, *before, *LINES, *dash, *own)
    return (*HEAD, *(_URL_LINES if rule == "url" else LINES), *dash, *own)


def _own_steps(
    rule: str, field: Field, body: Municipality | None, prefecture: str | None
) -> tuple[Step, ...]:
    if rule in ("yesno", "kahi", "flag1"):
        return (
            _WIDTH, Step("choice", partial(choices.choice, rule=rule)), _DASH,
            Step("choice-note", partial(choices.choice_with_note, rule=rule)),
        )
    if rule in ("lat", "lon"):
        return (
            _WIDTH, _DASH, Step("coordinate-notation", partial(coordinates.plain_degrees, axis=rule)),
            Step("coordinate-dms", partial(coordinates.degrees_from_dms, axis=rule)), _LETTERS, _NONE,
        )
    if rule == "tel" and field.spec.get("constraints", {}).get("required"):
        # Blank would be an error where 「なし」 is an honest answer: it stays, with the warning phone-none.
        return tuple(s for s in _TYPED["tel"] if s.rule != "tel-none")
    if rule in _NUMBER_RULES:
        return _number_steps(rule, field)
    if rule == "post":
        here = body.code[:2] if body else prefecture
        return (_WIDTH, _DASH, Step("post-code", partial(codes.plain_post_code, prefecture=here)), _LETTERS)
    if rule == "lgcode6":
        own_code = body.code if body else prefecture
        return (*_CODE_HEAD, Step("lgcode", partial(codes.complete_lgcode, own_code=own_code)), _LETTERS)
    if rule in ("city", "lgname") and body is not None:
        return (Step("municipality-name", partial(_own_name, rule=rule, body=body)),)
    if rule == "time" and times.is_closing(field.name):
        return (*_TYPED["time"], Step("midnight-closing", times.minute_before_midnight))
    if field.enum:
        official = partial(choices.official_choice, choices=field.enum, aliases=_aliases(field))
        near = partial(choices.near_choice, choices=field.enum)
        return (*_TYPED.get(rule, ()), Step("code-list", official), Step("code-list-near", near))
    return _TYPED.get(rule, ())


def _number_steps(rule: str, field: Field) -> tuple[Step, ...]:
    steps = [
        _WIDTH, _DASH, Step("number-form", numbers.plain_number), Step("minus-sign", numbers.minus_sign),
        Step("thousands", numbers.drop_thousands), Step("unit", partial(numbers.drop_unit, rule=rule)),
    ]
    if rule in ("int", "yen") or field.type == "integer":
        steps.append(Step("integer-point", numbers.drop_zero_decimals))
    if rule == "h_val":
        steps.append(Step("floor", numbers.floor_number))
    if rule == "yen":
        steps.append(Step("free-of-charge", numbers.zero_yen))
    return (*steps, Step("number-in-words", numbers.number_in_words), _LETTERS, _NONE)


def _aliases(field: Field) -> dict[str, str]:
    given = field.spec.get("value_aliases", {})
    known = {a: official for a, official in choices.known_aliases().items() if official in field.enum}
    return {**known, **dict(given)}


def _own_name(value: str, rule: str, body: Municipality) -> str | None:
    """The body's own official name for a shorter spelling of it ("美祢" -> 美祢市, for lgname 山口県美祢市)."""
    wanted = body.full_name if rule == "lgname" else body.name
    plain = "".join(value.split())
    known = (body.name, body.full_name, body.name[:-1], body.prefecture + body.name[:-1])
    return wanted if plain in known and value != wanted else None
