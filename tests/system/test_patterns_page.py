"""The page of `orch patterns map` in a real browser, opened from disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coordinator.patterns.detection import Pattern
from coordinator.pictures.exchange import Exchange, Taker, Thing
from coordinator.pictures.learning_map import LearningMap, MappedPattern, joined
from orch_dagster.patterns_page.document import document
from orch_dagster.patterns_page.page import page as page_of
from resources.patterns import Shown, ShownMember
from resources.patterns.mapping import Gathered

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None,
        reason="the page can only be looked at with a browser: install chromium (.ci/run does)",
    ),
]
COMPANIES = ("acme", "globex", "umbrella")
HOSTILE = (
    "</script><script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "<svg onload=document.title='taken'><!--<script>",
    "javascript:document.title='taken'",
    "\u202egnp.exe\u2066 עברית retry",
)
COLOURS = (
    "() => JSON.parse(document.getElementById('data').textContent).companies.map(c => c.light)"
)
PIXELS = """colour => {
  const canvas = document.getElementById('map');
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const same = data[at] === r && data[at + 1] === g && data[at + 2] === b;
    if (same && data[at + 3] === 255) found += 1;
  }
  return found;
}"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def gathered(count: int) -> Gathered:
    random = np.random.default_rng(5)
    points = np.round(random.uniform(-1, 1, (count, 2)), 4)
    companies = tuple(sorted(COMPANIES[at % 3] for at in range(count)))
    rows = tuple(f"{company}/l{at:05}" for at, company in enumerate(companies))
    members = (0, count // 2, count - 1)
    pattern = MappedPattern("p-0123456789ab", members, joined(points, members))
    totals = {name: companies.count(name) for name in COMPANIES}
    shown = LearningMap(rows, companies, points, totals, (pattern,))
    return Gathered(shown, {rows[at]: at for at in members}, {})


def shown(found: Gathered) -> Shown:
    members = tuple(
        ShownMember(
            **{"node": node, "company": node.partition("/")[0], "kind": "learning", "id": node},
            **{"title": f"Member {HOSTILE[0]}", "text": "", "category": "solution"},
            **{"language": "en", "evidence_commit": "", "evidence_path": "", "evidence_line": 0},
            **{"occurred_at": None, "likeness": 0.9},
        )
        for node in found.nodes
    )
    nodes = tuple(found.nodes)
    numbers = {"cohesion": 0.9, "coverage": 1.0, "substance": 0.5, "score": 0.8}
    pattern = Pattern("p-0123456789ab", nodes, COMPANIES, nodes[0], (1.0, 0.9, 0.9), **numbers)
    return Shown(pattern, f"Pattern {HOSTILE[1]}", (HOSTILE[0], "retry"), ("solution",), members)


def exchange(things: int) -> Exchange:
    made = [
        Thing(f"thing-{at}", "component" if at % 2 else "learning", "acme", (Taker("globex", 0.4),))
        for at in range(things)
    ]
    return Exchange(("acme",), tuple(made), ("globex",))


def written(folder: Path, *, count: int = 60, things: int = 6) -> Path:
    found, between = gathered(count), exchange(things)
    titles = [*HOSTILE, "Retry with backoff and jitter"]
    words = {
        row: {"title": f"{titles[at % len(titles)]} {at}", "content": "", "category": "solution"}
        for at, row in enumerate(found.map.rows)
    }
    names = {
        one.id: {"name": f"{titles[at % len(titles)]} thing {at}", "category": "solution"}
        for at, one in enumerate(between.things)
    }
    made = datetime(2025, 5, 1, 12, 30, tzinfo=UTC)
    data = document(found, words, [shown(found)], between, names, COMPANIES, made=made)
    file = folder / "patterns.html"
    file.write_text(page_of(data), encoding="utf-8")
    return file


@pytest.fixture
def opened(tmp_path: Path, page: Any) -> Callable[..., list[str]]:
    """Opens the page; returns what it asks for and what went wrong in it, as it happens."""

    def open_page(**size: int) -> list[str]:
        seen: list[str] = []
        file = written(tmp_path, **size)
        page.on("request", lambda request: seen.append(request.url))
        page.on("pageerror", lambda error: seen.append(f"error: {error}"))
        page.on("console", lambda said: seen.append(f"console: {said.text}"))
        page.on("dialog", lambda dialog: seen.append(f"dialog: {dialog.message}"))
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(file.as_uri())
        page.locator("[data-ready=yes]").wait_for(state="attached")
        page.evaluate(SETTLED)
        seen.remove(file.as_uri())
        return seen

    return open_page


def pixels(page: Any, company: str) -> int:
    """How many points of the canvas have exactly that company's colour."""
    page.evaluate(SETTLED)
    colour = page.evaluate(COLOURS)[COMPANIES.index(company)]
    return int(page.evaluate(PIXELS, colour))


def picture(page: Any) -> str:
    page.evaluate(SETTLED)
    return str(page.evaluate("() => document.getElementById('map').toDataURL()"))


def test_hostile_words_are_shown_and_do_nothing(opened: Any, page: Any) -> None:
    seen = opened()
    assert page.get_by_text(f"Pattern {HOSTILE[1]}").count() == 1
    page.locator("#patterns button").click()
    assert page.locator("#chosen h2").inner_text() == f"Pattern {HOSTILE[1]}"
    page.locator("#search").fill("document")
    page.locator("#found button").first.wait_for()
    shown = page.locator("#found").inner_text()
    for words in HOSTILE[:4]:
        assert words in shown
    page.locator("#found button").nth(3).click()
    page.get_by_role("tab", name="Who has what from whom").click()
    page.locator("#exchange .row").first.wait_for()
    assert page.title() == "What the companies have in common"
    assert page.locator("img, iframe, a, [onload], [onerror]").count() == 0
    assert page.locator("script").count() == 2
    assert seen == []


def test_the_policy_stops_what_a_mistake_would_let_in(opened: Any, page: Any) -> None:
    opened()
    stopped = page.evaluate(
        """async () => {
          const stopped = [];
          const note = (event) => stopped.push(event.effectiveDirective);
          document.addEventListener('securitypolicyviolation', note);
          const image = "<img src='data:,x' onerror='document.title = 1'>";
          document.body.insertAdjacentHTML('beforeend', image);
          const script = document.createElement('script');
          script.textContent = 'document.title = 2';
          document.body.append(script);
          await fetch('http://127.0.0.1:9/').catch(() => 0);
          await new Promise((done) => setTimeout(done, 200));
          return stopped.sort();
        }"""
    )
    assert stopped == ["connect-src", "img-src", "script-src-attr", "script-src-elem"]
    assert page.title() == "What the companies have in common"


def test_searching_lets_what_is_found_stand_out(opened: Any, page: Any) -> None:
    opened()
    before = {name: pixels(page, name) for name in COMPANIES}
    assert all(before.values())
    page.locator("#search").fill("rétry BACKOFF")
    page.get_by_text("10 learnings", exact=True).wait_for()
    assert page.locator("#found button").count() == 10
    after = {name: pixels(page, name) for name in COMPANIES}
    assert all(0 < after[name] < before[name] for name in COMPANIES)
    page.locator("#search").fill("no such words")
    page.get_by_text("0 learnings", exact=True).wait_for()
    assert not any(pixels(page, name) for name in COMPANIES)
    page.locator("#search").press("Escape")
    assert {name: pixels(page, name) for name in COMPANIES} == before


def test_a_company_in_the_legend_is_hidden_and_shown_again(opened: Any, page: Any) -> None:
    opened()
    before = pixels(page, "acme")
    legend = page.locator("#legend button", has_text="acme")
    assert "20" in legend.inner_text()
    legend.click()
    assert legend.get_attribute("aria-pressed") == "false"
    assert legend.evaluate("one => one === document.activeElement")
    assert pixels(page, "acme") == 0 < pixels(page, "globex")
    page.get_by_role("tab", name="Who has what from whom").click()
    page.get_by_text("Nothing stands in two of the companies shown").wait_for()
    page.get_by_role("button", name="show all").click()
    page.locator("#exchange .row").first.wait_for()
    page.get_by_role("tab", name="Map of learnings").click()
    assert pixels(page, "acme") == before


def test_the_map_is_walked_with_the_keyboard_alone(opened: Any, page: Any) -> None:
    opened()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "tab-map"
    page.keyboard.press("ArrowRight")
    assert page.locator("#exchange").is_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "map"
    whole = picture(page)
    for key in ("+", "ArrowLeft", "ArrowDown"):
        before = picture(page)
        page.keyboard.press(key)
        assert picture(page) != before
    page.keyboard.press("0")
    assert picture(page) == whole
    page.keyboard.press("n")
    first = page.locator("#chosen h2").inner_text()
    page.keyboard.press("n")
    assert page.locator("#chosen h2").inner_text() != first
    page.keyboard.press("p")
    assert page.locator("#chosen h2").inner_text() == first
    page.keyboard.press("Escape")
    assert page.locator("#chosen").is_hidden()


def test_who_has_what_is_read_with_the_keyboard_alone(opened: Any, page: Any) -> None:
    opened()
    page.get_by_role("tab", name="Map of learnings").press("ArrowRight")
    row = page.get_by_role("button", name="component of acme; globex (40 % alike) has it").first
    row.focus()
    assert page.locator("#exchange .row.faded").count() == 5
    page.keyboard.press("Enter")
    assert page.locator("#chosen").get_by_text("globex, 40 % alike").count() == 1
    assert page.locator("#exchange .part").first.get_attribute("aria-label") == "acme gave 6 things"


def test_the_pointer_tells_what_it_is_over(opened: Any, page: Any) -> None:
    opened()
    x, y = page.evaluate(
        "() => { const data = JSON.parse(document.getElementById('data').textContent);"
        " return [data.learnings.x[0], data.learnings.y[0]]; }"
    )
    box = page.locator("#map").bounding_box()
    high = box["height"] - 44
    upright = min(box["width"], high) * 0.46
    across = min(box["width"] * 0.46, upright * 1.6)
    at = box["x"] + box["width"] / 2 + x * across, box["y"] + high / 2 - y * upright
    page.mouse.move(*at)
    tip = page.locator("#tip")
    tip.wait_for()
    assert "acme · solution" in tip.inner_text()
    page.mouse.click(*at)
    assert page.locator("#chosen dd").first.inner_text() == "acme"


def test_many_things_fold_into_one_row_a_company_and_open(opened: Any, page: Any) -> None:
    opened(things=80)
    page.get_by_role("tab", name="Who has what from whom").click()
    rows = page.locator("#exchange .row")
    rows.first.wait_for()
    assert rows.count() == 2
    assert "40 learnings" in rows.first.text_content() + rows.nth(1).text_content()
    rows.first.press("Enter")
    assert rows.count() == 42
    assert page.locator("#exchange .row[aria-expanded=true]").count() == 1
    page.keyboard.press("Enter")
    assert rows.count() == 2


def test_five_thousand_learnings_follow_the_hand(opened: Any, page: Any) -> None:
    seen = opened(count=5_000)
    spent = page.evaluate(
        """async () => {
          const start = performance.now();
          for (let at = 0; at < 10; at += 1) {
            const press = new KeyboardEvent('keydown', { key: 'ArrowLeft' });
            document.getElementById('map').dispatchEvent(press);
            await new Promise((done) => requestAnimationFrame(done));
          }
          return (performance.now() - start) / 10;
        }"""
    )
    assert spent < 400  # milliseconds of one picture, drawn without a graphics card
    assert seen == []


@pytest.mark.parametrize("width", [1400, 700])
def test_no_part_lies_on_another_and_nothing_is_wider_than_the_screen(
    opened: Any, page: Any, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.get_by_role("tab", name="Who has what from whom").click()
    page.locator("#exchange .row").first.wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    boxes = page.locator("#exchange text").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map((box) =>"
        " [box.left, box.top, box.right, box.bottom])"
    )
    assert len(boxes) > 8
    for at, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= width
        for other in boxes[at + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (at, other)
