"""Headings, file name and title lines into the kind and edition that a file most likely follows."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.standards.folders import KindInfo, list_kinds, local_schema_files, read_data, read_schema, schema_folders
from pipelines.standards.index import ALIAS, COUNTERPART, NAME, build_index
from pipelines.standards.load import unknown_standard
from pipelines.values.headings import fold_heading

ACCEPT = 0.35  # below this score a file has no kind; set on the published files of 33 municipalities
OF_SLUG, OF_WORD, OF_TITLE_LINE = 0.4, 0.25, 0.2  # what a name adds to the headings' score (0 to 1)
OF_HEADING_WORDS = 0.2  # several own headings carry a word of the kind (オストメイトの有無, 0歳 1歳 2歳)
FLOOR_FOR_WORD = 0.1  # a mere word counts only when the headings speak for the kind at least this much
STRANGE = 1.0  # weight of a heading that no schema knows
_SEVERAL = 2
_SAYS = {NAME: 1.0, COUNTERPART: 0.8, ALIAS: 0.8}  # how surely a spelling speaks for the edition


@dataclass(frozen=True)
class Guess:
    """The kind and edition that fit best; `kind` and `edition` are None when nothing fits well enough.

    `score` is 0 to about 1.6 (headings 0-1, file name and title lines on top), `runner_up` the next kind with its
    score, `reason` what spoke for it in plain English.
    """

    kind: str | None
    edition: str | None
    score: float
    runner_up: str
    reason: str


def guess_standard(
    headings: Sequence[str],
    file_name: str = "",
    local: Path | None = None,
    title_lines: Sequence[str] = (),
    *,
    kind: str | None = None,
    edition: str | None = None,
) -> Guess:
    """Which kind and edition a table follows, from its headings, its file name, and the lines above its header.

    Headings are compared folded, aliases and the other edition's names counted; a heading weighs more the fewer kinds
    know it. `local` is a workspace's schemas/ folder, `title_lines` the text above the header and the sheet's name.
    A `kind` or an `edition` that the caller knows is kept, and only the other is guessed; DeclarationError when
    there is no such one.
    """
    index = _index(local)
    kinds = {k.id: k for k in list_kinds(local)}
    folded = list(dict.fromkeys(f for f in map(fold_heading, headings) if f))
    by_schema = _score_headings(folded, index)
    best: dict[str, tuple[float, int]] = {}
    for number, row in enumerate(index["schemas"]):
        if kind not in (None, row["kind"]) or edition not in (None, row["edition"]):
            continue
        if row["kind"] not in best or by_schema[number] > best[row["kind"]][0]:
            best[row["kind"]] = (by_schema[number], number)
    if not best:
        raise unknown_standard(kind or "", edition or "", local)
    ranked = _rank({k: score for k, (score, _) in best.items()}, kinds, folded, file_name, title_lines)
    if kind is not None:
        total, reason = next(((total, why) for total, _, why in ranked), (0.0, "no heading is known"))
        return Guess(kind, edition or _edition(kind, folded, index), round(total, 3), "", f"kind given, {reason}")
    if not ranked or ranked[0][0] < ACCEPT:
        nearest = f"{ranked[0][1]} {ranked[0][0]:.2f}" if ranked else ""
        return Guess(None, None, round(ranked[0][0], 3) if ranked else 0.0, nearest, "nothing fits well enough")
    total, chosen, reason = ranked[0]
    runner_up = f"{ranked[1][1]} {ranked[1][0]:.2f}" if len(ranked) > 1 else ""
    return Guess(chosen, edition or _edition(chosen, folded, index), round(total, 3), runner_up, reason)


def _rank(
    by_kind: Mapping[str, float],
    kinds: Mapping[str, KindInfo],
    folded: Sequence[str],
    file_name: str,
    title_lines: Sequence[str],
) -> list[tuple[float, str, str]]:
    """(score, kind, reason), best first: the headings' score and what the names add."""
    ranked = []
    for kind, score in by_kind.items():
        why = f"headings {score:.2f}"
        if score < ACCEPT and _share_word(folded, kinds[kind].heading_words):
            score, why = score + OF_HEADING_WORDS, why + ", words in the headings"
        if score == 0 and folded:
            continue  # a name alone says nothing against headings that all mean something else (観光客数)
        named, name_says = _score_name(kinds[kind], file_name, title_lines, score)
        ranked.append((score + named, kind, why + name_says))
    return sorted(ranked, key=lambda r: (-r[0], r[1]))


def known_headings(local: Path | None = None) -> frozenset[str]:
    """Every folded heading that some schema knows, aliases counted: a header row is told by them."""
    return frozenset(_index(local)["headings"])


