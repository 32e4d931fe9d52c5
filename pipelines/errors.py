"""What stops a run: exceptions with a code and words in two languages.

    KokaiError
    ├── DeclarationError   a YAML or a schema of ours is wrong (file, key, fix)
    ├── SourceError        a section's file cannot be read (format, limits, encoding)
    ├── CatalogueError     a catalogue answers wrongly, or not at all
    └── ApprovalError      something needs a person's yes first

A problem in the data is never an exception: it is a Finding.
"""

from __future__ import annotations


class KokaiError(Exception):
    """A clear stop: `code` (kebab-case), `ja`, `en`, and `todo_ja`/`todo_en`: what to do next.

    `where` names the file, key, row or address that the message is about.
    """

    exit_status = 2

    def __init__(
        self,
        code: str,
        ja: str,
        en: str,
        *,
        todo_ja: str = "",
        todo_en: str = "",
        where: str = "",
    ) -> None:
        super().__init__(f"[{code}] {where + ': ' if where else ''}{ja} / {en}")
        self.code = code
        self.ja = ja
        self.en = en
        self.todo_ja = todo_ja
        self.todo_en = todo_en
        self.where = where

    def as_dict(self) -> dict[str, str]:
        """The error as JSON: code, where, message and what to do next in both languages."""
        return {
            "code": self.code,
            "where": self.where,
            "message_ja": self.ja,
            "message_en": self.en,
            "todo_ja": self.todo_ja,
            "todo_en": self.todo_en,
        }


class DeclarationError(KokaiError):
    """A declaration (datasets/*.yml) or a schema (schemas/*.json) is wrong."""


class SourceError(KokaiError):
    """A section's file cannot be read within the limits."""


class CatalogueError(KokaiError):
    """A catalogue cannot be reached, refuses, or answers wrongly."""


class ApprovalError(KokaiError):
    """Something needs a person's yes before it may go on."""
