"""Which addresses may become links."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from coordinator.plain_text import visible

_LONGEST = 4_000
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


def allowed_link(address: object) -> str:
    """`address` in its normal form if it is http, https or mailto; else empty.

    Anything else (``javascript:``, a path of the repository, an anchor) is not a link where the
    text is published.
    """
    from markdown_it.common.normalize_url import normalizeLink

    if not isinstance(address, str) or not 0 < len(address) <= _LONGEST:
        return ""
    try:
        href = normalizeLink(visible(address).strip())
        parts = urlsplit(href)
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return href if "@" in parts.path else ""
    known = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "")
    return href if known else ""


def allowed_image(address: object) -> str:
    """`address` in its normal form if it is https; else empty."""
    href = allowed_link(address)
    return href if href[:8].lower() == "https://" else ""
