"""One row's cells against one another: opening before closing, names against codes, pairs, sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.model import ROW, Field, Municipality, Standard, findings_frame
from pipelines.validate.fine import whole
from pipelines.validate.problems import as_findings
from pipelines.values.codes import post_code_areas, prefectures

_HHMM = whole("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_DAY = whole("[12][0-9]{3}-[01][0-9]-[0-3][0-9]")
_NUMBER = whole("[0-9]{1,15}")
_WHOLE_COLUMN = 5  # rows from which on "all of them" says something about the column
_DRAGGED = 7  # rows that count up one by one
_FEW = 0.1
_NIGHT_ENDS = "06:00"
_CODE_NAMES = ("全国地方公共団体コード", "都道府県コード又は市区町村コード", "市区町村コード")


@dataclass(frozen=True)
class RowRule:
    """`wrong` is True for rows that break the rule; the finding stands at `field` with that cell as its value."""

    code: str
    field: str
    wrong: pl.Expr
    needs: tuple[str, ...]
    params: tuple[tuple[str, pl.Expr], ...] = ()
    column_code: str = ""  # one finding of this code instead, where every row breaks the rule


def _json_text(params: Sequence[tuple[str, pl.Expr]]) -> pl.Expr:
    """JSON text of params whose values are texts, as json.dumps with sorted keys writes them."""
    if not params:
        return pl.lit("{}")
    parts: list[pl.Expr] = []
    for i, (name, value) in enumerate(sorted(params, key=lambda p: p[0])):
        escaped = value.fill_null("")
        for raw, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            escaped = escaped.str.replace_all(raw, written, literal=True)
        parts += [pl.lit(("{" if i == 0 else ", ") + f'"{name}": "'), escaped, pl.lit('"')]
    return pl.concat_str([*parts, pl.lit("}")])


def find_rows(frame: pl.DataFrame, rules: Sequence[RowRule]) -> list[pl.DataFrame]:
    """Findings of the rules whose columns are all there; one pass over the block."""
    ready = [r for r in rules if set(r.needs) <= set(frame.columns)]
    if not ready or not frame.height:
        return []
    marks = [r.wrong.fill_null(False).arg_true().implode().alias(str(i)) for i, r in enumerate(ready)]
    hits = frame.select(marks).row(0)
    return [_found(frame, rule, where) for rule, where in zip(ready, hits, strict=True) if len(where)]


def _found(frame: pl.DataFrame, rule: RowRule, where: Sequence[int]) -> pl.DataFrame:
    rows = frame[list(where)]
    if rule.column_code and len(where) >= _WHOLE_COLUMN and len(where) == frame.drop_nulls(rule.needs).height:
        return _once(rows, rule)
    return as_findings(rows, rule.code, rule.field, pl.col(rule.field), _json_text(rule.params))


def _once(rows: pl.DataFrame, rule: RowRule) -> pl.DataFrame:
    """One finding for each value of the rule's first column, with the number of rows and the first of their cells."""
    several = rows.group_by(rule.needs[0], maintain_order=True).agg(pl.len().cast(pl.String).alias("_n"), pl.all().first())
    first = several.with_columns(pl.lit(None, pl.Int64).alias(ROW))
    params = (*rule.params, ("count", pl.col("_n")))
    return as_findings(first, rule.column_code, rule.field, pl.col(rule.field), _json_text(params))


_IN_ORDER = (
    ("登録日", "最終更新日"), ("データセット_公開日", "データセット_最終更新日"), ("ファイル_公開日", "ファイル_最終更新日"),
    ("許可開始日", "許可満了日"), ("初回許可年月日", "許可年月日"), ("許可年月日", "廃業年月日"), ("申込開始日", "参加申込終了日"),
    ("通学区域_登録年月日", "通学区域_廃止日"), ("教育機関_属性情報設定年月日", "教育機関_属性情報廃止年月日"),
)


def _pairs(standard: Standard, kind: str) -> list[tuple[Field, Field]]:
    """Columns of one type whose names differ in 開始 and 終了, and dates that follow one another by their meaning."""
    found = []
    for earlier, later in _IN_ORDER:
        one, other = standard.get(earlier), standard.get(later)
        if one is not None and other is not None and one.type == other.type == kind:
            found.append((one, other))
    for first in standard.fields:
        last = standard.get(first.name.replace("開始", "終了")) if "開始" in first.name else None
        if last is not None and first.type == last.type == kind:
            found.append((first, last))
    return found


def time_rules(standard: Standard) -> list[RowRule]:
    """Opening before closing (開始時間, 終了時間). A closing time before six in the morning belongs to the next day.

    When the row also has two different dates, the times belong to different days and say nothing.
    """
    days = _pairs(standard, "date")
    rules = []
    for first, last in _pairs(standard, "time"):
        a, b = pl.col(first.name), pl.col(last.name)
        wrong = a.str.contains(_HHMM) & b.str.contains(_HHMM) & (a > b) & (b > _NIGHT_ENDS)
        needs = [first.name, last.name]
        for from_day, to_day in (pair for pair in days if _stem(pair[0].name) == _stem(first.name)):
            same_day = pl.col(from_day.name).eq_missing(pl.col(to_day.name)) | pl.col(to_day.name).is_null()
            wrong = wrong & same_day
            needs += [from_day.name, to_day.name]
        params = (("other", pl.lit(first.name)), ("other_value", a))
        rules.append(RowRule("time-order", last.name, wrong, tuple(needs), params))
    return rules


