"""From a package's descriptor to what catalogues read: CKAN dict, DCAT, schema.org, オープンデータ一覧. All pure."""

from __future__ import annotations

from publish.metadata.ckan_form import STANDARD_TAGS, WITHDRAWN_TAG, ckan_dict, ckan_time, organization_dict, tombstone
from publish.metadata.dcat import Published, dcat_graph
from publish.metadata.facts import FORMATS, catalogue_title, dataset_page, sanitise_tags
from publish.metadata.opendata_list import opendata_list
from publish.metadata.quality import Quality, assess
from publish.metadata.rdf_text import RDF_FORMATS, rdf_text, rdf_texts
from publish.metadata.schema_org import schema_org

__all__ = [
    "FORMATS",
    "RDF_FORMATS",
    "STANDARD_TAGS",
    "WITHDRAWN_TAG",
    "Published",
    "Quality",
    "assess",
    "catalogue_title",
    "ckan_dict",
    "ckan_time",
    "dataset_page",
    "dcat_graph",
    "opendata_list",
    "organization_dict",
    "rdf_text",
    "rdf_texts",
    "sanitise_tags",
    "schema_org",
    "tombstone",
]
