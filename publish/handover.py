"""Packages to a zip for those without an API, and for the way from the closed network to the open one; and back, verified."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from pipelines.errors import CatalogueError
from pipelines.model import Package
from publish.metadata import FORMATS, sanitise_tags
from publish.swap import write_atomically

FORM = 1
SUMS = "SHA256SUMS"
MAX_BYTES, MAX_FILES, MAX_RATIO = 4 << 30, 100_000, 200
ALWAYS = ("datapackage.json", "SHA256SUMS")
MASKED = ("rows", "points", "errors", "warnings", "fixes")
TIME = (1980, 1, 1, 0, 0, 0)


def write_handover(path: Path, packages: Sequence[Package], *, title: str, address: str = "", note: str = "") -> list[str]:
    """Write the zip: each package's `public/`, a masked manifest, sheets of fields to paste, hashes. Returns the names.

    Nothing of `record/` goes along: no findings, no source file names. Same packages, same bytes.
    CatalogueError when a file does not match its hash.
    """
    parts: dict[str, bytes] = {}
    chosen = sorted(packages, key=lambda p: p.name)
    for p in chosen:
        for file in _public_files(p):
            parts[f"packages/{p.name}/public/{file.name}"] = file.read_bytes()
    parts["manifest.json"] = (json.dumps(_manifest(chosen), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    parts["登録項目.csv"] = b"\xef\xbb\xbf" + _sheet_csv(chosen).encode()
    parts["登録項目.html"] = _sheet_html(chosen, title, address, note).encode()
    parts["はじめにお読みください.txt"] = _readme(title, address, note, len(chosen)).encode()
    sums = "".join(f"{hashlib.sha256(parts[n]).hexdigest()}  {n}\n" for n in sorted(parts))
    parts[SUMS] = sums.encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            out.writestr(info, parts[name])
    write_atomically(path, held.getvalue())
    return [p.name for p in chosen]


def _public_files(package: Package) -> list[Path]:
    wanted = {str(r["path"]): str(r["hash"]).removeprefix("sha256:") for r in package.descriptor["resources"]}
    for name, sha in wanted.items():
        file = package.public / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha:
            raise _damaged(package.name, name)
    return [package.public / n for n in [*sorted(wanted), *ALWAYS] if (package.public / n).is_file()]


def _damaged(name: str, file: str) -> CatalogueError:
    return CatalogueError(
        "files-damaged", f"「{name}」のファイル {file} が記録されたハッシュと一致しません。",
        f"{file} of {name} does not match its recorded hash",
        todo_ja="kokai build で作り直してください。", todo_en="Build it again.", where=name,
    )


def _manifest(packages: Sequence[Package]) -> dict[str, Any]:
    """What the other side must know: status and counts; no source, no person, no finding."""
    made = {}
    for p in packages:
        counts = p.manifest.get("counts", {})
        made[p.name] = {
            "status": "ready", "counts": {k: counts[k] for k in MASKED if k in counts},
            "sha256": hashlib.sha256((p.public / "datapackage.json").read_bytes()).hexdigest(),
        }
    return {"kokai_handover": FORM, "packages": made}


def fields_to_paste(package: Package) -> list[tuple[str, str, str]]:
    """(対象, 項目, 値) in the order of a catalogue's form: the dataset's fields, then each file's."""
    d, k = package.descriptor, package.descriptor["kokai"]
    contact = k["body"]["contact"]
    rows = [
        ("データセット", "タイトル", d["title"]), ("データセット", "URL(識別名)", d["name"]),
        ("データセット", "説明", d["description"]), ("データセット", "タグ", ",".join(sanitise_tags(d["keywords"]))),
        ("データセット", "ライセンス", d["licenses"][0]["title"]),
        ("データセット", "ライセンスURL", d["licenses"][0].get("path", "")),
        ("データセット", "組織", k["body"]["prefecture"] + k["body"]["name"]), ("データセット", "作成者", k["section"]),
        ("データセット", "連絡先", " ".join(x for x in (contact["section"], contact["tel"], contact["email"]) if x)),
        ("データセット", "更新頻度", k["frequency_ja"]), ("データセット", "時点", k["as_of"]),
        ("データセット", "対象期間", f"{k['since']}/{k['as_of']}"),
        ("データセット", "対象地域", k["body"]["prefecture"] + k["body"]["name"]),
        ("データセット", "準拠する標準", "" if k["local"] else k["edition_title"]), ("データセット", "件数", str(k["rows"])),
    ]
    for r in d["resources"]:
        what = f"ファイル {r['path']}"
        rows += [(what, "名前", r["title"]), (what, "説明", r["description"]), (what, "形式", FORMATS[r["format"]][0]),
                 (what, "大きさ(バイト)", str(r["bytes"])), (what, "SHA-256", str(r["hash"]).removeprefix("sha256:"))]
    return [row for row in rows if row[2]]


def _sheet_csv(packages: Sequence[Package]) -> str:
    held = io.StringIO()
    out = csv.writer(held, lineterminator="\r\n")
    out.writerow(["データセット", "対象", "項目", "値"])
    for p in packages:
        out.writerows([p.name, *(_neutral(c) for c in row)] for row in fields_to_paste(p))
    return held.getvalue()


