"""From a dataset and its standard to the words of its package: title, description, keywords, frequency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from pipelines.model import Dataset, Standard

SAMPLE_MARK = "【見本】"
FREQUENCY_JA = {
    "daily": "毎日",
    "weekly": "毎週",
    "monthly": "毎月",
    "quarterly": "四半期ごと",
    "semiannual": "半年ごと",
    "annual": "1年ごと",
    "as-needed": "随時",
    "irregular": "不定期",
    "never": "更新予定なし",
}
DESCRIPTION_CHARACTERS = (50, 5000)
"""Google Dataset Search takes a description of 50 to 5,000 characters."""


def bare_title(dataset: Dataset) -> str:
    """The title without 【見本】 and 【市名】 in front of it."""
    return re.sub(rf"^(【見本】|【{re.escape(dataset.body.name)}】|\s)+", "", dataset.title)


def full_title(dataset: Dataset) -> str:
    """【美祢市】AED設置箇所一覧, and 【見本】 before it for a sample; never with a date: that is each resource's."""
    mark = SAMPLE_MARK if is_sample(dataset) else ""
    return f"{mark}【{dataset.body.name}】{bare_title(dataset)}"


def is_sample(dataset: Dataset) -> bool:
    return dataset.sample or dataset.body.sample


def edition_ja(standard: Standard) -> str:
    """The edition as a reader knows it."""
    if standard.local:
        return f"{standard.title_ja}（独自の様式）"
    family = str(standard.schema.get("edition_title", standard.edition))
    number = f" {standard.number}" if standard.number else ""
    return f"{family}{number}「{standard.title_ja}」"


def describe(
    dataset: Dataset, standard: Standard, columns: Sequence[str], rows: int, points: int, credits: Sequence[str]
) -> str:
    """A description that a reader and a search engine can use, 50 to 5,000 characters.

    The declaration's own words come first; the rest is said from the facts of the package.
    """
    body = dataset.body
    parts = [dataset.description.strip()] if dataset.description.strip() else []
    if is_sample(dataset) and "見本" not in dataset.description:
        parts.append("この資料は見本です。実在の施設の情報ではありません。")
    parts.append(
        f"{body.full_name}（{dataset.section}）が公開する「{bare_title(dataset)}」のオープンデータです。"
        f"{rows:,}件を収め、{edition_ja(standard)}の項目名と並びに合わせています。"
    )
    shown = "、".join(columns[:20]) + (f"など{len(columns)}項目" if len(columns) > 20 else "")
    parts.append(f"項目は、{shown}です。")
    if points:
        parts.append(f"このうち{points:,}件には位置（緯度・経度、世界測地系JGD2011）があり、地図で使えます。")
    frequency = FREQUENCY_JA.get(dataset.frequency, dataset.frequency)
    day = date.fromisoformat(dataset.as_of)
    parts.append(f"データの時点は{day.year}年{day.month}月{day.day}日、更新頻度は{frequency}です。")
    parts += [f"{credit.rstrip('。')}。" for credit in credits]
    text = "".join(parts)
    return text if len(text) <= DESCRIPTION_CHARACTERS[1] else text[: DESCRIPTION_CHARACTERS[1] - 1] + "…"


def keywords(dataset: Dataset, standard: Standard) -> list[str]:
    """自治体標準ODS, 推奨データセット and the kind's own word on standard kinds; then the body and the declared ones.

    BODIK's crawler selects by these tags.
    """
    words = [] if standard.local else ["自治体標準ODS", "推奨データセット"]
    words.append(re.sub(r"(の)?一覧$", "", standard.title_ja) or standard.title_ja)
    words += [dataset.body.name, *dataset.keywords]
    if is_sample(dataset):
        words.append("見本")
    return list(dict.fromkeys(w for w in words if w))
