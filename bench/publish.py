"""`make bench-publish`: publishing to a real CKAN beside frictionless and ckanapi, faults, and planning 2,000 datasets.

Needs ../shared/ckan (KOKAI_SHARED), and a package registry for frictionless' part that it does not bring along. Everything
talks to loopback; CKAN has one web worker of four threads (`--workers` for more). The first publication is made in
rounds, the tools one after the other in each round and in another order each time, on a portal that each of them has
warmed up with one dataset, so that the machine's mood falls on all alike. The results become the section `publish` of
bench/results.json.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.publish_peers import Send, frictionless_name, resource_ids, with_ckanapi, with_frictionless
from bench.publish_sets import BODY, NOW, files_of, link, make, timed
from bench.results import RESULTS, store, stored
from pipelines.model import Package
from publish.ckan.organizations import ensure_organizations
from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.push import Connection, plan_packages, publish_changes
from publish.push.planning import Planned, want_packages
from publish.run import Place
from tests.fault_proxy import KINDS, Request, fault_proxy

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("KOKAI_SHARED", ROOT.parent / "shared"))
IDLE_S = 900
PORTS = {"CKAN_PORT": "5120", "CKAN_SOLR_PORT": "8995", "CKAN_PG_PORT": "5535", "CKAN_REDIS_PORT": "6482"}


@contextmanager
def ckan(workers: int = 1) -> Iterator[tuple[str, str]]:
    """A fresh CKAN on loopback: its address and a sysadmin's token."""
    run = Path(tempfile.mkdtemp(prefix="kokai-bench-", dir="/var/tmp"))
    run.chmod(0o755)
    environ = {**os.environ, **PORTS, "CKAN_RUN": str(run / "run"), "FRESH": "1", "CKAN_WORKERS": str(workers)}
    try:
        begun = subprocess.run([str(SHARED / "ckan" / "up.sh")], env=environ, capture_output=True, text=True, check=False,
                               timeout=900)
        if begun.returncode:
            sys.exit(f"CKAN does not start:\n{begun.stdout[-2000:]}{begun.stderr[-2000:]}")
        yield f"http://127.0.0.1:{PORTS['CKAN_PORT']}", (run / "run" / "token").read_text().strip()
    finally:
        subprocess.run([str(SHARED / "ckan" / "down.sh")], env=environ, capture_output=True, timeout=120, check=False)
        shutil.rmtree(run, ignore_errors=True)


def plan(to: Connection, made: list[Package]) -> Planned:
    return plan_packages(to, made, {BODY.code: BODY}, now=NOW, by="bench", everything=False)


def publish(to: Connection, folder: Path, made: list[Package]) -> list[Any]:
    planned = plan(to, made)
    outcomes = publish_changes(to, Place(folder), planned.plan, planned.wanted, planned.packages, {BODY.code: BODY},
                               now=NOW, by="bench", wait_s=0)
    bad = [o.error for o in outcomes if o.error]
    assert not bad, bad
    return outcomes


def wait_until_idle(address: str, token: str) -> float:
    """The portal's worker done with what was queued, so that no part pays for the one before.

    Returns the seconds until the queue was empty; the last job, which is no more in it, gets five more that do not count.
    """
    portal = Portal(address, Token(token, "bench"))
    start = time.perf_counter()
    while portal.read("job_list") and time.perf_counter() - start < IDLE_S:
        time.sleep(0.5)
    took = time.perf_counter() - start
    time.sleep(5)
    return took


