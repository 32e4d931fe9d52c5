"""What must not leave the house: columns outside the allow-list, hidden parts, personal data; the room's face."""

from __future__ import annotations

from pipelines.guard.columns import review_source, select_columns
from pipelines.guard.masking import MASK, is_stop, mask, mask_findings, mask_fixes
from pipelines.guard.personal import check_personal

__all__ = [
    "MASK",
    "check_personal",
    "is_stop",
    "mask",
    "mask_findings",
    "mask_fixes",
    "review_source",
    "select_columns",
]
