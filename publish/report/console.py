"""Tables and progress on the terminal with rich; plain and quiet in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """What a long job tells: one step done, with its name."""

    def step(self, name: str) -> None: ...


class _Silent:
    def step(self, name: str) -> None:
        return None


@contextmanager
def show_progress(title: str, total: int, *, quiet: bool) -> Iterator[Progress]:
    """A progress bar on a terminal's standard error; nothing in a pipe or with `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    with Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
             TextColumn("{task.fields[name]}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, name="")

        class _Shown:
            def step(self, name: str) -> None:
                bar.update(task, advance=1, name=name)

        yield _Shown()


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]],
                *, right: Sequence[int] = ()) -> None:
    """A table as wide as the terminal (as wide as it needs in a pipe); columns in `right` align to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(table)
