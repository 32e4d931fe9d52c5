"""Rules that need more than one row: identifiers, the same facility twice, half-filled rows, sparse columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from pipelines.model import FINDINGS, ROW, Finding, Municipality, Standard, findings_frame
from pipelines.validate.addresses import Addresses
from pipelines.validate.keys import RepeatedKeys
from pipelines.validate.rows import RowRule, check_rows, row_rules
from pipelines.validate.usual import Usual, is_identifier

_MARKED = ("recommended",)
_USUALLY = 0.9
_MOST_BLANK = 0.7
_LEAST_COLUMNS = 5
_NAMES = ("名称", "施設名")
_ADDRESS_RULES = ("addr_full", "addr_old")
_REMARKS = ("備考", "特記", "説明", "概要", "URL", "画像", "メール", "リンク")
_SPELT = {
    **dict.fromkeys((" ", "\t", "\n", "株式会社", "(株)", "大字"), ""), **dict.fromkeys("ヶが", "ケ"),
    **{f"{digit}丁目": f"{i}丁目" for i, digit in enumerate("一二三四五六七八九", 1)},
}
_TEN_METRES = 8  # 131.4712 and 34.16621: characters that say where to about ten metres
_TELLING_RULES = ("text", "bldg", "date", "time", "enum", "code", "list", "flag1", "h_val", "dow")
"""Columns that tell two things at one address apart: two AEDs of one school stand in different places."""


class SparseColumns:
    """How full the recommended columns are (○ of the standard): one info a column at the end."""

    def __init__(self, standard: Standard) -> None:
        self._names = [f.name for f in standard.fields if f.requirement.mark in _MARKED]
        self._rows = 0
        self._filled = dict.fromkeys(self._names, 0)
        self._seen: set[str] = set()

    def add(self, frame: pl.DataFrame) -> None:
        names = [n for n in self._names if n in frame.columns]
        self._rows += frame.height
        self._seen |= set(names)
        if names:
            counts = frame.select(pl.col(names).count()).row(0)
            for name, count in zip(names, counts, strict=True):
                self._filled[name] += count

    def finish(self) -> pl.DataFrame:
        found = []
        for name in self._names:
            filled = self._filled[name]
            if name in self._seen and filled < _USUALLY * self._rows:
                percent = f"{filled * 100 // self._rows}"
                params = {"rows": self._rows, "filled": filled, "percent": percent}
                found.append(Finding("recommended-sparse", None, name, None, params))
        return findings_frame(found)


class Identifiers:
    """ID (NO in the old edition) is unique per publisher and dataset; the publisher's code stands in column 1.

    A prefecture's collection counts anew for each municipality: then code and ID together are the key.
    """

    def __init__(self, standard: Standard) -> None:
        fields = standard.fields
        self._name = next((f.name for f in fields if is_identifier(f)), None)
        self._code = next((f.name for f in fields[:3] if f.rule == "lgcode6"), None)
        self._keys = RepeatedKeys()

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._name is None or self._name not in frame.columns:
            return findings_frame()
        own = pl.col(self._name)
        parts = [own, pl.col(self._code)] if self._code in frame.columns else [own]
        parts += [pl.col(n) for n in ("市区町村名",) if n in frame.columns]
        key = pl.when(own.is_not_null()).then(pl.concat_str([p.fill_null("") for p in parts], separator="\x1f"))
        code = "number-duplicate" if self._name == "NO" else "id-duplicate"
        return _later(frame, self._keys.repeated(frame, key), code, self._name)


class SameFacility:
    """The same name at the same address with nothing that tells the two apart: probably typed twice.

    Points tell two things apart (two AEDs of one school) only in a file that describes them at all: 豊田前小学校 stands
    twice in 美祢市's list of school districts, with one address and two points, and no column says why.
    """

    def __init__(self, standard: Standard) -> None:
        fields = standard.fields
        self._name = next((f.name for f in fields if f.name in _NAMES), None)
        self._address = next((f.name for f in fields if f.rule in _ADDRESS_RULES), None)
        self._telling = [
            f.name for f in fields if f.rule in _TELLING_RULES and f.name != self._name and not any(r in f.name for r in _REMARKS)
        ]
        self._points = [f.name for f in fields if f.rule in ("lat", "lon")]
        self._keys = RepeatedKeys()

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._name is None or self._address is None or not {self._name, self._address} <= set(frame.columns):
            return findings_frame()
        name, address = pl.col(self._name), pl.col(self._address)
        telling = [pl.col(n) for n in self._telling if n in frame.columns]
        cells = [_folded(name), _folded(address), *telling]
        cells += [pl.col(n).str.slice(0, _TEN_METRES) for n in self._points if telling and n in frame.columns]
        key = pl.concat_str([c.fill_null("") for c in cells], separator="\x1f")
        key = pl.when(name.is_not_null() & address.is_not_null()).then(key)
        return _later(frame, self._keys.repeated(frame, key), "facility-duplicate", self._name)


def _folded(cell: pl.Expr) -> pl.Expr:
    """Spellings of one name or address as one text: width, spaces, hyphens, 丁目 and 番地, ヶ and ケ, (株)."""
    plain = cell.str.normalize("NFKC").str.replace_many(dict(_SPELT))
    plain = plain.str.replace_all(r"([0-9])(?:丁目|番地の?|番|号|[‐‑‒–—―−─ーの])", "$1-")
    return plain.str.strip_chars_end("-")


def _later(frame: pl.DataFrame, repeated: pl.DataFrame, code: str, field: str) -> pl.DataFrame:
    if not repeated.height:
        return findings_frame()
    n = repeated.height
    rows = frame[repeated["index"].to_list()]
    params = [f'{{"first_row": {first}}}' for first in repeated["first_row"].to_list()]
    told = {"code": [code] * n, "row": rows[ROW], "field": [field] * n, "value": rows[field], "params": params}
    return pl.DataFrame({**told, "remedy": [None] * n}, schema=FINDINGS)


class HalfFilled:
    """Rows that are blank in most of the columns which the rows so far usually fill: typing stopped half way."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._rows = 0
        self._filled = dict.fromkeys(self._names, 0)

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = [n for n in self._names if n in frame.columns]
        if not names or not frame.height:
            return findings_frame()
        self._rows += frame.height
        for name, count in zip(names, frame.select(pl.col(names).count()).row(0), strict=True):
            self._filled[name] += count
        usual = [n for n in names if self._filled[n] >= _USUALLY * self._rows]
        if len(usual) < _LEAST_COLUMNS or self._rows < 10:
            return findings_frame()
        blanks = pl.sum_horizontal(pl.col(n).is_null() for n in usual)
        rows = frame.select(pl.col(ROW), blanks.alias("blanks")).filter(pl.col("blanks") > _MOST_BLANK * len(usual))
        return findings_frame(
            [Finding("row-half-filled", row, None, None, {"blank": blank, "usual": len(usual)}) for row, blank in rows.iter_rows()]
        )


class RulesBeyond:
    """All rules beyond single cells over the blocks of one file: between the cells of a row, and those above."""

    def __init__(
        self, standard: Standard, body: Municipality | None, codes: Mapping[str, Mapping[str, str]],
        like: RulesBeyond | None = None,
    ) -> None:
        self._row_rules: tuple[RowRule, ...] = like._row_rules if like else row_rules(standard, body, codes)
        self._sparse = SparseColumns(standard)
        self._rules = (Identifiers(standard), SameFacility(standard), HalfFilled(standard.names), Addresses(standard))
        self._usual = Usual(standard, [f.name for f in standard.fields if f.requirement.mark == "required"])

    def check(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        self._sparse.add(frame)
        found = [check_rows(frame, self._row_rules), *[rule.check(frame) for rule in self._rules]]
        return [*found, *self._usual.check(frame)]

    def finish(self) -> pl.DataFrame:
        return pl.concat([self._sparse.finish(), self._usual.finish()])
