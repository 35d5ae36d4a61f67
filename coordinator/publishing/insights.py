"""Patterns and offers as issues and pages: the words companies agreed to, and counts of the rest.

A page names a company only where it agreed to show something. Of all others it says how many there
are, and how to ask them. It links to what stands in the same place and nowhere else: an address of
a company's own would name its host, which is masked everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from coordinator.global_memory import Copy, Publication
from coordinator.plain_text import one_line
from coordinator.publishing.copies import LONGEST_TITLE, linked, plain_markdown
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Service, Wanted
from coordinator.publishing.words import WORDS

KIND = "insight"
INDEX = f"{KIND}:index"
MOST_CHARACTERS = 20_000
"""Of companies' parts on one page: Jira takes 32,767 characters in a field, and nobody reads more.
The parts that do not fit are counted, and found by a search."""
MOST_LISTED = 500
"""Insights on the page that lists them, the newest; the others stand below it all the same."""


@dataclass(frozen=True)
class Part:
    """What one company agreed to show, and how many of its words were masked in it.

    `in_full` are the shared copies of what it quotes.
    """

    copy: Copy
    said: Publication
    masked: int = 0
    in_full: Sequence[str] = ()


@dataclass(frozen=True)
class PatternInsight:
    """A pattern with the parts companies agreed to show, oldest first.

    `companies` have it, `learnings` and `components` say it.
    """

    id: str
    parts: Sequence[Part]
    companies: int
    learnings: int
    components: int
    cohesion: float
    found_at: datetime

    @property
    def others(self) -> int:
        """How many of the companies show nothing of it."""
        return self.companies - len(_by_company(self.parts))


@dataclass(frozen=True)
class OfferInsight:
    """A solution of `company` that another company seems to need; that company is not named.

    `copy` is the shared learning that tells it; empty for a component, which its owner agreed to
    be named: then `facts` says what kind of code it is, by words of `WORDS`.
    """

    id: str
    company: str
    title: str
    score: float
    features: Mapping[str, float]
    offered_at: datetime
    copy: str = ""
    facts: Sequence[tuple[str, str]] = ()


Insight = PatternInsight | OfferInsight


def wanted_insights(
    insights: Sequence[Insight],
    *,
    service: Service,
    place: str,
    language: str,
    links: Mapping[str, str],
) -> list[Wanted]:
    """What is to stand in `place` (a project or space) for `insights`, in a reader's `language`.

    Pages stand under one page that lists them; issues stand alone. `links` are the addresses of
    what stands already, by key.
    """
    words, paged = WORDS[language], service == "confluence"
    index = publication_key(service, place, INDEX)

    def address(copy: str) -> str:
        return linked(copy, links.get(publication_key(service, place, f"copy:{copy}")))

    titles = _titles(insights, words, paged=paged)
    found = [
        Wanted(
            key=publication_key(service, place, f"{KIND}:{one.id}"),
            subject=f"{KIND}:{one.id}",
            owner=_owner(one),
            title=title,
            body=_body(one, words, {copy: address(copy) for copy in _copies(one)}),
            parent=index if paged else "",
            labels=("orch-insight",),
        )
        for one, title in zip(insights, titles, strict=True)
    ]
    if not paged or not found:
        return found
    named = [linked(title, links.get(one.key)) for title, one in zip(titles, found, strict=True)]
    return [_index(index, insights, named, words), *found]


def _titles(insights: Sequence[Insight], words: Mapping[str, str], *, paged: bool) -> list[str]:
    """One title each; a page's stands once in its space, whatever its capitals.

    What tells two apart is the younger one's id: a number would go from one to the next when one
    of them leaves, and each would wait for the title of the one before.
    """
    taken: set[str] = set()
    titles = []
    for one in insights:
        kind = words["pattern_insight" if isinstance(one, PatternInsight) else "offer_insight"]
        said = one.parts[0].said.title if isinstance(one, PatternInsight) else one.title
        title = f"{kind}: {one_line(said, LONGEST_TITLE - 40) or one.id}"
        if paged and title.casefold() in taken:
            title = f"{title} ({one.id})"
        taken.add(title.casefold())
        titles.append(title)
    return titles


def _owner(one: Insight) -> str:
    """Whose people are asked when somebody changed it: whoever showed something first."""
    return one.parts[0].copy.company if isinstance(one, PatternInsight) else one.company


def _copies(one: Insight) -> Iterator[str]:
    """The shared copies a page leads to."""
    if isinstance(one, PatternInsight):
        yield from (copy for part in one.parts for copy in part.in_full)
    elif one.copy:
        yield one.copy


def _body(one: Insight, words: Mapping[str, str], links: Mapping[str, str]) -> str:
    parts = (
        _pattern(one, words, links)
        if isinstance(one, PatternInsight)
        else _offer(one, words, links)
    )
    return "\n\n".join((*filter(None, parts), f"*{words['kept']}*"))


def _pattern(
    one: PatternInsight, words: Mapping[str, str], links: Mapping[str, str]
) -> Iterator[str]:
    yield words["pattern_lead"].format(count=one.companies)
    figures = (
        f"{words['learnings']}: {one.learnings}" if one.learnings else "",
        f"{words['components']}: {one.components}" if one.components else "",
        f"{words['alike']}: {one.cohesion:.2f}",
        f"{words['since']}: {one.found_at:%Y-%m-%d}",
    )
    yield " · ".join(filter(None, figures))
    yield f"## {words['shown']}"
    left, companies = MOST_CHARACTERS, _by_company(one.parts)
    for at, (company, parts) in enumerate(companies.items()):
        told = [_part(part, words, links) for part in parts]
        left -= sum(map(len, told))
        if at and left < 0:
            yield words["more_parts"].format(count=len(companies) - at)
            break
        yield "\n\n".join((f"### {plain_markdown(company)}", *told))
    masked = sum(part.masked for part in one.parts)
    hidden = [
        words["others_show_nothing"].format(count=one.others) if one.others else "",
        words["masked"].format(count=masked) if masked else "",
    ]
    if any(hidden):
        yield f"## {words['not_shown']}"
        yield _lines(hidden)
    yield f"## {words['to_do']}"
    yield _lines(
        (
            words["do_compare"] if len(companies) > 1 else "",
            words["do_ask"].format(id=one.id) if one.others else "",
            words["do_operator"].format(id=one.id),
        )
    )


def _by_company(parts: Sequence[Part]) -> dict[str, list[Part]]:
    """The parts of each company: where one pattern took another in, somebody may have two."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.copy.company, []).append(part)
    return found


