"""Patterns and offers as issues and pages: the words companies agreed to, and counts of the rest.

A page names a company only where it agreed to show something. Of all others it says how many there
are, and how to ask them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Part:
    """What one company agreed to show, and how many of its words were masked in it."""

    copy: Copy
    said: Publication
    masked: Mapping[str, int]


@dataclass(frozen=True)
class PatternInsight:
    """A pattern with the parts companies agreed to show, oldest first.

    `companies` have it, `learnings` and `components` say it; `others` is how many of the companies
    show nothing of it.
    """

    id: str
    parts: Sequence[Part]
    companies: int
    others: int
    learnings: int
    components: int
    cohesion: float
    found_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class OfferInsight:
    """A shared solution that another company seems to need; that company is not named."""

    id: str
    copy: Copy
    said: Publication
    score: float
    features: Mapping[str, float]
    offered_at: datetime


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
    titles = _titles(insights, words, paged=paged)
    found = [
        Wanted(
            key=publication_key(service, place, f"{KIND}:{one.id}"),
            subject=f"{KIND}:{one.id}",
            owner=_owner(one),
            title=title,
            body=_body(one, words, _copy_link(one, service, place, links)),
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
    """One title each; a page's stands once in its space, whatever its capitals."""
    taken: set[str] = set()
    titles = []
    for one in insights:
        kind = words["pattern_insight" if isinstance(one, PatternInsight) else "offer_insight"]
        said = one.parts[0].said if isinstance(one, PatternInsight) else one.said
        plain = title = f"{kind}: {one_line(said.title, LONGEST_TITLE - 40) or one.id}"
        number = 2
        while paged and title.casefold() in taken:
            title, number = f"{plain} {number}", number + 1
        taken.add(title.casefold())
        titles.append(title)
    return titles


def _owner(one: Insight) -> str:
    """Whose people are asked when somebody changed it: whoever showed something first."""
    return one.parts[0].copy.company if isinstance(one, PatternInsight) else one.copy.company


def _body(one: Insight, words: Mapping[str, str], link: str) -> str:
    parts = _pattern(one, words) if isinstance(one, PatternInsight) else _offer(one, words, link)
    return "\n\n".join((*parts, f"*{words['kept']}*"))


def _pattern(one: PatternInsight, words: Mapping[str, str]) -> list[str]:
    facts = [
        f"- {words['companies']}: {one.companies}",
        f"- {words['learnings']}: {one.learnings}",
        f"- {words['components']}: {one.components}",
        f"- {words['alike']}: {one.cohesion:.2f}",
        f"- {words['since']}: {one.found_at:%Y-%m-%d}",
    ]
    shown = [
        "\n\n".join(
            (f"### {plain_markdown(part.copy.company)}", part.said.content, _evidence(part, words))
        )
        for part in one.parts
    ]
    hidden = [words["all_show"]]
    if one.others:
        hidden = [words["others_show_nothing"].format(count=one.others)]
    masked = sum(sum(part.masked.values()) for part in one.parts)
    if masked:
        hidden.append(words["masked"].format(count=masked))
    return [
        words["pattern_lead"].format(count=one.companies),
        "\n".join(facts),
        f"## {words['shown']}",
        *shown,
        f"## {words['not_shown']}",
        "\n".join(f"- {line}" for line in hidden),
        f"## {words['to_do']}",
        "\n".join(
            f"- {words[name].format(id=one.id)}" for name in ("do_compare", "do_ask", "do_operator")
        ),
    ]


def _evidence(part: Part, words: Mapping[str, str]) -> str:
    said = part.said
    place = ", ".join(filter(None, (said.evidence_path, said.evidence_commit[:12])))
    told = f"{words['evidence']}: {plain_markdown(place)} · " if place else ""
    return f"{told}{words['shared_as']}: {part.copy.id}"


def _offer(one: OfferInsight, words: Mapping[str, str], link: str) -> list[str]:
    why = [
        f"- {words['alike']}: {one.features.get('similarity', 0):.2f}",
        f"- {words['words']}: {one.features.get('words', 0):.2f}",
        f"- {words['score']}: {one.score:.2f}",
    ]
    return [
        words["offer_lead"].format(company=plain_markdown(one.copy.company)),
        f"> {plain_markdown(one_line(one.said.title, LONGEST_TITLE))}",
        link,
        f"## {words['why_fits']}",
        "\n".join(why),
        f"## {words['not_shown']}",
        f"- {words['need_hidden']}",
        f"## {words['to_do']}",
        f"- {words['do_search']}",
    ]


def _copy_link(one: Insight, service: Service, place: str, links: Mapping[str, str]) -> str:
    """Where the shared solution itself stands."""
    if isinstance(one, PatternInsight):
        return ""
    address = links.get(publication_key(service, place, f"copy:{one.copy.id}"))
    return f"[{one.copy.id}]({address})" if address else one.copy.id


def _index(
    key: str, insights: Sequence[Insight], titles: Sequence[str], words: Mapping[str, str]
) -> Wanted:
    rows = [
        f"| {title} | {_count(one)} | {_day(one):%Y-%m-%d} |"
        for one, title in reversed(list(zip(insights, titles, strict=True)))
    ]
    head = f"| {words['title']} | {words['companies']} | {words['since']} |"
    body = "\n\n".join(
        (words["insights_text"], "\n".join((head, "|---|---|---|", *rows)), f"*{words['kept']}*")
    )
    return Wanted(key, INDEX, _owner(insights[-1]), words["insights"], body)


def _count(one: Insight) -> int:
    return one.companies if isinstance(one, PatternInsight) else 2


def _day(one: Insight) -> datetime:
    return one.found_at if isinstance(one, PatternInsight) else one.offered_at
