"""Turns the headings of a section's file into the headings of the standard, and says what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipelines.model import FINDINGS, ROW, Field, Finding, Standard, Table, findings_frame
from pipelines.normalise.sums import Split, split_targets
from pipelines.values.choices import one_apart
from pipelines.values.headings import fold_heading, without_note

CATALOGUE_COLUMNS = ("_id", "_full_text", "_rank")
"""Columns that a CKAN data store adds to a file it hands out."""
# A single different character makes another column, not a typo: 男性/女性, 開始/終了, 緯度/経度, 上り/下り.
_TELLING = frozenset("男女有無緯経開閉始終上下左右前後内外大中小老若年月日時分公私南北東西新旧")
_NEAR_LENGTH = 4


@dataclass(frozen=True)
class ColumnMap:
    """Which column of the file is which column of the standard; `findings` says how each was told."""

    pairs: tuple[tuple[str, str | None], ...]  # source column -> standard heading, or None
    findings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FINDINGS), compare=False, repr=False)

    @property
    def mapped(self) -> dict[str, str]:
        """Source column -> standard heading, only those that have one."""
        return {source: name for source, name in self.pairs if name is not None}

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The source columns that have no heading of the standard."""
        return tuple(source for source, name in self.pairs if name is None)


def map_columns(
    columns: Sequence[str], headings: Sequence[str], standard: Standard, *, declared: Mapping[str, str] | None = None,
    ignore: Mapping[str, str] | None = None, header_ignore: Collection[str] = (),
    split: Split | None = None,
) -> tuple[ColumnMap, pl.DataFrame]:
    """The standard heading of each source column, and findings about headings.

    Told in this order: the declaration, the same text, the same text but for form (`fold_heading`), the heading of
    the other edition (`counterpart`), a known other name (`aliases`), a single typo. A heading of the standard is
    given once; a second column for it is reported and stays unmapped. `ignore` gives a reason per heading. `split` names
    headings of the standard that a file may keep in parts, to be added up by `normalise`: they are not missing then.
    """
    work = _Mapping(columns, headings, standard, declared or {}, {**dict.fromkeys(header_ignore, ""), **(ignore or {})})
    work.parts = {p: target for target, parts in split_targets(columns, split or {}) for p in parts}
    work.run()
    there = {*work.taken, *work.parts.values()}
    findings = findings_frame([*work.notes, *_missing(standard, there), *_order(standard, work)])
    return ColumnMap(tuple((c, work.given.get(c)) for c in columns), findings), findings


