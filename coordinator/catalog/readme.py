"""The first real paragraph of a README: what the thing is, without headings, badges and HTML."""

from __future__ import annotations

import re

from coordinator.manifests.record import MAX_DESCRIPTION, one_line

MAX_BYTES = 100_000
MIN_LETTERS = 20

NAMES = ("readme.md", "readme.markdown", "readme.rst", "readme.adoc", "readme.txt", "readme")

_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_NOT_PROSE = re.compile(
    r"^\s*([#=|>+]|[-*_=~^]{3,}\s*$|[-*+]\s|\d+[.)]\s|\.\. |:\w[\w-]*:|image:|include:|//|\[\w+\]$"
    r"|<[!/a-zA-Z]|toc::|ifdef|endif|!\[)"
)
_UNDERLINE = re.compile(r"^\s*[=\-~^\"'#*+]{3,}\s*$")


def first_paragraph(data: bytes | None) -> str:
    """The first paragraph of prose in a README (Markdown, reStructuredText, AsciiDoc).

    Links become their text, images and emphasis marks go. One line of at
    most 2,000 characters; '' if there is none.
    """
    lines = _body((data or b"")[:MAX_BYTES].decode("utf-8", "replace").splitlines())
    paragraph: list[str] = []
    for index, line in enumerate([*lines, ""]):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        is_title = bool(_UNDERLINE.match(following)) and not paragraph
        if line.strip() and not _NOT_PROSE.match(line) and not is_title:
            paragraph.append(line.strip()[:MAX_DESCRIPTION])
            continue
        text = plain(" ".join(paragraph))
        if sum(char.isalpha() for char in text) >= MIN_LETTERS:
            return one_line(text, MAX_DESCRIPTION)
        paragraph = []
    return ""


def _body(lines: list[str]) -> list[str]:
    """The lines without front matter, fenced code and HTML comments."""
    kept: list[str] = []
    fence = comment = False
    start = 0
    if lines and lines[0].strip() == "---":
        end = next((i for i, line in enumerate(lines[1:60], 1) if line.strip() == "---"), 0)
        start = end + 1 if end else 0
    for line in lines[start:]:
        if _FENCE.match(line):
            fence = not fence
            kept.append("")
        elif comment or line.lstrip().startswith("<!--"):
            comment = "-->" not in line
        elif not fence:
            kept.append(line)
    return kept


def plain(text: str) -> str:
    """Markdown prose as plain text: link texts stay, images, HTML tags and marks go."""
    text = re.sub(r"!\[[^\]\[]{0,300}\]\([^()]{0,500}\)", "", text)
    text = re.sub(r"\[\s*\]\([^()]{0,500}\)", "", text)  # a link around a badge
    text = re.sub(r"\[([^\]\[]{1,300})\](\([^()]{0,500}\)|\[[^\]\[]{0,100}\])", r"\1", text)
    text = re.sub(r"https?://\S{1,500}\[([^\]\[]{1,300})\]", r"\1", text)  # AsciiDoc's link
    text = re.sub(r"`([^`<>]{1,200})\s?<[^<>`]{1,500}>`__?", r"\1", text)
    text = re.sub(r"<[^<>]{1,300}>", "", text)
    text = re.sub(r"[`*]{1,3}|(?<!\w)__?|__?(?!\w)", "", text)
    return " ".join(text.split())
