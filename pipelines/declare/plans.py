"""The words for plans and catalogues: what plan.yml and catalogues.yml become (frozen dataclasses)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Goal:
    """A goal in the plan's own words, and where they stand."""

    quote: str
    section: str = ""


@dataclass(frozen=True)
class Baseline:
    """The number that a plan starts from. `as_of` None = the plan does not say; then the range, if known."""

    value: int
    unit: str  # the plan's own word: 件
    as_of: str | None = None
    as_of_from: str | None = None
    as_of_to: str | None = None
    quote: str = ""
    note: str = ""


@dataclass(frozen=True)
class Target:
    """The number that a plan promises until `deadline` (YYYY-MM-DD, inclusive to 23:59:59 JST)."""

    value: int
    unit: str  # the plan's own word: 種類
    deadline: str
    quote: str
    yearly: Mapping[str, int] = field(default_factory=dict)  # the plan's own numbers by fiscal year: {"2023": 26}

    def by_year(self) -> dict[int, int]:
        """The plan's own numbers by the western year in which the fiscal year begins."""
        return {int(year): value for year, value in self.yearly.items()}


@dataclass(frozen=True)
class GradeStep:
    """One step of a plan's own scale: mark, words, and from which percent of line, target or gain it is proposed."""

    mark: str
    words: str = ""
    min_percent: float | None = None
    of: str = "line"  # line, target, gain


@dataclass(frozen=True)
class Grading:
    """The scale by which grades are proposed: sabc, achieved, marks, or the plan's own steps."""

    scale: str = "sabc"
    steps: tuple[GradeStep, ...] = ()


@dataclass(frozen=True)
class Duty:
    """What a plan asks for around the number: reports, evaluation, publication."""

    text: str
    quote: str = ""
    section: str = ""
    yearly: bool = False


@dataclass(frozen=True)
class ListItem:
    """One entry of a named list: the plan's words and the register's dataset id (None = not in the register)."""

    title: str
    dataset: str | None


@dataclass(frozen=True)
class NamedList:
    """A list of data that the plan names one by one (柳井市's 14)."""

    title: str
    items: tuple[ListItem, ...]
    as_of: str | None = None


@dataclass(frozen=True)
class Counting:
    """What the plan leaves open: settings with defaults, printed beside every number (see `words`)."""

    fold_editions: bool = True
    fold_formats: bool = True
    fold_catalogues: bool = True
    generated_lists: bool = False
    linked_only: bool = False
    withdrawn: bool = False
    stale: str = "count"  # count (and flag), skip
    basis: str = ""

    def words(self) -> tuple[tuple[str, str, str], ...]:
        """(setting, Japanese, English) for each setting as it stands, to print under a number."""
        both = {
            "fold_editions": (
                ("年度版・版違いは一つに数えます", "年度版・版違いは別々に数えます"),
                ("yearly files and editions count as one", "yearly files and editions count one by one"),
            ),
            "fold_formats": (
                ("CSV・GeoJSON などの形式違いは一つに数えます", "形式ごとに数えます"),
                ("formats of one list count as one", "formats count one by one"),
            ),
            "fold_catalogues": (
                ("二つのカタログに載せても一つに数えます", "カタログごとに数えます"),
                ("a list in two catalogues counts once", "a list counts once for each catalogue"),
            ),
            "generated_lists": (
                ("自動で作るオープンデータ一覧も数えます", "自動で作るオープンデータ一覧は数えません"),
                ("the generated list of open data counts", "the generated list of open data does not count"),
            ),
            "linked_only": (
                ("県や国が置きリンクしただけのデータも数えます", "県や国が置きリンクしただけのデータは数えません"),
                ("data that others host counts", "data that others host, only linked, does not count"),
            ),
            "withdrawn": (
                ("取り下げたデータも数えます", "取り下げたデータは数えません"),
                ("withdrawn data counts", "withdrawn data does not count"),
            ),
            "stale": (
                ("更新が遅れたデータも数え、印を付けます", "更新が遅れたデータは数えません"),
                ("stale data counts and is flagged", "stale data does not count"),
            ),
        }
        lines = []
        for name, (ja, en) in both.items():
            value = getattr(self, name)
            first = value if isinstance(value, bool) else value == "count"
            lines.append((name, ja[0] if first else ja[1], en[0] if first else en[1]))
        lines.append(
            (
                "deadline",
                "期限の日は 23:59:59(日本時間)までを含みます",
                "the day of the deadline counts until 23:59:59 JST",
            )
        )
        return tuple(lines)


@dataclass(frozen=True)
class Plan:
    """One plan of plan.yml: what a body promised, in the words of its document."""

    id: str
    body: str  # 全国地方公共団体コード, 6 digits
    title: str
    section: str  # where in the document
    source: str
    period_start: str | None  # YYYY-MM-DD, None = the plan names only the end
    period_end: str
    unit: str  # 種類, packages, files, records
    baseline: Baseline | None
    target: Target | None  # None = the plan gives no number; none is invented
    counts_in: tuple[str, ...]
    dated: str = ""
    source_url: str = ""
    period_words: str = ""
    goals: tuple[Goal, ...] = ()
    duties: tuple[Duty, ...] = ()
    channels: tuple[str, ...] = ()
    lists: tuple[NamedList, ...] = ()
    counting: Counting = field(default_factory=Counting)
    grades: Grading = field(default_factory=Grading)
    includes: tuple[str, ...] = ()
    successor: str | None = None
    note: str = ""
    path: Path | None = None

    @property
    def deadline(self) -> str:
        """The target's deadline, else the end of the period."""
        return self.target.deadline if self.target else self.period_end


@dataclass(frozen=True)
class Catalogue:
    """One catalogue of catalogues.yml. Tokens are never here: `token_env` names the environment variable."""

    name: str
    kind: str  # embedded, ckan, handover
    title: str
    title_en: str = ""
    url: str = ""
    url_env: str = ""
    token_env: str = ""
    counts: bool = True
    max_upload_bytes: int | None = None
    timeout_s: float = 60.0
    delay_s: float = 0.0
    parallel: int = 2
    create_organization: bool = False
    licence_ids: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ("csv", "geojson")
    note: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)  # kind, theme or "*" -> name of the portal's group
