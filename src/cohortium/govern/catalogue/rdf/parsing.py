"""Documents of other catalogues as graphs, without ever fetching what they point to."""

from __future__ import annotations

import json
from typing import Any

from rdflib import Graph
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.plugins.parsers.notation3 import BadSyntax

from cohortium.errors import SourceUnreadable

MOST_BYTES = 64_000_000
BASE = "https://relative.invalid/"
"""What relative addresses are relative to; what begins with it has no address of its own."""
CONTENT_TYPES = {"application/ld+json": "json-ld", "application/json": "json-ld", "text/turtle": "turtle"}


def graph_from(data: bytes, content_type: str) -> Graph:
    """The graph of a document.

    content_type : application/ld+json or text/turtle, perhaps with a charset, which must be UTF-8.
    Raises : SourceUnreadable where it is another type, too large, not of that type, or names a JSON-LD context that
             would have to be fetched.
    """
    name, _, parameters = content_type.lower().partition(";")
    form = CONTENT_TYPES.get(name.strip())
    if form is None:
        raise SourceUnreadable(f"A catalogue is read as one of {list(CONTENT_TYPES)}, not as another type.")
    if "charset=" in parameters and "utf-8" not in parameters:
        raise SourceUnreadable("A catalogue is read in UTF-8; this is in another encoding.")
    if len(data) > MOST_BYTES:
        raise SourceUnreadable(f"A catalogue's document has at most {MOST_BYTES:,} bytes; this has {len(data):,}.")
    try:
        text = data.decode("utf-8-sig")
        graph = Graph()
        if form == "json-ld":
            to_rdf(_self_contained(text), graph, base=BASE)
        else:
            graph.parse(data=text, format=form, publicID=BASE)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, BadSyntax, RecursionError) as error:
        raise SourceUnreadable(f"This is no {name.strip()} that can be read: {type(error).__name__}.") from error
    return graph


def _self_contained(text: str) -> Any:
    """The JSON values; raises where a context anywhere, also within a context, is not written out but an address."""
    plain = json.loads(text)
    waiting = [plain]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            contexts = one.get("@context", [])
            remote = any(isinstance(each, str) for each in (contexts if isinstance(contexts, list) else [contexts]))
            if remote or "@import" in one:
                raise SourceUnreadable(
                    "The document names a JSON-LD context by its address, which is not fetched. Ask for it in expanded "
                    "form, with its context written out, or as Turtle."
                )
            waiting += one.values()
    return plain
