"""One HTML file that needs nothing else: style, script and data stand in it.

What is stored was written by others. It goes into the page as JSON in which no character can end
the element around it, the script puts it into text nodes only, and the browser is told to run and
style by nothing but the two elements whose hashes the policy names, and to fetch nothing at all.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

MARKER = "<!doctype html><!-- orch patterns map -->"
SCRIPTS = ("marks.js", "board.js", "map.js", "exchange.js", "panel.js", "start.js")


def page(data: Mapping[str, Any]) -> str:
    """The page that shows `data`, as `document` makes it."""
    style = _part("page.css")
    script = "(() => {\n'use strict';\n" + "\n".join(map(_part, SCRIPTS)) + "\n})();\n"
    filled = {
        "MARKER": MARKER,
        "POLICY": _policy(style, script),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": as_inert_json(data),
    }
    head, *rest = _part("page.html").split("{{")
    # filled piece by piece: what was filled in is never looked through for more
    pieces = [head]
    for piece in rest:
        name, _, text = piece.partition("}}")
        pieces += [filled[name], text]
    return "".join(pieces)


def as_inert_json(data: Mapping[str, Any]) -> str:
    """`data` as JSON that can stand in a script element, whatever its texts say."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _part(name: str) -> str:
    return (files(__package__) / "content" / name).read_text(encoding="utf-8")
