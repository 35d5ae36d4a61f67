"""Markdown documents cut into texts a stranger can use, by heading and to the model's window.

Decision records become one text each (see `coordinator.learnings.decisions`). Left out, each with
a name: boilerplate documents and sections, lists of links, sections of hardly any words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from coordinator.generated import is_generated
from coordinator.learnings.decisions import decision_in, is_decision_record
from coordinator.learnings.lexicon import words_of
from coordinator.learnings.markdown_blocks import Block, blocks_of
from coordinator.learnings.windows import pieces, shortened
from coordinator.plain_text import one_line
from coordinator.ports import TokenCounter

# A section's later parts are tables of data, not something to learn from.
MOST_PIECES = 12
_FEWEST_WORDS = 18
_MOST_LINKED = 0.6

_BOILERPLATE_PATH = re.compile(
    r"(?:^|/)(?:licen[sc]es?|licenca|notice|copying|change-?logs?|changes|history|releases?|"
    r"release[-_]notes?|news|code[-_]of[-_]conduct|codigo[-_]de[-_]conduta|contribut\w*|"
    r"contribuindo|contribuicao|authors|maintainers|governance|security|support|funding|codeowners|"
    r"adopters|credits|acknowledg\w*|pull_request_template|issue_template|bug_report|feature_request|"
    r"third[-_]party\w*|cla|dco|upgrading|template)(?:[.-][\w-]+)?\.(?:md|markdown)$"
    r"|^\.github/|(?:^|/)(?:issue_template|pull_request_template|changelogs?|\.changeset|testdata|"
    r"fixtures)/",
    re.IGNORECASE,
)
_BOILERPLATE_HEADING = re.compile(
    r"^\W*(?:table of contents|contents|toc|index|licen[sc]es?|licensing|contribut\w*|"
    r"how to contribute|authors?|maintainers?|credits?|acknowledg\w*|thanks|badges?|change-?log|"
    r"release notes?|star history|stargazers\w*|sponsors?|backers|donat\w*|support(?: us)?|"
    r"community|contacts?|code of conduct|links?|(?:further |useful )?(?:reading|references)|"
    r"see also|legal|copyright|disclaimer|download|screenshots?|versions?|sumário|índice|conteúdo|"
    r"licença|como contribuir|autor(?:es)?|agradecimentos?|apoio|apoi\w+|financiamento|"
    r"comunidade|contatos?|código de conduta|referências|créditos|veja também|patroc\w*|equipe|"
    r"documentation|documentação|in this (?:document|section)|what'?s next|next steps)\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passage:
    """A text from a document: `headings` lead to it, `line` is where it begins (from 1).

    `kind` is ``section`` or ``decision``; `content` carries its headings on the first line and
    stays within the window.
    """

    title: str
    content: str
    line: int
    headings: tuple[str, ...]
    kind: str = "section"


@dataclass(frozen=True)
class CutDocument:
    """The passages of a document in reading order, and how many parts were left out and why."""

    passages: tuple[Passage, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Section:
    headings: tuple[str, ...]
    line: int
    blocks: tuple[Block, ...]


def cut_document(path: str, text: str, *, count_tokens: TokenCounter, window: int) -> CutDocument:
    """The passages of the Markdown `text` at `path`, none longer than `window` tokens."""
    if is_generated(path) or _BOILERPLATE_PATH.search(path):
        return CutDocument((), {"document: boilerplate": 1})
    blocks = blocks_of(text)
    if is_decision_record(path, blocks):
        decision = decision_in(blocks, count_tokens=count_tokens, window=window)
        if decision.skip:
            return CutDocument((), {f"document: {decision.skip}": 1})
        if decision.content:
            headings = (decision.title,)
            found = Passage(decision.title, decision.content, 1, headings, "decision")
            return CutDocument((found,))
    skipped: Counter[str] = Counter()
    passages: list[Passage] = []
    name = _document_name(path)
    for section in _sections(blocks):
        reason = _left_out(section)
        if reason:
            skipped[f"document: {reason}"] += 1
            continue
        passages.extend(_passages(section, name, count_tokens, window))
    return CutDocument(tuple(passages), dict(skipped))


def _document_name(path: str) -> str:
    """What a document is called when its headings do not say it: the file, or a README's folder."""
    where = PurePosixPath(path)
    name = where.stem
    if name.lower() in ("readme", "index", "leiame") or name.lower().startswith("readme"):
        name = where.parent.name or "README"
    return " ".join(re.split(r"[-_\s]+", name)).strip()


def _sections(blocks: Sequence[Block]) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    line = 1
    held: list[Block] = []
    for block in blocks:
        if block.kind != "heading":
            line = line if held or path else block.line
            held.append(block)
            continue
        if held:
            yield _Section(tuple(text for _, text in path), line, tuple(held))
        path = [(level, text) for level, text in path if level < block.level]
        path.append((block.level, block.text))
        line, held = block.line, []
    if held:
        yield _Section(tuple(text for _, text in path), line, tuple(held))


def _left_out(section: _Section) -> str:
    if any(_BOILERPLATE_HEADING.match(heading) for heading in section.headings):
        return "boilerplate section"
    characters = sum(len(block.text) for block in section.blocks)
    if sum(block.linked for block in section.blocks) > _MOST_LINKED * characters:
        return "list of links"
    prose = [block.text for block in section.blocks if block.kind != "code"]
    words = {word for text in prose for word in words_of(text) if len(word) > 2}
    return "hardly any text" if len(words) < _FEWEST_WORDS else ""


def _passages(
    section: _Section, name: str, count_tokens: TokenCounter, window: int
) -> Iterator[Passage]:
    headings = section.headings or (name,)
    lead = shortened(" › ".join(headings[-3:]), window // 4, count_tokens)
    room = window - count_tokens(f"{lead}\n\n")
    texts = pieces([block.text for block in section.blocks], room, count_tokens)[:MOST_PIECES]
    title = _title(headings, name)
    for number, (text, begins) in enumerate(texts, start=1):
        content = f"{lead}\n\n{text}"
        while count_tokens(content) > window:  # tokens of the joint, by a few at most
            room -= 1
            content = f"{lead}\n\n{shortened(text, room, count_tokens)}"
            if room <= 0:
                return
        part = f" ({number}/{len(texts)})" if len(texts) > 1 else ""
        line = section.blocks[begins].line if begins else section.line
        yield Passage(one_line(title, 100 - len(part)) + part, content, line, headings)


def _title(headings: Sequence[str], name: str) -> str:
    first, last = headings[0], headings[-1]
    whole = first if first == last else f"{first}: {last}"
    if len(headings) == 1 and first.lower() in ("readme", "overview", "introduction", "introdução"):
        whole = f"{name}: {first}"
    return whole if len(whole) <= 90 else last
