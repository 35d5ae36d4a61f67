"""ADF of strangers becomes Markdown, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.rich_text import adf_digest, adf_of, markdown_of_adf, mentioned_people


def text(words: str, *marks: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "marks": [{"type": mark} for mark in marks]}


def node(kind: str, *content: object, **attrs: object) -> dict[str, Any]:
    return {"type": kind, "attrs": attrs, "content": [*content]}


def p(*inline: object) -> dict[str, Any]:
    return node("paragraph", *(text(one) if isinstance(one, str) else one for one in inline))


def written(*blocks: object) -> str:
    return markdown_of_adf({"version": 1, "type": "doc", "content": [*blocks]})


@pytest.mark.parametrize(
    ("inline", "markdown"),
    [
        (node("mention", id="5b1", text="@Ana Souza"), "@Ana Souza"),
        (node("mention", id="5b1"), "@someone"),
        (node("emoji", shortName=":smile:", text="😄"), "😄"),
        (node("emoji", shortName=":tick:"), ":tick:"),
        (node("date", timestamp="1700000000000"), "2023-11-14"),
        (node("date", timestamp=1700000000000), "2023-11-14"),
        (node("date", timestamp="soon"), "soon"),
        (node("date", timestamp="9" * 30), "9" * 30),
        (node("date", timestamp="9" * 5_000), "9" * 5_000),
        (node("status", text="In progress", color="blue"), "In progress"),
        (node("inlineCard", url="https://x.org/a"), "<https://x.org/a>"),
        (node("inlineCard", data={"url": "https://x.org/a"}), "<https://x.org/a>"),
        (node("inlineCard", url="javascript:x"), "javascript:x"),
        (node("placeholder", text="type here"), ""),
        (node("mediaInline", id="1", type="file"), ""),
        (node("inlineExtension", text="shown", extensionKey="k"), "shown"),
        (text("a", "underline", "subsup", "annotation", "strong"), "**a**"),
        (node("unknown", text("kept")), "kept"),
        ("in a list", "in a list"),
    ],
)
def test_inline_nodes_are_their_words(inline: object, markdown: str) -> None:
    assert written(node("paragraph", inline)) == markdown
    assert written(inline) == markdown


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        (node("panel", p("a"), p("b"), panelType="info"), "> a\n>\n> b"),
        (node("expand", p("inside"), title="More *"), "**More \\***\n\ninside"),
        (node("nestedExpand", p("inside"), title="More"), "**More**\n\ninside"),
        (node("codeBlock", text("a\n```\nb"), language="c++"), "````c++\na\n```\nb\n````"),
        (node("codeBlock", text("a"), language="no `language"), "```\na\n```"),
        (node("codeBlock"), "```\n```"),
        (node("layoutSection", node("layoutColumn", p("a")), node("layoutColumn", p("b"))),
         "a\n\nb"),
        (node("decisionList", node("decisionItem", text("yes"), state="DECIDED")), "- yes"),
        (node("taskList", node("taskItem", text("a"), state="DONE"),
              node("taskList", node("taskItem", text("b"), state="TODO"))), "- [x] a\n  - [ ] b"),
        (node("taskList", node("blockTaskItem", p("a"), p("b"), state="TODO")),
         "- [ ] a\n\n  b"),
        (node("mediaSingle", node("media", type="file", id="1", alt="x.png"),
              node("caption", text("the map"))), "the map"),
        (node("mediaSingle", node("media", type="external", url="https://x.org/i", alt="m")),
         "![m](https://x.org/i)"),
        (node("mediaGroup", node("media", type="file", id="1")), ""),
        (node("blockCard", url="https://x.org/a"), "<https://x.org/a>"),
        (node("embedCard", url="https://x.org/a", layout="wide"), "<https://x.org/a>"),
        (node("bodiedExtension", p("kept"), extensionKey="k"), "kept"),
        (node("extension", extensionKey="toc", parameters={"a": 1}), ""),
        (node("unknown", p("kept"), node("unknown", node("heading", text("h"), level=3))),
         "kept\n\n### h"),
        (node("heading", text("h"), level=9), "# h"),
        (node("heading", text("h"), level="2"), "## h"),
        (node("heading", text("h"), level=3.0), "### h"),
        (node("rule"), "***"),
        (node("orderedList", node("listItem", p("a")), node("listItem", p("b")), order=9),
         "9. a\n10. b"),
        (node("bulletList", node("listItem", p("a"), node("codeBlock", text("b\n\nc")))),
         "- a\n\n  ```\n  b\n\n  c\n  ```"),
        (node("bulletList", node("listItem")), "-"),
        (node("paragraph", text("a"), node("bulletList", node("listItem", p("b"))), text("c")),
         "a\\\n\\- b\\\nc"),
        (p("first\n\nsecond  third"), "first second third"),
        (node("paragraph"), ""),
    ],
)  # fmt: skip
def test_blocks_are_written_as_markdown_has_them(block: object, markdown: str) -> None:
    assert written(block) == markdown


def test_the_cells_of_a_table_are_flat_and_stand_in_their_columns() -> None:
    items = node("bulletList", node("listItem", p("x")), node("listItem", p("y")))
    table = node(
        "table",
        node("tableRow", node("tableHeader", p("a|b")), node("tableHeader", p("c"), colspan=2)),
        node("tableRow", node("tableCell", p("d"), p("e"), rowspan=2), node("tableCell", items),
             node("tableCell", node("codeBlock", text("f|\ng")))),
        node("tableRow", node("tableCell", p("h")), node("tableCell")),
    )  # fmt: skip
    assert written(table).split("\n") == [
        "| a\\|b | c |  |",
        "| --- | --- | --- |",
        "| d<br>e | - x<br>- y | `f\\|`<br>`g` |",
        "|  | h |  |",
    ]


def test_a_table_does_not_grow_past_what_was_sent() -> None:
    rows = [node("tableRow", *[node("tableCell", colspan=50, rowspan=50)] * 10)] * 200
    wide = node("tableRow", node("tableCell", colspan=10**9, rowspan=10**9))
    assert len(written(node("table", *rows, wide))) < 60_000


@pytest.mark.parametrize(
    ("marked", "markdown"),
    [
        ([text("Note:", "strong"), text("this")], "Note:this"),
        ([text("Note:", "strong"), text(" this")], "**Note:** this"),
        ([text(" a ", "strong"), text("b ", "em")], "**a** _b_"),
        ([text("a", "em"), text("b")], "*a*b"),
        ([text("a", "em"), text("b", "strong")], "a**b**"),
        ([text("a", "code", "strong")], "`a`"),
        ([text("a ` b", "code")], "``a ` b``"),
        ([text("a\nb", "code")], "`a b`"),
        ([text("a", "strong"), text("\n"), text("b", "em")], "**a** _b_"),
        ([text("`a", "code")], "`` `a ``"),
        ([text("   ", "strong"), text("a")], "a"),
    ],
)
def test_a_mark_that_markdown_cannot_write_leaves_and_its_text_stays(
    marked: list[object], markdown: str
) -> None:
    assert written(p(*marked)) == markdown
    assert markdown_of_adf(adf_of(markdown)) == markdown


def test_links_other_than_the_web_and_mail_are_their_text() -> None:
    def linked(href: object) -> dict[str, Any]:
        return text("a") | {"marks": [{"type": "link", "attrs": {"href": href}}]}

    assert written(p(linked("https://x.org/a b)"))) == "[a](https://x.org/a%20b\\))"
    for href in ("javascript:alert(1)", "java\tscript:alert(1)", "/wiki/x", None, 5, ["x"], ""):
        assert written(p(linked(href))) == "a"


def test_control_characters_leave() -> None:
    assert written(p("a\x00\u202eb"), node("codeBlock", text("c\u202e\x1b"))) == "ab\n\n```\nc\n```"


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 1.5, 10**4_000, "text", [], {}, [[]], {"type": None}, {"type": ["doc"]},
     {"type": "doc", "content": {"type": "paragraph", "content": "words"}},
     {"type": "doc", "content": [None, 5, "x", {"type": "text", "text": 5}, {"content": "y"}]},
     {"type": "text", "text": "a", "marks": [None, 5, {"type": "link", "attrs": None}]},
     {"type": "heading", "attrs": "level", "content": [{"type": "text"}]},
     {"type": "table", "content": [{"type": "tableRow", "content": 5}, "x", None]},
     {"type": "orderedList", "attrs": {"order": 10**5_000}, "content": [5, None]},
     {"type": "date", "attrs": {"timestamp": {}}}, {"type": "media", "attrs": {"alt": []}}],
)  # fmt: skip
def test_wrong_types_anywhere_are_borne(value: object) -> None:
    for sent in (value, {"type": "doc", "content": [value]}, {"type": "doc", "content": value}):
        assert isinstance(markdown_of_adf(sent), str)
        assert len(adf_digest(sent)) == 32
        assert mentioned_people(sent) == ()


@pytest.mark.parametrize(
    "kind", ["blockquote", "bulletList", "listItem", "table", "tableCell", "panel", "expand",
             "paragraph", "unknown", "layoutSection", "taskItem", "mediaSingle"],
)  # fmt: skip
def test_deep_documents_keep_their_words(kind: str) -> None:
    document: dict[str, Any] = node("mention", text="@Ana")
    for _ in range(5_000):
        document = node(kind, document)
    assert "@Ana" in markdown_of_adf(document)
    assert mentioned_people(document) == ("Ana",)
    assert adf_digest(document) != adf_digest(node(kind, document))


def test_large_documents_are_read_whole() -> None:
    document = [p(f"{'word ' * 80}{n}") for n in range(12_000)]
    markdown = written(*document)
    assert len(json.dumps(document)) > 5_000_000
    assert markdown.count("\n\n") == 11_999
    assert markdown.endswith("word 11999")


KINDS = [
    "doc", "paragraph", "heading", "bulletList", "orderedList", "listItem", "taskList", "taskItem",
    "blockTaskItem", "decisionList", "decisionItem", "codeBlock", "blockquote", "panel", "expand",
    "table", "tableRow", "tableCell", "rule", "mediaSingle", "hardBreak", "mention", "status",
    "inlineCard", "blockCard", "layoutSection", "unknown", "text",
]  # fmt: skip
WORDS = st.sampled_from(
    ["word", "*x*", "_", "[x](y)", "- a", "1. b", "|", "\\", "`", "<b>", "&amp;", " ", "\n", "é",
     "~~", "**", ">", "!", "]", ":"]
)  # fmt: skip
MARKS = st.lists(
    st.sampled_from(["strong", "em", "strike", "code", "underline"]).map(lambda one: {"type": one}),
    max_size=3,
)
LEAVES = st.builds(lambda words, marks: text(words) | {"marks": marks}, WORDS, MARKS)
TREES = st.recursive(
    LEAVES | st.none() | WORDS,
    lambda inner: st.builds(lambda kind, content: node(kind, *content), st.sampled_from(KINDS),
                            st.lists(inner, max_size=4)),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=500)
@given(TREES)
def test_whatever_was_read_can_be_published_and_read_again(document: object) -> None:
    markdown = markdown_of_adf(document)
    published = adf_of(markdown)
    assert adf_of(markdown_of_adf(published)) == published


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["type", "text", "content", "attrs", "marks"]), inner)
    ),
)


@given(JSON)
def test_any_json_is_borne(value: object) -> None:
    assert isinstance(markdown_of_adf(value), str)
    assert len(adf_digest(value)) == 32
    assert isinstance(mentioned_people(value), tuple)
