"""One piece of work for every ledger file to its results, by several processes when the ledgers are large."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
MANY_BYTES = 64 << 20  # above this, processes are worth their start


@contextmanager
def on_all_cores(work: Callable[[Path], T], paths: Sequence[Path]) -> Iterator[Iterable[T]]:
    """The results of `work` of every ledger file, in order; the processes work on while the caller does something else."""
    size = sum(p.stat().st_size for p in paths if p.exists())
    workers = min(os.cpu_count() or 1, 8)
    if size < MANY_BYTES or workers < 2:
        yield map(work, paths)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        yield pool.map(work, paths, chunksize=max(1, len(paths) // (workers * 16)))
