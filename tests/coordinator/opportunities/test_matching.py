"""Which needs of one company another has a solution for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coordinator.opportunities.matching import (
    PER_NEED,
    candidates,
    least_of,
    missing_dependencies,
    opportunities,
)
from coordinator.opportunities.records import anchor_of, opportunity_id
from coordinator.patterns.neighbours import Rows, distinct
from coordinator.settings import OpportunitySettings

SETTINGS = OpportunitySettings()
KEY = "k"


def rows(*told: tuple[str, str, int]) -> tuple[Rows, dict[str, str]]:
    """Rows of (id, category, topic); those of one topic are nearly the same."""
    vectors = np.zeros((len(told), 64), dtype=np.float32)
    order = {id: at for at, id in enumerate(sorted(id for id, _, _ in told))}
    for at, (id, _, topic) in enumerate(told):
        vectors[at, topic] = 1
        vectors[at, 32 + order[id] % 32] = 0.02 * (1 + order[id] // 32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [id for id, _, _ in told]
    usable = distinct(Rows(ids, [id.partition("/")[0] for id in ids], vectors))
    return usable, {id: category for id, category, _ in told}


def found(*told: tuple[str, str, int], least: float = 0.5) -> set[tuple[str, str]]:
    usable, category = rows(*told)
    return {(one.need, one.solution) for one in candidates(usable, category, least=least)}


@pytest.mark.parametrize("category", ["solution", "pattern", "best_practice", "insight"])
def test_a_need_meets_what_another_company_knows(category: str) -> None:
    assert found(("zeta/n", "need", 1), ("acme/s", category, 1), ("acme/t", category, 2)) == {
        ("zeta/n", "acme/s")
    }


@pytest.mark.parametrize("category", ["need", "described"])
def test_a_need_is_no_solution_and_neither_is_a_word_about_components(category: str) -> None:
    assert found(("zeta/n", "need", 1), ("acme/s", category, 1)) == set()


def test_a_component_is_a_solution_and_ones_own_are_none() -> None:
    assert found(
        ("zeta/n", "need", 1), ("zeta/own", "solution", 1), ("acme/c", "component", 1)
    ) == {("zeta/n", "acme/c")}


def test_each_company_has_one_say_and_no_more_than_the_best_are_kept() -> None:
    told = [("zeta/n", "need", 1)]
    told += [(f"co{number}/{letter}", "solution", 1) for number in range(9) for letter in "ab"]
    kept = found(*told)
    assert len(kept) == PER_NEED
    assert len({solution.partition("/")[0] for _, solution in kept}) == PER_NEED


def test_other_needs_crowd_no_solution_out() -> None:
    """A company with hundreds of needs like this one may have the solution too."""
    told = [("zeta/n", "need", 1), ("acme/s", "solution", 1)]
    told += [(f"acme/n{number}", "need", 1) for number in range(700)]
    assert ("zeta/n", "acme/s") in found(*told)


def test_a_thousand_copies_of_a_need_are_few_opportunities() -> None:
    told = [("acme/s", "solution", 1), ("beta/n", "need", 1)]
    told += [(f"zeta/n{number:04}", "need", 1) for number in range(1_000)]
    kept = found(*told)
    assert len([need for need, _ in kept if need.startswith("zeta/")]) == PER_NEED
    assert ("beta/n", "acme/s") in kept


def test_nothing_is_found_below_the_least_cosine_or_without_rows() -> None:
    assert found(("zeta/n", "need", 1), ("acme/s", "solution", 2)) == set()
    assert found(("zeta/n", "need", 1)) == found(("acme/s", "solution", 1)) == set()
    empty = Rows([], [], np.empty((0, 0), np.float32))
    assert candidates(empty, {}, least=0.5) == []


def test_the_order_of_rows_changes_nothing() -> None:
    told = [(f"co{n % 5}/{n}", "need" if n % 3 else "solution", n % 4) for n in range(60)]
    assert found(*told) == found(*reversed(told))


@pytest.mark.parametrize(
    ("mean", "deviation", "judged", "least"),
    [(0.0, 0.1, 0.42, 0.42), (0.2, 0.1, 0.42, 0.5), (0.9, 0.3, 0.0, 0.97), (-1.0, 0.0, 0.0, 0.0)],
)
def test_need_and_solution_must_be_further_than_strangers(
    mean: float, deviation: float, judged: float, least: float
) -> None:
    assert least_of(mean, deviation, judged, 3.0) == least


# -- by name -----------------------------------------------------------------------------------


def component(id: str, *dependencies: str, name: str = "", category: str = "service") -> Any:
    company, _, path = id.partition("/")
    return {
        "id": id,
        "company": company,
        "name": name or path,
        "category": category,
        "dependencies": list(dependencies),
    }


AUTH = component("acme/libs/auth", name="AuthLib", category="library")


def test_a_dependency_nobody_has_there_is_found_by_its_whole_name() -> None:
    needing = component("zeta/shop", "authlib", "auth", "authlib-extra")
    assert missing_dependencies([needing, AUTH]) == [("zeta/shop", "acme/libs/auth", "authlib")]


@pytest.mark.parametrize(
    "others",
    [
        [component("zeta/auth", name="authlib")],  # the company has it itself
        [],
    ],
)
def test_what_a_company_has_is_not_missing(others: list[Any]) -> None:
    needing = component("zeta/shop", "authlib")
    found = missing_dependencies([needing, AUTH, *others])
    assert bool(found) == (not others)


@pytest.mark.parametrize(
    "has",
    [
        component("acme/libs/auth", name="authlib", category="service"),
        component("acme/libs/auth", name="authlibs", category="library"),
        component("zeta/libs/auth", name="authlib", category="library"),
    ],
)
def test_a_service_a_like_name_and_ones_own_are_no_answer(has: Any) -> None:
    assert missing_dependencies([component("zeta/shop", "authlib"), has]) == []


def test_a_short_name_tells_nothing() -> None:
    library = component("acme/libs/db", name="db2", category="library")
    assert missing_dependencies([component("zeta/shop", "db2"), library]) == []


def test_forty_components_that_lack_the_same_lack_one_thing() -> None:
    needing = [component(f"zeta/shop{number:02}", "authlib") for number in range(40)]
    twice = component("acme/old/auth", name="authlib", category="library")
    other = component("beta/auth", name="authlib", category="library")
    assert missing_dependencies([*needing, AUTH, twice, other]) == [
        ("zeta/shop00", "acme/libs/auth", "authlib"),
        ("zeta/shop00", "beta/auth", "authlib"),
    ]


@pytest.mark.parametrize("dependencies", [None, []])
def test_a_component_without_dependencies_needs_none(dependencies: Any) -> None:
    needing = {**component("zeta/shop"), "dependencies": dependencies}
    assert missing_dependencies([needing, AUTH]) == []


# -- opportunities -----------------------------------------------------------------------------


def made(pairs: list[Any], state: Any, key: str = KEY) -> Any:
    return opportunities(pairs, {"zeta": {"python"}}, state, SETTINGS, key=key)


def test_opportunities_are_ranked_and_carry_their_features(make_told: Any, make_state: Any) -> None:
    need = make_told("zeta/n", "revoke tokens at the gateway")
    near = make_told("acme/s", "tokens are revoked at the gateway", category="solution")
    far = make_told("beta/s", "backups of the warehouse", category="solution")
    pairs = [("solution", need, far, 0.5), ("solution", need, near, 0.8)]
    first, second = made(pairs, make_state())
    assert (first.solution, second.solution) == ("acme/s", "beta/s")
    assert (first.owner, first.adopter) == ("acme", "zeta")
    assert first.features["similarity"] == 0.8
    assert {*first.features} == {
        *("similarity", "words", "titles", "substance", "fit", "licence", "answers")
    }


def test_a_dependency_needs_no_words_in_common(make_told: Any, make_state: Any) -> None:
    need, has = make_told("zeta/component:1", "shop"), make_told("acme/component:2", "authlib")
    (one,) = made([("dependency", need, has, 1.0)], make_state())
    assert (one.features["words"], one.features["titles"]) == (1.0, 1.0)


def test_earlier_answers_between_the_two_move_the_score(
    make_told: Any, make_state: Any, make_suggestion: Any
) -> None:
    pairs = [("solution", make_told("zeta/n"), make_told("acme/s"), 0.6)]
    (before,) = made(pairs, make_state())
    (after,) = made(pairs, make_state(make_suggestion("rejected", id="o-aaaaaaaaaaaa")))
    assert after.features["answers"] == -0.01
    assert after.score == pytest.approx(before.score - 0.01)


def test_the_same_two_places_are_one_opportunity_the_best(make_told: Any, make_state: Any) -> None:
    need = make_told("zeta/n", anchor="jira:PAY-1")
    edited = make_told("zeta/m", anchor="jira:PAY-1")
    has = make_told("acme/s")
    (one,) = made([("solution", need, has, 0.5), ("solution", edited, has, 0.7)], make_state())
    assert one.need == "zeta/m"


def test_an_id_stays_when_words_are_edited_and_tells_nobody_the_other_place(make_told: Any) -> None:
    need, has = make_told("zeta/n", anchor="jira:PAY-1"), make_told("acme/s", anchor="jira:X-9")
    edited = make_told("zeta/m", "all other words", anchor="jira:PAY-1")
    id = opportunity_id("solution", need, has, key=KEY)
    assert opportunity_id("solution", edited, has, key=KEY) == id
    assert opportunity_id("solution", has, need, key=KEY) != id
    assert opportunity_id("component", need, has, key=KEY) != id
    # who knows its own place and tries those of the other does not know the key
    assert opportunity_id("solution", need, has, key="") != id


@pytest.mark.parametrize(
    ("source", "anchor"),
    [
        ("jira", "jira:PAY-1"),
        ("supabase", "supabase:PAY-1"),
        ("commit", "commit:cccc"),
        ("document", "document:PAY-1:Title"),
        ("confluence", "confluence:PAY-1:Title"),
        ("manual", "manual:id"),
    ],
)
def test_a_learning_is_known_by_where_it_comes_from(source: str, anchor: str) -> None:
    row = {"source": source, "evidence_commit": "cccc", "evidence_path": "PAY-1", "title": "Title"}
    assert anchor_of("id", row) == anchor