def _stem(name: str) -> str:
    """What stands before 開始 in a heading: 申込開始日 goes with 申込開始時刻, 開始日 with 開始時間."""
    return name.partition("開始")[0] if "開始" in name else name


def date_rules(standard: Standard) -> list[RowRule]:
    """Start before end (開始日, 終了日 and their like)."""
    rules = []
    for first, last in _pairs(standard, "date"):
        a, b = pl.col(first.name), pl.col(last.name)
        wrong = a.str.contains(_DAY) & b.str.contains(_DAY) & (a > b)
        params = (("other", pl.lit(first.name)), ("other_value", a))
        rules.append(RowRule("date-order", last.name, wrong, (first.name, last.name), params))
    return rules


def height_rules(standard: Standard) -> list[RowRule]:
    """高度の種別 and 高度の値 say nothing without one another (GIF 444)."""
    kinds, values = standard.with_rule("h_type"), standard.with_rule("h_val")
    rules = []
    for kind, value in zip(kinds, values, strict=False):
        for blank, other in ((kind, value), (value, kind)):
            wrong = pl.col(blank.name).is_null() & pl.col(other.name).is_not_null()
            params = (("other", pl.lit(other.name)), ("other_value", pl.col(other.name)))
            rules.append(RowRule("pair-incomplete", blank.name, wrong, (kind.name, value.name), params))
    return rules


def _code_field(standard: Standard, place: bool) -> Field | None:
    wanted = "所在地_全国地方公共団体コード" if place else None
    for field in standard.with_rule("lgcode6"):
        if field.name == wanted or (not place and field.name in _CODE_NAMES):
            return field
    return None


def prefecture_rules(standard: Standard) -> list[RowRule]:
    """都道府県名 against the first two digits of the row's code (JIS X 0401 in 全国地方公共団体コード)."""
    rules = []
    names = prefectures()
    for field in standard.with_rule("pref"):
        code = _code_field(standard, field.name.startswith("所在地"))
        if code is None:
            continue
        at, name = pl.col(code.name), pl.col(field.name)
        told = at.str.slice(0, 2).replace_strict(dict(names), default=None, return_dtype=pl.String)
        wrong = at.str.contains(whole("[0-9]{6}")) & name.is_in(list(names.values())) & (told != name)
        params = (("other", pl.lit(code.name)), ("other_value", at), ("name", told))
        rules.append(RowRule("prefecture-not-code", field.name, wrong, (code.name, field.name), params))
    return rules


def post_rules(standard: Standard) -> list[RowRule]:
    """郵便番号 against the prefecture of the row: its first two digits say which one delivers it (日本郵便).

    Codes of offices at a border are let through for all prefectures that they serve (post_prefixes.json).
    """
    posts, places = standard.with_rule("post"), standard.with_rule("pref")
    if len(posts) != 1 or not places:
        return []
    names = prefectures()
    place = next((p for p in places if p.name.startswith("所在地")), places[0])
    code, name = pl.col(posts[0].name), pl.col(place.name)
    told = name.replace_strict({n: c for c, n in names.items()}, default=None, return_dtype=pl.String)
    areas = {digits: " ".join(codes) for digits, codes in post_code_areas().items()}
    served = pl.coalesce(
        code.str.slice(0, size).replace_strict(areas, default=None, return_dtype=pl.String) for size in (3, 2)
    )
    wrong = code.str.contains(whole("[0-9]{7}")) & told.is_not_null() & ~served.str.contains(told, literal=True)
    wrong = wrong & (wrong.fill_null(value=False).mean() < _FEW)  # where many are so, these are no post codes
    return [RowRule("post-code-elsewhere", posts[0].name, wrong, (posts[0].name, place.name), (("name", name),))]


def dragged_rules(standard: Standard) -> list[RowRule]:
    """郵便番号 that counts up by one from row to row: a cell was dragged down and the spreadsheet went on counting.

    Seven neighbours at least; places next to one another do not have codes like these (日本郵便). Told where the seventh is.
    """
    rules = []
    for field in standard.with_rule("post"):
        plain = pl.col(field.name).str.replace("-", "", literal=True).cast(pl.Int64, strict=False)
        counted = (plain.diff() == 1).cast(pl.Int8).rolling_sum(_DRAGGED - 1) == _DRAGGED - 1
        wrong = counted & ~counted.shift(1).fill_null(value=False)
        rules.append(RowRule("series-dragged", field.name, wrong, (field.name,), (("count", pl.lit(str(_DRAGGED))),)))
    return rules


