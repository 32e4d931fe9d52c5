"""The clock and the name of the person at the keyboard, handed to everything that needs them."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

from pipelines.errors import DeclarationError

JST = timezone(timedelta(hours=9), "JST")


def current_time(environ: Mapping[str, str] = os.environ) -> datetime:
    """Now in JST, or SOURCE_DATE_EPOCH when it is set (reproducible runs)."""
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if epoch and epoch.isdigit():
        return datetime.fromtimestamp(int(epoch), JST)
    return datetime.now(JST)


def current_user(environ: Mapping[str, str] = os.environ) -> str:
    """KOKAI_USER, else the account's name: it goes into the ledger as `by`."""
    return environ.get("KOKAI_USER") or getpass.getuser()


def parse_day(text: str | None, now: datetime) -> date:
    """YYYY-MM-DD, or today for None. Raises DeclarationError for anything else."""
    if text is None:
        return now.date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DeclarationError(
            "date-wrong", f"日付「{text}」を読めません。", f"not a date: {text!r}",
            todo_ja="2026-03-31 のように入力してください。", todo_en="Type it as 2026-03-31.", where="--as-of",
        ) from None
