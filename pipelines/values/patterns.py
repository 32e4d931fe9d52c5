"""The text of a regular expression to a pattern that is compiled when it is used first.

A run uses a few of some hundred patterns, and those with wide character classes take milliseconds to compile.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Late:
    """Stands for `re.compile(source, flags)`; a method that was asked for once stays at hand."""

    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


def late_pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled at its first use. A pattern that cannot be read raises `re.error` then."""
    return cast("re.Pattern[str]", _Late(source, flags))
