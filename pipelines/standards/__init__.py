"""schemas/ into Standards: the shipped and local kinds, any Table Schema, and which of them a file follows."""

from __future__ import annotations

from pipelines.standards.folders import (
    KindInfo,
    StandardInfo,
    code_list,
    common_facts,
    list_kinds,
    list_standards,
    local_schema_folder,
    schema_folders,
)
from pipelines.standards.guess import Guess, guess_standard, known_headings
from pipelines.standards.load import alias_targets, load_standard, load_table_schema

__all__ = [
    "Guess",
    "KindInfo",
    "StandardInfo",
    "alias_targets",
    "code_list",
    "common_facts",
    "guess_standard",
    "known_headings",
    "list_kinds",
    "list_standards",
    "load_standard",
    "load_table_schema",
    "local_schema_folder",
    "schema_folders",
]