def _neutral(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe: this sheet is for people."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _sheet_html(packages: Sequence[Package], title: str, address: str, note: str) -> str:
    parts = [
        '<!doctype html><html lang="ja"><meta charset="utf-8"><title>登録項目</title><style>',
        "body{font-family:'Noto Sans JP','Yu Gothic',Meiryo,sans-serif;margin:2em;line-height:1.6;max-width:60em}",
        "table{border-collapse:collapse;width:100%;margin:0 0 2em}td,th{border:1px solid #999;padding:.3em .6em;text-align:left;"
        "vertical-align:top;overflow-wrap:anywhere}th{background:#eee;width:11em;font-weight:normal}"
        "h2{page-break-before:auto;border-bottom:2px solid #333}td{user-select:all}@page{size:A4;margin:15mm}",
        f"</style><h1>{escape(title)}への登録項目</h1>",
        f"<p>{escape(address)} {escape(note)}</p><p>値の欄を一度押すと全体が選ばれ、そのまま写せます。</p>",
    ]
    for p in packages:
        parts.append(f"<h2>{escape(p.descriptor['title'])}</h2><table>")
        last = ""
        for what, field, value in fields_to_paste(p):
            if what != last:
                parts.append(f'<tr><th colspan="2"><b>{escape(what)}</b></th></tr>')
                last = what
            parts.append(f"<tr><th>{escape(field)}</th><td>{escape(value)}</td></tr>")
        parts.append("</table>")
    return "".join(parts) + "</html>\n"


def _readme(title: str, address: str, note: str, count: int) -> str:
    return "\n".join([
        f"{title} への引渡し({count}データセット)", address, note, "",
        "1. 登録項目.html をブラウザで開き、値をカタログの登録画面に写します(登録項目.csv は同じものの表です)。",
        "2. packages/名前/public/ のファイルを、そのままの名前で登録します。CSV は Excel で開いて保存し直さないでください。",
        "3. 地図には .geojson か .fgb(FlatGeobuf、QGIS・ArcGIS で開けます)を使います。座標は JGD2011 の緯度・経度です。",
        "4. SHA256SUMS に全ファイルのハッシュがあります。確かめ方: sha256sum -c SHA256SUMS",
        "5. 別のPCの Kokai では: kokai publish このzip --catalogue 名前(ハッシュをすべて確かめてから公開します)", "",
    ]).replace("\n", "\r\n")


def read_handover(path: Path, folder: Path) -> list[Package]:
    """Unpack a hand-over zip under `folder` and return its packages, every hash compared first. CatalogueError if not whole.

    Limits on number, size and ratio; no path may lead out; a file that SHA256SUMS does not list is refused.
    """
    try:
        with zipfile.ZipFile(path) as zipped:
            contents = _checked_contents(zipped, path)
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _not_whole(path, type(error).__name__) from None
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in contents.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    try:
        told = json.loads(contents["manifest.json"])
        if told["kokai_handover"] != FORM:
            raise ValueError("form")
        return [_package(folder / "packages" / n, m, path) for n, m in sorted(told["packages"].items())]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _not_whole(path, type(error).__name__) from None


def _package(folder: Path, told: Mapping[str, Any], path: Path) -> Package:
    read = Package.read(folder)
    package = Package(folder, read.descriptor, {"status": told["status"], "counts": dict(told["counts"]), "reasons": []})
    _public_files(package)
    if hashlib.sha256((package.public / "datapackage.json").read_bytes()).hexdigest() != told["sha256"]:
        raise _not_whole(path, "datapackage.json")
    return package


def _checked_contents(zipped: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    infos = [i for i in zipped.infolist() if not i.is_dir()]
    total, packed = sum(i.file_size for i in infos), max(path.stat().st_size, 1)
    if len(infos) > MAX_FILES or total > MAX_BYTES or total / packed > MAX_RATIO:
        raise _not_whole(path, "limits")
    contents = {}
    for info in infos:
        parts = info.filename.split("/")
        if info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename or ".." in parts or "" in parts:
            raise _not_whole(path, "path")
        with zipped.open(info) as handle:
            data = handle.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise _not_whole(path, info.filename)
        contents[info.filename] = data
    lines = contents.get(SUMS, b"").decode("utf-8", "replace").splitlines()
    listed = {name: sha for sha, _, name in (line.partition("  ") for line in lines)}
    for name, data in contents.items():
        if name != SUMS and listed.get(name) != hashlib.sha256(data).hexdigest():
            raise _not_whole(path, name)
    if set(listed) - set(contents):
        raise _not_whole(path, sorted(set(listed) - set(contents))[0])
    return contents


def _not_whole(path: Path, what: str) -> CatalogueError:
    return CatalogueError(
        "handover-damaged", f"引渡しのzipが壊れているか、書き換えられています({what})。",
        f"the hand-over zip is damaged or was changed ({what})",
        todo_ja="もう一度 kokai handover で作り、運び直してください。",
        todo_en="Make it again with kokai handover.", where=path.name,
    )
