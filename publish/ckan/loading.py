"""Tables that xloader was asked to load, to tables that are loaded: waited for, asked for once more, filled by us in the end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import CatalogueError
from publish.ckan.datastore import RUNNING, STEP_S, Note, fill_ourselves, job_state, lacking, standing, submit, tabulate, words_of
from publish.ckan.portal import Portal
from publish.ckan.trouble import Later, Refused
from publish.plan import WantedFile

WAIT_S = 60.0
AGAIN_S = 15.0
"""A job that waits so long without a change is submitted again: its task may be lost, and xloader says so by itself."""
STILL_S = 45.0
"""When no job of ours has moved for so long and none is running, nobody is working on the queue."""


@dataclass
class _Job:
    file: WantedFile
    moved: float  # when its state last changed
    asked: float  # when it was last submitted
    state: str = ""
    plain: bool = False


def await_tables(portal: Portal, pending: Mapping[str, WantedFile], *, wait_s: float = WAIT_S) -> list[Note]:
    """Wait until xloader has loaded `pending` (resource id -> file), at most `wait_s` (0: not at all).

    A table that xloader could not load with the schema's types is loaded once more as text. What xloader has not
    loaded in the end (its worker is dead, hangs or is busy elsewhere) is filled by ourselves and noted.
    """
    if wait_s <= 0:
        return []
    start = time.monotonic()
    left = {i: _Job(f, start, start) for i, f in pending.items()}
    while left and (now := time.monotonic()) < start + wait_s:
        for resource_id in [i for i, job in left.items() if _done(portal, i, job, now)]:
            del left[resource_id]
        if all(job.state not in RUNNING and now - job.moved > STILL_S for job in left.values()):
            break
        time.sleep(STEP_S)
    return [note for i, job in left.items() if (note := _by_ourselves(portal, i, job.file)) is not None]


def _done(portal: Portal, resource_id: str, job: _Job, now: float) -> bool:
    """True when the table holds the file's rows; else whatever moves the job on."""
    state = job_state(portal, resource_id)
    if state != job.state:
        job.state, job.moved = state, now
    try:
        if state == "complete" and now - job.moved >= STEP_S:  # the end of one job may start the next
            held = standing(portal, resource_id)
            return held is not None and held.rows == job.file.rows
        if state == "error" and not job.plain:
            job.plain, job.moved, job.asked = True, now, now
            tabulate(portal, resource_id, job.file, plain=True)
            submit(portal, resource_id)
        elif state not in RUNNING and now - max(job.moved, job.asked) > AGAIN_S:
            job.asked = now
            submit(portal, resource_id)
    except (Later, Refused, CatalogueError):
        return False
    return False


def _by_ourselves(portal: Portal, resource_id: str, f: WantedFile) -> Note | None:
    """Fill the table; None when xloader has done it at the last moment. A running job is never disturbed."""
    try:
        if job_state(portal, resource_id) in RUNNING:
            return lacking(f, "xloader が読み込みを始めたまま、まだ終わっていません")
        held = standing(portal, resource_id)
        if held is not None and held.rows == f.rows and job_state(portal, resource_id) == "complete":
            return None
        said = fill_ourselves(portal, resource_id, f)
        held = standing(portal, resource_id)
        if not said and (held is None or held.rows != f.rows):
            said = f"{held.rows if held else 0} / {f.rows} rows"
    except (Later, Refused, CatalogueError) as trouble:
        said = words_of(portal, trouble)
    if said:
        return lacking(f, f"xloader が終わらず、Kokai からも入れられません: {said}")
    return Note(f.path, False, f"{f.path} は、xloader が終わらないため Kokai が DataStore に入れました。",
                f"{f.path} was put into the DataStore by Kokai: xloader did not finish")
