"""Patterns and offers as issues and pages: what a reader sees, and what never stands there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordinator.global_memory import Copy, Publication
from coordinator.insights import Quoted, counts_as_asked, part_text, quotable
from coordinator.publishing.insights import (
    INDEX,
    MOST_CHARACTERS,
    MOST_LISTED,
    OfferInsight,
    Part,
    PatternInsight,
    wanted_insights,
)
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Service, Wanted
from coordinator.publishing.words import WORDS
from coordinator.rich_text import adf_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def part(company: str, *lines: str, number: int = 1, **given: Any) -> Part:
    content = "\n".join(f"- {line}" for line in lines)
    said = Publication(
        title=lines[0].partition(" · ")[0],
        content=content,
        category="insight",
        language="en",
        source_instance=company,
        evidence_commit="c" * 40,
        evidence_path="docs/a.md",
        created_at="2026-01-01T00:00:00.000000Z",
        reason="why",
    )
    copy = Copy(
        id=f"g-{number:016x}",
        company=company,
        learning="p-000000000001",
        category="insight",
        content="0" * 64,
        proposal=number,
        published_at=NOON + timedelta(minutes=number),
    )
    return Part(copy, said, **given)


def pattern(*parts: Part, **given: Any) -> PatternInsight:
    facts: dict[str, Any] = {
        "id": "p-000000000001",
        "companies": 3,
        "learnings": 4,
        "components": 0,
        "cohesion": 0.714,
        "found_at": NOON,
    }
    return PatternInsight(parts=parts, **(facts | given))


def offer(**given: Any) -> OfferInsight:
    facts: dict[str, Any] = {
        "id": "o-000000000001",
        "company": "acme",
        "title": "Send each charge once",
        "score": 0.81,
        "features": {"similarity": 0.66, "words": 0.5, "titles": 1.0},
        "offered_at": NOON,
    }
    return OfferInsight(**(facts | given))


def wanted(
    *insights: Any,
    service: Service = "confluence",
    language: str = "en",
    links: dict[str, str] | None = None,
) -> list[Wanted]:
    return wanted_insights(
        insights, service=service, place="ORCH", language=language, links=links or {}
    )


ACME = part("acme", "Retry with one key · src/pay.py @cccccccccccc", masked=2)

IN_ENGLISH = """\
3 companies solved, decided or met the same.

Learnings that say it: 4 · How alike (0 to 1): 0.71 · Since: 2026-03-01

## What companies show of it

### acme

- Retry with one key · src/pay.py @cccccccccccc

Shared as g-0000000000000001

## What is not shown

- Companies that have something like it and have not agreed to show it: 2. Their words, names and \
evidence stay with them.
- Names, addresses and other words masked before they left: 2.

## What to do

- Ask the operator for the rest: `orch patterns ask p-000000000001 --company …` asks \
their people, who say yes or no.
- The operator sees all of it with `orch patterns show p-000000000001`.

*Kept by the coordinator. What people change here is not written over unasked.*"""

IN_PORTUGUESE = """\
3 empresas resolveram, decidiram ou encontraram o mesmo.

Aprendizados que o dizem: 4 · Semelhança (0 a 1): 0.71 · Desde: 2026-03-01

## O que as empresas mostram

### acme

- Retry with one key · src/pay.py @cccccccccccc

Compartilhado como g-0000000000000001

## O que não é mostrado

- Empresas que têm algo parecido e não aceitaram mostrar: 2. Suas palavras, nomes e evidências \
ficam com elas.
- Nomes, endereços e outras palavras mascaradas antes de sair: 2.

## O que fazer

- Peça o resto ao operador: `orch patterns ask p-000000000001 --company …` \
pergunta às pessoas delas, que dizem sim ou não.
- O operador vê tudo com `orch patterns show p-000000000001`.

*Mantido pelo coordenador. O que as pessoas mudam aqui não é sobrescrito sem perguntar.*"""


@pytest.mark.parametrize(("language", "body"), [("en", IN_ENGLISH), ("pt", IN_PORTUGUESE)])
def test_a_pattern_is_told_in_the_readers_language(language: str, body: str) -> None:
    (issue,) = wanted(pattern(ACME), service="jira", language=language)
    assert issue.body == body


def test_both_languages_have_every_word() -> None:
    assert WORDS["pt"].keys() == WORDS["en"].keys()
    for name, said in WORDS["en"].items():
        assert said.count("{") == WORDS["pt"][name].count("{"), name


def test_where_everybody_shows_all_of_it_no_section_is_empty() -> None:
    other = part("beta", "Send each charge once", number=2)
    (issue,) = wanted(pattern(part("acme", "Retry"), other, companies=2), service="jira")
    assert "## What is not shown" not in issue.body
    assert "Ask the coordinator" not in issue.body
    assert "Compare the parts" in issue.body
    assert "Components that hold it" not in issue.body
    assert "### acme" in issue.body
    assert "### beta" in issue.body


def test_two_parts_of_one_company_are_one_company_that_shows_something() -> None:
    both = pattern(part("acme", "Retry"), part("acme", "Once more", number=2), companies=2)
    assert both.others == 1
    (issue,) = wanted(both, service="jira")
    assert issue.body.count("### acme") == 1
    assert "Once more" in issue.body


def test_what_is_quoted_leads_to_the_shared_copy_in_the_same_place() -> None:
    quoting = part("acme", "Retry", in_full=("g-00000000000000aa", "g-00000000000000bb"))
    key = publication_key("confluence", "ORCH", "copy:g-00000000000000aa")
    _, page = wanted(pattern(quoting), links={key: "https://site.example/wiki/7"})
    assert (
        "in full: [g-00000000000000aa](https://site.example/wiki/7), g-00000000000000bb"
    ) in page.body


IN_OFFER = """\
acme shared a solution, and another company has an open problem that it seems to solve:

