"""Markdown becomes ADF that Atlassian's schema accepts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.rich_text import adf_of
from coordinator.rich_text.from_markdown import MOST_CHARACTERS
from coordinator.rich_text.nodes import walk

Refusal = Callable[[object], str]


def content(markdown: str) -> list[Any]:
    document = adf_of(markdown)
    assert (document["version"], document["type"]) == (1, "doc")
    return document["content"]


def text(words: str, *marks: str, href: str = "") -> dict[str, Any]:
    links = [{"type": "link", "attrs": {"href": href}}] if href else []
    named = [*links, *({"type": mark} for mark in marks)]
    return {"type": "text", "text": words, **({"marks": named} if named else {})}


def p(*inline: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": [*inline]} if inline else {"type": "paragraph"}


def item(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "listItem", "content": [*blocks]}


def words(document: object) -> str:
    return " ".join(node["text"] for node in walk(document) if node["type"] == "text")


BREAK = {"type": "hardBreak"}


def test_paragraphs_have_their_marks_links_and_breaks() -> None:
    markdown = "a **b** *c* ~~d~~ `e*` [f](https://x.org/f) <https://x.org>  \nsecond\nthird"
    assert content(markdown) == [
        p(
            text("a "),
            text("b", "strong"),
            text(" "),
            text("c", "em"),
            text(" "),
            text("d", "strike"),
            text(" "),
            text("e*", "code"),
            text(" "),
            text("f", href="https://x.org/f"),
            text(" "),
            text("https://x.org", href="https://x.org"),
            BREAK,
            text("second third"),
        )
    ]


def test_headings_keep_their_level_and_are_one_line() -> None:
    assert content("# One\n\n###### Six `c`\n\nTwo  \nlines\n---") == [
        {"type": "heading", "attrs": {"level": 1}, "content": [text("One")]},
        {"type": "heading", "attrs": {"level": 6}, "content": [text("Six "), text("c", "code")]},
        {"type": "heading", "attrs": {"level": 2}, "content": [text("Two lines")]},
    ]


def test_lists_nest_and_ordered_ones_keep_their_start() -> None:
    below = [item(p(text("b")), p(text("c")))]
    ordered = {"type": "orderedList", "attrs": {"order": 3}, "content": below}
    assert content("- a\n\n  3. b\n\n     c\n- d") == [
        {"type": "bulletList", "content": [item(p(text("a")), ordered), item(p(text("d")))]}
    ]


def test_an_ordered_list_from_one_has_no_start() -> None:
    assert "attrs" not in content("1. a\n2. b")[0]


def test_code_keeps_its_lines_and_language() -> None:
    assert content("```python title=x\na = 1\n\n\tb\n```\n\n    indented\n\n```\n```") == [
        {
            "type": "codeBlock",
            "attrs": {"language": "python"},
            "content": [text("a = 1\n\n\tb")],
        },
        {"type": "codeBlock", "content": [text("indented")]},
        {"type": "codeBlock", "content": []},
    ]


def test_tables_have_header_cells_and_no_empty_text() -> None:
    assert content("| a | b |\n|---|:-:|\n| c\\|d |\n") == [
        {
            "type": "table",
            "content": [
                {
                    "type": "tableRow",
                    "content": [
                        {"type": "tableHeader", "content": [p(text("a"))]},
                        {"type": "tableHeader", "content": [p(text("b"))]},
                    ],
                },
                {
                    "type": "tableRow",
                    "content": [
                        {"type": "tableCell", "content": [p(text("c|d"))]},
                        {"type": "tableCell", "content": [p()]},
                    ],
                },
            ],
        }
    ]


def test_what_adf_does_not_allow_in_a_quote_or_list_is_said_by_other_means() -> None:
    held = "# Head `c`\n{0}> deeper\n{0}\n{0}| a | b |\n{0}|---|---|\n{0}| c | d |\n{0}\n{0}***"
    said = [
        p(text("Head", "strong"), text(" "), text("c", "code")),
        p(text("deeper")),
        p(text("a | b"), BREAK, text("c | d")),
    ]
    assert content("> " + held.format("> ")) == [{"type": "blockquote", "content": said}]
    assert content("- " + held.format("  ")) == [{"type": "bulletList", "content": [item(*said)]}]


def test_tasks_have_states_and_the_same_ids_each_time() -> None:
    markdown = "- [x] done\n  - [ ] below\n- [ ] to do"
    (tasks,) = content(markdown)
    assert tasks["type"] == "taskList"
    kinds = [(part["type"], part["attrs"].get("state")) for part in tasks["content"]]
    assert kinds == [("taskItem", "DONE"), ("taskList", None), ("taskItem", "TODO")]
    ids = [node["attrs"]["localId"] for node in walk(tasks) if "attrs" in node]
    assert len(set(ids)) == len(ids) == 5
    assert content(markdown) == [tasks]


@pytest.mark.parametrize(
    "markdown", ["- [ ] a\n\n  b", "- [ ] a\n- b", "> - [ ] a", "1. [ ] a", "- [ ] ```\n  c\n  ```"]
)
def test_tasks_that_adf_cannot_hold_are_items_with_a_box_in_front(markdown: str) -> None:
    document = adf_of(markdown)
    assert "taskList" not in {node["type"] for node in walk(document)}
    assert words(document).startswith("[ ]")


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "file:///etc/passwd", "vbscript:x",
     "docs/a.md", "/a", "#anchor", "//x.org/a", "https:", "http://", "ftp://x.org", "mailto:x",
     "java&#10;script:alert(1)", "https://[", "https://[a:b]/", "\\\\x.org"],
)  # fmt: skip
def test_only_http_https_and_mailto_become_links(address: str) -> None:
    assert content(f"[here]({address}) and [there][r]\n\n[r]: {address}") == [
        p(text("here and there"))
    ]


@pytest.mark.parametrize("address", ["http://x.org/a", "HTTPS://x.org", "mailto:a@x.org"])
def test_the_three_kinds_of_links_stay(address: str) -> None:
    (paragraph,) = content(f"[here]({address})")
    (mark,) = paragraph["content"][0]["marks"]
    assert mark["attrs"]["href"].lower() == address.lower()


def test_a_picture_alone_from_https_is_a_picture_and_others_are_their_words() -> None:
    assert content("![the *map*](https://x.org/i.png 'title')\n\n- ![](https://x.org/j.png)") == [
        {
            "type": "mediaSingle",
            "attrs": {"layout": "center"},
            "content": [
                {
                    "type": "media",
                    "attrs": {"type": "external", "url": "https://x.org/i.png", "alt": "the map"},
                }
            ],
        },
        {
            "type": "bulletList",
            "content": [
                item(
                    {
                        "type": "mediaSingle",
                        "attrs": {"layout": "center"},
                        "content": [
                            {
                                "type": "media",
                                "attrs": {"type": "external", "url": "https://x.org/j.png"},
                            }
                        ],
                    }
                )
            ],
        },
    ]
    assert content("![local](a.png)\n\n![plain](http://x.org/i.png)\n\n![](b.png)") == [
        p(text("local")),
        p(text("plain", href="http://x.org/i.png")),
    ]
    assert content("see ![map](https://x.org/i) [![badge](https://x.org/b)](https://x.org)") == [
        p(
            text("see "),
            text("map", href="https://x.org/i"),
            text(" "),
            text("badge", href="https://x.org"),
        )
    ]


def test_html_leaves_and_its_words_stay() -> None:
    markdown = (
        "a <b onclick='x()'>bold</b><br>next <!-- gone --> <script>alert(1)</script> List<String>\n"
        "\n<details><summary>More</summary>\n&lt;script&gt; text\n<script>\nalert(2)\n</script>\n"
        "<style>p {}</style></details>\n\n<!-- a\n\nb -->\n\n<img src=x onerror=y>"
    )
    assert content(markdown) == [
        p(text("a bold"), BREAK, text("next alert(1) List<String>")),
        p(text("More"), BREAK, text("<script> text")),
    ]


def test_nobody_is_mentioned() -> None:
    document = adf_of("[~accountid:5b10ac8d] and @ana and [~ana] [x](accountid:5)")
    assert words(document) == "[~accountid:5b10ac8d] and @ana and [~ana] x"
    assert {node["type"] for node in walk(document)} == {"doc", "paragraph", "text"}


def test_control_and_direction_characters_leave_wherever_they_stand() -> None:
    hidden = "\x00\u202e\u200b\ufeff\x1b&#x202E;&#8203;&#x1b;"
    shown = json.dumps(
        adf_of(f"a{hidden}b `c\u202ed` [e\u200bf](https://x.org/\u202e)\n\n```\ng\u202e\n```")
    )
    assert words(adf_of(f"a{hidden}b")) == "ab"
    assert "202e" not in shown.lower()
    assert "200b" not in shown.lower()
    assert "%e2%80" not in shown.lower()


@pytest.mark.parametrize("markdown", ["", "\n", "   ", "\x00", "<!-- a -->", "[a]: https://x.org"])
def test_nothing_gives_an_empty_document(markdown: str, refusal: Refusal) -> None:
    assert adf_of(markdown) == {"version": 1, "type": "doc", "content": []}
    assert refusal(adf_of(markdown)) == ""


@pytest.mark.parametrize(
    "markdown",
    [">" * 10_000 + "deep", "> " * 10_000 + "deep", "- " * 10_000 + "deep", "> - " * 5_000 + "deep",
     "1. " * 10_000 + "deep", "".join("  " * n + "- deep\n" for n in range(300)),
     "*" * 20_000 + "deep" + "*" * 20_000, "[" * 20_000 + "deep" + "](https://x.org)" * 20_000,
     "![" * 5_000 + "deep" + "](https://x.org)" * 5_000],
    ids=["quotes", "spaced quotes", "lists", "both", "ordered", "indented", "stars", "links",
         "pictures"],
)  # fmt: skip
def test_deep_markdown_becomes_flat_text(markdown: str, refusal: Refusal) -> None:
    document = adf_of(markdown)
    assert "deep" in json.dumps(document)
    assert refusal(document) == ""


def calls(markdown: str) -> int:
    """How many functions are called to convert a text: a measure no busy machine changes."""
    count = 0

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        adf_of(markdown)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "unit",
    ["[", "[a](", "![", "*a _b ", "_ *", "<a ", "<!--", "`a ", "> a\n", "- a\n", "|",
     "&amp;", "~~a ", "[a]: b\n", "a\n-\n", "**a"],
)  # fmt: skip
def test_hostile_markdown_takes_work_in_proportion_to_its_length(unit: str) -> None:
    calls(unit)  # what is made once
    assert calls(unit * 2_000) < 6 * calls(unit * 500) + 1_000


def test_html_that_never_ends_is_read() -> None:
    endless = "<" + "a" * 150_000
    assert words(adf_of(f"<div>\n{endless}")) == endless
    assert words(adf_of(f"b {endless}")) == f"b {endless}"


def test_too_long_markdown_is_cut_and_says_so(refusal: Refusal) -> None:
    document = adf_of("word " * 1_000_000)
    assert (
        words(document["content"][-1])
        == f"[{5_000_000 - MOST_CHARACTERS} more characters were cut]"
    )
    assert len(json.dumps(document)) < MOST_CHARACTERS + 1_000
    assert refusal(document) == ""


CASES = [
    "# *a* **b** `c`", "a\\\nb", "> a\n> - b\n>   > c\n> # d\n> ```\n> e\n> ```", "- > a\n  - b",
    "- # a\n- ---\n- ", "1) a\n1. b", "0. a", "- a\n* b\n+ c", "- [ ] a\n- [x] b", "- [ ] \n",
    "- [x] a\n  1. [ ] b", "* [ ] - a", "|a|\n|-|", "|a|b|\n|-|-|\n|`x`|**y**<br>z|",
    "> |a|\n> |-|", "[**a** `b`](https://x.org)", "`` ` ``", "***", "![a](https://x.org) b",
    "<div>a</div>", "&nbsp;", "- ```\n  a\n  ```\n\n  ![a](https://x.org)",
    "> ![a](https://x.org)", "a\n***\nb\n===\n", "#", "-", ">", "|a|\n|-|\n|![b](https://x.org)|",
    "- [ ] ![b](https://x.org)", "# ![b](https://x.org)",
]  # fmt: skip


@pytest.mark.parametrize("markdown", CASES)
def test_every_construct_is_accepted_by_atlassians_schema(markdown: str, refusal: Refusal) -> None:
    assert refusal(adf_of(markdown)) == ""


def test_the_schema_refuses_what_is_wrong(refusal: Refusal) -> None:
    quoted = {"type": "blockquote", "content": [{"type": "blockquote", "content": [p()]}]}
    assert refusal({"version": 1, "type": "doc", "content": [quoted]})
    assert refusal({"version": 1, "type": "doc", "content": [p(text(""))]})


def test_our_own_documents_are_accepted(refusal: Refusal, documents: list[str]) -> None:
    assert len(documents) > 5
    assert {refusal(adf_of(one)) for one in documents} == {""}


def test_texts_of_real_issues_are_accepted(refusal: Refusal, issue_texts: list[str]) -> None:
    assert {refusal(adf_of(one)) for one in issue_texts} == {""}


@given(st.text())
def test_the_same_text_gives_the_same_document(markdown: str) -> None:
    assert json.dumps(adf_of(markdown)) == json.dumps(adf_of(markdown))
