"""From 2,000 small made-up packages to a release of the embedded catalogue: seconds and sizes, printed as JSON."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.model import Municipality, Package
from publish.site import publish_release
from publish.site.answers import answer_action
from tests.fake_packages import make_body, make_dataset, make_package, make_standard

KINDS = [
    ("aed", "AED設置箇所一覧"), ("toilet", "公衆トイレ一覧"), ("shelter", "指定緊急避難場所一覧"), ("medical", "医療機関一覧"),
    ("wifi", "公衆無線LANアクセスポイント一覧"), ("event", "イベント一覧"), ("tourism", "観光施設一覧"),
    ("cultural_property", "文化財一覧"), ("fire_hydrant", "消防水利施設一覧"), ("care_service", "介護サービス事業所一覧"),
    ("childcare", "子育て施設一覧"), ("public_facility", "公共施設一覧"), ("parking", "駐車場一覧"),
    ("polling_place", "投票所一覧"), ("school_lunch", "学校給食献立"), ("food_business", "食品等営業許可・届出一覧"),
    ("garbage_collection_place", "ごみ集積所一覧"), ("emergency_radio", "防災行政無線一覧"),
    ("school_district", "小中学校通学区域情報"), ("bicycle_parking", "駐輪場一覧"),
]


def make_packages(folder: Path, number: int) -> tuple[list[Package], dict[str, Municipality]]:
    """`number` packages of many bodies, each a copy of one written package under its own name, id and title."""
    template = make_package(folder / "template", make_dataset(), make_standard())
    packages, bodies = [], {}
    for n in range(number):
        code = f"{100000 + 10 * (n // len(KINDS)):06d}"
        kind, title = KINDS[n % len(KINDS)]
        body = bodies.setdefault(code, make_body(code, f"試験{n // len(KINDS):03d}市", organization_id=f"city-{code}"))
        packages.append(_copy(template, folder / "packages" / f"{code}_{kind}", body, kind, title))
    return packages, bodies


def _copy(template: Package, folder: Path, body: Municipality, kind: str, title: str) -> Package:
    name = folder.name
    public = folder / "public"
    public.mkdir(parents=True)
    d: dict[str, Any] = json.loads(json.dumps(template.descriptor).replace("352136_aed", name))
    d |= {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)), "title": f"【{body.name}】{title}"}
    d["kokai"] |= {"code": body.code, "kind": kind, "dataset": kind}
    for resource_ in d["resources"]:
        resource_["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, resource_["path"]))
    for path in template.public.iterdir():
        if path.name.startswith("352136_aed"):
            os.link(path, public / path.name.replace("352136_aed", name))
    (public / "datapackage.json").write_bytes((json.dumps(d, ensure_ascii=False, indent=2) + "\n").encode())
    sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(public.iterdir())]
    (public / "SHA256SUMS").write_bytes("".join(sums).encode())
    return Package(folder, d, {"status": "ready"})


def measure(number: int, keep: Path | None) -> dict[str, Any]:
    """Seconds of a first release, of one with nothing new and of one with one change; sizes of what readers load."""
    folder = Path(tempfile.mkdtemp(prefix="kokai-bench-"))
    try:
        packages, bodies = make_packages(folder, number)
        root = keep or folder / "catalogue"
        now = datetime(2026, 11, 21, tzinfo=UTC)
        seconds: dict[str, float] = {}
        for label, given in (("first", packages), ("unchanged", packages), ("one_withdrawn", [])):
            start, cpu = time.perf_counter(), time.process_time()
            gone = [packages[0].name] if label == "one_withdrawn" else []
            release = publish_release(root, given, bodies, now=now, withdraw=gone)
            now += timedelta(hours=1)
            seconds[label] = round(time.perf_counter() - start, 1)
            seconds[f"{label}_cpu"] = round(time.process_time() - cpu, 1)
        start = time.perf_counter()
        status, body = answer_action(release.folder, "package_search", {"q": "トイレ", "rows": "100", "start": "0"})
        seconds["search_cold"] = round(time.perf_counter() - start, 3)
        start = time.perf_counter()
        answer_action(release.folder, "package_search", {"q": "避難", "rows": "100", "start": "0"})
        seconds["search_warm"] = round(time.perf_counter() - start, 3)
        files = {n: (release.folder / n).stat().st_size for n in
                 ("index.html", "quality.html", "catalog.ttl", "catalog.rdf", "catalog.jsonld", "api/3/action/package_search")}
        return {
            "datasets": number, "found": body["result"]["count"], "status": int(status), "seconds": seconds,
            "bytes": files, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="2,000件のカタログを作る速さと大きさ / a catalogue of 2,000 datasets")
    parser.add_argument("--datasets", type=int, default=2000, help="データセットの数 / how many")
    parser.add_argument("--keep", type=Path, help="カタログを残す場所 / leave the catalogue there, to look at it")
    args = parser.parse_args()
    sys.stdout.write(json.dumps(measure(args.datasets, args.keep), indent=1) + "\n")


if __name__ == "__main__":
    main()
