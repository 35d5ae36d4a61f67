"""What is known of a company, as data and as a page that nothing stored can break."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coordinator.context import (
    PAGE_WORDS,
    SHOWN_COMPONENTS,
    InstanceContext,
    instance_context,
)
from coordinator.frames import commits_frame
from coordinator.git import Commit
from coordinator.settings import CompanySettings, GitSettings, Person

DAY = datetime(2026, 3, 31, 12, tzinfo=UTC)
COLUMNS = ("name", "path", "category", "language", "version", "licence", "description")


def settings(**given: Any) -> CompanySettings:
    return CompanySettings(name="acme", git=GitSettings(url="https://example.org/x"), **given)


def commits(*rows: tuple[int, str, tuple[str, ...]]) -> pd.DataFrame:
    return commits_frame(
        Commit(
            sha=str(number),
            parents=(),
            author=author,
            author_email="",
            authored_at=DAY - timedelta(days=ago),
            committed_at=DAY - timedelta(days=ago),
            message="private words",
            paths=paths,
            path_count=len(paths),
        )
        for number, (ago, author, paths) in enumerate(rows)
    )


def components(*rows: dict[str, Any]) -> pd.DataFrame:
    names = [*COLUMNS, "code_bytes", "dependencies", "manifests"]
    base = dict.fromkeys(COLUMNS, "") | {"code_bytes": 0, "dependencies": [], "manifests": []}
    return pd.DataFrame([base | row for row in rows], columns=names)


def learnings(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["category", "source", "language"])


def context(**given: Any) -> InstanceContext:
    values: dict[str, Any] = {
        "settings": settings(),
        "head": "a1b2c3d4e5f6a7b8",
        "branch": "main",
        "commits": commits(),
        "components": components(),
        "learnings": learnings(),
        "memory_rows": 0,
        "left_out": {},
    }
    values |= given
    return instance_context(values.pop("settings"), **values)


SHOP = {
    "settings": settings(
        title="Acme Ltda", description="Sells *tills*.", owners=(Person(name="Ana"),)
    ),
    "commits": commits((200, "Ada", ("old/x.py",)), (3, "Ada", ("till/a", "till/b", "R.md"))).pipe(
        lambda frame: pd.concat([frame, commits((0, "Bob", ("web/c", "till/c")))])
    ),
    "components": components(
        {
            "name": "till",
            "path": "till",
            "category": "service",
            "language": "Python",
            "licence": "MIT",
            "version": "1.2.0",
            "code_bytes": 300,
            "dependencies": ["flask", "httpx"],
            "manifests": ["till/pyproject.toml"],
            "description": "Takes money",
        },
        {
            "name": "web",
            "path": "web",
            "category": "frontend",
            "language": "TypeScript",
            "code_bytes": 100,
            "dependencies": ["flask"],
            "manifests": ["web/package.json"],
        },
    ),
    "learnings": learnings(("solution", "commit", "en"), ("need", "document", "pt")),
    "memory_rows": 2,
}


def test_the_data_counts_what_the_tables_hold() -> None:
    data = context(**SHOP).data
    assert data["stack"]["languages"] == {"Python": 0.75, "TypeScript": 0.25}
    assert data["stack"]["dependencies"] == {"flask": 2, "httpx": 1}
    assert data["stack"]["licences"] == {"MIT": 1}
    assert data["statistics"]["authors"] == 2
    assert data["statistics"]["learnings_by_category"] == {"need": 1, "solution": 1}
    assert data["activity"]["commits"] == 2  # the third lies over 90 days before the last
    assert data["activity"]["areas"] == {"till": 2, "web": 1}
    assert data["health"] == []
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_page_has_every_part_in_the_companys_language(language: str) -> None:
    words = PAGE_WORDS[language]
    spoken = SHOP["settings"].model_copy(update={"language": language})  # type: ignore[attr-defined]
    page = context(**{**SHOP, "settings": spoken}).page
    parts = ("what", "stack", "components", "activity", "statistics", "health")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings == [f"## {words[part]}" for part in parts]
    assert page.startswith("# Acme Ltda\n")
    assert "main, a1b2c3d4e5f6" in page
    assert "Sells *tills*." in page
    assert "| till | till | service | Python | 1.2.0 | Takes money |" in page
    assert words["fine"] in page
    other = PAGE_WORDS["en" if language == "pt" else "pt"]
    assert other["activity"] not in page


def test_both_languages_have_the_same_words() -> None:
    assert PAGE_WORDS["pt"].keys() == PAGE_WORDS["en"].keys()
    assert all(PAGE_WORDS["pt"].values())


@pytest.mark.parametrize("language", ["en", "pt"])
def test_an_empty_company_has_a_page_that_says_what_is_missing(language: str) -> None:
    found = context(settings=settings(language=language), head="", branch="")
    assert found.data["activity"]["last"] is None
    assert found.data["health"] == ["no_owner", "no_description", "no_component", "no_learning"]
    for code in found.data["health"]:
        assert PAGE_WORDS[language][code] in found.page
    assert PAGE_WORDS[language]["repository"] not in found.page
    assert found.page.count(PAGE_WORDS[language]["none"]) == 4


def test_components_without_code_have_no_shares_and_no_warning() -> None:
    assert context(components=components({"name": "x"})).data["stack"]["languages"] == {}


def test_health_says_what_was_left_out_and_what_is_behind() -> None:
    found = context(left_out={"secrets": 2, "missing_files": 1}, memory_rows=5)
    assert {"secrets_refused", "files_missing", "memory_differs"} <= set(found.data["health"])
    assert "left out: missing_files 1, secrets 2" in found.page


def test_more_components_than_fit_are_counted() -> None:
    many = components(*({"name": f"c{n:03}", "path": f"c{n:03}"} for n in range(63)))
    page = context(components=many).page
    assert f"… {63 - SHOWN_COMPONENTS} more" in page
    assert "c059" in page
    assert "c060" not in page


def test_private_words_of_commits_are_not_on_the_page() -> None:
    found = context(**SHOP)
    assert "private words" not in found.page + json.dumps(found.data)


def test_the_same_history_gives_the_same_page_in_every_process() -> None:
    # sets of text have another order in each process: ties must not follow it
    program = (
        "import pandas as pd\n"
        "from coordinator.context import _most, _stack\n"
        "from collections import Counter\n"
        "rows = [{'language': 'x', 'code_bytes': 1, 'licence': '',\n"
        "  'dependencies': [f'd{n}' for n in range(40)],\n"
        "  'manifests': [f'a/m{n}.toml' for n in range(40)]}]\n"
        "print(_stack(pd.DataFrame(rows)))\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def rendered_rows(page: str) -> list[list[str]]:
    """The cells of the page's only table, as a Markdown reader sees them."""
    rows: list[list[str]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and rows and token.level == 4:
            rows[-1].append(token.content)
    return rows


HOSTILE = [
    "a | b | c",
    "a \\| b",
    "ends with a backslash \\",
    "line\nbreak\r\n| x | y |\x85z\u2028w",
    "<script>alert(1)</script><!--",
    "`unclosed",
    "![x](https://evil.example/pixel.png) [y](javascript:x)",
    "\x1b]0;title\x07\x1b[2J\x9b1m",
    "\u202egnp.exe\u200b",
    "|" * 300,
    "\\" * 119 + "|" * 300,
    "# head\n## Health\n- fine",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inside_its_cell(text: str) -> None:
    odd = dict.fromkeys(COLUMNS, text) | {"path": "a" + text, "code_bytes": 1}
    odd |= {"dependencies": [text], "manifests": [text]}
    typed = text[:200] if text.isprintable() else "x"  # settings refuse control characters
    found = context(
        settings=settings(title=typed, owners=(Person(name=typed),)),
        branch=text,
        components=components(odd, {"name": "fine", "path": "zz"}),
        commits=commits((0, text, (f"{text}/x",))),
        learnings=learnings((text, text, text)),
    )
    assert_page_is_whole(found.page)
    last_row = found.page.split("| fine |")[0].splitlines()[-1]
    # GitHub reads a backslash before a pipe by pairs, unlike markdown-it: count them
    assert len(split_as_github(last_row)) == 6


def split_as_github(row: str) -> list[str]:
    cells, escaped = [""], False
    for char in row.strip().removeprefix("|").removesuffix("|"):
        if char == "|" and not escaped:
            cells.append("")
        else:
            cells[-1] += char
        escaped = char == "\\" and not escaped
    return cells


def assert_page_is_whole(page: str) -> None:
    rows = rendered_rows(page)
    assert [len(row) for row in rows] == [6, 6, 6]
    assert rows[2][0] == "fine"
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert len(headings) == 7
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    inline = [child.type for token in tokens for child in token.children or []]
    assert not {"html_inline", "image", "link_open"} & set(inline)
    assert not any(token.type in ("html_block", "fence") for token in tokens)
    assert all(char == "\n" or char.isprintable() for char in page)


@given(st.text(alphabet="|\\`<>![]()\n\x1b\u2028*_~-# a", max_size=40))
def test_no_text_at_all_breaks_the_table(text: str) -> None:
    odd = dict.fromkeys(COLUMNS, text)
    found = context(
        branch=text, components=components(odd | {"path": "a"}, {"name": "fine", "path": "zz"})
    )
    assert_page_is_whole(found.page)


@pytest.mark.parametrize("text", ["<!-- hide", "```\nhide", "~~~", "<details>", "<style>"])
def test_a_description_cannot_hide_what_follows(text: str) -> None:
    found = context(
        settings=settings(description=text),
        components=components({"name": "x", "path": "a"}, {"name": "fine", "path": "zz"}),
    )
    assert_page_is_whole(found.page)
