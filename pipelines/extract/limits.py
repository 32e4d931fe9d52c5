"""How much of a foreign file is read, and the stops when it is more: sizes, extents, seconds, memory."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Caps for one file. None = no cap. Sizes in bytes, time in seconds of CPU and of wall clock."""

    workbook_bytes: int | None = 200 * MIB  # xlsx, xls, ods, geojson, zip as they lie on disk
    csv_bytes: int | None = None  # a CSV streams, so it has no cap of its own
    max_bytes: int | None = None  # --max-bytes: one cap for every format
    columns: int = 1024  # columns of one table
    unpacked_bytes: int = 2048 * MIB  # all parts of a zip together
    ratio: int = 250  # unpacked : packed of one part, looked at from 20 MiB on
    entries: int = 10_000  # parts of a zip
    seconds: float = 120.0  # for one workbook
    memory_bytes: int = 4096 * MIB  # address space of the process that opens workbooks
    block_bytes: int = 4 * MIB  # a large CSV comes in blocks of about this size
    whole_bytes: int = 4 * MIB  # a CSV up to this size is one block
