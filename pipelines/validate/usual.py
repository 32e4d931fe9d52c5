"""What most rows of a file say, to the cells that say something else: codes and names, identities, sizes, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from pipelines.model import ROW, Field, Finding, Standard, findings_frame
from pipelines.validate.problems import as_findings
from pipelines.values.choices import one_apart
from pipelines.values.codes import prefectures
from pipelines.values.phones import cut_patterns, is_phone_list, recut_phone

_NAMES = ("名称", "施設名称", "イベント名", "介護サービス事業所名称", "医療機関名称")
_MOST = 0.8  # the share of a code's rows that makes a name its usual one
_NEARLY_ALL = 0.95
_LEAST_ROWS = 10
_LEAST_SAME = 5
_FEW_BLANK = 0.1
_MOST_KEPT = 500_000  # rows; where so many pairs are unlike the others, code and name do not go together
_LARGE = 100_000
_TIMES = 1_000
_MOST_ODD = 0.5  # of the numbers of a block: a column of other numbers (0120-…) is left alone
_FAR_KM = 50.0
_FAR_TIMES = 8.0
_KM_LAT, _KM_LON = 111.0, 91.0  # one degree in the middle of Japan
_SIZES = ("サイズ", "コード", "番号", "標高")


def is_identifier(field: Field) -> bool:
    """True for the column that tells the rows of its dataset apart: ID, NO, 投票所_ID; 施設_ID may stand several times."""
    own = field.name in ("ID", "NO") or (field.name.endswith("_ID") and not field.name.startswith(("施設", "設備")))
    return field.rule in ("id", "no") and own


class CodesAndNames:
    """A code and the name beside it go together: of 352136 / 美祢市 in nearly every row, the odd one is a slip.

    Needs no list of municipalities; a file of several bodies is judged code by code.
    """

    def __init__(self, standard: Standard) -> None:
        names = [f for rule in ("city", "lgname") for f in standard.with_rule(rule)]
        self._pairs = [
            (code.name, name) for code in standard.with_rule("lgcode6") for name in names
            if ("所在地" in code.name) == ("所在地" in name.name)
        ]
        paired = {code for code, _ in self._pairs}
        self._alone = [f.name for f in standard.with_rule("lgcode6") if f.name not in paired and "所在地" not in f.name]
        self._codes: dict[str, list[pl.DataFrame]] = {name: [] for name in self._alone}
        self._counts: dict[tuple[str, str], Counter[tuple[str, str]]] = {(c, f.name): Counter() for c, f in self._pairs}
        self._rare: dict[tuple[str, str], list[pl.DataFrame]] = {(c, f.name): [] for c, f in self._pairs}

    def check(self, frame: pl.DataFrame) -> None:
        for name in self._alone:
            if name in frame.columns:
                self._codes[name].append(frame.select(pl.col(ROW).cast(pl.Int32), pl.col(name).cast(pl.Categorical)))
        for code, field in self._pairs:
            if not {code, field.name} <= set(frame.columns):
                continue
            told = frame.select(ROW, code=pl.col(code), name=pl.col(field.name).str.strip_chars()).drop_nulls()
            counted = told.group_by("code", "name", maintain_order=True).len()
            for at, name, count in counted.iter_rows():
                self._counts[code, field.name][at, name] += count
            self._keep_rare(code, field.name, told, counted)

    def _keep_rare(self, code: str, field: str, told: pl.DataFrame, counted: pl.DataFrame) -> None:
        """Rows that may turn out odd: pairs that are not the usual one of their code and of their name in this block."""
        most = [pl.col("len") >= _MOST * pl.col("len").sum().over(side) for side in ("code", "name")]
        usual = pl.all_horizontal(most) & (pl.col("len") >= _LEAST_SAME)
        rare = counted.filter(~usual).drop("len")
        kept = self._rare[code, field]
        if rare.height and sum(block.height for block in kept) < _MOST_KEPT:
            odd = told.join(rare, on=["code", "name"], maintain_order="left")
            kept.append(odd.cast({ROW: pl.Int32, "code": pl.Categorical, "name": pl.Categorical}))

    def finish(self) -> list[Finding]:
        found: list[Finding] = []
        for code, field in self._pairs:
            counts = self._counts[code, field.name]
            names, codes = _usual(counts, 0), _usual(counts, 1)
            found += _short_names(counts, field) if field.rule == "lgname" and code == self._pairs[0][0] else []
            for block in self._rare[code, field.name]:
                for row, at, name in block.iter_rows():
                    found += _apart(row, at, name, code, field, names, codes)
        return [*found, *(f for name, blocks in self._codes.items() if blocks for f in _odd_codes(name, blocks))]


def _odd_codes(name: str, blocks: list[pl.DataFrame]) -> list[Finding]:
    """A column of the publisher's codes with no name beside it: the few rows that have another code than the rest."""
    told = pl.concat(blocks).drop_nulls()
    counts = told[name].value_counts(sort=True)
    if counts.height < 2 or told.height < _LEAST_ROWS or counts["count"][0] < _NEARLY_ALL * told.height:
        return []
    usual = str(counts[name][0])
    odd = told.filter(pl.col(name).cast(pl.String) != usual)
    return [Finding("code-odd-one", row, name, code, {"usual": usual}, usual) for row, code in odd.iter_rows()]


