"""Other address engines from the registries to their answers on the same addresses, each in a scratch folder.

@geolonia/normalize-japanese-addresses (npm) and normalize-japanese-addresses (PyPI) read a local endpoint that is
made from the Geolonia 住所データ; a peer that cannot be installed is left out, with the reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

NPM_NAME = "@geolonia/normalize-japanese-addresses"
NPM_VERSION = "2.10.1"
PYPI_NAME = "normalize-japanese-addresses"
_INSTALL_S, _RUN_S = 240, 600
_PART = 30  # addresses asked in one call
_NODE = """
const [endpoint, input, output] = process.argv.slice(2)
const fs = require('fs')
const { normalize, config } = require('@geolonia/normalize-japanese-addresses')
config.japaneseAddressesApi = endpoint
;(async () => {
  const asked = JSON.parse(fs.readFileSync(input, 'utf-8')), told = []
  const begin = process.hrtime.bigint()
  for (const address of asked) {
    try { const r = await normalize(address); told.push([r.pref, r.city, r.town, r.lat, r.lng]) }
    catch (e) { told.push(['', '', '', null, null]) }
  }
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  fs.writeFileSync(output, JSON.stringify({ seconds, told }))
})()
"""
_PYTHON = """
import json, sys, time
from normalize_japanese_addresses import normalize
endpoint, source, target = sys.argv[1:]
asked, told = json.load(open(source, encoding='utf-8')), []
begin = time.perf_counter()
for address in asked:
    try:
        r = normalize(address, endpoint=endpoint)
        told.append([r['pref'], r['city'], r['town'], r['lat'], r['lng']])
    except Exception:
        told.append(['', '', '', None, None])
json.dump({'seconds': time.perf_counter() - begin, 'told': told}, open(target, 'w', encoding='utf-8'))
"""


@dataclass(frozen=True)
class Peer:
    """An installed engine: its name and the command that answers a JSON list of addresses."""

    name: str
    command: tuple[str, ...]
    folder: Path

    def answer(self, addresses: Sequence[str], endpoint: Path) -> tuple[pl.DataFrame, float]:
        """(pref, city with 郡, town, lat, lon) of each address, and the seconds without start-up.

        subprocess.TimeoutExpired or CalledProcessError when it hangs or fails.
        """
        source, target = self.folder / "asked.json", self.folder / "told.json"
        source.write_text(json.dumps(list(addresses), ensure_ascii=False), encoding="utf-8")
        subprocess.run([*self.command, f"file://{endpoint}", str(source), str(target)], check=True, timeout=_RUN_S,
                       cwd=self.folder, capture_output=True)
        made: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        rows = [[p or "", c or "", t or "", *(None if v is None else float(v) for v in (a, o))]
                for p, c, t, a, o in made["told"]]
        schema = {"pref": pl.String, "city": pl.String, "town": pl.String, "lat": pl.Float64, "lon": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row"), float(made["seconds"])

    def answer_within(self, addresses: Sequence[str], endpoint: Path, seconds: float) -> tuple[pl.DataFrame, float]:
        """As `answer`, part by part, until all are answered or no time is left: the answers of the first so many."""
        parts, spent, begin = [], 0.0, time.perf_counter()
        for first in range(0, len(addresses), _PART):
            rows, took = self.answer(addresses[first:first + _PART], endpoint)
            parts.append(rows)
            spent += took
            if time.perf_counter() - begin > seconds:
                break
        return pl.concat(parts), spent


def install_peers(folder: Path) -> tuple[list[Peer], dict[str, str]]:
    """(the engines that could be installed, name -> reason for the others)."""
    found, skipped = [], {}
    for name, install in ((f"nja {NPM_VERSION}", _install_npm), ("njapy", _install_pypi)):
        try:
            found.append(install(name, folder))
        except (OSError, subprocess.SubprocessError) as problem:
            skipped[name] = type(problem).__name__
    return found, skipped


def _install_npm(name: str, folder: Path) -> Peer:
    here = folder / "nja"
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise FileNotFoundError("node")
    if not (here / "node_modules" / NPM_NAME).is_dir():
        here.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(here), f"{NPM_NAME}@{NPM_VERSION}"],
                       check=True, timeout=_INSTALL_S, capture_output=True)
    (here / "run.js").write_text(_NODE, encoding="utf-8")
    return Peer(name, (node, str(here / "run.js")), here)


def _install_pypi(name: str, folder: Path) -> Peer:
    here = folder / "py"
    python = here / "bin" / "python"
    if not list(here.glob("lib/*/site-packages/normalize_japanese_addresses")):
        subprocess.run([sys.executable, "-m", "venv", str(here)], check=True, timeout=_INSTALL_S, capture_output=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PYPI_NAME], check=True, timeout=_INSTALL_S,
                       capture_output=True)
    (here / "run.py").write_text(_PYTHON, encoding="utf-8")
    return Peer(name, (str(python), str(here / "run.py")), here)


def make_endpoint(towns: Path, folder: Path) -> Path:
    """`folder/ja.json` and `folder/ja/<pref>/<city>.json` from a Geolonia 住所データ CSV; the endpoint is folder/ja."""
    if (folder / "ja.json").exists():
        return folder / "ja"
    rows = pl.read_csv(towns, infer_schema=False).with_columns(pl.all().fill_null(""))
    cities: dict[str, list[str]] = {}
    for (pref, city), part in rows.group_by(["都道府県名", "市区町村名"], maintain_order=True):
        cities.setdefault(str(pref), []).append(str(city))
        target = folder / "ja" / str(pref) / f"{city}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        told = [{"town": t, "koaza": k, "lat": float(a) if a else None, "lng": float(o) if o else None}
                for t, k, a, o in part.select("大字町丁目名", "小字・通称名", "緯度", "経度").iter_rows()]
        target.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    (folder / "ja.json").write_text(json.dumps(cities, ensure_ascii=False), encoding="utf-8")
    return folder / "ja"


def timed(begin: float, number: int) -> int:
    """Addresses a second since `begin`."""
    return round(number / max(time.perf_counter() - begin, 1e-9))
