"""The candidates of a search: the nearest vectors and the best full-text hits, filtered first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import takewhile
from operator import and_
from typing import TYPE_CHECKING, Any

from coordinator.full_text import STEM_MARK
from coordinator.memory import Factors, SearchFilters
from resources.memory.index import TEXT_COLUMN
from resources.memory.question import Question
from resources.tables.arrow_rows import matrix

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


# Stands between terms that are cut into words together: no text has it, no analyzer drops it.
_BETWEEN = "zqxjkvzqxjkv"


class Candidates:
    """What both halves brought: `ids`, their exact `cosines`, and `bm25` where full text found.

    The cosine of a text in the language of the query's translation is that of the query or of the
    translation, whichever is greater. `columns` are those of a record, `language` among them;
    `split` cuts a text into words as the index sees them.
    """

    def __init__(
        self,
        near: pa.Table,
        textual: pa.Table,
        question: Question,
        *,
        columns: Sequence[str],
        vector_column: str,
        split: Callable[[str], list[str]],
    ) -> None:
        import pyarrow as pa

        self._columns, self._split, self._question = list(columns), split, question
        self.bm25: dict[str, float] = dict(
            zip(textual["id"].to_pylist(), textual["_score"].to_pylist(), strict=True)
        )
        picked = [*columns, TEXT_COLUMN, vector_column]
        both = pa.concat_tables([textual.select(picked), near.select(picked)])
        self._row = {key: row for row, key in enumerate(both["id"].to_pylist())}
        self._records = both.select([*columns, TEXT_COLUMN])
        self.ids = list(self._row)
        kept = list(self._row.values())
        vectors = matrix(both[vector_column])[kept]
        self.cosines: NDArray[np.float32] = vectors @ question.vectors[0]
        self._translated: set[str] = set()
        if len(question.vectors) > 1:
            languages = both["language"].to_pylist()
            self._take_translation(vectors, [languages[row] for row in kept])

    def _take_translation(self, vectors: NDArray[np.float32], languages: list[str]) -> None:
        """Texts in the translation's language are as near as it is, where it is nearer."""
        translated = vectors @ self._question.vectors[1]
        for place, key in enumerate(self.ids):
            nearer = translated[place] > self.cosines[place]
            if nearer and languages[place] == self._question.asked.wider.language:
                self.cosines[place] = translated[place]
                self._translated.add(key)

    def cosines_of(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """The cosines of these candidates, in this order."""
        place = {key: at for at, key in enumerate(self.ids)}
        return self.cosines[[place[key] for key in keys]]

    def record(self, key: str) -> dict[str, Any]:
        """The stored columns of a candidate, without the vector and the folded text."""
        row: dict[str, Any] = (
            self._records.slice(self._row[key], 1).select(self._columns).to_pylist()[0]
        )
        return row

    def explained(self, hits: Iterable[tuple[str, Factors]]) -> list[tuple[str, Factors]]:
        """The hits with what matched in them: the query's words, the glossary's, its translation.

        Only what the hit's text holds is named; a translation where its cosine is the hit's.
        """
        asked = self._question.asked
        own, others, stems = self._own(), self._tokens(asked.wider.terms), self._tokens(asked.stems)
        shown = {token: f"{token} ({said})" for token, said in others.items() if token not in own}
        shown |= {one: f"{one.removeprefix(STEM_MARK)}- ({said})" for one, said in stems.items()}
        out = []
        for key, factors in hits:
            inside = self._inside(key) if key in self.bm25 else set()
            why = replace(
                factors,
                matched_terms=tuple(token for token in own if token in inside),
                widened_terms=tuple(text for token, text in shown.items() if token in inside),
                translation=asked.wider.translation if key in self._translated else "",
            )
            out.append((key, why))
        return out

    def words_found(self, key: str) -> int:
        """How many of the query's words a candidate has, as they are or in the other language."""
        asked = self._question.asked
        inside = self._inside(key)
        tokens = self._tokens({**asked.wider.terms, **asked.stems}) | self._own()
        said = (words for token, words in tokens.items() if token in inside)
        return len({word for words in said for word in words.split()})

    def _own(self) -> dict[str, str]:
        return self._tokens({word: word for word in self._question.asked.words})

    def _inside(self, key: str) -> set[str]:
        return set(self._split(self._records[TEXT_COLUMN][self._row[key]].as_py()))

    def _tokens(self, terms: Mapping[str, str]) -> dict[str, str]:
        """The words of `terms` as the index sees them, each with what was said for it."""
        cut = iter(self._split(f" {_BETWEEN} ".join(terms)))
        tokens: dict[str, str] = {}
        for said in terms.values():
            for token in takewhile(lambda one: one != _BETWEEN, cut):
                tokens.setdefault(token, said)
        return tokens


def _splitter(table: Any) -> Callable[[str], list[str]]:
    if any(TEXT_COLUMN in index.columns for index in table.list_indices()):
        return lambda text: [token.text for token in table.tokenize(text, column=TEXT_COLUMN)]
    return str.split  # a store was killed before it made the index


def candidates(
    table: Any,
    question: Question,
    condition: Any,
    *,
    count: int,
    columns: Sequence[str],
    vector_column: str,
) -> Candidates:
    """The `count` nearest rows and the `count` best full-text hits among those `condition` lets in.

    Conditions come before the ranking: filtering ten hits afterwards left five of ten. The nearest
    are those of the query itself: what its translation is near to full text finds, mostly.
    """
    picked = [*columns, TEXT_COLUMN, vector_column]
    near = table.search(question.vectors[0], vector_column_name=vector_column).distance_type("dot")
    textual = table.search(_in_words(question), query_type="fts")
    if condition is not None:
        near, textual = near.where(condition), textual.where(condition)
    return Candidates(
        near.select([*picked, "_distance"]).limit(count).to_arrow(),
        textual.select([*picked, "_score"]).limit(count).to_arrow(),
        question,
        columns=columns,
        vector_column=vector_column,
        split=_splitter(table),
    )


def _in_words(question: Question) -> Any:
    """The full-text query: words, never a query language."""
    from lancedb.query import BooleanQuery, MatchQuery, Occur

    asked = question.asked
    parts = [
        MatchQuery(" ".join(words), TEXT_COLUMN, boost=weight)
        for words, weight in (
            (asked.words, asked.own_share),
            (asked.wider.terms, question.glossary_weight),
            (asked.stems, asked.stem_share),
        )
        if words and weight
    ]
    if len(parts) > 1:
        return BooleanQuery([(Occur.SHOULD, part) for part in parts])
    return parts[0] if parts else MatchQuery("", TEXT_COLUMN)


def learnings_that_fit(filters: SearchFilters) -> Any:
    """The condition of `filters` on a table of learnings; None when all fit."""
    from lancedb.expr import col

    wanted = [
        col(name).isin(list(values))
        for name, values in (
            ("category", filters.categories),
            ("language", filters.languages),
            ("source", filters.sources),
        )
        if values
    ]
    return all_of([*wanted, *within(filters, "occurred_at")])


def within(filters: SearchFilters, column: str) -> list[Any]:
    """The conditions that hold the moments in `column` to the filters' time."""
    from lancedb.expr import col, lit

    parts = []
    if filters.since is not None:
        parts.append(col(column) >= lit(filters.since))
    if filters.until is not None:
        parts.append(col(column) <= lit(filters.until))
    return parts


def all_of(parts: Iterable[Any]) -> Any:
    """The conditions joined by "and"; None when there are none."""
    listed = list(parts)
    return reduce(and_, listed) if listed else None
