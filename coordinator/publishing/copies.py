"""Shared learnings as issues and pages: the words everybody asked agreed to, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from coordinator.global_memory import Copy, Publication
from coordinator.plain_text import one_line
from coordinator.publishing.keys import publication_key
from coordinator.publishing.records import Service, Wanted
from coordinator.publishing.words import WORDS

KIND = "copy"
INDEX = f"{KIND}:index"
LONGEST_TITLE = 200
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~])")


def wanted_copies(
    copies: Sequence[tuple[Copy, Publication]],
    *,
    service: Service,
    place: str,
    language: str,
    categories: Collection[str],
    links: Mapping[str, str] | None = None,
) -> list[Wanted]:
    """What is to stand in `place` (a project or space) for `copies`, in a reader's `language`.

    Pages stand under one page that lists them; issues stand alone. Of copies told by another only
    the other is published. `links` are the addresses of the pages that stand already, by key.
    """
    shown = [
        (copy, said)
        for copy, said in sorted(copies, key=lambda one: (one[0].published_at, one[0].id))
        if copy.category in categories and not copy.superseded_by
    ]
    paged = service == "confluence"
    index = publication_key(service, place, INDEX)
    titles = _titles([said for _, said in shown], paged=paged)
    found = [
        Wanted(
            key=publication_key(service, place, f"{KIND}:{copy.id}"),
            subject=f"{KIND}:{copy.id}",
            owner=copy.company,
            title=title,
            body=_body(copy, said, WORDS[language]),
            parent=index if paged else "",
            labels=(f"orch-{copy.category.replace('_', '-')}",),
        )
        for (copy, said), title in zip(shown, titles, strict=True)
    ]
    if not paged or not found:
        return found
    named = [
        linked(title, (links or {}).get(one.key)) for title, one in zip(titles, found, strict=True)
    ]
    return [_index(index, shown, named, WORDS[language]), *found]


def _titles(said: Sequence[Publication], *, paged: bool) -> list[str]:
    """One title each; a page's stands once in its space, whatever its capitals."""
    taken: set[str] = set()
    titles = []
    for one in said:
        title = one_line(one.title, LONGEST_TITLE) or one.category
        if paged:
            plain, number = f"{title} ({one.source_instance})", 2
            title = plain
            while title.casefold() in taken:
                title, number = f"{plain} {number}", number + 1
            taken.add(title.casefold())
        titles.append(title)
    return titles


def _body(copy: Copy, said: Publication, words: Mapping[str, str]) -> str:
    evidence = ", ".join(filter(None, (said.evidence_path, said.evidence_commit[:12])))
    lines = [
        f"- {words['shared_by']}: **{plain_markdown(copy.company)}**",
        f"- {words['category']}: {words[copy.category]}",
        f"- {words['since']}: {_day(copy.published_at)}",
    ]
    if evidence:
        lines.append(f"- {words['evidence']}: {plain_markdown(evidence)}")
    if said.reason:
        lines.append(f"- {words['why']}: {plain_markdown(said.reason)}")
    parts = (_below_title(said), "\n".join(lines), f"*{words['kept']}*")
    return "\n\n".join(filter(None, parts))


def _below_title(said: Publication) -> str:
    """The content without a first line that says the title again."""
    first, _, rest = said.content.partition("\n")
    return (
        rest.strip() if first.strip().casefold() == said.title.strip().casefold() else said.content
    )


def _index(
    key: str,
    shown: Sequence[tuple[Copy, Publication]],
    titles: Sequence[str],
    words: Mapping[str, str],
) -> Wanted:
    rows = [
        f"| {title} | {copy.company} | {words[copy.category]} | {_day(copy.published_at)} |"
        for (copy, _), title in reversed(list(zip(shown, titles, strict=True)))
    ]
    head = f"| {words['title']} | {words['company']} | {words['category']} | {words['since']} |"
    table = "\n".join((head, "|---|---|---|---|", *rows))
    body = f"{words['index_text']}\n\n{table}\n\n*{words['kept']}*"
    # nobody's words alone: whoever shared last answers for it
    owner = shown[-1][0].company
    return Wanted(key, INDEX, owner, words["index"], body)


def linked(title: str, address: str | None) -> str:
    """A title as words, and as a link where its page stands already."""
    words = plain_markdown(title)
    return f"[{words}]({address})" if address else words


def plain_markdown(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown would take for markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
