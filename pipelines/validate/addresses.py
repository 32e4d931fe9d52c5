"""An address to what is wrong with it: no prefecture, another place than its row says, a postal code or a date in it."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from pipelines.model import ROW, Standard, findings_frame
from pipelines.validate.problems import Problem, as_findings, params_json
from pipelines.values.choices import one_apart
from pipelines.values.codes import prefectures
from pipelines.values.dates import date_from_serial
from pipelines.values.patterns import late_pattern

ADDRESS_RULES = ("addr_full", "addr_old")
_WHOLE_COLUMN = 5  # rows from which on the share of them says something about the column
_MOST = 0.5
_POSTAL = late_pattern(r"(?:〒\s*[0-9]{3}[-ー－−‐]?[0-9]{4}|[0-9]{3}-[0-9]{4}(?=[\s一-龯])|[0-9]{7}(?=\s?[一-龯]{2}))\s*")
_MONTH_DAY = late_pattern(r"([0-9]{1,2})月([0-9]{1,2})日\Z")
_DAY = late_pattern(r"(?:19|20)[0-9]{2}(?:-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])|/([0-9]{1,2})/([0-9]{1,2}))(?:[ T]0?0:00.*)?")
_ENGLISH_DAY = late_pattern(r"(?:(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-([0-9]{1,2})"
                            r"|([0-9]{1,2})-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))(?:-[0-9]{2})?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SERIAL = late_pattern(r"4[0-9]{4}")  # 2009 to 2036
_PHONE = late_pattern(r"[\s(（]*(?:TEL|ＴＥＬ|電話|℡|☎)?[\s:：]*(?:0[0-9]{1,4}[-－ー][0-9]{1,4}[-－ー][0-9]{4}"
                      r"|[(（]0[0-9]{1,4}[)）][0-9]{1,4}[-－ー][0-9]{4})[)）]?\s*$")
_LETTERS = "[ぁ-ゖァ-ヶ一-龯々]"
_NOWHERE = late_pattern(r"\s*[(（]?(?:不明|未定|なし|無し|調査中|非公開|該当なし|未設定|同じ)[)）]?\s*")
_WITH_LOT = late_pattern(r"(.*?[^0-9第])([0-9]+番地?.*|[0-9]+(?:[-ー‐−][0-9]+)+)")
_MUNICIPALITY = r"^(?:[^0-9０-９\s郡市区町村（(]{1,5}郡)?[^0-9０-９\s（(]{1,7}?[市区町村]"
_CITY = r"^(?:[^0-9０-９\s郡市区町村（(]{1,5}郡|[^0-9０-９\s町村（(]{1,7}?[市区])"  # 大嶺町 may be a town of a city
_SITE = r"[0-9０-９一二三四五六七八九十]|[市区町村郡]|大字|字"


def judge_address(value: str) -> tuple[Problem, ...]:
    """One address or 番地以下 by itself: a postal code or a telephone number (their own columns, GIF 442), no place, or a
    number that became a date.

    A spreadsheet turns 5-3 into 5月3日, 3-May or 2024-05-03, and 1-33 into Jan-33 (石川県 AED); the way back is certain.
    """
    phone = _PHONE.search(value)
    if phone and phone.start() > 0:
        return (Problem("address-telephone", "{}", value[: phone.start()].strip()),)
    postal = _POSTAL.match(value.strip())
    if postal and postal.end() < len(value.strip()):
        return (Problem("address-postal-code", "{}", value.strip()[postal.end():]),)
    day = _DAY.fullmatch(value.strip())
    if day:
        month, number = day[1] or day[3], day[2] or day[4]
        return (Problem("address-date", "{}", f"{int(month)}-{int(number)}"),)
    english = _ENGLISH_DAY.fullmatch(value.strip())
    if english:
        name, number = (english[1], english[2]) if english[1] else (english[4], english[3])
        return (Problem("address-date", "{}", f"{_MONTHS.index(name) + 1}-{int(number)}"),)
    in_words = _MONTH_DAY.search(value)
    if in_words:
        found = f"{value[: in_words.start()]}{int(in_words[1])}-{int(in_words[2])}"
        return (Problem("address-date", "{}", found),)
    return ()


def judge_lot(value: str) -> tuple[Problem, ...]:
    """One 番地以下: as `judge_address`; the bare number of a day (44939 for 2023-01-13, 石川県 AED) was a number like 1-13."""
    if _SERIAL.fullmatch(value.strip()):
        day = (date_from_serial(value.strip()) or "").split("-")
        return (Problem("address-date", "{}", f"{int(day[1])}-{int(day[2])}"),)
    return judge_address(value)


def judge_town(value: str) -> tuple[Problem, ...]:
    """One 町字: the number of the house belongs to 番地以下 (所在地_番地以下 of the standard; seen: 野々市市)."""
    found = _WITH_LOT.fullmatch(unicodedata.normalize("NFKC", value).strip())
    return (Problem("town-with-number", "{}", found[1]),) if found else ()


def fine_town(column: pl.Expr) -> pl.Expr:
    """True for 町字 that need no second look."""
    return ~column.str.contains(r"[0-9０-９]")


def judge_place(value: str) -> tuple[Problem, ...]:
    """A whole address: as `judge_address`, and it names a place (「不明」 or a telephone number is none)."""
    if _NOWHERE.fullmatch(value) or not re.search(_LETTERS, value):
        return (Problem("address-no-place", params_json()),)
    return judge_address(value)


def fine_place(column: pl.Expr) -> pl.Expr:
    """True for whole addresses that need no second look."""
    return column.str.contains(rf"\A[^0-9０-９〒不未な無調非該同\s].*{_LETTERS}") & ~column.str.contains(
        r"[0-9]月|[-－ー)）][0-9０-９]{4}[)）]?\s*\z")


def fine_lot(column: pl.Expr) -> pl.Expr:
    """True for 番地以下 that need no second look."""
    return ~column.str.contains(
        r"[0-9]月|\A\s*(?:〒|(?:19|20)[0-9]{2}[-/]|4[0-9]{4}\s*\z)|[A-Z][a-z]{2}|[-－ー)）][0-9０-９]{4}[)）]?\s*\z")


class Addresses:
    """The address columns of a table against the prefecture and the municipality that their row names.

    Standard: one text from the prefecture to the number (所在地_連結表記 of the new edition, 住所 of the old one).
    """

    def __init__(self, standard: Standard) -> None:
        self._fields = [f.name for f in standard.fields if f.rule in ADDRESS_RULES]
        self._prefectures = [f.name for f in standard.with_rule("pref")]
        self._cities = [f.name for f in standard.with_rule("city")]
        self._towns = [f.name for f in standard.with_rule("town")]
        codes = [f.name for f in standard.with_rule("lgcode6")]
        self._codes = sorted(codes, key=lambda name: not name.startswith("所在地"))

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = [n for n in self._fields if n in frame.columns]
        if not names or not frame.height:
            return findings_frame()
        found = [self._address(frame, name) for name in names]
        found += [_town_elsewhere(frame, names[0], town) for town in self._towns if town in frame.columns]
        return pl.concat(found)

    def _address(self, frame: pl.DataFrame, name: str) -> pl.DataFrame:
        odd = self._odd(frame, name)
        if not odd.height:
            return findings_frame()
        at, said, city = pl.col("at"), pl.col("said"), pl.col("city")
        repeated = odd.filter("repeated")
        apart = [
            as_findings(repeated, "address-city-twice", name, pl.col("shown"), _name(city), _city_once(repeated)),
            as_findings(odd.filter("coarse"), "address-coarse", name, pl.col("shown")),
        ]
        spaced = at.str.contains(r"^\S\s\S\s\S\s")  # said as spaced-letters
        told = odd.filter(~pl.col("wanted") & ~spaced)
        if not told.height:
            return pl.concat(apart)
        known = "|".join(prefectures().values())
        told = told.with_columns(at=_bare(at)).filter(at.str.contains(_LETTERS)).with_columns(
            given=pl.col("at").str.extract(rf"^({known})")
        ).with_columns(rest=pl.col("at").str.strip_prefix(pl.col("given").fill_null("")).str.strip_chars_start())
        given, rest = pl.col("given"), pl.col("rest")
        slip, at_slip = self._slip()
        misspelt = told.filter(given.is_null() & slip)
        told = told.filter(given.is_not_null() | ~slip)
        located = told.filter(given.is_null() & pl.col("at").str.contains(_SITE))
        twice = told.filter(given.is_not_null() & rest.str.starts_with(given))
        elsewhere = told.filter(given.is_not_null() & said.is_not_null() & (given != said))
        other = told.filter(
            (given.is_null() | said.is_null() | (given == said)) & city.is_not_null()
            & ~rest.str.slice(0, 30).str.contains(city, literal=True) & rest.str.contains(_MUNICIPALITY)
            & city.str.contains("[市区町村]$") & (given.is_not_null() | rest.str.contains(_CITY))
        )
        usual = frame.select(city=self._city(frame))["city"].drop_nulls().mode()
        if len(usual) == 1:  # the odd one is the name beside the address: told there
            other = other.filter((city == usual[0]) | ~rest.str.contains(usual[0], literal=True))
        return pl.concat([
            *apart,
            as_findings(misspelt, "address-prefecture-misspelt", name, pl.col("shown"), _name(said), said + at_slip),
            _no_prefecture(located, frame.height - frame[name].null_count(), name),
            as_findings(twice, "address-prefecture-twice", name, pl.col("shown"), None, rest),
            as_findings(elsewhere, "address-other-prefecture", name, pl.col("shown"), _name(said)),
            as_findings(other, "address-other-city", name, pl.col("shown"), _name(city), _city_slip(other)),
        ])

    def _odd(self, frame: pl.DataFrame, name: str) -> pl.DataFrame:
        """The rows whose address does not simply run on from prefecture and municipality, in one query."""
        at, said, city, whole = pl.col("at"), pl.col("said"), pl.col("city"), pl.col("whole")
        wanted = at.str.starts_with(said + whole) | (
            at.str.starts_with(said + city.fill_null("")) & ~at.str.starts_with(said + said)
        )
        bounded = whole.str.contains("^[^0-9０-９]{1,12}[市区町村]$")
        ends_there = (at == said + whole) | (at == whole)
        marked = frame.lazy().select(
            ROW, shown=name, at=name, said=self._prefecture(frame), city=self._city(frame), whole=self._whole_city(frame)
        ).with_columns(
            wanted=wanted.fill_null(value=False),
            repeated=(city.str.contains("[市区]$") & at.str.contains(whole + city, literal=True)).fill_null(value=False),
            coarse=at.is_in(sorted(prefectures().values())) | (bounded & ends_there).fill_null(value=False),
        )
        odd = ~pl.col("wanted") | pl.col("repeated") | pl.col("coarse")
        return marked.filter(at.is_not_null() & odd).collect()

    def _slip(self) -> tuple[pl.Expr, pl.Expr]:
        """Whether an address begins with its prefecture in a wrong form (山口懸, 山口), and what stands behind that."""
        at, said, city = pl.col("at"), pl.col("said"), pl.col("whole")
        short = said.str.slice(0, said.str.len_chars() - 1)
        rest = at.str.strip_prefix(short).str.replace(r"^[縣懸県]\s*", "")
        there = pl.when(city.is_null()).then(rest.str.contains(_CITY)).otherwise(rest.str.starts_with(city))
        own = pl.when(city.is_null()).then(rest == at).otherwise(at.str.starts_with(city))
        return (at.str.starts_with(short) & there & ~own).fill_null(value=False), rest

    def _prefecture(self, frame: pl.DataFrame) -> pl.Expr:
        """The prefecture that the row names beside its address: in words first, else by its code."""
        words = [pl.when(pl.col(n).is_in(list(prefectures().values()))).then(pl.col(n))
                 for n in reversed(self._prefectures) if n in frame.columns]
        codes = [pl.col(n).str.slice(0, 2).replace_strict(dict(prefectures()), default=None, return_dtype=pl.String)
                 for n in self._codes if n in frame.columns]
        known = [*words, *codes]
        return pl.coalesce(known) if known else pl.lit(None, pl.String)

    def _city(self, frame: pl.DataFrame) -> pl.Expr:
        """The bare name of the municipality that the row names, without prefecture and 郡."""
        return self._whole_city(frame).str.replace(r"^[^市区町村]{1,5}郡", "").str.strip_chars()

    def _whole_city(self, frame: pl.DataFrame) -> pl.Expr:
        """The municipality with its 郡 as the row names it, without the prefecture."""
        names = [pl.col(n) for n in reversed(self._cities) if n in frame.columns]
        if not names:
            return pl.lit(None, pl.String)
        return pl.coalesce(names).str.replace(r"^(?:東京都|北海道|(?:大阪|京都)府|.{2,3}県)", "").str.strip_chars()


def _town_elsewhere(frame: pl.DataFrame, address: str, town: str) -> pl.DataFrame:
    """Rows whose 町字 does not stand in the whole address beside it (only its first two letters must)."""
    apart = ~pl.col(address).str.contains(pl.col(town), literal=True)
    rows = frame.select(ROW, address, town).filter(apart.fill_null(value=False))
    begins = _folded(pl.col(town)).str.replace(r"^(?:大字|字)", "").str.slice(0, 2)
    whole = _folded(pl.col(address))
    wrong = begins.str.contains(f"^{_LETTERS}{{2}}") & whole.str.contains(_LETTERS) & ~whole.str.contains(begins, literal=True)
    rows = rows.filter(wrong.fill_null(value=False)) if rows.height else rows
    return as_findings(rows, "address-part-apart", town, pl.col(town), _name(pl.col(address)))


def _city_once(rows: pl.DataFrame) -> pl.Expr:
    """The address with the municipality that stands in it twice standing once."""
    found = [at.replace(whole + city, whole, 1) for at, whole, city in rows.select("at", "whole", "city").iter_rows()]
    return pl.lit(pl.Series("remedy", found, dtype=pl.String))


def _city_slip(rows: pl.DataFrame) -> pl.Expr:
    """The address with the municipality of its row where it names one that differs in a single character; else null."""
    found = []
    for address, given, rest, whole in rows.select("at", "given", "rest", "whole").iter_rows():
        typed = (rest or "")[: len(whole or "")]
        near = bool(whole) and len(whole) > 2 and typed[-1:] == whole[-1] and one_apart(typed, whole)
        found.append(f"{given or ''}{whole}{rest[len(whole):]}" if near and (given or rest == address) else None)
    return pl.lit(pl.Series("remedy", found, dtype=pl.String))


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.replace_all(r"\s", "").str.replace_all("[ヶケが]", "ケ").str.replace_all("[之乃]", "の")


def _bare(address: pl.Expr) -> pl.Expr:
    return address.str.strip_chars().str.replace(r"^(?:〒\s*)?[0-9]{3}-?[0-9]{4}\s+|^〒\s*[0-9]{3}-?[0-9]{4}\s*", "")


def _name(name: pl.Expr) -> pl.Expr:
    escaped = name.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return pl.concat_str(pl.lit('{"name": "'), escaped, pl.lit('"}'))


def _no_prefecture(rows: pl.DataFrame, of: int, name: str) -> pl.DataFrame:
    """Addresses that begin without a prefecture; one finding where half of them do: the column is kept that way."""
    said, city, at = pl.col("said"), pl.col("city"), pl.col("at")
    whole = pl.col("whole")
    own = at.str.starts_with(whole) | at.str.starts_with(city)
    begins = own | at.str.contains(_CITY) | (city.is_null() & at.str.contains(_MUNICIPALITY))
    county = pl.when(at.str.starts_with(city)).then(whole.str.strip_suffix(city)).otherwise(pl.lit(""))
    remedy = pl.when(begins).then(said + county.fill_null("") + at).otherwise(said + whole + at)
    if rows.height >= _WHOLE_COLUMN and rows.height >= _MOST * of:
        params = pl.lit(params_json(count=str(rows.height)))
        first = rows.head(1).with_columns(pl.lit(None, pl.Int64).alias(ROW))
        return as_findings(first, "address-without-prefecture-column", name, pl.col("shown"), params, remedy)
    return as_findings(rows, "address-without-prefecture", name, pl.col("shown"), None, remedy)
