"""Official boundary files (国土数値情報 行政区域 N03: GeoJSON, shapefile, or a zip) to one outline a municipality."""

from __future__ import annotations

import glob
import hashlib
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import SourceError
from pipelines.geocode.shapefile import shapefile_geojson

N03 = "「国土数値情報（行政区域データ）」（国土交通省）を加工して作成"
_MARK = b'"N03_007"'
_SHAPES = (9994).to_bytes(4, "big")
_HEAD = 1 << 16
_MAX_BYTES = 2 << 30
_SUFFIXES = (".geojson", ".json")
_WARD_BASES = (150, 140, 130, 100)  # 政令指定都市: the city's code ends in one of these, its wards follow


def area_bytes(path: Path) -> bytes | None:
    """The GeoJSON of an N03 file: GeoJSON, a .shp with its .dbf beside it, or the zip that holds either.

    None when the file is something else. SourceError `area-file-broken` for a shapefile of N03 that is cut off or
    lacks its .dbf.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head[:2] == b"PK":
            with zipfile.ZipFile(path) as archive:
                return _from_zip(path, archive)
        if head[:4] == _SHAPES:
            beside = {p.suffix.lower(): p for p in path.parent.glob(f"{glob.escape(path.stem)}.*")}
            whole = _from_shapes(path, path.read_bytes(), beside[".dbf"].read_bytes() if ".dbf" in beside else b"")
        elif head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
            whole = path.read_bytes()
        else:
            return None
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None  # the reader of address files says what is wrong with it
    return whole if _MARK in whole else None


def _from_zip(path: Path, archive: zipfile.ZipFile) -> bytes | None:
    """The largest GeoJSON of N03 in the zip, else its largest shapefile."""
    names = {e.filename.lower(): e for e in archive.infolist()
             if "n03" in e.filename.rsplit("/", 1)[-1].lower() and e.file_size <= _MAX_BYTES}
    for suffix in (*_SUFFIXES, ".shp"):
        held = [name for name in names if name.endswith(suffix)]
        if not held:
            continue
        name = max(held, key=lambda n: names[n].file_size)
        data = archive.read(names[name])
        if suffix != ".shp":
            return data
        table = names.get(name[:-4] + ".dbf")
        return _from_shapes(path, data, archive.read(table) if table is not None else b"")
    return None


def _from_shapes(path: Path, shp: bytes, dbf: bytes) -> bytes:
    try:
        return shapefile_geojson(shp, dbf)
    except (ValueError, struct.error) as problem:
        raise _broken(path) from problem


def add_areas(path: Path, data: bytes, folder: Path) -> list[dict[str, Any]]:
    """Write `folder/areas/<code>.geojson` for each municipality, city with wards and prefecture; the store's entries.

    Codes are those of 5 digits, a prefecture's ends in 000. Degrees of JGD2011 as in the file. SourceError
    `area-file-broken` when it is no GeoJSON of N03.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    try:
        for feature in json.loads(data)["features"]:
            code = str(feature["properties"].get("N03_007") or "").zfill(5)
            if len(code) != 5 or not code.isdigit() or not feature.get("geometry") or code == "00000":
                continue  # 所属未定地 has no code
            slim = {"type": "Feature", "properties": _named(feature["properties"], code),
                    "geometry": feature["geometry"]}
            for owner in _owners(code):
                groups.setdefault(owner, []).append(slim)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _broken(path) from problem
    target = folder / "areas"
    target.mkdir(parents=True, exist_ok=True)
    for code, features in sorted(groups.items()):
        lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
        (target / f"{code}.geojson").write_text(
            f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")
    digest = hashlib.sha256(data).hexdigest()
    return [{"slot": f"area-n03-{pref}", "layout": "area", "publisher": "n03", "credit": N03, "area": pref, "date": "",
             "file": path.name, "sha256": digest, "rows": len(groups[pref + "000"])}
            for pref in sorted({code[:2] for code in groups})]


def _broken(path: Path) -> SourceError:
    return SourceError("area-file-broken", "行政区域のファイルが読めません。", "The boundary file cannot be read.",
                       todo_ja="国土数値情報の行政区域データ(N03)の zip をそのまま指定してください(.shp だけのときは同じ場所に"
                               " .dbf も置いてください)。",
                       todo_en="Give the zip of 国土数値情報 行政区域 (N03) as it was downloaded, or a .shp with its .dbf "
                               "beside it.", where=path.name)


def _named(properties: Mapping[str, Any], code: str) -> dict[str, Any]:
    return {**{k: v for k, v in sorted(properties.items()) if k.startswith("N03_")}, "N03_007": code}


def _owners(code: str) -> list[str]:
    """The municipality itself, the city of a ward, the prefecture."""
    number = int(code[2:])
    base = next((b for b in _WARD_BASES if b < number < 200), None)
    return [code, *([f"{code[:2]}{base}"] if base else []), f"{code[:2]}000"]


def area_files(folder: Path, codes: Sequence[str]) -> dict[str, Path]:
    """Code as given (5 or 6 digits) -> boundary file of the store, for those that it has."""
    found = {code: folder / "areas" / f"{code[:5]}.geojson" for code in codes}
    return {code: path for code, path in found.items() if path.is_file()}
