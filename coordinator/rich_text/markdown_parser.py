"""The Markdown parser: CommonMark with tables, tasks and struck text, bounded in depth."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from coordinator.rich_text.nodes import DEEPEST

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock


@cache
def markdown_parser() -> MarkdownIt:
    """The one parser; what is a link, and whether HTML may stay, its user judges."""
    from markdown_it import MarkdownIt

    class Parser(MarkdownIt):
        def validateLink(self, url: str) -> bool:
            return True

    # maxNesting drops what lies deeper: the rule below is before it, as a list adds two levels
    options = {"html": True, "tasklists": True, "maxNesting": DEEPEST + 2}
    parser = Parser("commonmark", options).enable(["table", "strikethrough"])
    parser.block.ruler.before("table", "too_deep", _too_deep)
    return parser


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A rule of the parser: everything at the deepest level is one paragraph."""
    if silent or state.level < DEEPEST:
        return False
    line = start + 1
    while line < end and (state.isEmpty(line) or not 0 <= state.sCount[line] < state.blkIndent):
        line += 1
    lines = [
        state.src[state.bMarks[at] + state.tShift[at] : state.eMarks[at]]
        for at in range(start, line)
    ]
    state.line = line
    state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    inline.content = "\n".join(filter(None, (text.strip("> \t") for text in lines)))
    inline.children = []
    state.push("paragraph_close", "p", -1)
    return True