> Send each charge once

g-00000000000000aa

## Why it seems to fit

- How alike (0 to 1): 0.66
- Telling words in common (0 to 1): 0.50
- Score (0 to 1): 0.81

## What is not shown

- Who has the problem, and its words.

## What to do

- If it may be yours: `orch memory search` finds the solution in your own words.

*Kept by the coordinator. What people change here is not written over unasked.*"""

IN_COMPONENT_OFFER = """\
acme tem um componente, e outra empresa parece precisar dele:

> retry-kit

- Categoria: library
- Linguagem: Python
- Licença: MIT

## Por que parece servir

- Nota (0 a 1): 0.81

## O que não é mostrado

- Quem tem o problema, e suas palavras.

## O que fazer

- Se pode ser o seu: peça ao coordenador, que pergunta antes ao dono.

*Mantido pelo coordenador. O que as pessoas mudam aqui não é sobrescrito sem perguntar.*"""


def test_an_offer_names_the_solution_and_never_who_needs_it() -> None:
    (issue,) = wanted(offer(copy="g-00000000000000aa"), service="jira")
    assert issue.body == IN_OFFER
    assert issue.title == "Offer: Send each charge once"


def test_an_offered_component_is_told_by_its_facts() -> None:
    facts = (("category", "library"), ("language", "Python"), ("licence", "MIT"))
    component = offer(title="retry-kit", facts=facts, features={"fit": 1.0})
    (issue,) = wanted(component, service="jira", language="pt")
    assert issue.body == IN_COMPONENT_OFFER


# -- many, and hostile -------------------------------------------------------------------------


def many(count: int) -> list[PatternInsight]:
    return [
        pattern(part("acme", "Retry"), id=f"p-{number:012x}", found_at=NOON + timedelta(number))
        for number in range(count)
    ]


def test_titles_stand_once_in_a_space_and_do_not_move_up_when_one_leaves() -> None:
    index, *pages = wanted(*many(3))
    titles = [one.title for one in pages]
    assert titles == [
        "Pattern: Retry",
        "Pattern: Retry (p-000000000001)",
        "Pattern: Retry (p-000000000002)",
    ]
    assert index.subject == INDEX
    left = wanted(*many(3)[:1], *many(3)[2:])
    assert left[2].title == titles[2]
    upper = pattern(part("acme", "RETRY"), id="p-0000000000ff")
    _, *pages = wanted(*many(1), upper)
    assert len({one.title.casefold() for one in pages}) == 2
    assert [one.title for one in wanted(*many(2), service="jira")] == ["Pattern: Retry"] * 2


def test_pages_stand_under_one_that_lists_them_newest_first() -> None:
    links = {publication_key("confluence", "ORCH", "insight:p-000000000001"): "https://s.example/1"}
    index, *pages = wanted(*many(2), offer(offered_at=NOON + timedelta(9)), links=links)
    assert {one.parent for one in pages} == {index.key}
    rows = [line for line in index.body.splitlines() if line.startswith("| ")][1:]
    assert rows == [
        "| Offer: Send each charge once | 2 | 2026-03-10 |",
        "| [Pattern: Retry (p-000000000001)](https://s.example/1) | 3 | 2026-03-02 |",
        "| Pattern: Retry | 3 | 2026-03-01 |",
    ]
    assert wanted() == []


def test_two_hundred_companies_fit_on_one_issue_and_the_rest_is_counted() -> None:
    lines = [f"Line {number} {'word ' * 35}(src/{number}.py)" for number in range(5)]
    parts = [part(f"company-{number}", *lines, number=number) for number in range(200)]
    (issue,) = wanted(pattern(*parts, companies=230, learnings=1_000), service="jira")
    assert MOST_CHARACTERS < len(issue.body) + 1_500 < 30_000
    shown = issue.body.count("\n### ")
    assert f"not listed here: {200 - shown}." in issue.body
    assert "have not agreed to show it: 30." in issue.body
    assert issue.body.endswith("*")  # nothing was cut off


def test_a_first_part_is_shown_however_long() -> None:
    (issue,) = wanted(pattern(part("acme", "x" * 2 * MOST_CHARACTERS)), service="jira")
    assert "### acme" in issue.body


def test_the_list_is_bounded() -> None:
    index, *pages = wanted(*many(MOST_LISTED + 5))
    assert len(pages) == MOST_LISTED + 5
    assert index.body.count("\n| ") == MOST_LISTED + 1
    assert f"p-{MOST_LISTED + 4:012x}" in index.body  # the newest


HOSTILE = (
    "[click](javascript:alert(1)) <script>x</script>",
    "# Heading",
    "![](https://tracker.example/pixel.png)",
    "| a | b |",
    "> quote",
    "`code` *bold* ~~gone~~",
    "[~accountid:acc-bot] @here",
    "\\[escaped\\](https://evil.example)",
    "&#91;entity](https://evil.example)",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_of_a_company_are_words(words: str) -> None:
    (issue,) = wanted(pattern(part("acme", words)), service="jira")
    (plain,) = wanted(pattern(part("acme", "Retry")), service="jira")
    assert shapes(adf_of(issue.body)) == shapes(adf_of(plain.body))


def shapes(node: Any) -> list[str]:
    """The types of everything in a document that is no plain text."""
    if isinstance(node, list):
        return [shape for one in node for shape in shapes(one)]
    if not isinstance(node, dict):
        return []
    inner = [shape for value in node.values() for shape in shapes(value)]
    own = str(node.get("type", ""))
    return inner if own in ("", "text") else [own, *inner]


def test_hostile_titles_do_not_break_the_list() -> None:
    index, page = wanted(pattern(part("acme", "a | b\n| c [x](https://evil.example)")))
    assert "\n" not in page.title
    row = [line for line in index.body.splitlines() if "Pattern:" in line]
    said = "Pattern: a \\| b \\| c \\[x\\](https://evil.example)"
    assert row == [f"| {said} | 3 | 2026-03-01 |"]


def test_a_title_of_nothing_is_the_id() -> None:
    (issue,) = wanted(pattern(part("acme", " ")), service="jira")
    assert issue.title == "Pattern: p-000000000001"


# -- what a company is asked to show -----------------------------------------------------------


def quoted(title: str, **given: Any) -> Quoted:
    facts: dict[str, Any] = {"evidence_path": "", "evidence_commit": "", "occurred_at": None}
    return Quoted(title=title, **(facts | given))


@pytest.mark.parametrize(
    ("path", "commit", "line"),
    [
        ("src/a.py", "d" * 40, "- Retry · src/a.py @dddddddddddd"),
        ("PAY-7", "", "- Retry · PAY-7"),
        ("", "d" * 40, "- Retry · @dddddddddddd"),
        ("", "", "- Retry"),
    ],
)
def test_a_line_says_where_its_words_come_from(path: str, commit: str, line: str) -> None:
    one = quoted("Retry", evidence_path=path, evidence_commit=commit)
    assert part_text([one], language="en", undated=NOON)["content"] == line


def test_a_component_says_what_it_does_and_the_page_is_called_by_its_name() -> None:
    one = quoted("retry (library, Python)", says="Repeats calls that failed. " * 20)
    row = part_text([one], language="en", undated=NOON)
    assert row["title"] == "retry (library, Python)"
    assert row["content"].startswith("- retry (library, Python): Repeats calls that failed. ")
    assert len(row["content"]) <= 202


def test_a_part_has_five_lines_at_most_and_says_nothing_twice() -> None:
    row = part_text(
        [quoted("Same"), quoted("Same"), *(quoted(f"Line {number}") for number in range(9))],
        language="pt",
        undated=NOON,
    )
    assert row["content"].splitlines() == ["- Same", "- Line 0", "- Line 1", "- Line 2"]
    assert row["occurred_at"] == NOON
    assert "Várias empresas" in row["reason"]


def test_a_company_is_asked_about_the_most_central_of_its_own() -> None:
    members = ("acme/a", "beta/b", "acme/c", "acmes/d")
    likeness = (0.5, 1.0, 0.9, 0.8)
    assert quotable("acme", members, likeness, ()) == ["acme/c", "acme/a"]
    assert quotable("acme", members, likeness, {("acme", "c")}) == ["acme/a"]
    assert quotable("acme", members, likeness, {("acme", "c"), ("acme", "a")}) == []
    many = [f"acme/{number}" for number in range(9)]
    assert len(quotable("acme", many, [1.0] * 9, ())) == 5


@pytest.mark.parametrize(
    ("status", "reason", "counts"),
    [
        ("waiting", "", True),
        ("rejected", "no", True),
        ("expired", "", True),
        ("done", "", True),
        ("void", "its content changed", False),
        ("void", "withdrawn: not interesting", True),
        ("void", "withdrawn", True),
    ],
)
def test_which_questions_are_asked_once(status: Any, reason: str, counts: bool) -> None:
    from coordinator.approvals import Proposal

    one = Proposal(
        number=4,
        kind="publish_insight",
        subject="p-000000000001",
        company="acme",
        asks=(),
        content="0" * 64,
        facts={},
        made_by="x",
        made_at=NOON,
        expires_at=NOON,
        status=status,
        reason=reason,
    )
    assert counts_as_asked(one, ()) == counts
    if status != "void":
        assert not counts_as_asked(one, {4})
