"""A prefecture's official address files from the publishers' servers to the local store; the only network user here."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import SourceError
from pipelines.geocode.state import unwritable
from pipelines.geocode.store import Report, build_gazetteer
from pipelines.values.codes import prefectures

MLIT_URL = "https://nlftp.mlit.go.jp/isj/dls/data"
ABR_URL = "https://catalog.registries.digital.go.jp/rsc/address"
MLIT_EDITION = "17.0b"
_MAX_BYTES = 1 << 30
_CHUNK = 1 << 20


def official_names(pref: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(MLIT paths, ABR names) of the files of one prefecture (two-digit code), as their publishers name them.

    MLIT: 大字・町丁目レベル `<edition>/<pref>000-<edition>.zip`. ABR: the national lists of municipalities and their
    points, the prefecture's towns, their points, and its residences with points.
    """
    mlit = (f"{MLIT_EDITION}/{pref}000-{MLIT_EDITION}.zip",)
    abr = ("mt_city_all.csv.zip", "mt_city_pos_all.csv.zip", f"mt_town_pref{pref}.csv.zip",
           f"mt_town_pos_pref{pref}.csv.zip", f"mt_rsdtdsp_rsdt_pref{pref}.csv.zip",
           f"mt_rsdtdsp_rsdt_pos_pref{pref}.csv.zip")
    return mlit, abr


def download(pref: str, folder: Path, *, base_url: str | None = None, timeout_s: float = 60.0) -> Report:
    """Fetch the official files of a prefecture (name or two-digit code) and add them to the store in `folder`.

    With `base_url` every file is fetched from there by its last name (a mirror). A residence file that the server
    does not have is left out; any other missing file stops with SourceError and the store stays as it was.
    """
    code = _code(pref)
    mlit, abr = official_names(code)
    if base_url is None:
        urls = [f"{MLIT_URL}/{p}" for p in mlit] + [f"{ABR_URL}/{n}" for n in abr]
    else:
        urls = [f"{base_url.rstrip('/')}/{p.rsplit('/', 1)[-1]}" for p in (*mlit, *abr)]
    scratch = folder / "download"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise unwritable(folder, problem) from problem
    try:
        return build_gazetteer(_fetch_all(urls, scratch, timeout_s), folder)
    finally:
        for path in scratch.iterdir():
            path.unlink()
        scratch.rmdir()


def _code(pref: str) -> str:
    known = prefectures()
    for code, name in known.items():
        if pref.strip() in (code, name, name[:-1], str(int(code))):
            return code
    raise SourceError("prefecture-unknown", "都道府県が分かりません。", "This is no prefecture.",
                      todo_ja="「35」か「山口県」のように指定してください。", todo_en="Give it like 35 or 山口県.",
                      where=pref)


def _fetch_all(urls: Sequence[str], scratch: Path, timeout_s: float) -> list[Path]:
    files = []
    for url in urls:
        path = scratch / urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1]
        if _fetch(url, path, timeout_s, may_lack="rsdtdsp" in url):
            files.append(path)
    return files


def _fetch(url: str, path: Path, timeout_s: float, *, may_lack: bool) -> bool:
    try:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(url)
        with urllib.request.urlopen(url, timeout=timeout_s) as answer, path.open("wb") as out:
            size = 0
            while block := answer.read(_CHUNK):
                size += len(block)
                if size > _MAX_BYTES:
                    raise ValueError("too large")
                out.write(block)
    except urllib.error.HTTPError as problem:
        if may_lack and problem.code == 404:
            return False
        raise _failed(url, str(problem.code)) from problem
    except (OSError, ValueError) as problem:
        raise _failed(url, type(problem).__name__) from problem
    return True


def _failed(url: str, why: str) -> SourceError:
    return SourceError("gazetteer-download-failed", f"住所データをダウンロードできません({why})。",
                       f"The address data cannot be downloaded ({why}).",
                       todo_ja="ネットワークのつながる端末でダウンロードし、kokai gazetteer add で追加してください。",
                       todo_en="Download the files where there is a network, then kokai gazetteer add FILE….",
                       where=url)