def first_publications(address: str, token: str, folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """`count` datasets of three files by each tool: seconds until sent, and until the portal's tables are loaded too.

    Kokai's seconds hold the download and hash of every file, the opening and the filling of the DataStore; the peers'
    tables are loaded by xloader afterwards.
    """
    requests: Counter[str] = Counter()

    def with_kokai(made: list[Package]) -> None:
        to = link(address, token, folder)
        publish(to, folder, made)
        requests.update(to.portal.count.as_dict())

    tools: dict[str, Send] = {
        "kokai": with_kokai,
        "ckanapi": with_ckanapi(address, token, folder, words=True),
        "ckanapi-bare": with_ckanapi(address, token, folder, words=False),
        "frictionless": with_frictionless(address, token, folder),
    }
    made = make(folder / "first", len(tools) * (count + 1))
    shares = {tool: made[n * (count + 1):][:count + 1] for n, tool in enumerate(tools)}
    for tool, send in tools.items():
        send(shares[tool][count:])
        wait_until_idle(address, token)
    requests.clear()
    sent = dict.fromkeys(tools, 0.0)
    loaded = dict.fromkeys(tools, 0.0)
    size = -(-count // rounds)
    for n in range(rounds):
        order = [*tools][n % len(tools):] + [*tools][:n % len(tools)]
        for tool in order:
            took = timed(lambda part=shares[tool][:count][n * size:][:size], send=tools[tool]: send(part))
            sent[tool] += took
            loaded[tool] += took + wait_until_idle(address, token)
    report: dict[str, Any] = {
        tool: {"datasets": count, "sent_s": round(sent[tool], 2), "tables_loaded_s": round(loaded[tool], 2)} for tool in tools}
    report["kokai"]["requests"] = dict(requests)
    return report | {"again": again(address, token, folder, shares["kokai"][:count]),
                     "frictionless-again": frictionless_again(address, token, folder, shares["frictionless"][:count])}


def again(address: str, token: str, folder: Path, made: list[Package]) -> dict[str, Any]:
    """Kokai: an unchanged publication of what is there, then one with one changed file."""
    names = [p.name for p in made]
    to = link(address, token, folder)
    before = resource_ids(to.portal, names)
    to = link(address, token, folder)
    second = timed(lambda: publish(to, folder, made))
    unchanged = to.portal.count.as_dict()
    kept = len(before & resource_ids(to.portal, names))
    changed = [*make(folder / "changed", 1, "改"), *made[1:]]
    to = link(address, token, folder)
    third = timed(lambda: publish(to, folder, changed))
    return {"files": len(before), "unchanged_s": second, "unchanged": unchanged, "ids_kept": kept, "one_changed_s": third,
            "one_changed": to.portal.count.as_dict()}


def frictionless_again(address: str, token: str, folder: Path, made: list[Package]) -> dict[str, Any]:
    """frictionless: the unchanged packages once more, with allow_update."""
    portal = Portal(address, Token(token, "bench"))
    names = [frictionless_name(p) for p in made]
    before = resource_ids(portal, names)
    try:
        took = timed(lambda: with_frictionless(address, token, folder, again=True)(made))
    except Exception as error:  # noqa: BLE001 - a peer's failure is a result
        return {"failed": f"{type(error).__name__}: {error}"[:300]}
    after = resource_ids(portal, names)
    return {"unchanged_s": took, "ids_before": len(before), "ids_after": len(after), "ids_kept": len(before & after)}


def many(address: str, token: str, folder: Path, count: int) -> dict[str, Any]:
    """Plan `count` datasets that the portal holds; they are put there in one call each, beside the clock."""
    pattern = make(folder / "m", 1)[0]
    made = []
    for n in range(count):
        d = copy.deepcopy(dict(pattern.descriptor))
        d |= {"name": f"{BODY.code}_many{n}", "id": f"00000000-0000-5000-8000-{n:012d}", "title": f"一覧{n}"}
        d["kokai"] = {**d["kokai"], "dataset": f"many{n}"}
        for i, r in enumerate(d["resources"]):
            r["id"] = f"{n:08d}-{i:04d}-5000-8000-000000000000"
        target = folder / "many" / d["name"] / "public"
        target.mkdir(parents=True)
        (target / "datapackage.json").write_text(json.dumps(d, ensure_ascii=False), encoding="utf-8")
        made.append(Package(target.parent, d, {"status": "ready", "counts": {}}))
    to = link(address, token, folder)
    wanted = want_packages(to, made, {BODY.code: BODY}).wanted

    def put(name: str) -> None:
        w = wanted[name]
        to.portal.write("package_create", {
            **w.fields, "id": w.id, "name": w.name, "private": False, "tags": [{"name": t} for t in w.tags],
            "extras": [{"key": k, "value": v} for k, v in w.extras.items()],
            "resources": [{**f.fields, "id": f.id, "url": f"http://files.invalid/{f.path}"} for f in w.files],
        })

    start = time.perf_counter()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(put, wanted))
    filled = time.perf_counter() - start
    to = link(address, token, folder)
    held: list[Planned] = []

    def planning() -> None:
        held.append(plan_packages(to, made, {BODY.code: BODY}, now=NOW, by="bench", with_rows=False))

    took = timed(planning)
    return {"datasets": count, "filled_s": round(filled, 1), "plan_s": took, "requests": to.portal.count.reads,
            "read": held[0].plan.portal["datasets"], "counts": held[0].plan.counts()}


def under_faults(address: str, token: str, folder: Path, wanted: int) -> dict[str, Any]:
    """At least `wanted` faults of every kind at random calls; then every dataset once, whole, verified by download."""
    chance = random.Random(7)
    injected = runs = incomplete = doubled = gave_up = 0
    kinds: dict[str, int] = {}
    while injected < wanted:
        runs += 1
        place = folder / f"faults{runs}"
        made = make(place / "p", 4, f"{runs}", everywhere=True)
        with fault_proxy(address, hang_s=5.5) as (faults, proxy):

            def choose(r: Request, done: list[tuple[str, str]] = faults.done, before: int = injected) -> str:
                kind = KINDS[(before + len(done)) % len(KINDS)] if chance.random() < 0.4 else ""
                return "" if kind == "cut-upload" and not r.upload else kind

            faults.choose = choose
            to = link(proxy, token, place, timeout_s=5.0, sleep=lambda s: time.sleep(min(s, 0.1)))
            for _ in range(8):
                try:
                    publish(to, place, made)
                    break
                except Exception:  # noqa: BLE001 - a run that gave up is run again, as a scheduler would
                    gave_up += 1
            injected += len(faults.done)
            for kind, _ in faults.done:
                kinds[kind] = kinds.get(kind, 0) + 1
        publish(link(address, token, place), place, made)
        portal = Portal(address, Token(token, "bench"))
        names = portal.read("package_list")
        for p in made:
            doubled += names.count(p.name) > 1
            incomplete += not whole(portal, p)
        print(f"{injected}/{wanted} faults in {runs} runs, {incomplete} incomplete, {doubled} doubled", file=sys.stderr, flush=True)
    return {"injected": injected, "kinds": kinds, "runs": runs, "runs_repeated": gave_up, "incomplete": incomplete,
            "doubled": doubled}


def whole(portal: Portal, p: Package) -> bool:
    held = portal.show(p.name)
    if held is None or held["private"]:
        return False
    wanted = {r["path"]: (p.public / r["path"]).read_bytes() for r in files_of(p)}
    served = {}
    for r in held["resources"]:
        with portal.download(f"{portal.address}/dataset/{held['id']}/resource/{r['id']}/download/{r['source_file']}") as pieces:
            served[r["source_file"]] = b"".join(pieces)
    return served == wanted and len(held["resources"]) == len(wanted)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1, help="CKAN's web workers")
    parser.add_argument("--parts", default="first,many,faults")
    parser.add_argument("--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    made = stored("publish", args.output)
    with ckan(args.workers) as (address, token), tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        ensure_organizations(link(address, token, folder).portal, [BODY], may_create=True)
        work: dict[str, Callable[[], dict[str, Any]]] = {
            "first": lambda: first_publications(address, token, folder, args.datasets, args.rounds),
            "many": lambda: many(address, token, folder, args.many),
            "faults": lambda: under_faults(address, token, folder, args.faults),
        }
        for name in args.parts.split(","):
            key = name if args.workers == 1 else f"{name}-{args.workers}-workers"
            made[key] = work[name]()
            print(key, json.dumps(made[key], ensure_ascii=False))
            store("publish", made, args.output)
            wait_until_idle(address, token)


if __name__ == "__main__":
    main()
