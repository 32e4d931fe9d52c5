"""From an rdflib graph without blank nodes to Turtle, JSON-LD or RDF/XML: same graph, same bytes, no BOM."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape, quoteattr

RDF_FORMATS = {"ttl": "text/turtle", "jsonld": "application/ld+json", "rdf": "application/rdf+xml"}
"""File ending -> the media type that ckanext-dcat accepts (2.4.4, seen)."""
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def rdf_text(graph: Any, form: str) -> str:
    """`form` is ttl, jsonld or rdf. Subjects, predicates and objects stand in sorted order.

    rdflib's own RDF/XML and JSON-LD writers follow the order of a Python set, which differs from run to run.
    """
    return _WRITERS[form](_by_subject(graph), _prefixes(graph))


def rdf_texts(graph: Any) -> dict[str, str]:
    """The text of each form, from one pass over the graph."""
    prefixes, subjects = _prefixes(graph), _by_subject(graph)
    return {form: _WRITERS[form](subjects, prefixes) for form in RDF_FORMATS}


Subjects = dict[str, dict[str, list[Any]]]


def _prefixes(graph: Any) -> dict[str, str]:
    from publish.metadata.dcat import PREFIXES

    known = {str(uri): prefix for prefix, uri in graph.namespaces()}
    return {prefix: uri for prefix, uri in PREFIXES.items() if uri in known}


def _by_subject(graph: Any) -> Subjects:
    subjects: Subjects = {}
    for s, p, o in graph:
        subjects.setdefault(str(s), {}).setdefault(str(p), []).append(o)
    for predicates in subjects.values():
        for objects in predicates.values():
            objects.sort(key=lambda o: o.n3())
    return {s: dict(sorted(subjects[s].items())) for s in sorted(subjects)}


def _short(uri: str, prefixes: dict[str, str]) -> str | None:
    for prefix, start in prefixes.items():
        rest = uri.removeprefix(start)
        if rest != uri and rest.isalnum() and rest[0].isalpha():
            return f"{prefix}:{rest}"
    return None


def _turtle(subjects: Subjects, prefixes: dict[str, str]) -> str:
    lines = [f"@prefix {prefix}: <{uri}> ." for prefix, uri in sorted(prefixes.items())]
    for subject, predicates in subjects.items():
        lines.append(f"\n<{subject}>")
        told = []
        for predicate, objects in predicates.items():
            verb = "a" if predicate == _TYPE else _short(predicate, prefixes) or f"<{predicate}>"
            told.append(f"    {verb} " + ", ".join(_turtle_object(o, prefixes) for o in objects))
        lines.append(" ;\n".join(told) + " .")
    return "\n".join(lines) + "\n"


def _turtle_object(node: Any, prefixes: dict[str, str]) -> str:
    from rdflib import Literal

    if not isinstance(node, Literal):
        return _short(str(node), prefixes) or f"<{node}>"
    text = json.dumps(str(node), ensure_ascii=False)  # JSON's escapes are Turtle's too
    if node.language:
        return f"{text}@{node.language}"
    if node.datatype:
        return f"{text}^^{_short(str(node.datatype), prefixes) or f'<{node.datatype}>'}"
    return text


def _json_ld(subjects: Subjects, prefixes: dict[str, str]) -> str:
    from rdflib import Literal

    def value(node: Any) -> dict[str, str]:
        if not isinstance(node, Literal):
            return {"@id": str(node)}
        if node.language:
            return {"@value": str(node), "@language": str(node.language)}
        if node.datatype:
            return {"@value": str(node), "@type": _short(str(node.datatype), prefixes) or str(node.datatype)}
        return {"@value": str(node)}

    lines = []
    for subject, predicates in subjects.items():
        entry: dict[str, Any] = {"@id": subject}
        for predicate, objects in predicates.items():
            if predicate == _TYPE:
                entry["@type"] = [_short(str(o), prefixes) or str(o) for o in objects]
                continue
            entry[_short(predicate, prefixes) or predicate] = [value(o) for o in objects]
        lines.append(json.dumps(entry, ensure_ascii=False, sort_keys=True))
    context = json.dumps(prefixes, sort_keys=True)
    return f'{{"@context": {context},\n"@graph": [\n' + ",\n".join(lines) + "\n]}\n"


def _rdf_xml(subjects: Subjects, prefixes: dict[str, str]) -> str:
    from rdflib import Literal

    spaces = "".join(f"\n  xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in sorted(prefixes.items()))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<rdf:RDF{spaces}>"]
    for subject, predicates in subjects.items():
        lines.append(f"  <rdf:Description rdf:about={quoteattr(subject)}>")
        for predicate, objects in predicates.items():
            tag = _short(predicate, prefixes)
            for node in objects:
                if not isinstance(node, Literal):
                    lines.append(f"    <{tag} rdf:resource={quoteattr(str(node))}/>")
                    continue
                about = f' xml:lang="{node.language}"' if node.language else ""
                about += f" rdf:datatype={quoteattr(str(node.datatype))}" if node.datatype else ""
                lines.append(f"    <{tag}{about}>{escape(str(node))}</{tag}>")
        lines.append("  </rdf:Description>")
    return "\n".join([*lines, "</rdf:RDF>"]) + "\n"


_WRITERS = {"ttl": _turtle, "jsonld": _json_ld, "rdf": _rdf_xml}
