"""What people write or declare themselves: learnings and components that no source holds.

The ledger keeps their words as texts, named by hash in the events: removed, the words can be purged
while the events stay. The tables are an index of them, made anew from the ledger whenever asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import get_args

import numpy as np
import pandas as pd

from coordinator.catalog import declared
from coordinator.catalog.declared import DECLARED, Declared
from coordinator.errors import UsageError
from coordinator.learnings.language import language_of
from coordinator.ledger.chain import canonical_json
from coordinator.ledger.company_events import ComponentAdded, LearningAdded
from coordinator.ledger.company_state import CompanyState
from coordinator.ledger.events import NewEvent, utc_text
from coordinator.memory import LEARNING_COLUMNS
from coordinator.plain_text import content_id, one_line, visible
from coordinator.secrets import find_secrets
from coordinator.settings import Category

SOURCE = "manual"
CATEGORIES: tuple[str, ...] = get_args(Category)
LANGUAGES = ("pt", "en")
LONGEST_CONTENT = 20_000
LONGEST_TITLE = 100
LONGEST_PATH = 400
LONGEST_DESCRIPTION = 2_000


@dataclass(frozen=True)
class Learning:
    """A learning somebody wrote: its words made plain, and the id they give it."""

    id: str
    title: str
    content: str
    category: str
    language: str

    @property
    def text(self) -> str:
        """The words as the ledger keeps them."""
        return canonical_json({"title": self.title, "content": self.content})


def learning(
    content: str, *, category: str, title: str = "", language: str | None = None
) -> Learning:
    """The learning of these words; UsageError for what cannot be one, a secret above all.

    The id is that of the content, as for learnings from the sources: same words, same learning.
    """
    if category not in CATEGORIES:
        raise UsageError("that is no category", hint=f"categories: {', '.join(CATEGORIES)}")
    if language is not None and language not in LANGUAGES:
        raise UsageError("that is no language", hint=f"languages: {', '.join(LANGUAGES)}")
    _check_length("a learning", content, LONGEST_CONTENT)
    _check_length("a title", title, LONGEST_CONTENT)
    words = visible(content).strip()
    if not words:
        raise UsageError("a learning needs words", hint="say what was learned and why it helps")
    head = one_line(visible(title) or words.split("\n", 1)[0], LONGEST_TITLE)
    _refuse_secrets(f"{head}\n{words}")
    return Learning(content_id(words), head, words, category, language or language_of(words))


def component(path: str, *, name: str = "", description: str = "", category: str = "") -> Declared:
    """The component declared by these words; UsageError for what cannot be one."""
    if category and category not in declared.CATEGORIES:
        hint = f"categories: {', '.join(declared.CATEGORIES)}"
        raise UsageError("that is no category of components", hint=hint)
    for what, text, limit in (
        ("a path", path, LONGEST_PATH),
        ("a name", name, LONGEST_TITLE),
        ("a description", description, LONGEST_DESCRIPTION),
    ):
        _check_length(what, text, limit)
    told = " ".join(visible(description).split())
    found = Declared(_folder(path), one_line(visible(name), LONGEST_TITLE), told, category)
    _refuse_secrets(f"{found.path}\n{found.name}\n{found.description}")
    return found


def component_text(component: Declared) -> str:
    """The words of a component as the ledger keeps them."""
    return canonical_json(asdict(component))


def version(state: CompanyState) -> str:
    """A digest of what stands written by hand; empty when nothing does.

    Part of a sync's version: an index that missed an event is caught up by the next sync.
    """
    if not state.learnings and not state.components:
        return ""
    written = [
        [one.id, one.category, one.language, one.text, utc_text(one.at)]
        for _, one in sorted(state.learnings.items())
    ]
    document = canonical_json([written, dict(state.components)])
    return hashlib.sha256(document.encode()).hexdigest()[:32]


def learnings(state: CompanyState, texts: Mapping[str, str]) -> pd.DataFrame:
    """The learnings written by hand as rows of LEARNING_COLUMNS, by time and id.

    `texts` holds their words by hash; a learning whose words were purged meanwhile is left out.
    """
    kept = [one for one in state.learnings.values() if one.text in texts]
    rows = [
        {
            "id": one.id,
            **json.loads(texts[one.text]),
            "category": one.category,
            "source": SOURCE,
            "language": one.language,
            "evidence_commit": "",
            "evidence_path": "",
            "evidence_line": 0,
            "occurred_at": one.at,
            "substance": 1.0,
            "reason": f"{one.category}: written by hand",
        }
        for one in sorted(kept, key=lambda one: (one.at, one.id))
    ]
    return _typed(pd.DataFrame(rows, columns=list(LEARNING_COLUMNS)))


def components(state: CompanyState, texts: Mapping[str, str]) -> list[Declared]:
    """The components declared by hand, by path; `texts` as for `learnings`."""
    found = (
        Declared(**json.loads(texts[sha])) for sha in state.components.values() if sha in texts
    )
    return sorted(found, key=lambda one: one.path)


def events_of(state: CompanyState, texts: Mapping[str, str]) -> list[NewEvent]:
    """The events that write all of `state` again: in the stream of a copy of the company.

    What is not among `texts` was taken back meanwhile.
    """
    written = [
        NewEvent(
            LearningAdded.event_type,
            {
                "learning": one.id,
                "category": one.category,
                "language": one.language,
                "text": one.text,
            },
            occurred_at=one.at,
        )
        for one in state.learnings.values()
        if one.text in texts
    ]
    return written + [
        NewEvent(ComponentAdded.event_type, {"component": id, "text": text})
        for id, text in state.components.items()
        if text in texts
    ]


def text_hashes(state: CompanyState) -> list[str]:
    """The hashes of all words written by hand."""
    return [*(one.text for one in state.learnings.values()), *state.components.values()]


def withdrawn(held: pd.DataFrame, written: pd.DataFrame) -> set[str]:
    """The ids of rows in `held` that do not stand word for word in `written`."""
    wanted = set(_words(written, ("id", "title", "content")))
    return {row[0] for row in _words(held, ("id", "title", "content")) if row not in wanted}


def unsaid(stored: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The rows of a catalog `stored` whose words by hand are not those of the catalog `found`."""
    said = set(_words(found, ("id", "name", "description")))
    spoken = stored[stored["reason"] == DECLARED]
    gone = [row not in said for row in _words(spoken, ("id", "name", "description"))]
    return spoken[np.array(gone, dtype=bool)]  # a list, when empty, would name columns


