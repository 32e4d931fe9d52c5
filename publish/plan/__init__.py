"""What we have and what a catalogue holds, to an exact list of changes that can be read, signed, saved and carried out."""

from __future__ import annotations

from publish.plan.compare import make_change, remaining, withdrawal
from publish.plan.model import Change, FieldChange, FileChange, Plan, Wanted, WantedFile
from publish.plan.rows import RowDifference, compare_rows
from publish.plan.wording import ACTIONS
from publish.plan.words import change_lines, summary_line
from publish.plan.written import plan_digest, read_plan, write_plan

__all__ = [
    "ACTIONS",
    "Change",
    "FieldChange",
    "FileChange",
    "Plan",
    "RowDifference",
    "Wanted",
    "WantedFile",
    "change_lines",
    "compare_rows",
    "make_change",
    "plan_digest",
    "read_plan",
    "remaining",
    "summary_line",
    "withdrawal",
    "write_plan",
]
