"""What a build, a publication and a count came to, as tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from pipelines.build import Built
from publish.kpi import Progress
from publish.report.console import print_table

STATUS_WORDS = {"ready": "公開可", "held": "保留", "failed": "失敗"}
CHANGE_WORDS = {"created": "新規", "updated": "更新", "kept": "変更なし", "carried": "前回のまま", "withdrawn": "取下げ"}


def print_built(results: Sequence[Built]) -> None:
    """One line a dataset, then the reasons of what was held back or failed."""
    rows = [
        [b.dataset.body.name, b.name, b.dataset.title, str(b.rows), str(b.fixes), str(b.filled_points), str(b.errors),
         str(b.warnings), STATUS_WORDS[b.status]]
        for b in results
    ]
    print_table("点検と作成", ["団体", "パッケージ", "題名", "行", "補正", "座標補完", "エラー", "注意", "結果"], rows,
                right=(3, 4, 5, 6, 7))
    packages = [b.package for b in results if b.package is not None]
    if packages:
        sys.stdout.write(f"指摘と補正の一覧: {packages[0].folder.parent}/パッケージ名/record/(findings.csv、fixes.csv)\n")
    for built in results:
        for reason in built.reasons:
            sys.stdout.write(f"  {STATUS_WORDS[built.status]} {built.name}: {reason.ja} [{reason.code}]\n")
            sys.stdout.write(f"    {reason.en}\n")


def print_changes(changes: dict[str, str], number: int) -> None:
    """How many datasets the release created, updated, kept, carried over."""
    counted = {c: sum(1 for v in changes.values() if v == c) for c in CHANGE_WORDS}
    words = "、".join(f"{CHANGE_WORDS[c]}{n}件" for c, n in counted.items() if n)
    if not number:
        sys.stdout.write("\n埋め込みカタログ: まだ何も公開していません(公開できるデータがありません)。\n")
        return
    sys.stdout.write(f"\n埋め込みカタログ 第{number}版: {words or '変更なし'}\n")


def print_kpi(progress: Sequence[Progress], names: Mapping[str, str] | None = None) -> None:
    """A row a plan: the count in the plan's unit, change, baseline, target, deadline and what is missing."""
    if not progress:
        sys.stdout.write("計画(plan.yml)がありません。 / no plan declared\n")
        return
    day = progress[0].now.day
    sample = any(p.now.sample for p in progress)
    rows = []
    for p in progress:
        plan = p.plan
        value = f"{'見本 ' if p.now.sample else ''}{p.now.value}"
        base = f"{plan.baseline.value}{plan.baseline.unit}" if plan.baseline else "–"
        target = f"{plan.target.value}{plan.target.unit}" if plan.target else "数値目標なし"
        ended = "(終了)" if p.passed else ""
        then = str(p.at_deadline.value) if p.at_deadline is not None else "記録なし" if p.passed else "–"
        change = f"{p.change:+d}".replace("-", "▲") if p.change is not None else "–"
        grade = f"案 {p.grade}" if p.grade else "–"
        missing = str(p.missing) if p.missing is not None else "–"
        name = (names or {}).get(plan.body, plan.body)
        rows.append([name, plan.title, f"{value} {plan.unit}", change, base, target, plan.deadline + ended, then, missing,
                     grade, f"{len(p.basic_done)}/14", f"{p.now.packages}/{p.now.files}/{p.now.records}"])
    print_table(
        f"計画ごとの達成状況({day.isoformat()} 時点{'、数字はすべて見本' if sample else ''})",
        ["団体", "計画", "現在", "前年度末比", "基準値", "目標", "期限", "期限時点", "不足", "評価", "基本編",
         "データセット/ファイル/件"],
        rows, right=(2, 3, 4, 5, 7, 8, 10, 11),
    )
    sys.stdout.write("数え方:\n")
    for words, plans in _shared_words(progress).items():
        sys.stdout.write(f"  {words} … {'、'.join(plans)}\n" if len(plans) < len(progress) else f"  {words}\n")


def _shared_words(progress: Sequence[Progress]) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for p in progress:
        for _, ja, _ in p.plan.counting.words():
            words.setdefault(ja, []).append(p.plan.title)
        catalogues = "、".join(p.plan.counts_in) or "なし"
        words.setdefault(f"数えるカタログ: {catalogues}", []).append(p.plan.title)
    return words
