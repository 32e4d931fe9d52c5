"""One cell's text to the personal data that it holds, if any: mobile number, mail, 個人番号, birth date, person."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from pipelines.values.codes import is_my_number
from pipelines.values.patterns import late_pattern

_HYPHENS = late_pattern(r"[‐‑‒–—―−ー－﹣]")
_MOBILE = late_pattern(
    r"(?<![0-9])(?:0|\+81[- (]*0?[)]?)[789]0[- )(.]{0,3}(?!0000[- ).]{0,2}0000)[0-9]{4}[- ).]{0,2}[0-9]{4}(?![0-9])")
_MAIL = late_pattern(r"([A-Za-z0-9._%+-]+)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_FREE_MAIL = late_pattern(
    r"(?:^|\.)(?:gmail\.com|googlemail\.com|yahoo\.(?:co\.jp|com|ne\.jp)|ymail\.(?:ne\.jp|com)|outlook\.(?:jp|com)"
    r"|hotmail\.(?:co\.jp|com)|live\.jp|msn\.com|icloud\.com|me\.com|mac\.com|aol\.com|aol\.jp|proton\.me"
    r"|protonmail\.com|docomo\.ne\.jp|ezweb\.ne\.jp|au\.com|softbank\.ne\.jp|i\.softbank\.jp|[a-z]\.vodafone\.ne\.jp"
    r"|disney\.ne\.jp|willcom\.com|pdx\.ne\.jp|emnet\.ne\.jp|rakuten\.jp|uqmobile\.jp|ymobile\.ne\.jp|wcm\.ne\.jp)$",
    re.IGNORECASE,
)
_FREE_HOSTS = (
    "gmail|googlemail|yahoo|ymail|outlook|hotmail|live|msn|icloud|me|mac|aol|proton|protonmail|docomo|ezweb|au|softbank"
    "|vodafone|disney|willcom|pdx|emnet|rakuten|uqmobile|ymobile|wcm"
)
_TWELVE = late_pattern(r"(?<![0-9])(?:[0-9]{12}|[0-9]{4}([- ])[0-9]{4}\1[0-9]{4})(?![0-9])")
_BIRTH = late_pattern(
    r"(?:(?:明治|大正|昭和|平成|令和|[MTSHR])\s?(?:[0-9]{1,2}|元)|(?:19|20)[0-9]{2})\s?[年./-]\s?[0-9]{1,2}\s?[月./-]"
    r"\s?[0-9]{1,2}\s?日?\s?(?:生(?![涯物産誕活徒命年])|うまれ)"
    r"|生年月日\s?[:は]?\s?(?:(?:明治|大正|昭和|平成|令和|[MTSHR])\s?(?:[0-9]{1,2}|元)|(?:19|20)[0-9]{2})"
)
_VARIANTS = {ord(old): new for old, new in zip("髙濵濱﨑嵜邊邉齋齊澤廣國眞德櫻瀨", "高浜浜崎崎辺辺斎斉沢広国真徳桜瀬", strict=True)}
_ROLES = (
    "所有者|施設長|保護者|世帯主|申請者|利用者|担当者|担当|責任者|代表者|代表|管理者|管理人|世話人|世話役|連絡者|連絡先|申込先"
    "|問合せ先|問合せ|問い合わせ先|問い合わせ|自治会長|区長|班長|民生委員|会長|園長|校長|館長|院長|所長|氏名|名前"
)
_PLACE_OR_OFFICE = late_pattern(
    r"[市町村県区郡役所課係部局室館園校院場社会組店堂寺宮港駅橋川山地域公民自治団協班消防署庁]"
)
_REACHED = re.compile(r"@|[0-9]{2,4}[-(][0-9]{2,4}[-)][0-9]{4}|(?<![0-9])0[0-9]{9,10}(?![0-9])"
                      r"|(?:に|へ|まで)(?:ご連絡|連絡|お電話|電話|お問|問い?合|お申|申し?込)")
_HOME_PHONE = late_pattern(r"(?:自宅|個人宅|実家)[^0-9]{0,8}[(]?0[0-9]{1,4}[-)( ]?[0-9]{1,4}[-) ]?[0-9]{4}(?![0-9])")
_HOME_ADDRESS = late_pattern(r"(?:自宅|個人宅|実家)(?:の?住所)?\s?[:は]\s?[^0-9:]{2,20}[0-9]+(?:-|番|丁目)")
_INTERNAL = late_pattern(
    r"公開し(?:ない|ません)|公開不可|外部秘|部外秘|取扱注意|庁内限り|内部資料|関係者限り|個人携帯|要確認[!※]"
    r"|^\s*(?:要確認|確認済み?|未確認|確認中|作業中|保留|削除予定)\s*$|(?:パスワード|暗証番号|PW|ＰＷ)\s?[:は]\s?[!-~]{4,}"
    r"|(?:普通|当座)(?:預金)?\s?[0-9]{7}(?![0-9])|口座番号\s?[:は]?\s?[0-9]|\\\\[A-Za-z0-9._-]+\\|[A-Za-z]:\\[A-Za-z]"
)
_SPACED_NAME = late_pattern(r"(?<![一-龯々])[一-龯々](?:[ \u3000]+[一-龯々]){2,}(?=[様氏殿]|[^一-龯々]|$)")
_HONORIFIC = r"(?:氏|さん|様|さま|殿|くん|君|先生)"
_GIVEN = r"[一-龥々ヶぁ-んァ-ヶ]{1,3}"


def fold(text: str) -> str:
    """NFKC with every hyphen as `-` and the usual forms of letters in names, so that no way of typing hides anything."""
    return _HYPHENS.sub("-", unicodedata.normalize("NFKC", text)).translate(_VARIANTS)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """surnames, surnames_romaji, given_romaji of names.json as alternations, longest first."""
    loaded = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
    lists = {k: sorted(set(v.split()), key=lambda n: (-len(n), n)) for k, v in loaded["names"].items()}
    return {k: "|".join(map(re.escape, v)) for k, v in lists.items()}


@lru_cache(maxsize=1)
def _person_local() -> re.Pattern[str]:
    """Local parts such as t.yamada, yamada-taro."""
    surname, given = _names()["surnames_romaji"], _names()["given_romaji"]
    return re.compile(
        rf"(?:{surname})[._-](?:[a-z]|{given})[0-9]{{0,4}}|(?:[a-z]|{given})[._-](?:{surname})[0-9]{{0,4}}")


@lru_cache(maxsize=1)
def _persons() -> tuple[re.Pattern[str], ...]:
    surname = f"(?:{_names()['surnames']})"
    labelled = re.compile(
        rf"(?:{_ROLES})(?:氏名|名)?\s?[:;=/・(「]\s?{surname}(?P<given>\s?{_GIVEN})?\s?(?:{_HONORIFIC})?(?=$|[^一-龥々])")
    spaced = re.compile(
        rf"(?:{_ROLES})(?:氏名|名)?\s{surname}(?P<given>\s?{_GIVEN})\s?(?:{_HONORIFIC})?(?=$|[^一-龥々])")
    honoured = re.compile(
        rf"(?:^|[^一-龥々]){surname}(?P<given>\s?{_GIVEN})\s?(?:氏|さん|様|殿)(?=$|[^一-龥々ぁ-ん]|[がのをにはへとでまもや、]|方)")
    titled = re.compile(
        rf"(?:^|[^一-龥々]){surname}(?P<given>\s?{_GIVEN})\s?\((?:{_ROLES})\)")
    aged = re.compile(rf"(?:^|[^一-龥々]){surname}(?P<given>\s?{_GIVEN})\s?\([0-9]{{1,3}}歳\)")
    return labelled, spaced, honoured, titled, aged


def suspect_patterns() -> dict[str, str]:
    """Code -> a pattern for the columnar engine that catches every text which the test of that code could stop.

    Most columns hold a mail address or a section's name in every row: only what these patterns catch is read
    in Python, cell by cell.
    """
    names = _names()
    surname = names["surnames"] + "|[" + "".join(map(chr, _VARIANTS)) + "]"
    romaji = names["surnames_romaji"]
    return {
        "guard-mobile-phone": r"[0０][7-9７-９][0０]|\+81|＋８１|81.{0,3}[7-9]0",
        "guard-personal-mail": (
            rf"(?i)＠|[ａ-ｚＡ-Ｚ．]|@(?:[a-z0-9-]+\.)*(?:{_FREE_HOSTS})\.|(?:{romaji})[._-][a-z]+[0-9]*@|[a-z]+[._-](?:{romaji})[0-9]*@"),
        "guard-home-phone": "自宅|個人宅|実家",
        "guard-home-address": "(?:自宅|個人宅|実家).{2,30}[0-9０-９]",
        "guard-internal-note": (
            r"公開し|公開不可|外部秘|部外秘|取扱注意|庁内限り|内部資料|関係者限り|個人携帯|要確認|確認済|未確認|確認中|作業中|保留"
            r"|削除予定|パスワード|暗証番号|[PＰ][WＷ]|普通|当座|口座番号|\\[A-Za-z]"),
        "guard-birth-date": r"日\s*生|[0-9０-９]\s*生|うまれ|生年月日",
        "guard-person-name": (
            rf"(?:{_ROLES}).{{1,8}}(?:{surname})|(?:{surname}).{{1,6}}(?:氏|さん|様|殿|[(（](?:{_ROLES})[)）]|[(（][0-9０-９]+歳)"
            r"|[一-龯々][ \u3000]+[一-龯々][ \u3000]+[一-龯々]"),
        "guard-my-number": (
            r"[0-9０-９]{12}|[0-9０-９]{4}[-－ー‐−\s][0-9０-９]{4}[-－ー‐−\s][0-9０-９]{4}"),
    }


@lru_cache(maxsize=1)
def first_look() -> str:
    """A short pattern that every text which one of `suspect_patterns` catches holds: without the list of surnames."""
    weaker = {
        **suspect_patterns(), "guard-person-name": rf"{_ROLES}|氏|さん|様|殿|歳",
        "guard-personal-mail": rf"(?i:＠|[ａ-ｚＡ-Ｚ．]|@(?:[a-z0-9-]+\.)*(?:{_FREE_HOSTS})\.|[a-z][._-][a-z]+[0-9]*@)",
    }
    return "|".join(f"(?:{pattern})" for pattern in weaker.values())


def mobile_in(text: str) -> bool:
    """True if `text` holds a 070, 080 or 090 number, domestic or +81."""
    return bool(_MOBILE.search(fold(text)))


def home_phone_in(text: str) -> bool:
    """True if `text` gives the number of somebody's home ("自宅 0837-52-0000")."""
    return bool(_HOME_PHONE.search(fold(text)))


