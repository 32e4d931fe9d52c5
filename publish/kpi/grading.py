"""An actual number, its target line and its start to a proposed grade; a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MEASURES = {
    "line": "その年度の目標線に対する割合",
    "target": "最終目標に対する割合",
    "gain": "出発点からの増え方の、目標までの増え方に対する割合",
}


@dataclass(frozen=True)
class Grade:
    """One step of a scale: its mark, its words, and the least percent of `of` (line, target, gain) for it."""

    mark: str
    words: str
    min_percent: float | None = None  # None = what is left over
    of: str = "line"

    def rule(self) -> str:
        if self.min_percent is None:
            return "それ以外"
        return f"{MEASURES[self.of]}が{self.min_percent:g}%以上"


@dataclass(frozen=True)
class Scale:
    """A scale from the best step to the worst."""

    id: str
    grades: tuple[Grade, ...]

    def words_of(self, mark: str | None) -> str:
        return next((g.words for g in self.grades if g.mark == mark), "")


SCALES = {
    "sabc": Scale("sabc", (Grade("S", "計画以上", 110), Grade("A", "計画どおり", 95), Grade("B", "やや遅れている", 60),
                           Grade("C", "ほとんど進んでいない"))),
    "achieved": Scale("achieved", (Grade("達成", "目標に達した", 100, "target"),
                                   Grade("一部達成", "出発点より進んだ", 0.1, "gain"), Grade("未達成", "進んでいない"))),
    "marks": Scale("marks", (Grade("○", "計画どおり", 95), Grade("△", "遅れている", 50), Grade("×", "進んでいない"))),
}


def scale_of(name: str, steps: Sequence[Grade] = ()) -> Scale:
    """The scale that a plan chose: its own steps, else one of SCALES by name."""
    return Scale("own", tuple(steps)) if steps else SCALES[name]


def propose_grade(
    scale: Scale, actual: float | None, *, line: float | None, target: float | None, start: float | None
) -> str | None:
    """The mark of the first step that is reached; None where there is nothing to compare with."""
    if actual is None or target is None or line is None:
        return None
    percents = {
        "line": 100 * actual / line if line else None,
        "target": 100 * actual / target if target else None,
        "gain": 100 * (actual - start) / (target - start) if start is not None and target > start else None,
    }
    for grade in scale.grades:
        percent = percents[grade.of] if grade.min_percent is not None else 0.0
        if grade.min_percent is None or (percent is not None and percent >= grade.min_percent):
            return grade.mark
    return None
