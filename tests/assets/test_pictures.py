"""Pictures on asset pages: drawn from what holds no words."""

from __future__ import annotations

import base64
from io import BytesIO
from itertools import permutations
from typing import Any

import pytest
from PIL import Image

from assets.pictures import MOST_FLOWS, learning_map, who_has_what
from coordinator.pictures.exchange import Exchange, Taker, Thing
from coordinator.settings import CompanySettings
from resources.patterns.mapping import gather_exchange, gather_map

WORDS = "Rotate the zanzibarquokka signing key each week, before anybody asks."
NONE = Exchange((), (), ())


def picture(value: Any) -> Image.Image:
    kind, _, encoded = value.md_str.partition("base64,")
    assert kind.endswith("data:image/png;")
    return Image.open(BytesIO(base64.b64decode(encoded.removesuffix(")"))))


@pytest.fixture
def home(desk: Any, embedder: Any) -> Any:
    desk.home.__dict__["embedder"] = embedder
    for name in ("empresa-a", "empresa-b"):
        given = {"name": name, "git": {"url": "https://example.org/x.git"}}
        desk.home.companies.create(CompanySettings.model_validate(given))
        desk.home.by_hand.add_learning(name, WORDS, category="solution")
    desk.home.patterns.refresh()
    return desk.home


def test_no_word_of_a_company_is_in_what_the_pictures_are_drawn_from(home: Any) -> None:
    gathered = gather_map(home)
    assert gathered.map.totals == {"empresa-a": 1, "empresa-b": 1}
    assert len(gathered.map.patterns) == 1
    for drawn_from in (gathered.map, gather_exchange(home)):
        assert "zanzibar" not in repr(drawn_from).lower()
        assert "rotate" not in repr(drawn_from).lower()


def test_the_map_of_learnings_is_drawn(home: Any) -> None:
    found = learning_map(gather_map(home).map)
    assert "2 learnings" in found.md_str
    assert picture(found).width > 500


def test_the_map_of_a_home_without_learnings_is_drawn(desk: Any) -> None:
    assert picture(learning_map(gather_map(desk.home).map)).width > 500


def test_the_picture_of_who_has_what_grows_with_what_there_is_to_see() -> None:
    companies = [f"company-{at}" for at in range(8)]
    things = tuple(
        Thing(f"group-{one}-{other}", "component", one, (Taker(other, 0.5),))
        for one, other in permutations(companies, 2)
    )
    assert len(things) > MOST_FLOWS
    many = picture(who_has_what(Exchange((*companies,), things, (*companies,)), companies))
    one = Exchange(("company-0",), things[:1], ("company-1",))
    assert picture(who_has_what(one, companies)).height < many.height < 1_600
    assert picture(who_has_what(NONE, companies)).height < many.height


def test_what_is_not_drawn_is_counted() -> None:
    companies = [f"company-{at}" for at in range(8)]
    things = tuple(
        Thing(f"group-{one}-{other}", "component", one, (Taker(other, 0.5),))
        for one, other in permutations(companies, 2)
    )
    every = Exchange((*companies,), things, (*companies,))
    title = who_has_what(every, companies).md_str.partition("]")[0]
    assert title == f"![who has what from whom: the first {MOST_FLOWS} of {len(things)}"


def metadata_of(run: Any, asset: str) -> dict[str, Any]:
    [event] = [
        one for one in run.get_asset_materialization_events() if one.asset_key.path[-1] == asset
    ]
    return dict(event.materialization.metadata)


def test_the_pages_of_catalog_and_patterns_show_them(home: Any, desk: Any) -> None:
    catalog = desk.run("refresh_catalog")
    assert picture(metadata_of(catalog, "component_catalog")["who_has_what"])
    run = desk.run("detect_patterns")
    assert run.success, desk.why(run)
    assert picture(metadata_of(run, "cross_company_patterns")["map"])
    assert "zanzibar" not in desk.log(run)
