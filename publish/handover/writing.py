"""Packages to a zip: their files, the same points for a web GIS, sheets of fields to paste, a hash of everything."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.model import Package
from pipelines.package import sha256_of
from publish.handover.contents import FORM, SUMS, public_files
from publish.handover.sheet import sheet_csv, sheet_html
from publish.handover.webgis import gis_files, write_member
from publish.swap import write_atomically

MASKED = ("rows", "points", "errors", "warnings", "fixes")


def write_handover(path: Path, packages: Sequence[Package], *, title: str, address: str = "", note: str = "") -> list[str]:
    """Write the zip: each package's `public/`, Shapefiles, a masked manifest, sheets to paste, hashes. Returns the names.

    Nothing of `record/` goes along: no findings, no source file names. Same packages, same bytes.
    CatalogueError when a file does not match its hash.
    """
    parts: dict[str, bytes] = {}
    chosen = sorted(packages, key=lambda p: p.name)
    for p in chosen:
        for file in public_files(p):
            parts[f"packages/{p.name}/public/{file.name}"] = file.read_bytes()
    gis = {p.name: gis_files(p) for p in chosen}
    for made in gis.values():
        for shape in made:
            parts |= shape.parts
    parts["manifest.json"] = (json.dumps(_manifest(chosen), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    parts["登録項目.csv"] = b"\xef\xbb\xbf" + sheet_csv(chosen, gis).encode()
    parts["登録項目.html"] = sheet_html(chosen, gis, title, address, note).encode()
    parts["はじめにお読みください.txt"] = _readme(title, address, note, len(chosen)).encode()
    sums = "".join(f"{hashlib.sha256(parts[n]).hexdigest()}  {n}\n" for n in sorted(parts))
    parts[SUMS] = sums.encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name in sorted(parts):
            write_member(out, name, parts[name])
    write_atomically(path, held.getvalue())
    return [p.name for p in chosen]


def _manifest(packages: Sequence[Package]) -> dict[str, Any]:
    """What the other side must know: status and counts; no source, no person, no finding."""
    made = {}
    for p in packages:
        counts = p.manifest.get("counts", {})
        made[p.name] = {
            "status": "ready", "counts": {k: counts[k] for k in MASKED if k in counts},
            "sha256": sha256_of(p.public / "datapackage.json"),
        }
    return {"kokai_handover": FORM, "packages": made}


def _readme(title: str, address: str, note: str, count: int) -> str:
    return "\n".join([
        f"{title} への引渡し({count}データセット)", address, note, "",
        "1. 登録項目.html をブラウザで開き、値をカタログの登録画面に写します(登録項目.csv は同じものの表です)。",
        "2. packages/名前/public/ のファイルを、そのままの名前で登録します。CSV は Excel で開いて保存し直さないでください。",
        "3. 地図には gis/名前.zip(Shapefile、文字コード CP932)か、.geojson・.fgb(FlatGeobuf、QGIS・ArcGIS で開けます)を使います。",
        "   座標は JGD2011 の緯度・経度(EPSG:6668)です。Shapefile の列名は10バイトまでのため、長い列名は短くしています。",
        "   元の列名は gis/名前_columns.csv に、入りきらない値・CP932 にない文字は gis/名前_remarks.csv にあります。",
        "4. SHA256SUMS に全ファイルのハッシュがあります。確かめ方: sha256sum -c SHA256SUMS",
        "5. 別のPCの Kokai では: kokai publish このzip --catalogue 名前(ハッシュをすべて確かめてから公開します)", "",
    ]).replace("\n", "\r\n")
