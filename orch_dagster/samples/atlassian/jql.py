"""The part of JQL the stand-in understands, and the sorted answers to it.

    project = "PAY" AND labels = "x" AND updated >= "2026-01-31 12:00" ORDER BY updated ASC, key
    key in ("PAY-1", "PAY-2")

Fields: project, key, labels with `=` and `in`; created and updated with `<`, `<=`, `>`, `>=`.
Moments are read in the account's own time zone and to the minute, as Jira reads them.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import total_ordering
from typing import Any
from zoneinfo import ZoneInfo

from orch_dagster.samples.atlassian.records import Issue

TOKEN = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(>=|<=|[=<>(),])|([\w.-]+))""")
DATES = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
EQUALITIES = {"project", "key", "labels"}
MOMENTS = {"created", "updated"}
SORTS = {"created", "updated", "key", "id"}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


class BadQuery(ValueError):
    """The query is refused; the text is what Jira says."""


class NotUnderstood(BadQuery):
    """Real Jira may know this; the stand-in does not."""


@dataclass(frozen=True)
class Clause:
    """One restriction: any of `values` for `=` and `in`, one moment for a comparison."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A query: all `clauses` hold; `order` is (field, descending)."""

    clauses: tuple[Clause, ...]
    order: tuple[tuple[str, bool], ...]


def parse(text: str) -> Query:
    """Read a query; BadQuery when Jira would refuse it or the stand-in cannot read it."""
    words = _words(text)
    clauses: list[Clause] = []
    while words and not _is(words, "order"):
        if clauses:
            _expect(words, "and")
        clauses.append(_clause(words))
    order = _order(words)
    if not clauses:
        raise BadQuery(
            "Unbounded JQL queries are not allowed here."
            " Please add a search restriction to your query."
        )
    return Query(tuple(clauses), order)


def _words(text: str) -> list[tuple[str, bool]]:
    """The words of a query, each with whether it was quoted."""
    words, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise BadQuery(f"Error in the JQL Query: the character at {at + 1} is not expected.")
        double, single, sign, bare = found.groups()
        quoted = double if double is not None else single
        if quoted is not None:
            words.append((re.sub(r"\\(.)", r"\1", quoted), True))
        else:
            words.append((sign or bare, False))
        at = found.end()
    return words


def _is(words: list[tuple[str, bool]], word: str) -> bool:
    return bool(words) and not words[0][1] and words[0][0].lower() == word


def _expect(words: list[tuple[str, bool]], word: str) -> None:
    if not words:
        raise BadQuery(f"Error in the JQL Query: Expecting '{word}' before the end of the query.")
    if not _is(words, word):
        raise NotUnderstood(f"Error in the JQL Query: Expecting '{word}' but got '{words[0][0]}'.")
    words.pop(0)


def _value(words: list[tuple[str, bool]]) -> str:
    if not words:
        raise BadQuery("Error in the JQL Query: Expecting a value before the end of the query.")
    value, quoted = words.pop(0)
    if not quoted and not re.fullmatch(r"[\w.-]+", value):
        raise BadQuery(f"Error in the JQL Query: Expecting a value but got '{value}'.")
    return value


def _clause(words: list[tuple[str, bool]]) -> Clause:
    field = _value(words).lower()
    if field not in EQUALITIES | MOMENTS:
        raise NotUnderstood(
            f"Field '{field}' does not exist or you do not have permission to view it."
        )
    sign = words.pop(0)[0].lower() if words else ""
    if field in EQUALITIES and sign == "in":
        return Clause(field, "=", _list(words))
    if field in EQUALITIES and sign == "=":
        return Clause(field, "=", (_value(words),))
    if field in MOMENTS and sign in COMPARE:
        return Clause(field, sign, (_value(words),))
    raise NotUnderstood(f"The operator '{sign}' is not supported by the '{field}' field.")


def _list(words: list[tuple[str, bool]]) -> tuple[str, ...]:
    _expect(words, "(")
    values = [_value(words)]
    while _is(words, ","):
        words.pop(0)
        values.append(_value(words))
    _expect(words, ")")
    return tuple(values)


def _order(words: list[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    if not words:
        return ()
    _expect(words, "order")
    _expect(words, "by")
    order = []
    while True:
        field = _value(words).lower()
        if field not in SORTS:
            raise NotUnderstood(f"Not able to sort using field '{field}'.")
        descending = _is(words, "desc")
        if descending or _is(words, "asc"):
            words.pop(0)
        order.append((field, descending))
        if not words:
            return tuple(order)
        _expect(words, ",")


def moment(text: str, field: str, zone: ZoneInfo) -> datetime:
    """The moment a date in a query stands for, read in `zone`."""
    for form in DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise BadQuery(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include:"
        " 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd',"
        " or a period format e.g. '-5d', '4w 2d'."
    )


def tests(query: Query, zone: ZoneInfo) -> list[Callable[[Issue], bool]]:
    """What an issue must pass for the clauses about moments."""
    return [
        _moment_test(clause, moment(clause.values[0], clause.field, zone))
        for clause in query.clauses
        if clause.field in MOMENTS
    ]


def _moment_test(clause: Clause, bound: datetime) -> Callable[[Issue], bool]:
    compare = COMPARE[clause.operator]
    return lambda issue: compare(getattr(issue, clause.field), bound)


@total_ordering
class Descending:
    """A value that sorts the other way round."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and self.value == other.value

    def __lt__(self, other: Descending) -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def place(issue: Issue, order: tuple[tuple[str, bool], ...]) -> list[Any]:
    """Where an issue stands in the order: plain values that JSON can hold, the id at the end."""
    project, _, number = issue.key.rpartition("-")
    values = {
        "created": int(issue.created.timestamp() * 1000),
        "updated": int(issue.updated.timestamp() * 1000),
        "key": [project, int(number)],
        "id": int(issue.id),
    }
    return [*(values[field] for field, _ in order), -int(issue.id)]


def sort_key(found: list[Any], order: tuple[tuple[str, bool], ...]) -> tuple[Any, ...]:
    """What `place` gave, comparable: descending fields turned round."""
    directions = [*(descending for _, descending in order), False]
    return tuple(
        Descending(value) if descending else value
        for value, descending in zip(found, directions, strict=True)
    )