def _part(part: Part, words: Mapping[str, str], links: Mapping[str, str]) -> str:
    """A company's lines as words: whatever they hold, it is no markup."""
    said = _lines(
        plain_markdown(line.removeprefix("- ")) for line in part.said.content.splitlines()
    )
    below = [f"{words['shared_as']} {part.copy.id}"]
    if part.in_full:
        below.append(f"{words['in_full']}: {', '.join(links[one] for one in part.in_full)}")
    return "\n\n".join((said, " · ".join(below)))


def _offer(one: OfferInsight, words: Mapping[str, str], links: Mapping[str, str]) -> Iterator[str]:
    lead = "offer_lead" if one.copy else "component_lead"
    yield words[lead].format(company=plain_markdown(one.company))
    yield f"> {plain_markdown(one_line(one.title, LONGEST_TITLE))}"
    yield links.get(one.copy, "")
    yield _lines(f"{words[name]}: {plain_markdown(said)}" for name, said in one.facts)
    yield f"## {words['why_fits']}"
    told = (("alike", "similarity"), ("words", "words"))
    yield _lines(
        (
            *(
                f"{words[name]}: {one.features[feature]:.2f}"
                for name, feature in told
                if feature in one.features
            ),
            f"{words['score']}: {one.score:.2f}",
        )
    )
    yield f"## {words['not_shown']}"
    yield _lines((words["need_hidden"],))
    yield f"## {words['to_do']}"
    yield _lines((words["do_search" if one.copy else "do_ask_owner"],))


def _lines(said: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(f"- {one}" for one in said if one)


def _index(
    key: str, insights: Sequence[Insight], titles: Sequence[str], words: Mapping[str, str]
) -> Wanted:
    newest = list(zip(insights, titles, strict=True))[: -MOST_LISTED - 1 : -1]
    rows = [f"| {title} | {_count(one)} | {_day(one):%Y-%m-%d} |" for one, title in newest]
    head = f"| {words['title']} | {words['companies']} | {words['since']} |"
    body = "\n\n".join(
        (words["insights_text"], "\n".join((head, "|---|---|---|", *rows)), f"*{words['kept']}*")
    )
    return Wanted(key, INDEX, _owner(insights[-1]), words["insights"], body)


def _count(one: Insight) -> int:
    return one.companies if isinstance(one, PatternInsight) else 2


def _day(one: Insight) -> datetime:
    return one.found_at if isinstance(one, PatternInsight) else one.offered_at
