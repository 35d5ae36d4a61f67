"""Who is mentioned in rich text."""

from __future__ import annotations

from coordinator.plain_text import plain
from coordinator.rich_text.from_storage import storage_nodes
from coordinator.rich_text.nodes import attribute, kind_of, walk


def mentioned_people(document: object) -> tuple[str, ...]:
    """Names of the people an ADF document mentions, sorted, without ``@``; never raises.

    Text is taken for storage format, where a mention has a name only if its author wrote one. A
    mention without a name gives none.
    """
    root = storage_nodes(document) if isinstance(document, str) else document
    mentions = (node for node in walk(root) if kind_of(node) == "mention")
    names = {plain(attribute(node, "text")).lstrip("@ ") for node in mentions}
    return tuple(sorted(names - {""}))
