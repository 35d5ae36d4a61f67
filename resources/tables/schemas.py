"""The Arrow schemas of the LanceDB tables.

Every table has a non-null `id` declared as its primary key and a `row_hash` that tells a changed
row from an unchanged one. Without the declaration four concurrent writers of the same new ids left
400 rows for 100 ids, silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

PRIMARY_KEY = b"lance-schema:unenforced-primary-key"
UNHASHED = b"orch:unhashed"
ROW_HASH = "row_hash"


def commits() -> pa.Schema:
    """One row per commit of the watched branch; `paths` holds at most 500."""
    import pyarrow as pa

    return table_schema(
        {
            "authored_at": moment(),
            "committed_at": moment(),
            "author": pa.string(),
            "author_email": pa.string(),
            "message": pa.string(),
            "paths": pa.list_(pa.string()),
            "path_count": pa.int64(),
            "parents": pa.list_(pa.string()),
        }
    )


def documents() -> pa.Schema:
    """One row per document of the current tree; `commit` is where it was read, not a change."""
    import pyarrow as pa

    return table_schema(
        {
            "path": pa.string(),
            "blob": pa.string(),
            "text": pa.string(),
            "commit": pa.string(),
            "changed_at": moment(),
        },
        unhashed=("commit",),
    )


def issues() -> pa.Schema:
    """One row per Jira issue; texts as Markdown, `people` all it names, `state` new, … or done."""
    import pyarrow as pa

    return table_schema(
        {
            "key": pa.string(),
            "title": pa.string(),
            "text": pa.string(),
            "comments": pa.string(),
            "history": pa.string(),
            "status": pa.string(),
            "state": pa.string(),
            "resolution": pa.string(),
            "kind": pa.string(),
            "labels": pa.list_(pa.string()),
            "people": pa.list_(pa.string()),
            "created_at": moment(),
            "updated_at": moment(),
            "resolved_at": moment(),
        }
    )


def pages() -> pa.Schema:
    """One row per current page of the Confluence space; texts as Markdown."""
    import pyarrow as pa

    return table_schema(
        {
            "title": pa.string(),
            "text": pa.string(),
            "comments": pa.string(),
            "parent": pa.string(),
            "version": pa.int64(),
            "created_at": moment(),
            "updated_at": moment(),
        }
    )


def memories() -> pa.Schema:
    """One row per memory others wrote into the company's Supabase project."""
    import pyarrow as pa

    return table_schema(
        {
            "title": pa.string(),
            "content": pa.string(),
            "category": pa.string(),
            "language": pa.string(),
            "author": pa.string(),
            "occurred_at": moment(),
            "updated_at": moment(),
        }
    )


def components() -> pa.Schema:
    """One row per component folder; `fingerprint` is a MinHash signature, empty when too small."""
    import pyarrow as pa

    return table_schema(
        {
            "company": pa.string(),
            "name": pa.string(),
            "path": pa.string(),
            "parts": pa.list_(pa.string()),
            "category": pa.string(),
            "description": pa.string(),
            "language": pa.string(),
            "version": pa.string(),
            "licence": pa.string(),
            "owner": pa.string(),
            "dependencies": pa.list_(pa.string()),
            "tree_hash": pa.string(),
            "fingerprint": pa.list_(pa.int64()),
            "fingerprint_version": pa.int64(),
            "shingles": pa.int64(),
            "files": pa.int64(),
            "code_bytes": pa.int64(),
            "first_seen_at": moment(),
            "last_changed_at": moment(),
            "last_commit": pa.string(),
            "confidence": pa.float64(),
            "reason": pa.string(),
            "manifests": pa.list_(pa.string()),
        }
    )


def learnings() -> pa.Schema:
    """One row per learning, in the order of `coordinator.memory.LEARNING_COLUMNS`."""
    import pyarrow as pa

    return table_schema(
        {
            "title": pa.string(),
            "content": pa.string(),
            "category": pa.string(),
            "source": pa.string(),
            "language": pa.string(),
            "evidence_commit": pa.string(),
            "evidence_path": pa.string(),
            "evidence_line": pa.int64(),
            "occurred_at": moment(),
            "substance": pa.float64(),
            "reason": pa.string(),
        }
    )


def private_memory(width: int, recorded: dict[str, str]) -> pa.Schema:
    """The learnings with `search_text` and a vector of `width` float32.

    `recorded` (model, prompts) goes into the schema's metadata: a table remembers who wrote it.
    """
    import pyarrow as pa

    schema = learnings()
    schema = schema.append(pa.field("search_text", pa.string()))
    schema = schema.append(pa.field("vector", pa.list_(pa.float32(), width)))
    return schema.with_metadata(recorded)


def global_memory(width: int, recorded: dict[str, str]) -> pa.Schema:
    """One row per copy in the global memory; `metadata` is JSON, `superseded_by` an id or empty.

    `recorded` goes into the schema's metadata as with the private memories.
    """
    import pyarrow as pa

    schema = table_schema(
        {
            "title": pa.string(),
            "content": pa.string(),
            "source_instance": pa.string(),
            "category": pa.string(),
            "language": pa.string(),
            "shared": pa.bool_(),
            "metadata": pa.string(),
            "created_at": moment(),
            "valid_from": moment(),
            "valid_to": moment(),
            "superseded_by": pa.string(),
            "search_text": pa.string(),
            "embedding": pa.list_(pa.float32(), width),
        }
    )
    return schema.with_metadata(recorded)


