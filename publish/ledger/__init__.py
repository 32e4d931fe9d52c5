"""Publications and withdrawals to an append-only, hash-chained file per body, and back to a frame.

One JSON object a line, in `ledger/<code>.jsonl`. Each line begins with `prev`: the sha256 of the
whole line before it (64 zeros for the first), so that a changed, lost or inserted line breaks the
chain at a line that can be named. `ledger/<code>.head` holds the number of lines and the hash of
the last one, so that a cut-off end is seen too. `ledger/checkpoint.json` and `.parquet` hold what
was verified once, tied to the bytes of every ledger by their digest.
"""

from publish.ledger.catalogue_lists import HistoryRow
from publish.ledger.chain import (
    Broken,
    LedgerError,
    append_entries,
    ledger_codes,
    ledger_path,
    renew_head,
    verify_ledger,
)
from publish.ledger.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from publish.ledger.entries import ENTRIES, EVENTS, PUBLIC_EVENTS
from publish.ledger.history import history_entries, read_history
from publish.ledger.reading import read_ledger, read_ledgers
from publish.ledger.undone import return_words, undone_editions
from publish.ledger.verifying import verify_checkpoint, verify_everything

__all__ = [
    "ENTRIES",
    "EVENTS",
    "PUBLIC_EVENTS",
    "Broken",
    "Checkpoint",
    "HistoryRow",
    "LedgerError",
    "append_entries",
    "history_entries",
    "ledger_codes",
    "ledger_path",
    "read_checkpoint",
    "read_history",
    "read_ledger",
    "read_ledgers",
    "renew_head",
    "return_words",
    "undone_editions",
    "verify_checkpoint",
    "verify_everything",
    "verify_ledger",
    "write_checkpoint",
]
