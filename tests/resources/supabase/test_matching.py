"""Search by meaning in the database: right under filters and policies, and by the index."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import psycopg2
import pytest

TABLE = "orchestrator_global_memory"
ROWS = 2_000
TOP = 10
CATEGORIES = ("pattern", "solution", "component", "insight")
LANGUAGES = ("pt", "en", "es", "fr")
MATCH = "function match_global_memory(extensions.vector, int, text, text, text, text)"


@pytest.fixture(scope="module")
def vectors():
    """Rows of forty topics, and questions that are about one of them."""
    random = np.random.default_rng(11)
    topics = random.normal(size=(40, 384))

    def about(count: int) -> np.ndarray:
        found = topics[random.integers(0, 40, count)] + 0.7 * random.normal(size=(count, 384))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    return about(ROWS), about(20)


@pytest.fixture(scope="module")
def filled(projects, vectors):
    """A project in which every second row is company b's own, and the rest is shared by it."""
    lines = StringIO()
    for number, vector in enumerate(vectors[0]):
        columns = (
            f"g-{number}",
            "x",
            "empresa-b",
            CATEGORIES[number // 2 % 4],
            LANGUAGES[number // 8 % 4],
            "t" if number % 2 else "f",
            "[" + ",".join(f"{part:.6f}" for part in vector) + "]",
        )
        lines.write("\t".join(columns) + "\n")
    lines.seek(0)
    with projects.lent() as project:
        connection = project.connect()
        with connection, connection.cursor() as cursor:
            cursor.copy_expert(
                f"COPY {TABLE} (id, content, source_instance, category, language, shared, "
                "embedding) FROM STDIN",
                lines,
            )
        connection.close()
        project.sql(f"ANALYZE {TABLE}")
        yield project


def exact(vectors, question, fits) -> list[str]:
    rows = np.flatnonzero(fits)
    order = np.argsort(-(vectors[rows] @ question), kind="stable")[:TOP]
    return [f"g-{row}" for row in rows[order]]


def matched(client, question, **filters) -> list[dict]:
    asked = {"query_embedding": question.round(6).tolist(), "match_count": TOP, **filters}
    answer = client.post("/rpc/match_global_memory", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def recall(client, vectors, fits, **filters) -> float:
    found = [
        len({row["id"] for row in matched(client, question, **filters)}
            & set(exact(vectors[0], question, fits)))
        for question in vectors[1]
    ]  # fmt: skip
    return sum(found) / (TOP * len(found))


def fitting(category: str | None = None, language: str | None = None) -> np.ndarray:
    number = np.arange(ROWS)
    fits = number % 2 == 1
    if category:
        fits &= number // 2 % 4 == CATEGORIES.index(category)
    if language:
        fits &= number // 8 % 4 == LANGUAGES.index(language)
    return fits


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"category": "component"},
        {"language": "es"},
        {"category": "solution", "language": "fr"},
    ],
    ids=str,
)
def test_the_index_finds_what_an_exact_search_finds_under_filters_and_policies(
    filled, vectors, filters
):
    client = filled.rest("authenticated", "empresa-a")
    given = {f"filter_{name}": value for name, value in filters.items()}
    assert recall(client, vectors, fitting(**filters), **given) >= 0.95


def test_a_search_goes_by_the_index(filled, vectors):
    with filled.acting("authenticated", "empresa-a") as cursor:
        cursor.execute("SELECT * FROM match_global_memory(%s)", [str(vectors[1][0].tolist())])
        cursor.execute(f"SELECT pg_stat_get_xact_numscans('{TABLE}_embedding'::regclass)")
        assert cursor.fetchone() == (1,)


def by_the_index_alone(project) -> None:
    """Leave the planner no other way than the vectors' index."""
    settings = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
    project.sql("".join(f"ALTER {MATCH} SET {name} = off;" for name in settings))


def by_any_way(project) -> None:
    settings = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
    project.sql("".join(f"ALTER {MATCH} RESET {name};" for name in settings))


def test_without_iterative_scans_filtered_searches_find_too_few(filled, vectors):
    """What the setting in the function is for: 40 candidates of which a sixteenth fits."""
    client = filled.rest("authenticated", "empresa-a")
    rare = {"filter_category": "solution", "filter_language": "fr"}
    by_the_index_alone(filled)
    try:
        assert all(len(matched(client, one, **rare)) == TOP for one in vectors[1])
        assert recall(client, vectors, fitting("solution", "fr"), **rare) >= 0.9
        filled.sql(f"ALTER {MATCH} SET hnsw.iterative_scan = off")
        assert all(len(matched(client, one, **rare)) < TOP for one in vectors[1])
    finally:
        filled.sql(f"ALTER {MATCH} SET hnsw.iterative_scan = relaxed_order")
        by_any_way(filled)


def test_rows_come_nearest_first_with_their_cosine(filled, vectors):
    for question in vectors[1]:
        found = matched(filled.rest("authenticated", "empresa-a"), question)
        told = [row["similarity"] for row in found]
        assert told == sorted(told, reverse=True)
        cosine = vectors[0][int(found[0]["id"][2:])] @ question
        assert told[0] == pytest.approx(cosine, abs=1e-4)


def test_filters_by_source_and_model_narrow(filled, vectors):
    client = filled.rest("authenticated", "empresa-a")
    assert matched(client, vectors[1][0], filter_source="empresa-a") == []
    assert matched(client, vectors[1][0], filter_model="another") == []
    assert len(matched(client, vectors[1][0], filter_source="empresa-b", filter_model="")) == TOP


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (-5, 0), (None, 10), (3, 3), (10**9, 200)])
def test_the_number_of_rows_is_bounded(filled, vectors, asked, given):
    client = filled.rest("service_role")
    assert len(matched(client, vectors[1][0], match_count=asked)) == given


@pytest.mark.parametrize("vector", ["[1,2,3]", json.dumps([0.1] * 383), "nonsense", "[]"])
@pytest.mark.parametrize("function", ["match_global_memory", "match_memories"])
def test_a_question_of_another_width_is_an_error_and_not_an_empty_answer(project, function, vector):
    with pytest.raises(psycopg2.DataError):
        project.sql(f"SELECT * FROM {function}(%s)", [vector])
