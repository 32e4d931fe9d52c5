"""Parts of a scorecard to the Japanese words that workbook, page, dashboard and text share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pipelines.declare import Baseline, Plan
from publish.kpi import UNIT_WORDS, Count, Year, day_name, fiscal_year_end, fiscal_year_of, year_name
from publish.report.lateness import threshold_words
from publish.report.scorecard import BodyCard, PlanCard, Scorecard

SAMPLE_NOTE = "架空のデータから数えた数字です。実際の団体の実績ではありません。"
STATE_WORDS = {"done": "", "running": "途中", "ahead": "これから", "unrecorded": "台帳に記録なし"}
DRAFT_WORDS = {"ready": "公開待ち", "held": "保留", "failed": "失敗", "planned": "予定", "unbuilt": "未作成"}


def iso_day_name(text: str | None) -> str:
    """令和8年3月31日 for 2026-03-31 (or a longer time stamp); nothing for None."""
    return day_name(date.fromisoformat(text[:10])) if text else ""


def baseline_words(baseline: Baseline | None) -> str:
    """14件(時点の記載なし。…の間): an unknown day stays unknown."""
    if baseline is None:
        return "計画に数の記載なし"
    if baseline.as_of:
        return f"{baseline.value}{baseline.unit}({iso_day_name(baseline.as_of)}時点)"
    span = ""
    if baseline.as_of_from and baseline.as_of_to:
        span = f"。{iso_day_name(baseline.as_of_from)}〜{iso_day_name(baseline.as_of_to)}の間"
    elif baseline.as_of_to:
        span = f"。{iso_day_name(baseline.as_of_to)}まで"
    return f"{baseline.value}{baseline.unit}(時点は計画に記載なし{span})"


def target_words(plan: Plan) -> str:
    if plan.target is None:
        return "数値目標なし"
    return f"{plan.target.value}{plan.target.unit}({iso_day_name(plan.target.deadline)}まで)"


def goal_words(plan: Plan) -> str:
    """The plan's own words."""
    quotes = [g.quote for g in plan.goals] or ([plan.target.quote] if plan.target else [])
    return "\n".join(dict.fromkeys(q for q in quotes if q)) or "(数値・文言の目標は書かれていません)"


def period_words(plan: Plan) -> str:
    start = iso_day_name(plan.period_start) if plan.period_start else "(始まりの記載なし)"
    return f"{start}〜{iso_day_name(plan.period_end)}" + (f"({plan.period_words})" if plan.period_words else "")


def four_units(count: Count) -> str:
    mark = "見本 " if count.sample else ""
    return (f"種類 {mark}{count.kinds:,} / データセット {mark}{count.packages:,} / ファイル {mark}{count.files:,} / "
            f"レコード {mark}{count.records:,}")


def unit_of(plan: Plan) -> str:
    return UNIT_WORDS[plan.unit]


def headline(card: PlanCard) -> str:
    """One sentence for the committee: where the number stands against the plan."""
    plan, now = card.plan, card.progress.now
    unit, told = unit_of(plan), card.decisive
    mark = "【見本】" if now.sample else ""
    if card.progress.passed and card.progress.at_deadline is None:
        return (f"{mark}{day_name(now.day)}時点で{now.value}{unit}。計画の期間は{iso_day_name(plan.deadline)}に終わり、"
                "その時点の記録は台帳にありません。")
    if plan.target is None:
        change = card.progress.change
        moved = f"、前年度末から{signed(change)}" if change is not None else ""
        return f"{mark}{day_name(now.day)}時点で{now.value}{unit}{moved}。数値目標のない計画です。"
    if card.passed:
        gap = told.value - plan.target.value
        rest = "目標に達しました" if gap >= 0 else f"目標に{-gap}足りませんでした"
        text = f"{mark}期限({iso_day_name(plan.deadline)})の時点で{told.value}{unit}。目標{plan.target.value}{unit}に対し、{rest}。"
        if now.day > card.deadline and now.value != told.value:
            text += f"{day_name(now.day)}時点では{now.value}{unit}です。"
        return text
    rest = f"あと{card.progress.missing}{unit}" if card.progress.missing else "目標に達しています"
    return f"{mark}{day_name(now.day)}時点で{now.value}{unit}。目標{plan.target.value}{unit}まで{rest}。"


def outlook(card: PlanCard) -> str:
    """Pace needed and forecast, or why there is none."""
    plan = card.plan
    if card.passed:
        after = f"後継の計画は「{card.successor.title}」です。" if card.successor else "後継の計画は登録されていません。"
        return f"計画の期間は{iso_day_name(plan.deadline)}までです。{after}"
    words = []
    if card.pace is not None:
        words.append(f"期限までに目標へ届くには、1年に{card.pace:g}{unit_of(plan)}ずつ増やす必要があります。")
    elif plan.target is not None:
        words.append("目標に達しています。")
    if card.forecast is not None:
        words.append(card.forecast.words(iso_day_name(plan.deadline)))
    else:
        words.append("見通しは示しません(閉じた年度の増減が2年度分そろっていません)。")
    return "".join(words)


