"""Which members of patterns stand now: what cannot be read is not taken for gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordinator.errors import MemoryUnavailable, OrchError
from coordinator.patterns.components import is_component
from resources.memory.private_memory import TABLE as MEMORY
from resources.patterns import components
from resources.patterns.reading import read_texts

if TYPE_CHECKING:
    from resources.home import Home
    from resources.tables import Tables


@dataclass(frozen=True)
class Present:
    """The members that stand now; `problems` says by company why it could not be read.

    All members of such a company count as standing, as the last detection left them: what is
    published of them stays until it is known that they are gone.
    """

    nodes: frozenset[str]
    problems: Mapping[str, str]


def present(home: Home, nodes: Iterable[str]) -> Present:
    """Which of `nodes` stand; none of a company there is no more."""
    by_company: dict[str, list[str]] = {}
    for node in dict.fromkeys(nodes):
        by_company.setdefault(node.partition("/")[0], []).append(node)
    here = set(home.companies.names())
    found: set[str] = set()
    problems: dict[str, str] = {}
    for company, ones in sorted(by_company.items()):
        if company not in here:
            continue
        try:
            found |= _of_company(home, company, ones)
        except OrchError as error:
            problems[company] = str(error)
            found |= {*ones}
    return Present(frozenset(found), problems)


def _of_company(home: Home, company: str, nodes: Sequence[str]) -> set[str]:
    tables = home.companies.instance(company).tables()
    learnings = [one for one in nodes if not is_component(one)]
    found: set[str] = set()
    if learnings:
        _check_there(tables, MEMORY, company, f"orch memory rebuild --company {company}")
        found |= read_texts(home, learnings, ()).keys()
    if len(learnings) < len(nodes):
        _check_there(tables, components.TABLE, company, f"orch sync {company} --force")
        others = {*home.companies.names()} - {company}
        found |= components.Components(home, others).rows.keys() & {*nodes}
    return found


def _check_there(tables: Tables, table: str, company: str, heals: str) -> None:
    """MemoryUnavailable when the table the members were read from is lost."""
    if not tables.exists(table):
        raise MemoryUnavailable(
            f"the table {table} of '{company}' is not there", hint=f"run `{heals}`"
        )
