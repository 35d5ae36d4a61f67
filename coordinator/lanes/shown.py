"""How a call is named in messages: without what it asks for and whose it is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

NAME = re.compile(r"[A-Za-z_][A-Za-z._-]{0,39}|v?\d{1,2}")
"""A word of an interface, or its version; ids, keys, titles and tokens are not of that form."""
HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?")


def shown_path(path: str) -> str:
    """`path` with every part that may say something private as ``{}``, without its query."""
    parts = path.partition("?")[0].split("/")
    return "/".join(part if not part or NAME.fullmatch(part) else "{}" for part in parts)


def redirect_host(location: str, host: str) -> str:
    """The host a ``Location`` header leads to, as a message may show it; `host` sent it."""
    try:
        found = urlsplit(location).hostname
    except ValueError:
        return "an address that is no URL"
    if found is None:
        return f"another path of {host}"
    return found if HOST.fullmatch(found) else "a host whose name is not well formed"
