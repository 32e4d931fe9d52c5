"""A catalogue's declaration and the environment to a portal that can be talked to, and where this workspace keeps its notes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.declare import Catalogue
from pipelines.errors import CatalogueError
from publish.ckan.journal import Journal
from publish.ckan.portal import Portal
from publish.ckan.token import find_token, portal_address
from publish.run import Place


@dataclass(frozen=True)
class Connection:
    """A catalogue, the portal behind it, and the folder with journal, lock and kept packages."""

    catalogue: Catalogue
    portal: Portal
    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    def journal(self) -> Journal:
        """The journal as the last run left it."""
        return Journal(self.folder / "journal.jsonl")


def connect(catalogue: Catalogue, place: Place, environ: Mapping[str, str] = os.environ) -> Connection:
    """A connection; nothing is sent yet. CatalogueError: no CKAN, no address, plain http, no token."""
    if catalogue.kind == "embedded":
        raise CatalogueError(
            "catalogue-embedded", f"「{catalogue.name}」はこの作業フォルダーの中のカタログで、つなぐ先がありません。",
            f"{catalogue.name} lies in this workspace: there is nothing to connect to",
            todo_ja="CKAN の名前を --catalogue に指定してください。", todo_en="Name a CKAN with --catalogue.", where=catalogue.name,
        )
    if catalogue.kind != "ckan":
        raise CatalogueError(
            "catalogue-kind", f"「{catalogue.name}」はCKANではありません({catalogue.kind})。",
            f"{catalogue.name} is not a CKAN ({catalogue.kind})",
            todo_ja="APIのないカタログには kokai handover の zip を渡してください。",
            todo_en="For a catalogue without API make a zip with kokai handover.", where=catalogue.name,
        )
    address = portal_address(catalogue, environ)
    portal = Portal(address, find_token(catalogue, environ), timeout_s=catalogue.timeout_s, delay_s=catalogue.delay_s)
    return Connection(catalogue, portal, place.root / "var" / "publish" / catalogue.name)
