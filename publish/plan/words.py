"""A plan to the lines that a person reads on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from publish.plan.model import Change, FieldChange, FileChange, Plan
from publish.plan.wording import ACTIONS, REASONS, field_ja

MAX_TEXT = 40


def change_lines(change: Change) -> Iterator[str]:
    """One line for the dataset, then its fields and files; nothing more for what stays."""
    ja, _, sign = ACTIONS[change.action]
    yield f"{sign} {ja} {change.name}  {change.title}  ({REASONS[change.reason][0]})"
    if change.said_by:
        yield f"    {change.said_by}: {change.said_why}"
    if change.action == "keep":
        yield from (f"    {_file_line(f)}" for f in change.files if f.reason in ("file-left", "file-foreign"))
        yield from (f"    DataStore に揃っていない表 {t}: 公開のときに入れます" for t in change.tables)
        return
    if change.action in ("update", "adopt"):
        yield from (f"    {_field_words(c)}" for c in change.fields)
    for f in change.files:
        yield f"    {_file_line(f)}"
        if f.action == "update":
            yield from (f"        {_field_words(c)}" for c in f.fields)
        if f.rows:
            yield f"        {row_words(f.rows)}"


def _field_words(c: FieldChange) -> str:
    before, after = difference(c.before, c.after)
    return f"{field_ja(c.field)}: {before or '(なし)'} → {after or '(なし)'}"


def difference(before: str, after: str, most: int = MAX_TEXT) -> tuple[str, str]:
    """Two values on one line each, cut to where they differ: of two long texts the reader sees the place that changed."""
    one, two = " ".join(before.split()), " ".join(after.split())
    same = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    start = max(0, same - most // 4) if max(len(one), len(two)) > most else 0
    return _window(one, start, most), _window(two, start, most)


def _window(text: str, start: int, most: int) -> str:
    if not text:
        return ""
    shown = text[start : start + most]
    return ("…" if start else "") + shown + ("…" if start + most < len(text) else "")


def row_words(rows: object) -> str:
    """Rows added, changed, removed and points moved, in Japanese."""
    assert isinstance(rows, dict)
    words = f"行 {rows['before']:,} → {rows['after']:,}: 追加{rows['added']:,}・変更{rows['changed']:,}・削除{rows['removed']:,}"
    if rows.get("moved"):
        words += f"・位置の移動{rows['moved']:,}(最大{rows['moved_max_m']:,.0f} m)"
    return words


def _file_line(f: FileChange) -> str:
    ja, _, sign = ACTIONS[f.action]
    size = f"  {size_words(f.size_bytes)}" if f.action == "upload" else ""
    return f"{sign} {ja} {f.path}{size}  {REASONS[f.reason][0]}"


def size_words(size_bytes: int) -> str:
    """Bytes for people: B, KB, MB (1 KB = 1,000 B)."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    return f"{size_bytes / 1000:,.1f} KB" if size_bytes < 1_000_000 else f"{size_bytes / 1_000_000:,.1f} MB"


def summary_line(plan: Plan) -> str:
    """How many of each, and what goes over the line."""
    counts = plan.counts()
    words = "、".join(f"{ACTIONS[a][0]}{counts[a]}件" for a in ("create", "update", "adopt", "withdraw", "keep") if counts[a])
    return f"{words or '対象なし'}。送るファイル{counts['uploads']}個({size_words(counts['upload_bytes'])})"