def _index(local: Path | None) -> Mapping[str, Any]:
    shipped: Mapping[str, Any] = read_data(schema_folders()[0] / "_index.json")
    paths = local_schema_files(local)
    if not paths:
        return shipped
    offset = len(shipped["schemas"])
    extra = build_index((p.parent.name, p.stem, read_schema(p)) for p in paths)
    headings = {k: list(v) for k, v in shipped["headings"].items()}
    for folded, places in extra["headings"].items():
        headings.setdefault(folded, []).extend([n + offset, f, how] for n, f, how in places)
    return {"schemas": [*shipped["schemas"], *extra["schemas"]], "headings": headings}


def _score_headings(folded: Sequence[str], index: Mapping[str, Any]) -> list[float]:
    """For each schema the cosine between the table's headings and its fields, rare headings weighing more."""
    schemas, headings = index["schemas"], index["headings"]
    kinds = len({s["kind"] for s in schemas})
    rarity: dict[str, float] = {}

    def weight(heading: str) -> float:
        if heading not in rarity:
            known = {schemas[n]["kind"] for n, _, _ in headings.get(heading, ())}
            rarity[heading] = math.log(1 + kinds / len(known)) if known else STRANGE
        return rarity[heading]

    given = math.sqrt(sum(weight(h) ** 2 for h in folded)) or 1.0
    matched: list[dict[int, float]] = [{} for _ in schemas]
    for heading in folded:
        for number, field, how in headings.get(heading, ()):
            value = weight(heading) * (1.0 if how == NAME else 0.9)
            matched[number][field] = max(value, matched[number].get(field, 0.0))
    scores = []
    for number, schema in enumerate(schemas):
        if not matched[number]:
            scores.append(0.0)
            continue
        own = [weight(n) for n in schema["names"]]
        # A common heading (緯度) says no more for a column with a rare name (投票所_緯度) than for any other.
        hits = sum(value * min(own[field], value) for field, value in matched[number].items())
        scores.append(min(1.0, hits / (given * math.sqrt(sum(w * w for w in own)))))
    return scores


def _share_word(folded: Sequence[str], words: Sequence[str]) -> bool:
    return bool(words) and sum(any(w in heading for w in words) for heading in folded) >= _SEVERAL


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-－‐]+", "_", unicodedata.normalize("NFKC", text).casefold())


def _split_capitals(name: str) -> str:
    """AEDmap, AedMap and aedMap into words."""
    return re.sub(r"(?<=[A-Z]{2})(?=[a-z]{2})|(?<=[a-z])(?=[A-Z])", "_", name)


def _score_name(kind: KindInfo, file_name: str, title_lines: Sequence[str], headings: float) -> tuple[float, str]:
    """What the file name and the title lines add for one kind: an official slug or title most, a word less."""
    stem = _plain(_split_capitals(re.sub(r"(\.[A-Za-z]{2,7})+$", "", Path(file_name).name)))
    tokens = "_" + "_".join(re.findall(r"[a-z_]+|[^\x00-\x7f]+", stem)) + "_"
    official = [_plain(kind.title), _plain(kind.title.removesuffix("一覧"))]
    for slug in dict.fromkeys([_plain(kind.file_slug), *(w for w in map(_plain, kind.words) if w.isascii())]):
        if f"_{slug}_" in re.sub("_+", "_", tokens):
            return OF_SLUG, f", file name says {slug}"
    lines = _plain("_".join(title_lines))
    for place, where in ((stem, "file name"), (lines, "lines above the header")):
        if any(title in place for title in official):
            return OF_SLUG, f", {where}: the official title"
    if headings < FLOOR_FOR_WORD:
        return 0.0, ""
    words = [_plain(w) for w in kind.words]
    if any(w in stem for w in words):
        return OF_WORD, ", file name holds a word of the kind"
    if any(w in lines for w in words):
        return OF_TITLE_LINE, ", the lines above the header name the kind"
    return 0.0, ""


def _edition(kind: str, folded: Sequence[str], index: Mapping[str, Any]) -> str:
    """The edition that most of the headings mean a column of, its own names counting more.

    On a tie the one whose every column is there, else the newer one.
    """
    numbers = [n for n, s in enumerate(index["schemas"]) if s["kind"] == kind]
    meant: dict[int, dict[int, float]] = {n: {} for n in numbers}
    for heading in folded:
        for number, field, how in index["headings"].get(heading, ()):
            if number in meant:
                meant[number][field] = max(_SAYS[how], meant[number].get(field, 0.0))
    whole = {n: len(meant[n]) == index["schemas"][n]["columns"] for n in numbers}
    best = max(numbers, key=lambda n: (round(sum(meant[n].values()), 6), whole[n], n))
    return str(index["schemas"][best]["edition"])