class _Mapping:
    """The state of one mapping: which headings are taken, and what there is to say."""

    def __init__(
        self, columns: Sequence[str], headings: Sequence[str], standard: Standard, declared: Mapping[str, str],
        ignore: Mapping[str, str],
    ) -> None:
        self.heading = dict(zip(columns, headings, strict=False))
        self.repeated = {h for h in headings if list(headings).count(h) > 1}
        self.columns = list(columns)
        self.standard = standard
        self.declared = declared
        self.ignored = {fold_heading(k): reason for k, reason in ignore.items()}
        self.given: dict[str, str] = {}  # source column -> standard heading
        self.taken: dict[str, str] = {}  # standard heading -> source column
        self.notes: list[Finding] = []
        self.parts: dict[str, str] = {}  # source column -> standard heading that it is a part of
        self.second: dict[str, str] = {}  # source column -> standard heading that another column has

    def run(self) -> None:
        self._declare()
        self._ignore()
        fields = self.standard.fields
        self._match(_index((f.name, f.name) for f in fields), str, None)
        if not any(True for _ in self._free()):
            self._rest()
            return
        folded = {f.name: fold_heading(f.name) for f in fields}
        self._match(_index((key, name) for name, key in folded.items()), fold_heading, "heading-changed")
        # Before the aliases, which hold the names of the other edition, too: a right heading there is no mistake.
        other = _index((fold_heading(c), f.name) for f in fields for c in _counterparts(f))
        self._match(other, fold_heading, "heading-other-edition")
        aliases = _index((fold_heading(a), f.name) for f in fields for a in f.spec.get("aliases", ()))
        self._match(aliases, fold_heading, "heading-changed")
        self._near(folded)
        self._rest()

    def _give(self, column: str, name: str) -> None:
        self.given[column] = name
        self.taken[name] = column

    def _free(self) -> Iterator[str]:
        left = (c for c in self.columns if c not in self.given and c not in self.second and c not in self.parts)
        return (c for c in left if not self._is_ignored(c))

    def _is_ignored(self, column: str) -> bool:
        heading = self._text(column)
        return heading.strip() in CATALOGUE_COLUMNS or fold_heading(heading) in self.ignored

    def _text(self, column: str) -> str:
        return self.heading.get(column) or column

    def _texts(self, column: str) -> tuple[str, ...]:
        """The heading, the same without a note behind it, and the name that the reader gave the column where it knew a
        better one (LinkData's lat)."""
        heading = self._text(column)
        bare = without_note(heading)
        texts = (heading,) if bare == heading else (heading, bare)
        return texts if heading == column or heading in self.repeated else (*texts, column)

    def _declare(self) -> None:
        by_fold = {fold_heading(self._text(c)): c for c in reversed(self.columns)}
        by_text = {self._text(c): c for c in reversed(self.columns)} | {c: c for c in self.columns}
        for source, name in self.declared.items():
            column = by_text.get(source) or by_fold.get(fold_heading(source))
            if column is None:
                self.notes.append(Finding("declared-column-absent", None, name, source, {"heading": source}))
            elif name in self.taken:
                self.second[column] = name
            else:
                self._give(column, name)

    def _ignore(self) -> None:
        for column in self.columns:
            if column not in self.given and self._is_ignored(column):
                reason = self.ignored.get(fold_heading(self._text(column)), "")
                self.notes.append(Finding("column-ignored", None, self._text(column), None, {"reason": reason}))

    def _match(self, known: Mapping[str, list[str]], key: Callable[[str], str], code: str | None) -> None:
        for column in list(self._free()):
            heading = self._text(column)
            texts = self._texts(column) if code is not None else dict.fromkeys((heading, column))
            names = [name for text in texts for name in known.get(key(text), ())]
            name = next((n for n in names if n not in self.taken), None)
            if name is not None:
                self._give(column, name)
                if code is not None:
                    self.notes.append(Finding(code, None, name, heading, {"heading": heading}, name))
            elif names and code != "heading-other-edition":
                self.second[column] = names[0]

    def _near(self, folded: Mapping[str, str]) -> None:
        for column in list(self._free()):
            key = fold_heading(self._text(column))
            near = [n for n, f in folded.items() if len(f) >= _NEAR_LENGTH and _is_typo(key, f)]
            if len(near) == 1 and near[0] not in self.taken:
                self._give(column, near[0])
                self.notes.append(
                    Finding("heading-near", None, near[0], self._text(column), {"heading": self._text(column)}, near[0])
                )

    def _rest(self) -> None:
        for column, name in self.second.items():
            params = {"heading": self._text(column), "standard": name, "kept": self._text(self.taken[name])}
            self.notes.append(Finding("column-second", None, self._text(column), None, params))
        for column, name in self.parts.items():
            self.notes.append(Finding("column-part", None, name, self._text(column), {"heading": self._text(column)}))
        for column in self._free():
            heading = self._text(column)
            self.notes.append(Finding("column-unknown", None, heading, None, {"heading": heading}))


def _index(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Key -> standard headings in official order."""
    index: dict[str, list[str]] = {}
    for key, name in pairs:
        index.setdefault(key, []).append(name)
    return index


def _counterparts(field_: Field) -> tuple[str, ...]:
    given = field_.spec.get("counterpart") or ()
    return (given,) if isinstance(given, str) else tuple(given)


def _is_typo(left: str, right: str) -> bool:
    """One different character that does not tell two columns apart (no digit, no 男/女, 開始/終了 ...)."""
    if not one_apart(left, right):
        return False
    return not (set(left) ^ set(right)) & _TELLING


def _missing(standard: Standard, taken: Collection[str]) -> Iterator[Finding]:
    optional = []
    for f in standard.fields:
        if f.name in taken:
            continue
        mark, basis = f.requirement.mark, f.requirement.basis
        if mark == "required":
            code = "column-missing" if basis in ("read", "declared") else "column-missing-inferred"
            yield Finding(code, None, f.name)
        elif mark == "recommended":
            yield Finding("column-missing-recommended", None, f.name)
        else:
            optional.append(f.name)
    if optional:
        names = "、".join(optional)
        yield Finding("column-missing-optional", None, None, None, {"names": names, "count": len(optional)})


def _order(standard: Standard, work: _Mapping) -> Iterator[Finding]:
    official = {name: i for i, name in enumerate(standard.names)}
    order = [official[work.given[c]] for c in work.columns if work.given.get(c) in official]
    for before, after in zip(order, order[1:], strict=False):
        if after < before:
            first, second = standard.names[after], standard.names[before]
            yield Finding("heading-order", None, first, None, {"first": first, "second": second})
            return


def apply_map(table: Table, column_map: ColumnMap) -> Table:
    """The table with mapped columns under their standard headings; the others keep their name, the order stays.

    A column that is not mapped but has the very name of a heading in use gets 「（元の列）」 behind it.
    """
    mapped = column_map.mapped
    used = set(mapped.values())
    names = {}
    for column in table.columns:
        name = mapped.get(column, column)
        while column not in mapped and name in used:
            name += "（元の列）"
        used.add(name)
        names[column] = name
    return Table(table.frame.select(ROW, *(pl.col(c).alias(names[c]) for c in table.columns)))