def home_address_in(text: str) -> bool:
    """True if `text` gives the address of somebody's home ("自宅：美祢市大嶺町1-2")."""
    return bool(_HOME_ADDRESS.search(fold(text)))


def internal_note_in(text: str) -> bool:
    """True for a remark that was meant for colleagues: 部外秘, 「公開しないこと」, a password, an account, a shared folder.

    A word of work in progress counts where it is the whole cell (「確認済み」, seen in 【山口県】子育て施設一覧).
    """
    return bool(_INTERNAL.search(unicodedata.normalize("NFKC", text)))


def personal_mail_in(text: str) -> bool:
    """True for an address at a free-mail or mobile carrier, or one whose local part is a person's name."""
    for local, domain in _MAIL.findall(unicodedata.normalize("NFKC", text)):
        if _FREE_MAIL.search(domain) or _person_local().fullmatch(local.lower()):
            return True
    return False


def twelve_digits_in(text: str) -> list[str]:
    """The 12-digit runs of `text`, also when written 4-4-4."""
    return [re.sub(r"[- ]", "", m.group(0)) for m in _TWELVE.finditer(fold(text))]


def my_number_in(text: str) -> bool:
    """True if a 12-digit run of `text` has the check digit of a 個人番号; one in eleven random runs has it too."""
    return any(is_my_number(run) for run in twelve_digits_in(text))


def birth_date_in(text: str) -> bool:
    """True for a whole date followed by 生, or 生年月日 followed by a date."""
    return bool(_BIRTH.search(fold(text)))


def person_in(text: str) -> bool:
    """True if the text names a person of today: a role and a surname (担当：山田太郎), or a full name with 氏/さん/様.

    A surname alone with 氏 is a clan of history (大内氏) and is left alone; so are offices (担当：山口市役所). A full
    name with 氏 or 先生 without a way to reach the person beside it is a finder of a cave or a speaker of a lecture, whom the
    text wants to make known (seen: 350001_tourism.csv, 宇部市 events), and is left alone too.
    """
    folded = fold(_SPACED_NAME.sub(lambda m: re.sub(r"\s", "", m.group()), text))
    for pattern in _persons():
        for found in pattern.finditer(folded):
            given = found.group("given") or ""
            near = folded[max(found.start() - 40, 0) : found.end() + 40]
            told_of = found[0].rstrip().endswith(("氏", "先生")) and not _REACHED.search(near)
            if not _PLACE_OR_OFFICE.search(given) and not told_of:
                return True
    return False