def line_words(plan: Plan) -> str:
    """What the target line is made of: never a target that the plan does not give."""
    if plan.target is None:
        return "計画に数値目標がないため、目標線は引きません。"
    if plan.target.yearly:
        return "目標線は、計画が年度ごとに決めた数を結んだものです。"
    if plan.baseline is None or not (plan.baseline.as_of or plan.period_start):
        return "出発点が計画に書かれていないため、目標線は期限の数だけを示します。"
    start = plan.baseline.as_of or plan.period_start
    unknown = "" if plan.baseline.as_of else "。出発点の時点は計画に記載がないため、期間の初日に置いています"
    return (f"目標線は、{iso_day_name(start)}の{plan.baseline.value}と{iso_day_name(plan.target.deadline)}の"
            f"{plan.target.value}を直線で結んだ目安です(途中の年度の数は計画にありません{unknown})。")


def signed(number: float | None) -> str:
    """+3, ▲2, ±0: as reports to committees write it."""
    if number is None:
        return ""
    text = f"{abs(number):g}"
    return f"+{text}" if number > 0 else f"▲{text}" if number < 0 else "±0"


def percent(part: float, whole: float | None) -> str:
    return f"{100 * part / whole:.1f}%" if whole else ""


def year_note(year: Year, deadline_year: int) -> str:
    words = [STATE_WORDS[year.state]]
    if year.state == "running":
        words = [f"{day_name(year.day)}時点"]
    if year.year == deadline_year:
        words.append("期限の年度")
    elif year.year > deadline_year:
        words.append("計画期間の後")
    return "、".join(w for w in words if w)


def deadline_year(plan: Plan) -> int:
    return fiscal_year_of(date.fromisoformat(plan.deadline))


def counting_words(card: PlanCard, catalogue_titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """(what, how) for everything that decides the number: the settings of the plan as they stand."""
    plan = card.plan
    counted = "、".join(catalogue_titles.get(c, c) for c in plan.counts_in) or "なし"
    if card.progress.now.sample:
        counted += "、埋め込みカタログ(見本の作業フォルダに限る)"
    labels = {
        "fold_editions": "年度版・版違い", "fold_formats": "形式違い", "fold_catalogues": "複数のカタログ",
        "generated_lists": "自動で作る一覧", "linked_only": "リンクだけのデータ", "withdrawn": "取り下げたデータ",
        "stale": "更新の遅れたデータ", "deadline": "期限の日",
    }
    rows = [("数える単位", f"{unit_of(plan)}(登録簿の1行を1種類とします)"), ("数えるカタログ", counted)]
    rows += [(labels.get(s, s), f"{ja}。") for s, ja, _ in plan.counting.words()]
    if plan.counting.basis:
        rows.append(("この数え方の理由", plan.counting.basis))
    if card.included:
        rows.append(("含む計画", "、".join(p.title for p in card.included) + "(そのカタログと一覧も数えます)"))
    if card.predecessors:
        rows.append(("前の計画", "、".join(p.title for p in card.predecessors)))
    if card.successor:
        rows.append(("後継の計画", card.successor.title))
    rows.append(("目標線", line_words(plan)))
    if plan.target is None:
        rows.append(("評価の案", "計画に数値目標がないため、案は出しません。決めるのは人です。"))
    else:
        rows.append(("評価の案", "、".join(f"{g.mark}({g.words}): {g.rule()}" for g in card.scale.grades)
                     + "。案は計算で出したもので、決めるのは人です。"))
    return rows


def common_words(score: Scorecard) -> list[tuple[str, str]]:
    """How the report itself was made."""
    last = fiscal_year_end(score.fiscal_year)
    return [
        ("年度", f"{year_name(score.fiscal_year)} = {day_name(date(score.fiscal_year, 4, 1))}から{day_name(last)}まで"),
        ("時点", f"{day_name(score.as_of)} 23:59:59(日本時間)まで"),
        ("もとになるもの", "公開台帳(追記だけの記録。1行ごとに前の行のハッシュをもち、書き換えれば分かります)"),
        ("同じ数字が出ること", "同じ台帳と同じ時点なら、いつ数えても同じ数字になります。"),
        ("取り込んだ記録", "Kokai を使い始める前の公開は、一覧から取り込んだものです。「取込」の印を付けています。"),
        ("前年度比", "前の年度末との差。減は▲で示します。"),
        ("更新の遅れ", threshold_words()),
    ]


def gaps(card: BodyCard, score: Scorecard) -> list[tuple[str, str, str]]:
    """(kind title, state words, detail) of every standard dataset that is not public, drafts first, then basic ones."""
    rank = {"ready": 0, "held": 1, "planned": 2, "none": 3}
    found = []
    for kind in score.kinds:
        cell = score.cell(card.body.code, kind.id)
        if cell.state in rank:
            words = {"ready": "公開待ち", "held": "下書き(保留)", "planned": "予定", "none": "まだない"}[cell.state]
            basic = "基本編" if kind.basic else ""
            found.append((rank[cell.state], not kind.basic, kind.title, words, "、".join(w for w in (basic, cell.detail) if w)))
    return [(title, words, detail) for _, _, title, words, detail in sorted(found)]


def public_kinds(card: BodyCard, score: Scorecard, *, basic: bool) -> tuple[int, int]:
    """(public, all) of the basic 14 or of the 31."""
    kinds = [k for k in score.kinds if k.basic or not basic]
    done = sum(score.cell(card.body.code, k.id).state in ("public", "stale") for k in kinds)
    return done, len(kinds)