def _usual(counts: Counter[tuple[str, str]], side: int) -> dict[str, str]:
    """For each code its usual name (side 0), or for each name its usual code (side 1)."""
    sums: Counter[str] = Counter()
    for pair, count in counts.items():
        sums[pair[side]] += count
    return {
        pair[side]: pair[1 - side] for pair, count in counts.items()
        if count >= _LEAST_SAME and count >= _MOST * sums[pair[side]]
    }


def _apart(row: int, at: str, name: str, code: str, field: Field, names: dict[str, str],
           codes: dict[str, str]) -> list[Finding]:
    usual_name, usual_code = names.get(at), codes.get(name)
    if usual_code is not None and usual_code != at:
        return [Finding("code-not-usual", row, code, at, {"name": name, "usual": usual_code}, usual_code)]
    if usual_name is None or usual_name == name:
        return []
    if field.rule == "city" and (usual_name.endswith(name) or name.endswith(usual_name)):  # with or without its 郡
        return []
    slip = one_apart(name, usual_name) or usual_name.endswith(name) or usual_name.startswith(name) or name.startswith(usual_name)
    params = {"code": at, "usual": usual_name}
    return [Finding("name-not-usual", row, field.name, name, params, usual_name if slip else None)]


def _short_names(counts: Counter[tuple[str, str]], field: Field) -> list[Finding]:
    """地方公共団体名 is prefecture and municipality joined: one finding for a name that most rows write without it."""
    known = prefectures()
    found = []
    for (code, name), count in counts.items():
        prefecture = known.get(code[:2])
        if count >= _LEAST_SAME and prefecture and not name.startswith(tuple(known.values())):
            params = {"count": str(count), "name": prefecture + name}
            found.append(Finding("publisher-without-prefecture", None, field.name, name, params, prefecture + name))
    return found


class Identities:
    """The cells that say which thing a row is (ID or NO, 名称) are blank in a few rows and filled in all others."""

    def __init__(self, standard: Standard, required: Sequence[str]) -> None:
        own = [f.name for f in standard.fields if is_identifier(f)]
        named = [f.name for f in standard.fields if f.name in _NAMES]
        self._names = [n for n in (*own[:1], *named[:1]) if n not in required]
        self._rows: Counter[str] = Counter()
        self._blank: dict[str, list[int]] = {n: [] for n in self._names}

    def check(self, frame: pl.DataFrame) -> None:
        for name in self._names:
            if name in frame.columns:
                self._rows[name] += frame.height
                blank = frame.filter(pl.col(name).is_null())[ROW]
                if len(blank) < _FEW_BLANK * frame.height or not self._blank[name]:
                    self._blank[name] += blank.to_list()

    def finish(self) -> list[Finding]:
        return [
            Finding("identity-blank", row, name, None, {})
            for name, rows in self._blank.items()
            if self._rows[name] >= _LEAST_ROWS and len(rows) < _FEW_BLANK * self._rows[name]
            for row in rows
        ]


