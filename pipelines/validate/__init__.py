"""Validate: a Table against a Standard to Findings, a column at a time, block after block.

Face: `Validator` (header, blocks, finish) and `check_foreign_keys` (between the tables of a package).
"""

from __future__ import annotations

from pipelines.validate.foreign import check_foreign_keys
from pipelines.validate.validator import Validator

__all__ = ["Validator", "check_foreign_keys"]