def table_schema(columns: dict[str, pa.DataType], *, unhashed: tuple[str, ...] = ()) -> pa.Schema:
    """The schema of a table with these `columns` besides `id` and `row_hash`.

    Columns named in `unhashed` are stored, but a change in them alone is no change.
    """
    import pyarrow as pa

    fields = [
        pa.field("id", pa.string(), nullable=False, metadata={PRIMARY_KEY: b"true"}),
        pa.field(ROW_HASH, pa.string(), nullable=False, metadata={UNHASHED: b"true"}),
    ]
    for name, kind in columns.items():
        metadata = {UNHASHED: b"true"} if name in unhashed else None
        fields.append(pa.field(name, kind, metadata=metadata))
    return pa.schema(fields)


def moment() -> pa.DataType:
    """A point in time: microseconds, UTC."""
    import pyarrow as pa

    return pa.timestamp("us", tz="UTC")


def contexts() -> pa.Schema:
    """The one row of a company's context: `data` as JSON, `page` as Markdown."""
    import pyarrow as pa

    return table_schema({"data": pa.string(), "page": pa.string()})


def catalog_components() -> pa.Schema:
    """One row per component of any company, with its place among the copies."""
    import pyarrow as pa

    return table_schema(
        {
            "company": pa.string(),
            "name": pa.string(),
            "category": pa.string(),
            "language": pa.string(),
            "version": pa.string(),
            "licence": pa.string(),
            "tree_hash": pa.string(),
            "first_seen_at": moment(),
            "last_changed_at": moment(),
            "group": pa.string(),
            "copies": pa.int64(),
            "origin": pa.bool_(),
            "drift": pa.float64(),
        }
    )


def catalog_pairs() -> pa.Schema:
    """One row per pair of components that share code; columns of `coordinator.catalog.copies`."""
    import pyarrow as pa

    return table_schema(
        {
            "left": pa.string(),
            "right": pa.string(),
            "left_company": pa.string(),
            "right_company": pa.string(),
            "across": pa.bool_(),
            "similarity": pa.float64(),
            "name_similarity": pa.float64(),
            "same_tree": pa.bool_(),
            "origin": pa.string(),
            "reason": pa.string(),
        }
    )


def catalog_groups() -> pa.Schema:
    """One row per group of copies; the columns of `coordinator.catalog.copies`."""
    import pyarrow as pa

    return table_schema(
        {
            "name": pa.string(),
            "origin": pa.string(),
            "members": pa.list_(pa.string()),
            "companies": pa.list_(pa.string()),
            "versions": pa.list_(pa.string()),
            "drift": pa.list_(pa.float64()),
            "max_drift": pa.float64(),
            "versions_differ": pa.bool_(),
        }
    )


def pattern_neighbours(recorded: dict[str, str] | None = None) -> pa.Schema:
    """One row per learning that was compared with those of other companies.

    `text` is a hash of what was embedded. `recorded` (model, least cosine) goes into the schema's
    metadata: lists found with others are not carried on.
    """
    import pyarrow as pa

    schema = table_schema(
        {
            "company": pa.string(),
            "text": pa.string(),
            "neighbours": pa.list_(pa.string()),
            "cosines": pa.list_(pa.float64()),
        }
    )
    return schema.with_metadata(recorded or {})


def cross_company_patterns() -> pa.Schema:
    """One row per pattern that stands: its members by id, never their words."""
    import pyarrow as pa

    return table_schema(
        {
            "members": pa.list_(pa.string()),
            "companies": pa.list_(pa.string()),
            "medoid": pa.string(),
            "likeness": pa.list_(pa.float64()),
            "cohesion": pa.float64(),
            "coverage": pa.float64(),
            "substance": pa.float64(),
            "score": pa.float64(),
            "found_at": moment(),
            "changed_at": moment(),
        }
    )


def metrics() -> pa.Schema:
    """One row per day (its midnight, UTC) and metric; the columns of `coordinator.metrics`."""
    import pyarrow as pa

    return table_schema(
        {
            "day": moment(),
            "metric": pa.string(),
            "value": pa.float64(),
            "part": pa.int64(),
            "whole": pa.int64(),
        }
    )


def sharing_opportunities() -> pa.Schema:
    """One row per opportunity: whose need, whose solution, and the numbers of its score.

    `features` is JSON of names and numbers. Words are read where they stand.
    """
    import pyarrow as pa

    return table_schema(
        {
            "kind": pa.string(),
            "owner": pa.string(),
            "adopter": pa.string(),
            "need": pa.string(),
            "solution": pa.string(),
            "score": pa.float64(),
            "features": pa.string(),
            "need_sketch": pa.string(),
            "solution_sketch": pa.string(),
        }
    )


def known(name: str) -> pa.Schema | None:
    """The schema of a table by the name of the asset it holds; None for any other."""
    makers = {
        "git_commits": commits,
        "local_docs": documents,
        "jira_issues": issues,
        "confluence_pages": pages,
        "supabase_memories": memories,
        "company_components": components,
        "learnings": learnings,
        "instance_context": contexts,
        "component_catalog": catalog_components,
        "component_pairs": catalog_pairs,
        "component_groups": catalog_groups,
        "coordination_metrics": metrics,
        "pattern_neighbours": pattern_neighbours,
        "cross_company_patterns": cross_company_patterns,
        "sharing_opportunities": sharing_opportunities,
    }
    maker = makers.get(name)
    return maker() if maker else None


def of(name: str) -> pa.Schema:
    """The schema of a known table; KeyError for any other."""
    schema = known(name)
    if schema is None:
        raise KeyError(name)
    return schema
