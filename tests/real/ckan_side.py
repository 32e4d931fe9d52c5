"""Runs in an environment of CKAN's own: from a file, an address or a source to what CKAN's parsers and harvesters make of it.

Started by test_harvest_real.py with another Python; prints one JSON value on its last line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def parse(path: str, form: str) -> list[dict[str, Any]]:
    """The datasets that ckanext-dcat's parser reads from a file; no database, no configuration."""
    from ckanext.dcat.processors import RDFParser

    parser = RDFParser(profiles=["euro_dcat_ap_3"])
    parser.parse(Path(path).read_bytes(), _format=form)
    return sorted(parser.datasets(), key=lambda d: str(d["title"]))


def refused(path: str, form: str) -> str:
    """The name of the exception with which ckanext-dcat's parser refuses a file; empty when it reads it."""
    from ckanext.dcat.exceptions import RDFParserException
    from ckanext.dcat.processors import RDFParser

    try:
        RDFParser(profiles=["euro_dcat_ap_3"]).parse(Path(path).read_bytes(), _format=form)
    except (RDFParserException, ValueError) as error:
        return type(error).__name__
    return ""


def search(address: str, since: str) -> list[str]:
    """Names of the datasets that ckanext-harvest's CKAN harvester gathers, all or changed since."""
    from ckanext.harvest.harvesters.ckanharvester import CKANHarvester

    harvester = CKANHarvester()
    harvester.config = {}
    terms = [f"metadata_modified:[{since}Z TO *]"] if since else []
    return [d["name"] for d in harvester._search_for_datasets(address.rstrip("/"), terms)]


def harvest(address: str, kind: str, source: str) -> dict[str, Any]:
    """One whole harvest job: gather, fetch and import into the CKAN of CKAN_INI; what became of each dataset."""
    import ckan.logic as logic
    import ckan.model as model
    from ckan.cli import CKANConfigLoader
    from ckan.config.middleware import make_app

    app = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
    flask_app = getattr(app, "_wsgi_app", app)
    with flask_app.test_request_context():
        from ckanext.harvest import queue
        from ckanext.harvest.model import HarvestJob, HarvestObject

        def act(action: str, **arguments: Any) -> Any:
            return logic.get_action(action)(
                {"ignore_auth": True, "user": "admin", "model": model, "session": model.Session}, arguments)

        if source not in act("organization_list"):
            act("organization_create", name=source)
            act("harvest_source_create", name=f"{source}-source", title=source, url=address, source_type=kind,
                owner_org=source, frequency="MANUAL", active=True)
        told = act("harvest_source_show", id=f"{source}-source")
        if told["url"] != address:
            act("harvest_source_update", **{**told, "url": address})
        job = HarvestJob.get(act("harvest_job_create", source_id=told["id"], run=False)["id"])
        job.status = "Running"
        job.save()
        harvester = queue.get_harvester(kind)
        objects = [HarvestObject.get(i) for i in queue.gather_stage(harvester, job) or []]
        for harvested in objects:  # what the two queues' workers do, one after the other
            queue.fetch_and_import_stages(harvester, harvested)
        act("harvest_jobs_run")
        errors = [*job.gather_errors, *(e for o in objects for e in o.errors)]
        return {"status": {o.guid: o.report_status for o in objects}, "errors": [str(e.message) for e in errors]}


if __name__ == "__main__":
    made = {"parse": parse, "refused": refused, "search": search, "harvest": harvest}[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write("\n" + json.dumps(made, ensure_ascii=False, default=str) + "\n")
