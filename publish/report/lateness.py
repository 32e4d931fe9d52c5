"""The evidence of a count to how late each dataset's update is, as a list by 所管課, a calendar and texts for mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from publish.kpi import FRESHNESS_WORDS, THRESHOLDS_DAYS, day_name, due_day, freshness

ORDER = ("delinquent", "overdue", "due", "fresh", "none")
FREQUENCY_JA = {
    "daily": "毎日", "weekly": "毎週", "monthly": "毎月", "quarterly": "年4回", "semiannual": "年2回", "annual": "年1回",
    "as-needed": "随時", "irregular": "不定期", "never": "更新予定なし",
}


@dataclass(frozen=True)
class Late:
    """One public dataset: declared frequency, last update, when the next is due, and how late it is."""

    dataset: str
    title: str
    section: str
    frequency: str | None
    last: date
    as_of: date | None  # the day that the data itself describes
    due: date | None
    state: str
    days_late: int
    sample: bool

    @property
    def words(self) -> str:
        return FRESHNESS_WORDS[self.state]

    @property
    def frequency_ja(self) -> str:
        return FREQUENCY_JA.get(self.frequency or "", "定めなし")

    @property
    def old_content(self) -> bool:
        """True when the data describes a day long past although it was put up again lately."""
        return self.as_of is not None and freshness(self.as_of, self.frequency, self.last) == "delinquent"


def list_lateness(
    evidence: pl.DataFrame, titles: Mapping[str, str], sections: Mapping[str, str], day: date
) -> tuple[Late, ...]:
    """Every public dataset on `day`, the latest first, then by 所管課 and title."""
    found = []
    for row in evidence.iter_rows(named=True):
        last = date.fromisoformat(row["last"][:10])
        due = due_day(last, row["frequency"])
        found.append(Late(
            row["dataset"], titles.get(row["dataset"], row["dataset"]), sections.get(row["dataset"], ""), row["frequency"],
            last, date.fromisoformat(row["as_of"]) if row["as_of"] else None, due, freshness(last, row["frequency"], day),
            max((day - due).days, 0) if due else 0, bool(row["sample"])))
    return tuple(sorted(found, key=lambda x: (ORDER.index(x.state), x.section, x.title)))


def calendar_text(items: Sequence[tuple[str, Late]], *, made: datetime, domain: str = "kokai.invalid") -> str:
    """An .ics (RFC 5545) with one all-day entry a dataset, on the day that its update is due. `items`: (body, Late)."""
    stamp = made.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")  # RFC 5545 3.8.7.2: in UTC
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Kokai//KPI//JA", "CALSCALE:GREGORIAN",
             "X-WR-CALNAME:オープンデータの更新予定"]
    for body, item in items:
        if item.due is None:
            continue
        mark = "【見本】" if item.sample else ""
        told = (f"所管課: {item.section or '記載なし'}\n前回の更新: {day_name(item.last)}\n頻度: {item.frequency_ja}")
        lines += [
            "BEGIN:VEVENT", f"UID:{item.dataset}-{item.due:%Y%m%d}-{_ascii(body)}@{domain}", f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{item.due:%Y%m%d}", f"DTEND;VALUE=DATE:{item.due + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_ics(f'{mark}{body} {item.title} の更新')}", f"DESCRIPTION:{_ics(told)}", "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(_folded(line) for line in lines)


def _ascii(text: str) -> str:
    return text.encode("utf-8").hex() if not text.isascii() else text


def _ics(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _folded(line: str) -> str:
    """Lines of at most 75 octets, never cut inside a character; CRLF, as RFC 5545 wants."""
    parts: list[str] = []
    current, size = "", 0
    for char in line:
        width = len(char.encode("utf-8"))
        if size + width > (75 if not parts else 74):
            parts.append(current)
            current, size = "", 0
        current += char
        size += width
    parts.append(current)
    return "\r\n ".join(parts) + "\r\n"


def mail_texts(body: str, late: Sequence[Late], *, contact: str, day: date) -> dict[str, str]:
    """A text for each 所管課 with data that is due or later, to copy into a mail; nothing is sent."""
    texts = {}
    for section in sorted({x.section for x in late}):
        own = [x for x in late if x.section == section and x.state in ("due", "overdue", "delinquent")]
        if not own:
            continue
        mark = "【見本】" if any(x.sample for x in own) else ""
        rows = "".join(_mail_row(x) for x in own)
        call = ""
        if any(x.state == "delinquent" for x in own):
            call = "「長く遅れ」のものは、あらためて電話でもご相談します。\n"
        texts[section or "所管課未記入"] = (
            f"件名: {mark}オープンデータの更新のお願い({day_name(day)}時点)\n\n{section or '(所管課未記入)'} 御中\n\n"
            f"いつもお世話になっております。{body}のオープンデータのうち、次の{len(own)}件が更新の時期を迎えています。\n\n"
            f"{rows}\n変わった所がなければ「変更なし」とだけご返信ください。更新があれば、いつものExcelをそのままお送りください。\n"
            f"{call}\n{contact}\n"
        )
    return texts


def _mail_row(item: Late) -> str:
    due = day_name(item.due) if item.due else ""
    return (f"・{item.title}({item.frequency_ja}更新)\n    前回 {day_name(item.last)}、予定 {due}、{item.days_late}日経過"
            f"({item.words})\n")


def threshold_words() -> str:
    """The thresholds in one sentence, for the page that says how things are counted."""
    told = "、".join(f"{FREQUENCY_JA[f]} {a}/{b}/{c}日" for f, (a, b, c) in THRESHOLDS_DAYS.items())
    return f"前回の更新からの日数(更新の時期/遅れ/長く遅れ): {told}"