def city_rules(standard: Standard, body: Municipality | None, codes: Mapping[str, Mapping[str, str]]) -> list[RowRule]:
    """市区町村名 against the row's code, for the codes whose name is known (`lgcode` list, and the body's own).

    A name with its 郡 or its 政令市 in front is right; a prefecture's code says nothing about the municipality.
    """
    known = dict(codes.get("lgcode", {}))
    if body is not None:
        known[body.code] = body.full_name
    known = {code: name for code, name in known.items() if code[2:5] != "000"}
    rules = []
    for field in standard.with_rule("city") if known else ():
        code = _code_field(standard, field.name.startswith("所在地"))
        if code is None:
            continue
        at, name = pl.col(code.name), pl.col(field.name)
        told = at.replace_strict(known, default=None, return_dtype=pl.String)
        bare = name.str.replace(r"\A.{2,3}[都道府県]", "")
        wrong = (
            told.is_not_null()
            & name.is_not_null()
            & ~told.str.ends_with(bare)
            & ~bare.str.ends_with(told.str.replace(r"\A(?:東京都|北海道|大阪府|京都府|神奈川県|和歌山県|鹿児島県|.{2}県)", ""))
        )
        wrong = wrong & name.str.contains("[市区町村]")
        params = (("other", pl.lit(code.name)), ("other_value", at), ("name", told))
        rules.append(RowRule("city-not-code", field.name, wrong, (code.name, field.name), params,
                             "city-not-code-column"))
    return rules


_SUMS = {
    "総人口": ("男性", "女性"),
    "男性トイレ総数": ("男性トイレ数（小便器）", "男性トイレ数（和式）", "男性トイレ数（洋式）"),
    "女性トイレ総数": ("女性トイレ数（和式）", "女性トイレ数（洋式）"),
    "男女共用トイレ総数": ("男女共用トイレ数（和式）", "男女共用トイレ数（洋式）"),
}
_OTHERS_TOO = ("男女共用トイレ総数",)  # files count the toilets for wheelchairs in: the total may be larger
_AGES = ("歳の男性", "歳以上の男性"), ("歳の女性", "歳以上の女性")


def household_rules(standard: Standard) -> list[RowRule]:
    """世帯数 is never larger than 総人口: every household has someone in it (地域・年齢別人口)."""
    if standard.get("世帯数") is None or standard.get("総人口") is None:
        return []
    homes, people = (pl.col(name).cast(pl.Int64, strict=False) for name in ("世帯数", "総人口"))
    params = (("people", pl.col("総人口")),)
    more = homes > people
    wrong = more & (more.fill_null(value=False).mean() < _FEW)  # where many are so, the column counts something else
    return [RowRule("households-too-many", "世帯数", wrong, ("世帯数", "総人口"), params)]


def sum_rules(standard: Standard) -> list[RowRule]:
    """総人口 = 男性 + 女性, each of them the sum of its ages (地域・年齢別人口); 総数 of the kinds of toilets (公衆トイレ).

    A row with a part that is blank or no number says nothing.
    """
    sums = {total: parts for total, parts in _SUMS.items() if all(standard.get(n) for n in (total, *parts))}
    for total, ends in zip(("男性", "女性"), _AGES, strict=True):
        ages = tuple(n for n in standard.names if n.endswith(ends) and n[0].isdigit())
        if standard.get(total) is not None and len(ages) > 1:
            sums[total] = ages
    return [_sum_rule(total, parts) for total, parts in sums.items()]


def _sum_rule(total: str, parts: tuple[str, ...]) -> RowRule:
    names = (total, *parts)
    numbers = pl.all_horizontal(pl.col(n).str.contains(_NUMBER) for n in names)
    added = pl.sum_horizontal(pl.col(n).cast(pl.Int64, strict=False) for n in parts)
    whole_sum = pl.col(total).cast(pl.Int64, strict=False)
    wrong = numbers & ((whole_sum < added) if total in _OTHERS_TOO else (whole_sum != added))
    words = " + ".join(parts) if len(parts) < 4 else f"{parts[0]} + … + {parts[-1]}"
    return RowRule("sum-not-equal", total, wrong, names, (("sum", added.cast(pl.String)), ("parts", pl.lit(words))))


Maker = Callable[[Standard], list[RowRule]]


def row_rules(standard: Standard, body: Municipality | None, codes: Mapping[str, Mapping[str, str]]) -> tuple[RowRule, ...]:
    """Every rule between the cells of one row that the standard's columns allow."""
    makers: tuple[Maker, ...] = (time_rules, date_rules, height_rules, prefecture_rules, post_rules, dragged_rules, sum_rules,
                                household_rules)
    return (*(rule for make in makers for rule in make(standard)), *city_rules(standard, body, codes))


def check_rows(frame: pl.DataFrame, rules: Sequence[RowRule]) -> pl.DataFrame:
    """Findings of the row rules in one block."""
    found = find_rows(frame, rules)
    return pl.concat(found) if found else findings_frame()
