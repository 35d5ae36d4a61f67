"""Reading what patterns are made of: the vectors of every company's memory, and its components.

Only the coordinator reads across companies, and what it keeps of them are ids and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coordinator.by_hand import SOURCE
from coordinator.errors import MemoryUnavailable, OrchError
from coordinator.ports import Progress
from resources.memory.private_memory import TABLE
from resources.progress import Silence
from resources.tables.arrow_rows import matrix

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from resources.home import Home

FACTS = ("category", "source", "language", "evidence_path", "substance")


@dataclass
class Memories:
    """The private memories of all companies, one row each, sorted by row.

    `ids` are ``company/learning``; `facts` holds the columns `FACTS` beside them. `problems` says
    by company why it could not be read.
    """

    ids: list[str] = field(default_factory=list)
    companies: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    facts: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in FACTS})
    vectors: NDArray[np.float32] | None = None
    problems: dict[str, str] = field(default_factory=dict)


def read_memories(home: Home, progress: Progress | None = None) -> Memories:
    """Every company's memory; one that cannot be read is named and stops no other."""
    import numpy as np

    shown = progress or Silence()
    names = home.companies.names()
    shown.start("reading memories", len(names))
    found, parts = Memories(), []
    for name in names:
        try:
            table = _memory(home, name)
        except OrchError as error:
            found.problems[name] = f"{error.message} ({error.hint})" if error.hint else str(error)
            table = None
        if table is not None and table.num_rows:
            parts.append(_add(found, name, table))
        shown.advance()
    shown.finish()
    width = parts[0].shape[1] if parts else 0
    found.vectors = np.concatenate(parts) if parts else np.empty((0, width), dtype=np.float32)
    return found


def _memory(home: Home, company: str) -> pa.Table | None:
    """The rows of one memory, by id; None when there are none.

    MemoryUnavailable for a table that was lost: else what the company has in common with others
    would be taken for gone.
    """
    home.companies.instance(company).settings  # noqa: B018 - broken settings are a problem too
    rows = home.memory(company).rows
    rows.check_model()
    if not rows.tables.exists(TABLE):
        known = home.ledger.state(company).tables.get(TABLE)
        if known is not None and known.rows:
            raise MemoryUnavailable(
                "its table is lost, though the ledger knows it",
                hint=f"run `orch memory rebuild --company {company}`",
            )
        return None
    with rows.tables.reading(TABLE) as table:
        picked = ["id", "row_hash", "vector", *FACTS]
        found = table.search().select(picked).to_arrow().sort_by("id")
    return found.filter(_standing(home, company, found))


def _add(found: Memories, company: str, table: pa.Table) -> NDArray[np.float32]:
    """Put the rows of one memory behind those of the others; companies come in their order."""
    found.ids += [f"{company}/{id}" for id in table["id"].to_pylist()]
    found.companies += [company] * table.num_rows
    found.texts += [one.partition(".")[0] for one in table["row_hash"].to_pylist()]
    for name in FACTS:
        found.facts[name] += table[name].to_pylist()
    vectors: NDArray[np.float32] = matrix(table["vector"])
    return vectors


def read_texts(
    home: Home, rows: Iterable[str], columns: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """`columns` of the learnings behind `rows`; one that is gone, or cannot be read, is left out.

    Read where they stand, for the moment they are shown: nothing of them is kept.
    """
    wanted: dict[str, list[str]] = {}
    for row in rows:
        company, _, learning = row.partition("/")
        wanted.setdefault(company, []).append(learning)
    found: dict[str, dict[str, Any]] = {}
    here = set(home.companies.names())
    for company, ids in wanted.items():
        if company in here:
            found |= _texts_of(home, company, ids, columns)
    return found


def _texts_of(
    home: Home, company: str, ids: Sequence[str], columns: Sequence[str]
) -> Mapping[str, dict[str, Any]]:
    from lancedb.expr import col

    tables = home.companies.instance(company).tables()
    if not tables.exists(TABLE):
        return {}
    picked = list(dict.fromkeys(["id", "source", *columns]))
    with tables.reading(TABLE) as table:
        found = table.search().where(col("id").isin(list(ids))).select(picked).to_arrow()
    rows = found.filter(_standing(home, company, found)).to_pylist()
    return {f"{company}/{row['id']}": row for row in rows}


def _standing(home: Home, company: str, found: pa.Table) -> pa.Array:
    """Which rows stand: what was taken back by hand does not, even where its row still does."""
    import pyarrow as pa

    by_hand = [source == SOURCE for source in found["source"].to_pylist()]
    if not any(by_hand):
        return pa.array([True] * found.num_rows, pa.bool_())
    written = set(home.by_hand.learnings(company)["id"])
    pairs = zip(by_hand, found["id"].to_pylist(), strict=True)
    return pa.array([not hand or id in written for hand, id in pairs], pa.bool_())
