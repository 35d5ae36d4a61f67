"""Markdown → ADF → Markdown says the same, so that what was published can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coordinator.rich_text import adf_of, markdown_of_adf
from coordinator.rich_text.nodes import walk

PAGE = """\
# Orders: what was learned

A **saga** with _compensation_, ~~not~~ two-phase commit: `retry(3)`, see
[the decision](https://wiki.example.org/x_(y)?a=1&b=2) or <https://example.org/adr>.

## How

1. Reserve the stock.
2. Charge the card:
   - at most once
   - with a key

   Never twice.
3. Ship.

> Learned from three incidents.
>
> - each of them at night

| step | undo |
| --- | --- |
| reserve | release \\| expire |
| charge<br>card | **refund** |

````python
fence = "```"
````

***

- [x] written
  - [ ] read by others
- [ ] shared

![The saga](https://example.org/saga.png)

Costs 2 * 3 > 5, snake_case & C# stay as they are.\\
A new line.
"""

PIECES = [
    "# ", "## ", "- ", "* ", "1. ", "2) ", "10. ", "> ", "| a | b |\n|--|:-:|\n| c | d |\n",
    "```\n", "```py\n", "~~~\n", "---\n", "***\n", "===\n", "\n", "\n\n", "\n- ", "\n  - ",
    "\n    - ", "\n> ", "\n1. ", "\n   ", "  ", "    ", "\t", "[x](https://e.org)", "[x]", "[ ] ",
    "- [ ] ", "- [x] ", "![i](https://e.org/i.png)", "![i](j)", "[", "](", "]", ")", "(", "!",
    "<https://e.org/a>", "<b>", "<br>", "<div>", "<!--", "-->", "<String>", "`", "``", "**", "*",
    "_", "__", "~~", "~", "\\", "\\\n", "  \n", "word", "snake_case", "é", "\u0301", "\u0338",
    "日本", "😀", "&amp;", "&nbsp;", "&#10;", "&", "|", "\\|", ":", "-", "=", "#", "1.", ".", '"',
    "x", "a", " ", "[~accountid:5]", "<a@b.cd>", "https://e.org/?a=b&copy;c",
    "[r]: https://r.org\n", "[r]", "\x00", "\u202e", "\u3000", "**a**", "_b_", "*c*", "~~d~~",
    "***e***", "a**b**c", "\n\n    code\n",
]  # fmt: skip
MARKDOWN = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=30).map("".join)


def test_a_page_comes_back_as_it_was_written() -> None:
    written = PAGE.replace(", see\n", ", see ")
    assert markdown_of_adf(adf_of(PAGE)) == written.replace("x_(y)", "x_\\(y\\)").strip()


@settings(max_examples=1_500)
@given(MARKDOWN | st.text(max_size=80))
def test_what_was_published_and_read_back_is_the_same_document(markdown: str) -> None:
    document = adf_of(markdown)
    assert adf_of(markdown_of_adf(document)) == document


@settings(max_examples=1_000)
@given(MARKDOWN)
def test_generated_markdown_is_accepted_by_atlassians_schema(
    refusal: Callable[[object], str], markdown: str
) -> None:
    assert refusal(adf_of(markdown)) == ""


def test_our_own_documents_come_back_the_same(documents: list[str]) -> None:
    for document in map(adf_of, documents):
        assert adf_of(markdown_of_adf(document)) == document


def test_texts_of_real_issues_come_back_the_same(issue_texts: list[str]) -> None:
    for document in map(adf_of, issue_texts):
        assert adf_of(markdown_of_adf(document)) == document


def test_no_word_of_a_document_is_lost(documents: list[str]) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for markdown in documents:
        rendered = re.sub(r'<img [^>]*alt="([^"]*)"[^>]*>', r" \1 ", parser.render(markdown))
        words = set(re.findall(r"\w+", unescape(re.sub(r"<[^>]*>", " ", rendered))))
        document = adf_of(markdown)
        kept = [part.get("text", "") for part in walk(document)]
        kept += [part.get("attrs", {}).get("alt", "") for part in walk(document)]
        assert words <= set(re.findall(r"\w+", " ".join(kept)))


@pytest.mark.parametrize(
    "words",
    ["1. a", "2) a", "- a", "+ a", "* a", "# a", "###### a", "> a", "---", "***", "___", "===",
     "```a", "~~~", "| a |", "|--|", ":-|", "[a]: https://x.org", "[x] a", "[ ] a", "a_b_c",
     "__init__", "*a*", "a * b", "`a`", "~~a~~", "~a", "[a](b)", "![a](b)", "<b>", "<!-- a -->",
     "<https://x.org>", "a < b", "&amp;", "a & b", "\\*", "C:\\dir", "a\\", "#", "a #", "1.", "-",
     "!", "a|b", "[a] [b]", "1986. a", "    a", "https://x.org/a_b", "a@b.cd", "_", "*", "~~",
     "[", "]", "!["],
)  # fmt: skip
def test_text_that_looks_like_markup_stays_text(words: str) -> None:
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": words.strip()}]}
    cell = {"type": "tableCell", "content": [paragraph]}
    item = {"type": "listItem", "content": [paragraph]}
    broken = {"type": "paragraph", "content": [{"type": "text", "text": "a"}, {"type": "hardBreak"},
              *paragraph["content"]]}  # fmt: skip
    content = [
        paragraph,
        broken,
        {"type": "heading", "attrs": {"level": 2}, "content": paragraph["content"]},
        {"type": "bulletList", "content": [item, item]},
        {"type": "blockquote", "content": [paragraph]},
        {
            "type": "table",
            "content": [
                {"type": "tableRow", "content": [cell | {"type": "tableHeader"}] * 2},
                {"type": "tableRow", "content": [cell, cell]},
            ],
        },
    ]
    document = {"version": 1, "type": "doc", "content": content}
    assert adf_of(markdown_of_adf(document)) == document


@pytest.mark.parametrize("plain", ["snake_case", "a & b", "2 * 3", "5 > 3 < 7", "[1] and (2)",
 "a|b", "C# is #1!", "~5 %", "50% - 60%", "a. b) c", "x = y", "[~ana]"])  # fmt: skip
def test_text_that_could_not_be_markup_is_not_escaped(plain: str) -> None:
    assert markdown_of_adf(adf_of(f"a {plain}")) == f"a {plain}"


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**a *b* c**", "**a _b_ c**"),
        ("un*frigging*believable", "un*frigging*believable"),
        ("**A**PI", "**A**PI"),
        ("***a***", "**_a_**"),
        ("**a `b` c**", "**a** `b` **c**"),
        ("[**a** b](https://x.org)", "[**a** b](https://x.org)"),
        ("** a**", "\\*\\* a\\*\\*"),
        ("- a\n\n\n- b", "- a\n- b"),
        ("- a\n* b\n- c", "- a\n\n* b\n\n- c"),
        ("1. a\n1) b", "1. a\n\n1) b"),
        ("- - a", "- * a"),
        ("* * *\na", "***\n\na"),
    ],
)
def test_markdown_is_written_in_one_way(markdown: str, written: str) -> None:
    assert markdown_of_adf(adf_of(markdown)) == written


@pytest.mark.parametrize(
    "before", ["<https://x.org>", "> ", "|a|\n|-|\n|b<br>", "`=`", "**=**", "a\\\n"]
)
def test_a_stroke_with_no_letter_before_it_joins_no_sign_of_ours(before: str) -> None:
    document = adf_of(f"{before}&#x338;b")
    assert adf_of(markdown_of_adf(document)) == document


@pytest.mark.parametrize("words", ["a]b", "a[b", "[a]", "![a](b)", "`a`", "a*b", "<b>", "a\\", "|"])
def test_the_words_of_a_link_or_picture_stay_within_it(words: str) -> None:
    link = {"type": "link", "attrs": {"href": "https://x.org"}}
    linked = {"type": "text", "text": words, "marks": [link]}
    media = {"type": "media", "attrs": {"type": "external", "url": "https://x.org/i", "alt": words}}
    content = [
        {"type": "paragraph", "content": [{"type": "text", "text": "see "}, linked]},
        {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [media]},
    ]
    document = {"version": 1, "type": "doc", "content": content}
    assert adf_of(markdown_of_adf(document)) == document


@pytest.mark.parametrize(
    "address",
    ["https://x.org/?a=b&copy;c&amp", "https://x.org/a(b", "https://x.org/a_b*c*",
     "https://x.org/%20", "https://xn--bcher-kva.example/", "https://x.org/~~a~~",
     "mailto:a@x.org?subject=b%20c"],
)  # fmt: skip
def test_an_address_comes_back_as_it_was(address: str) -> None:
    link = {"type": "link", "attrs": {"href": address}}
    texts = [{"type": "text", "text": words, "marks": [link]} for words in ("here", address)]
    content = [{"type": "paragraph", "content": [text]} for text in texts]
    document = {"version": 1, "type": "doc", "content": content}
    assert adf_of(markdown_of_adf(document)) == document
