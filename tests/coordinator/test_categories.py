"""Every learning has one of six categories, by a rule with a name; and an area by its paths."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.learnings.areas import area_of, common_folder
from coordinator.learnings.categories import (
    CATEGORIES,
    category_of_commit,
    category_of_decision,
    category_of_passage,
)
from coordinator.learnings.commit_text import commit_text


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("fix(cart): stop timers if canceled to avoid a goroutine leak", "solution"),
        ("Corrige tzinfo quando datetime não é naive", "solution"),
        ("Evita cobrança dupla ao repetir o webhook", "solution"),
        ("Payment consumer crashes when the queue is empty", "solution"),
        ("Use update_or_create instead of get_or_create", "pattern"),
        ("Substitui chamadas síncronas: usa fila ao invés de HTTP", "pattern"),
        ("Add circuit breaker and retry with backoff to the payment client", "pattern"),
        ("Guarda resultado em cache com TTL por cinco minutos", "pattern"),
        ("perf: use zap's Check() to prevent useless allocs", "insight"),
        ("Multi-stage image: from 1.3 GB to 240 MB", "insight"),
        ("Consulta de sócios mais lenta sem o filtro de estado", "insight"),
        ("TODO: rotate the keys, not supported by the gateway", "need"),
        ("Limite fixo por enquanto, paginação ainda não existe", "need"),
        ("Containers must never run as root", "best_practice"),
        (
            "Load a page of orders at once\n\nThe list made one query per order: 101 queries and "
            "2.4 s for a page. Now it is two queries and 80 ms.",
            "solution",
        ),
        (
            "Conexões com prazo\n\nO pool ficava preso e cada login esperava 30 segundos.",
            "solution",
        ),
        (
            "Drop expired entries from the cache\n\nThey were never removed and the pod was killed "
            "every nine days, after growing by 40 MB a day.",
            "solution",
        ),
        (
            "Stop with grace\n\nEach deploy made 40 errors 502 until the pod was blocked for 5 s.",
            "solution",
        ),
        ("Build the image in two stages\n\nThe image went from 1.3 GB to 240 MB.", "insight"),
        ("Fix the slow query of the report", "solution"),
        ("Tolera 30 segundos de atraso\n\nUm nó atrasado recusava tokens válidos.", "solution"),
        ("Índices devem usar o nome da tabela ao invés do nome do model", "best_practice"),
        ("Fix the order of pagination", "solution"),
        ("Smaller images for Java\n\nThe other base reduces the memory by 75%.", "insight"),
        ("Add placeholders for latency\n\nTwo of them count from the first byte.", "solution"),
        ("Bloqueia o acesso por pendências financeiras", "solution"),
        ("Add a cache for prices\n\nThe database was blocked by reads.", "pattern"),
        ("reverseproxy: show the weight of a policy", "solution"),
        ("Extract the retry loop into a library of its own", "pattern"),
    ],
)
def test_a_commit_falls_under_the_rule_that_names_it(message: str, category: str) -> None:
    found, why = category_of_commit(commit_text(message))
    assert found == category
    assert why


def test_the_categories_stay_as_good_as_they_were_on_judged_commits() -> None:
    judged = Path(__file__).with_name("judged_categories.csv")
    with judged.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = [
        category_of_commit(commit_text(row["message"].replace("\\n", "\n")))[0]
        in row["categories"].split()
        for row in rows
    ]
    assert len(right) >= 60
    assert sum(right) / len(right) >= 0.86  # measured: .90


@pytest.mark.parametrize(
    ("heading", "category"),
    [
        ("Known limitations", "need"),
        ("Limitações conhecidas", "need"),
        ("Troubleshooting", "solution"),
        ("Erros comuns", "solution"),
        ("Benchmark results", "insight"),
        ("Lições aprendidas", "insight"),
        ("How it works", "pattern"),
        ("Arquitetura", "pattern"),
        ("Running locally", "best_practice"),
        ("O que falta", "need"),
        ("Open questions", "need"),
        ("TODO", "need"),
        ("Pendências", "need"),
        ("Roadmap", "need"),
        ("Root cause", "insight"),
        ("O que aconteceu", "insight"),
        ("What we changed", "solution"),
    ],
)
def test_a_passage_follows_its_heading(heading: str, category: str) -> None:
    assert category_of_passage((heading,), "Some text.", front=False)[0] == category


@pytest.mark.parametrize(
    ("headings", "content", "category"),
    [
        (("Known limitations", "Lost events"), "The outbox helps with retries.", "need"),
        (("Cart", "Limitações conhecidas", "Cache e fila"), "O lote não tem cache.", "need"),
        (("O que falta", "Login"), "Ainda não foi resolvido.", "need"),
        (("Open questions", "Retries"), "It is not fixed in v2 either.", "need"),
        (("Roadmap", "Retries (done in 2.1)"), "Calls are repeated.", "solution"),
        (("Known limitations", "Lost events"), "Fixed in 1.4: an outbox.", "solution"),
        (("Limitações conhecidas", "Fuso"), "Resolvido em março: datas com fuso.", "solution"),
        (("Troubleshooting", "The pod restarts"), "Raise the memory.", "solution"),
        (("Troubleshooting", "`Python.h` missing"), "Install the headers.", "solution"),
        (("Cart", "Troubleshooting", "Build fails"), "Clean the cache.", "solution"),
        (("Decisões", "Memória em vez de Redis"), "Uma réplica basta.", "pattern"),
        (("Architecture", "Running locally"), "Run make.", "best_practice"),
        (("Building blocks", "Cart"), "Keeps carts.", "component"),
    ],
)
def test_a_heading_above_speaks_for_what_is_below_it(
    headings: tuple[str, ...], content: str, category: str
) -> None:
    assert category_of_passage(headings, content, front=False)[0] == category


@pytest.mark.parametrize(
    ("heading", "category"),
    [
        ("What happened", "insight"), ("Causa", "insight"), ("O que aprendemos", "insight"),
        ("1. Timeline", "insight"), ("O que mudamos", "solution"), ("Action items", "solution"),
        ("Catálogo fora do ar", "solution"), ("Getting started", "best_practice"),
    ],
)  # fmt: skip
def test_a_report_of_an_incident_tells_causes_and_remedies(heading: str, category: str) -> None:
    path = "docs/incidentes/2024-08-02-pool.md"
    for headings, where in ((("Pool", heading), path), (("Incidents", heading), "docs/x.md")):
        found = category_of_passage(headings, "Uma fila e um cache.", front=False, path=where)
        assert found[0] == category


def test_a_guide_is_known_by_its_path() -> None:
    told = "Cache, fila e lote."
    assert category_of_passage(("Outbox",), told, front=False)[0] == "pattern"
    found = category_of_passage(("Outbox",), told, front=False, path="docs/runbooks/outbox.md")
    assert found[0] == "best_practice"


def test_only_what_was_decided_makes_a_decision_a_rule() -> None:
    told = "Events\n\nContext: a shop must not wait.\n\nDecision: Events go to a table."
    assert category_of_decision(told)[0] == "pattern"


def test_the_first_section_of_a_readme_describes_a_component() -> None:
    assert category_of_passage(("Cart",), "Keeps carts.", front=True)[0] == "component"


def test_a_readme_that_begins_with_installing_is_a_guide() -> None:
    for heading in ("Agent install", "Integrate the shop with tracing"):
        found = category_of_passage((heading,), "Use the chart.", front=True)
        assert found[0] == "best_practice"


def test_a_decision_is_a_pattern_or_sets_a_rule() -> None:
    assert category_of_decision("Events go to an outbox table.")[0] == "pattern"
    assert category_of_decision("Services must never share tables.")[0] == "best_practice"


@given(st.text(max_size=200))
def test_every_text_has_a_category(text: str) -> None:
    assert category_of_commit(commit_text(text))[0] in CATEGORIES
    assert category_of_passage((text,), text, front=False)[0] in CATEGORIES


@pytest.mark.parametrize(
    ("paths", "title", "area"),
    [
        (["src/cart/main.py", "src/cart/store.py"], "retry on timeout", "cart"),
        (["src/cartservice/main.py"], "retry on timeout", "cartservice"),
        (["src/cartservice/main.py"], "cart: retry on timeout", ""),
        (["src/recommendation_service/a.py"], "Recommendation service: retry", ""),
        (["src/cart/a.py", "src/payment/b.py"], "retry on timeout", ""),
        (["README.md", "src/cart/a.py"], "retry on timeout", ""),
        ([".github/workflows/ci.yml"], "retry on timeout", ""),
        (["src/main/java/com/acme/billing/A.java"], "retry on timeout", "acme"),
        ([], "retry on timeout", ""),
    ],
)
def test_the_area_is_named_only_when_the_title_does_not(
    paths: list[str], title: str, area: str
) -> None:
    assert area_of(paths, title) == area


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=30))
def test_no_paths_raise(paths: list[str], title: str) -> None:
    assert isinstance(area_of(paths, title), str)
    assert isinstance(common_folder(paths), str)
