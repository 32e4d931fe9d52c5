"""What the ledger says is in a catalogue and what the catalogue lists, to differences: findings, never the KPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Listed:
    """One dataset as a live catalogue lists it."""

    name: str
    title: str
    files: int
    url: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Difference:
    """One difference: `what` is only-ledger, only-catalogue or files."""

    what: str
    name: str
    title: str
    ja: str
    en: str


@dataclass(frozen=True)
class Reconciled:
    """One body in one catalogue: both numbers and every difference, in order of name."""

    body: str
    catalogue: str
    ledger: int
    listed: int
    differences: tuple[Difference, ...]

    @property
    def words(self) -> str:
        """台帳36 / カタログ35: 差1件 = …"""
        told = f"台帳{self.ledger} / カタログ{self.listed}: "
        if not self.differences:
            return told + "差はありません"
        names = "、".join(d.title or d.name for d in self.differences[:5])
        more = f" ほか{len(self.differences) - 5}件" if len(self.differences) > 5 else ""
        return f"{told}差{len(self.differences)}件 = {names}{more}"


def reconcile(body: str, catalogue: str, evidence: pl.DataFrame, listed: Sequence[Listed]) -> Reconciled:
    """Compare by name, then by title. `evidence` is that of a Count over this catalogue alone."""
    own = {str(r["name"]): r for r in evidence.iter_rows(named=True)}
    there = {item.name: item for item in listed}
    titles = {item.title: item.name for item in listed if item.title}
    found: list[Difference] = []
    matched: set[str] = set()
    for name, row in own.items():
        other = there.get(name) or there.get(titles.get(str(row["title"] or ""), ""))
        title = str(row["title"] or name)
        if other is None:
            found.append(Difference("only-ledger", name, title, "台帳では公開中ですが、カタログにありません。",
                                    "public by the ledger, not in the catalogue"))
            continue
        matched.add(other.name)
        if row["files"] is not None and int(row["files"]) != other.files:
            found.append(Difference("files", name, title, f"ファイルの数が違います(台帳{row['files']}、カタログ{other.files})。",
                                    f"number of files differs (ledger {row['files']}, catalogue {other.files})"))
    for item in listed:
        if item.name not in matched:
            found.append(Difference("only-catalogue", item.name, item.title or item.name,
                                    "カタログにありますが、台帳にありません。", "in the catalogue, not in the ledger"))
    return Reconciled(body, catalogue, len(own), len(listed), tuple(sorted(found, key=lambda d: (d.what, d.name))))
