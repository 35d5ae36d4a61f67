"""The first paragraph of READMEs, and owners by CODEOWNERS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.catalog import owners, readme


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# Cart\n\nKeeps the cart of every\nvisitor.\n\nMore.",
            "Keeps the cart of every visitor.",
        ),
        (
            "[![Build](https://x/b.svg)](https://x)\n\n<p align='center'>\n<img src=x>\n</p>\n\n"
            "The *cart* service, see [the docs](docs/a.md).",
            "The cart service, see the docs.",
        ),
        (
            "Cart Service\n============\n\nKeeps carts in `Redis` for a day.",
            "Keeps carts in Redis for a day.",
        ),
        (
            ".. image:: a.png\n\nCart\n----\nKeeps carts for a day or two.",
            "Keeps carts for a day or two.",
        ),
        (
            "= Cart\n:toc:\n\nimage::a.png[]\nKeeps carts for a day or two.",
            "Keeps carts for a day or two.",
        ),
        (
            "---\ntitle: a long title of this page\n---\n\nKeeps carts for a day or two.",
            "Keeps carts for a day or two.",
        ),
        (
            "<!-- a long comment\nof two lines of text -->\nKeeps carts for a day or two.",
            "Keeps carts for a day or two.",
        ),
        (
            "```sh\nnpm install the cart service\n```\n\nKeeps carts for a day or two.",
            "Keeps carts for a day or two.",
        ),
        (
            "- one item of a list\n\n> a quoted line of text\n\nKeeps carts for a day or two.",
            "Keeps carts for a day or two.",
        ),
        ("# Cart\n\nShort.\n\nKeeps carts for a day or two.", "Keeps carts for a day or two."),
        ("# Only\n\n- a list\n", ""),
        ("", ""),
    ],
)
def test_the_first_paragraph_of_prose_is_found(text: str, said: str) -> None:
    assert readme.first_paragraph(text.encode()) == said


def test_a_missing_readme_says_nothing() -> None:
    assert readme.first_paragraph(None) == ""


@given(st.text(max_size=300))
def test_any_text_gives_one_clean_line(text: str) -> None:
    said = readme.first_paragraph(text.encode("utf-8", "surrogatepass"))
    assert said.isprintable()
    assert len(said) <= 2_000


RULES = owners.parse(
    b"# owners\n* @all\n/cart/ @team-cart  # the cart\ndocs @writers\n/src/*/api @api\n"
    b"/legacy/**\n!broken @x\n[section]\n"
)


@pytest.mark.parametrize(
    ("folder", "owner"),
    [
        (".", "@all"),
        ("web", "@all"),
        ("cart", "@team-cart"),
        ("cart/src", "@team-cart"),
        ("web/cart", "@all"),
        ("web/docs", "@writers"),
        ("src/pay/api", "@api"),
        ("src/pay", "@all"),
        ("legacy", ""),
    ],
)
def test_the_last_rule_that_covers_a_folder_names_its_owner(folder: str, owner: str) -> None:
    assert owners.owner_of(folder, RULES) == owner


def test_a_rule_for_single_files_owns_no_folder() -> None:
    assert owners.owner_of("cart", owners.parse(b"*.js @js\n/cart/Dockerfile @ops\n")) == ""


def test_a_repository_without_code_owners_has_none() -> None:
    assert owners.owner_of("cart", owners.parse(None)) == ""


@given(st.binary(max_size=200))
def test_any_code_owners_file_can_be_asked(data: bytes) -> None:
    assert isinstance(owners.owner_of("a/b", owners.parse(data)), str)