def _words(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(frame[name].tolist() for name in columns), strict=True))


def joined(learned: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Learnings from the sources and by hand; of the same words the hand's row stays."""
    if written.empty:
        return learned
    others = learned[~learned["id"].isin(written["id"])]
    return _typed(pd.concat([others, written], ignore_index=True) if len(others) else written)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    moments = pd.to_datetime(frame["occurred_at"], utc=True).astype("datetime64[us, UTC]")
    frame = frame.assign(occurred_at=moments)
    return frame.astype({"evidence_line": "int64", "substance": "float64"})


def _check_length(what: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise UsageError(
            f"{what} has {len(text):,} characters, over {limit:,}",
            hint="write the few sentences somebody should remember",
        )


def _refuse_secrets(text: str) -> None:
    found = find_secrets(text)
    if found:
        kinds = ", ".join(sorted({one.kind for one in found}))
        raise UsageError(
            f"the text holds what looks like a secret ({kinds})",
            hint="take it out, and change the secret if it was real; nothing was recorded",
        )


def _folder(path: str) -> str:
    parts = list(_parts(path))
    return "/".join(parts) or "."


def _parts(path: str) -> Iterator[str]:
    if not path.strip() or path.startswith(("/", "~")) or visible(path) != path or "\n" in path:
        raise UsageError(
            "that is no folder of the repository", hint="give it relative to the top: services/cart"
        )
    for part in path.split("/"):
        if part == "..":
            raise UsageError("a component's folder cannot hold '..'")
        if part not in ("", "."):
            yield part
