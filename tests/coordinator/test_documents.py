"""Documents cut by heading; decision records as one text; boilerplate left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.learnings.documents import cut_document
from coordinator.learnings.markdown_blocks import blocks_of


def words(text: str) -> int:
    return len(text.split())


PROSE = (
    "Every consumer acknowledges a message only after its transaction was committed, so that a "
    "restart in between leads to a second delivery and never to a lost order. Handlers are "
    "idempotent by the message id."
)
ADR_EN = """# 7. Record events in an outbox

Date: 2024-03-01

## Status

Accepted

## Context

Orders were stored but their events got lost when the broker was down.

### Forces

We run no distributed transactions.

## Decision

Events are written to an outbox table in the same transaction and relayed by a poller.

## Consequences

Consumers see events at least once and must be idempotent.
"""
ADR_PT = """# ADR 12: Cache de preços com TTL curto

## Status

Aceito

## Contexto

A consulta de preços respondia em 900 ms porque cada item batia no banco.

## Decisão

Guardamos os preços em cache por cinco minutos e nunca confiamos no cache no fechamento do pedido.

## Consequências

Um preço pode estar defasado por cinco minutos na vitrine.
"""


def cut(text: str, path: str = "docs/messaging.md", window: int = 120):  # type: ignore[no-untyped-def]
    return cut_document(path, text, count_tokens=words, window=window)


def test_sections_keep_their_headings_and_their_lines() -> None:
    text = f"---\ntitle: x\n---\n# Messaging\n\nIntro.\n\n## Delivery\n\n{PROSE}\n"
    (passage,) = cut(text).passages
    assert passage.title == "Messaging: Delivery"
    assert passage.content.startswith("Messaging › Delivery\n\nEvery consumer")
    assert passage.line == 8
    assert passage.headings == ("Messaging", "Delivery")


def test_headings_alone_and_tiny_sections_leave_with_a_name() -> None:
    assert cut(f"# A\n\n## B\n\nShort.\n\n## C\n\n{PROSE}").skipped == {
        "document: hardly any text": 1
    }


@pytest.mark.parametrize(
    "heading",
    ["Table of Contents", "License", "Contributing", "Acknowledgements", "Sumário", "Licença",
     "Como contribuir", "Autores", "Changelog", "## See also"],
)  # fmt: skip
def test_a_boilerplate_section_leaves(heading: str) -> None:
    document = cut(f"# Shop\n\n## {heading}\n\n{PROSE}")
    assert document.passages == ()
    assert document.skipped == {"document: boilerplate section": 1}


@pytest.mark.parametrize(
    "path",
    ["LICENSE.md", "CHANGELOG.md", "docs/CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md",
     ".github/PULL_REQUEST_TEMPLATE.md", "vendor/lib/README.md", "node_modules/a/readme.md",
     "docs/release-notes.md", "CONTRIBUTING.pt-BR.md"],
)  # fmt: skip
def test_a_boilerplate_document_leaves(path: str) -> None:
    assert cut(f"# Title\n\n{PROSE}", path).skipped == {"document: boilerplate": 1}


def test_a_list_of_links_leaves_and_prose_with_a_link_stays() -> None:
    links = "\n".join(
        f"- [the article number {n} about queues](https://x.org/{n})" for n in "12345"
    )
    assert cut(f"# Queues\n\n{links}").skipped == {"document: list of links": 1}
    assert cut(f"# Queues\n\n{PROSE} See [the paper](https://x.org).").passages


def test_a_long_section_is_split_between_paragraphs_within_the_window() -> None:
    text = "# Delivery\n\n" + "\n\n".join(f"{PROSE} Number {n}." for n in range(4))
    document = cut(text, window=90)
    assert len(document.passages) == 2
    assert [passage.title for passage in document.passages] == [
        "Delivery (1/2)",
        "Delivery (2/2)",
    ]
    assert all(words(passage.content) <= 90 for passage in document.passages)
    assert all(passage.content.endswith(".") for passage in document.passages)
    assert document.passages[0].line == 1
    assert document.passages[1].line > 3


def test_tables_lists_and_code_become_text_and_pictures_leave() -> None:
    text = (
        "# Setup\n\n![badge](https://img.shields.io/x.svg)\n\n| name | meaning |\n|---|---|\n"
        "| `TTL` | seconds |\n\n1. first\n   - nested **bold** <b>html</b>\n\n"
        "```sh\nmake   up\n```\n\n"
        "```mermaid\ngraph TD\n```\n\n"
        "<div align='center'><h2>In HTML</h2>A &amp; B<script>x()</script></div>\n"
    )
    found = [(block.kind, block.text) for block in blocks_of(text)]
    assert found == [
        ("heading", "Setup"),
        ("row", "name | meaning"),
        ("row", "`TTL` | seconds"),
        ("item", "- first"),
        ("item", "- nested bold html"),
        ("code", "```sh\nmake   up\n```"),
        ("heading", "In HTML"),
        ("paragraph", "A & B"),
    ]


def test_long_code_is_bounded() -> None:
    (block,) = blocks_of("```\n" + "line\n" * 100 + "```\n")
    assert block.text.count("line") == 12
    assert block.text.endswith("\n…\n```")


def test_a_decision_record_is_one_text_without_its_number() -> None:
    (passage,) = cut(ADR_EN, "docs/adr/0007-outbox.md").passages
    assert passage.kind == "decision"
    assert passage.title == "Record events in an outbox"
    assert passage.content == (
        "Record events in an outbox\n\n"
        "Context: Orders were stored but their events got lost when the broker was down.\n"
        "We run no distributed transactions.\n\n"
        "Decision: Events are written to an outbox table in the same transaction and relayed by a "
        "poller.\n\n"
        "Consequences: Consumers see events at least once and must be idempotent."
    )


@pytest.mark.parametrize(
    "path", ["docs/decisoes/12-cache.md", "docs/decisions/0012-cache.md", "notes/0012-cache.md"]
)
def test_a_portuguese_decision_record_is_understood(path: str) -> None:
    (passage,) = cut(ADR_PT, path).passages
    assert (passage.kind, passage.title) == ("decision", "Cache de preços com TTL curto")
    assert "Decisão: Guardamos os preços" in passage.content
    assert "Consequências: " in passage.content


@pytest.mark.parametrize(
    "status", ["Superseded by ADR 9", "Deprecated", "Rejeitada", "Substituído"]
)
def test_a_decision_no_longer_in_force_leaves(status: str) -> None:
    text = ADR_EN.replace("Accepted", status)
    assert cut(text, "docs/adr/0007-outbox.md").skipped == {
        "document: decision no longer in force": 1
    }


def test_a_long_decision_keeps_a_share_for_each_of_its_parts() -> None:
    text = ADR_EN.replace("when the broker was down.", "when the broker was down. " * 60)
    (passage,) = cut(text, "docs/adr/0007-outbox.md", window=80).passages
    assert words(passage.content) <= 80
    assert "Decision: Events are written" in passage.content
    assert "Consequences: " in passage.content


def test_an_ordinary_page_in_a_decisions_folder_is_cut_by_heading() -> None:
    (passage,) = cut(f"# Decisions\n\n{PROSE}", "docs/adr/0000-about.md").passages
    assert passage.kind == "section"


def test_a_huge_table_does_not_become_hundreds_of_learnings() -> None:
    rows = "\n".join(f"| key number {n} | some meaning of the key {n} |" for n in range(3_000))
    assert len(cut(f"# Keys\n\n| a | b |\n|---|---|\n{rows}").passages) <= 12


MARKDOWN = st.lists(
    st.sampled_from(
        ["# ", "## ", "- ", "1. ", "> ", "| a | b |\n|--|--|\n| c | d |\n", "```\n", "---\n", "\n",
         "<div>", "</div>", "<!--", "[x](y)", "![i](j)", "word ", "Decision", "Status", "Context",
         "<h2>", "</h2>", "\t", "    ", "***", "é. ", "\x00", PROSE]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(MARKDOWN | st.text(max_size=300), st.integers(1, 60))
def test_no_document_raises_and_every_passage_is_within_the_window(text: str, window: int) -> None:
    for path in ("docs/a.md", "docs/adr/0001-a.md", "README.md"):
        for passage in cut(text, path, window).passages:
            assert words(passage.content) <= window
            assert 0 < len(passage.title) <= 100
            assert "\x00" not in passage.content
            assert passage.line >= 1


@given(
    st.lists(st.sampled_from([PROSE, "short words here. ", "x" * 50]), max_size=8),
    st.integers(5, 70),
)
def test_a_counter_whose_parts_do_not_add_up_is_still_obeyed(parts: list[str], window: int) -> None:
    def quarters(text: str) -> int:
        return len(text) // 4

    adr = ADR_EN.replace("run no", " ".join(parts)).replace("relayed", " ".join(parts))
    for path, text in (
        ("docs/a.md", "# Delivery\n\n" + "\n\n".join(parts)),
        ("docs/adr/1.md", adr),
    ):
        found = cut_document(path, text, count_tokens=quarters, window=window)
        assert all(quarters(passage.content) <= window for passage in found.passages)


def test_deeply_nested_markdown_is_read() -> None:
    assert isinstance(cut("> " * 5_000 + "deep\n\n" + "- " * 5_000 + "deep").passages, tuple)
