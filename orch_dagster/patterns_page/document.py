"""What the page is told: numbers, and words made plain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coordinator.memory import passage
from coordinator.pictures.exchange import Exchange
from coordinator.pictures.looks import looks
from coordinator.pictures.regions import regions
from coordinator.plain_text import one_line, plain

if TYPE_CHECKING:
    from resources.patterns import Shown
    from resources.patterns.mapping import Gathered

LONGEST = 160
NAMELESS = "(no words left)"


def document(
    gathered: Gathered,
    words: Mapping[str, Mapping[str, Any]],
    patterns: Sequence[Shown],
    exchange: Exchange,
    names: Mapping[str, Mapping[str, str]],
    companies: Iterable[str],
    *,
    made: datetime,
) -> dict[str, Any]:
    """Everything on the page as plain JSON; companies are numbers in the order of `companies`."""
    named = sorted(companies)
    place = {name: at for at, name in enumerate(named)}
    return {
        "made": f"{made:%Y-%m-%d %H:%M} UTC",
        "companies": _companies(named, gathered.map.totals),
        "learnings": _learnings(gathered, words, place),
        "regions": _regions(gathered, words),
        "patterns": _patterns(gathered, patterns, place),
        "exchange": _exchange(exchange, names, place),
    }


def _companies(names: Sequence[str], totals: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"name": name, "learnings": totals.get(name, 0), **vars(look)}
        for name, look in looks(names).items()
    ]


def _learnings(
    gathered: Gathered, words: Mapping[str, Mapping[str, Any]], place: Mapping[str, int]
) -> dict[str, list[Any]]:
    """One list for each column: of thousands of learnings the names of columns say little."""
    shown = gathered.map
    told = [words.get(row, {}) for row in shown.rows]
    return {
        "id": [row.partition("/")[2] for row in shown.rows],
        "company": [place[name] for name in shown.companies],
        "x": shown.points[:, 0].tolist(),
        "y": shown.points[:, 1].tolist(),
        "title": [_line(one.get("title")) for one in told],
        "category": [_line(one.get("category"), "") for one in told],
    }


def _regions(gathered: Gathered, words: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    texts = [
        plain(passage(str(one.get("title", "")), str(one.get("content", ""))))
        for one in (words.get(row, {}) for row in gathered.map.rows)
    ]
    return [
        {"x": one.x, "y": one.y, "words": [_line(word) for word in one.words]}
        for one in regions(gathered.map.points, texts)
    ]


def _patterns(
    gathered: Gathered, patterns: Sequence[Shown], place: Mapping[str, int]
) -> list[dict[str, Any]]:
    strokes = {one.id: one.strokes for one in gathered.map.patterns}
    return [
        {
            "id": one.pattern.id,
            "title": _line(one.title),
            "keywords": [_line(word) for word in one.keywords],
            "score": one.pattern.score,
            "companies": [place[name] for name in one.companies],
            "strokes": [
                [each.one, each.other, each.near] for each in strokes.get(one.pattern.id, ())
            ],
            "members": [
                {
                    "company": place[member.company],
                    "kind": member.kind,
                    "title": _line(member.title),
                    "category": _line(member.category),
                    "likeness": member.likeness,
                    "place": gathered.nodes.get(member.node, -1),
                }
                for member in one.members
            ],
        }
        for one in patterns
        if one.members
    ]


def _exchange(
    exchange: Exchange, names: Mapping[str, Mapping[str, str]], place: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "givers": [place[name] for name in exchange.givers],
        "takers": [place[name] for name in exchange.takers],
        "things": [
            {
                "kind": one.kind,
                "name": _line(names.get(one.id, {}).get("name")),
                "category": _line(names.get(one.id, {}).get("category"), ""),
                "origin": place[one.origin],
                "takers": [[place[taker.company], taker.likeness] for taker in one.takers],
            }
            for one in exchange.things
        ],
    }


def _line(text: object, nothing: str = NAMELESS) -> str:
    """Stored words on one line, without what could steer a reader's screen."""
    return one_line(plain(str(text or "")), LONGEST) or nothing
