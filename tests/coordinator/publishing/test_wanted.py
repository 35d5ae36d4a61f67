"""What is to stand where: shared learnings and documents as issues and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from coordinator.global_memory import Copy, Publication
from coordinator.publishing.copies import INDEX, wanted_copies
from coordinator.publishing.docs import wanted_docs
from coordinator.publishing.keys import is_label, marker_in, publication_key
from coordinator.publishing.records import Service, Target, Wanted
from coordinator.settings import ALL_CATEGORIES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def copy(number: int, title: str = "", **given: object) -> tuple[Copy, Publication]:
    said = Publication(
        title=title or f"Title {number}",
        content=f"{title or f'Title {number}'}\n\nContent {number}.",
        category=str(given.get("category", "solution")),
        language="en",
        source_instance=str(given.get("company", "acme")),
        evidence_commit="c" * 40,
        evidence_path="src",
        created_at="2026-01-01T00:00:00.000000Z",
        reason=str(given.get("reason", "")),
    )
    made = Copy(
        id=f"g-{number:016x}",
        company=said.source_instance,
        learning="l",
        category=said.category,
        content="0" * 64,
        proposal=number,
        published_at=NOON + timedelta(minutes=number),
        superseded_by=str(given.get("superseded_by", "")),
    )
    return made, said


def wanted(
    *copies: tuple[Copy, Publication],
    service: Service = "confluence",
    links: dict[str, str] | None = None,
) -> list[Wanted]:
    return wanted_copies(
        copies,
        service=service,
        place="ORCH",
        language="en",
        categories=ALL_CATEGORIES,
        links=links,
    )


def test_the_key_is_of_place_and_subject_and_never_of_the_words() -> None:
    (before,) = wanted(copy(1), service="jira")
    (after,) = wanted(copy(1, title="Other words"), service="jira")
    assert before.key == after.key
    assert before.content != after.content
    assert is_label(before.key)
    assert publication_key("jira", "OTHER", before.subject) != before.key
    assert marker_in(f"words {before.key}.") == before.key
    assert not marker_in("orch-1234 is none")


def test_pages_stand_under_one_that_lists_them_newest_first() -> None:
    index, *pages = wanted(copy(1), copy(2))
    assert index.subject == INDEX
    assert [one.parent for one in pages] == [index.key, index.key]
    assert index.body.index("Title 2") < index.body.index("Title 1")
    assert wanted() == []
    found, *_ = wanted(copy(1), copy(2), links={pages[0].key: "https://example.org/1"})
    assert "[Title 1 (acme)](https://example.org/1)" in found.body
    assert "| Title 2 (acme) |" in found.body


def test_issues_stand_alone_and_carry_their_category() -> None:
    (issue,) = wanted(copy(1, category="best_practice"), service="jira")
    assert (issue.parent, issue.labels) == ("", ("orch-best-practice",))


def test_titles_of_pages_are_each_there_once_whatever_their_capitals() -> None:
    _, *pages = wanted(copy(1, title="Retry"), copy(2, title="RETRY"), copy(3, title="retry"))
    assert len({one.title.casefold() for one in pages}) == 3


def test_what_is_told_by_another_or_of_another_category_is_not_published() -> None:
    told = copy(1, superseded_by="g-0000000000000002")
    assert [one.subject for one in wanted(told, copy(2), service="jira")] == [
        f"copy:{copy(2)[0].id}"
    ]
    assert not wanted_copies(
        [copy(1)], service="jira", place="ORCH", language="en", categories=("need",)
    )


def test_the_body_says_whose_it_is_and_does_not_say_the_title_again() -> None:
    (issue,) = wanted(copy(1, reason="others | asked *for* it"), service="jira")
    assert issue.body.startswith("Content 1.")
    assert "Shared by: **acme**" in issue.body
    assert "others \\| asked \\*for\\* it" in issue.body


def test_a_company_reads_it_in_its_language() -> None:
    (issue,) = wanted_copies(
        [copy(1)], service="jira", place="PAY", language="pt", categories=ALL_CATEGORIES
    )
    assert "Compartilhado por" in issue.body


@pytest.mark.parametrize("target", [Target("jira"), Target("confluence", "acme")])
def test_a_target_is_known_by_its_stream(target: Target) -> None:
    assert Target.of_stream(target.stream) == target


# -- documents ---------------------------------------------------------------------------------


def docs(texts: dict[str, str], folder: str = "docs", **links: str) -> dict[str, Wanted]:
    frame = pd.DataFrame([*texts.items()], columns=["path", "text"])
    found = wanted_docs(
        frame,
        company="acme",
        folder=folder,
        space="PAY",
        title="Acme",
        language="en",
        links=links,
    )
    return {one.title: one for one in found}


def key(path: str) -> str:
    return publication_key("confluence", "PAY", f"docs:{path}")


def test_folders_and_documents_become_a_tree() -> None:
    found = docs({"docs/a.md": "# Alpha", "docs/api/b.md": "# Beta", "other/c.md": "# Gamma"})
    assert list(found) == ["Acme: documentation", "Alpha", "Api", "Beta"]
    assert found["Beta"].parent == found["Api"].key
    assert found["Api"].parent == found["Alpha"].parent == found["Acme: documentation"].key


def test_a_folders_readme_is_the_folders_page() -> None:
    found = docs({"docs/api/README.md": "# The interface\n\nWords.", "docs/api/b.md": "# Beta"})
    assert "The interface" in found
    assert found["Beta"].parent == found["The interface"].key
    assert found["The interface"].body.startswith("Words.")


def test_a_folder_without_one_lists_what_stands_below() -> None:
    assert "- Beta" in docs({"docs/api/b.md": "# Beta"})["Api"].body


def test_the_whole_repository_can_be_the_folder() -> None:
    found = docs({"README.md": "# Shop", "services/a.md": "# Alpha"}, folder="")
    assert found["Alpha"].parent == found["Services"].key
    assert found["Services"].parent == found["Acme: documentation"].key


def test_a_title_that_is_taken_gets_its_path_behind_it() -> None:
    found = docs({"docs/a/setup.md": "# Setup", "docs/b/setup.md": "# setup"})
    assert {"Setup", "setup (docs/b/setup.md)"} <= set(found)


def test_a_heading_inside_a_fence_is_no_title() -> None:
    assert "A" in docs({"docs/a.md": "```sh\n# not a title\n```\nWords."})


def test_what_a_document_says_of_itself_in_yaml_is_not_published() -> None:
    found = docs({"docs/a.md": "---\ntitle: X\nowner: Rui\n---\n# Alpha\n\nWords."})
    assert found["Alpha"].body.startswith("Words.")
    assert "Rui" not in found["Alpha"].body


def test_of_a_document_with_a_secret_nothing_is_published_but_that() -> None:
    token = "ghp_" + "x9Kf3mQ7" * 4 + "1b2C"
    page = docs({"docs/deploy.md": f"# How to reach example-host\n\nUse {token}."})["Deploy"]
    assert "holds what looks like a password or key" in page.body
    assert token not in page.body
    assert "example-host" not in page.title + page.body


def test_links_lead_to_pages_that_stand_and_else_are_words() -> None:
    text = (
        "[b](b.md) [c](c.md#part) [gone](../x.md) [web](https://example.org) [top](#top) "
        "![shot](img/a.png) ![far](https://example.org/a.png)\n\n```\n[code](b.md)\n```\n"
    )
    texts = {"docs/a.md": text, "docs/b.md": "# B", "docs/c.md": "# C"}
    body = docs(texts, **{key("docs/b.md"): "https://acme/b"})["A"].body
    assert "[b](https://acme/b) c gone [web](https://example.org) top [shot] " in body
    assert "![far](https://example.org/a.png)" in body
    assert "[code](b.md)" in body


def test_a_page_whose_link_can_be_followed_now_is_another_content() -> None:
    texts = {"docs/a.md": "[b](b.md)", "docs/b.md": "# B"}
    before, after = docs(texts)["A"], docs(texts, **{key("docs/b.md"): "https://acme/b"})["A"]
    assert before.content != after.content


def test_no_documents_make_no_pages() -> None:
    assert docs({}) == {}
    assert docs({"other/a.md": "# A"}) == {}