class Sizes:
    """Counts that are a thousand times as large as nearly all others of their column: digits typed twice."""

    def __init__(self, standard: Standard) -> None:
        kinds = ("int", "yen", "mm", "num")
        self._names = [f.name for f in standard.fields if f.rule in kinds and not any(w in f.name for w in _SIZES)]

    def check(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        names = [n for n in self._names if n in frame.columns]
        if not names or frame.height < _LEAST_ROWS:
            return []
        numbers = frame.select(ROW, *[pl.col(n).cast(pl.Float64, strict=False) for n in names])
        usual = numbers.select(pl.col(n).quantile(0.9).fill_null(0) for n in names).row(0)
        found = []
        for name, most in zip(names, usual, strict=True):
            wrong = numbers[name] >= max(_LARGE, _TIMES * (most + 1))
            if wrong.any():
                params = pl.lit(f'{{"usual": "{most:.0f}"}}')
                found.append(as_findings(frame.filter(wrong), "number-unusual", name, pl.col(name), params))
        return found


class AreaCodes:
    """Hyphens that do not stand where the area code ends, in a file where nearly all others do (総務省 市外局番の一覧).

    0471-23-5911 is 04-7123-5911 today (千葉県 hospitals). Where many are so, the numbers are not from this list: no word.
    """

    def __init__(self, standard: Standard) -> None:
        self._names = [f.name for f in standard.with_rule("tel")]
        self._rows: Counter[str] = Counter()
        self._found: dict[str, list[tuple[int, str, str]]] = {n: [] for n in self._names}

    def check(self, frame: pl.DataFrame) -> None:
        for name in [n for n in self._names if n in frame.columns]:
            told = frame.height - frame[name].null_count()
            odd = ~pl.col(name).str.contains(rf"\A(?:{cut_patterns()})")
            rows = frame.lazy().filter(odd).select(ROW, name).collect()
            if rows.height > _MOST_ODD * told:
                self._names.remove(name)
                self._found[name] = []
                continue
            self._rows[name] += told
            for row, number in rows.iter_rows():
                cut = recut_phone(number) if is_phone_list(number) else None
                if cut is not None:
                    self._found[name].append((row, number, cut))

    def finish(self) -> list[Finding]:
        return [
            Finding("phone-area-code", row, name, number, {"area": cut.partition("-")[0]}, cut)
            for name, found in self._found.items()
            if self._rows[name] >= _LEAST_ROWS and len(found) < _FEW_BLANK * self._rows[name]
            for row, number, cut in found
        ]


class FarPoints:
    """Points far from where the others of the file lie (the middle of the file, eight times as far as nine in ten)."""

    def __init__(self, standard: Standard) -> None:
        lats, lons = standard.with_rule("lat"), standard.with_rule("lon")
        self._pair = (lats[0].name, lons[0].name) if len(lats) == len(lons) == 1 else None
        self._blocks: list[pl.DataFrame] = []

    def check(self, frame: pl.DataFrame) -> None:
        if self._pair is None or not set(self._pair) <= set(frame.columns):
            return
        lat, lon = (pl.col(n).cast(pl.Float64, strict=False) for n in self._pair)
        points = frame.select(pl.col(ROW).cast(pl.Int32), lat=lat, lon=lon)
        self._blocks.append(points.filter(pl.col("lat").is_between(20, 46), pl.col("lon").is_between(122, 154)))

    def finish(self) -> list[Finding]:
        points = pl.concat(self._blocks) if self._blocks else None
        if self._pair is None or points is None or points.height < _LEAST_ROWS:
            return []
        away = [(pl.col(n) - pl.col(n).median()).abs() * km for n, km in (("lat", _KM_LAT), ("lon", _KM_LON))]
        points = points.with_columns(north=away[0], east=away[1]).with_columns(
            km=(pl.col("north") ** 2 + pl.col("east") ** 2).sqrt())
        usual = points["km"].quantile(0.9) or 0.0
        far = points.filter(pl.col("km") > max(_FAR_KM, _FAR_TIMES * usual))
        found = []
        for row, lat, lon, north, east, km in far.iter_rows():
            field, value = (self._pair[0], lat) if north >= east else (self._pair[1], lon)
            found.append(Finding("coordinate-far-from-others", row, field, str(value), {"km": f"{km:.0f}"}))
        return found


class Usual:
    """All of the above over the blocks of one file."""

    def __init__(self, standard: Standard, required: Sequence[str]) -> None:
        self._codes = CodesAndNames(standard)
        self._identities = Identities(standard, required)
        self._sizes = Sizes(standard)
        self._points = FarPoints(standard)
        self._areas = AreaCodes(standard)
        self._rows = 0

    def check(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        """Findings that one block can tell; the rest wait for `finish`."""
        self._codes.check(frame)
        self._identities.check(frame)
        self._points.check(frame)
        self._areas.check(frame)
        self._rows += frame.height
        return self._sizes.check(frame)

    def finish(self) -> pl.DataFrame:
        """Findings that need the whole file."""
        if not self._rows:
            return findings_frame([Finding("table-empty", None, None, None, {})])
        return findings_frame([*self._codes.finish(), *self._identities.finish(), *self._points.finish(),
                               *self._areas.finish()])
