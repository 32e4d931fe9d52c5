"""Packages to a zip for catalogues without an API, and for the way from the closed network to the open one; and back."""

from __future__ import annotations

from publish.handover.reading import read_handover
from publish.handover.sheet import fields_to_paste
from publish.handover.writing import write_handover

__all__ = ["fields_to_paste", "read_handover", "write_handover"]
