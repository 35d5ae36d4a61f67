"""The UI in a real browser: what an operator sees, starts and must never read there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as PageTimeout

from coordinator.settings import EmbeddingSettings
from coordinator.versions import MEMORY_ASSETS, SOURCE_ASSETS
from orch_dagster.demo_atlassian import served
from resources.companies import settings_for
from resources.home import Home

ORCH = Path(sys.executable).with_name("orch")
GROUPS = {
    "sources": ("git_repository", "git_commits", "local_docs"),
    "catalog": ("company_components", "component_catalog"),
    "memory": ("learnings", "private_memory"),
    "instances": ("instance_context",),
}
ASSETS = tuple(name for group in GROUPS.values() for name in group)

FIX = """Fix the wobblefish pool exhaustion under load

The sessions were not returned to the pool when a request failed, so the service ran out
of connections; close them in a finally block and cap the pool at twenty connections."""
PUSHED = """Add retries with backoff to the zanzibarquokka gateway client

The gateway drops connections under load. Retrying three times with backoff and
jitter keeps the error rate under one percent without overloading it."""
DOCUMENT = """# Payments

## Idempotency

Every request carries an idempotency key, because the kiwiplatypus network repeats deliveries. The
first answer is stored for a day and returned again for the same key.
"""
CODE = {
    "payments/pyproject.toml": '[project]\nname = "payments"\nversion = "1.0"\n',
    "payments/main.py": "def charge(amount: int) -> int:\n    return amount  # narwhalfern\n",
    "docs/payments.md": DOCUMENT,
}
PRIVATE = ("wobblefish", "zanzibarquokka", "kiwiplatypus", "narwhalfern", "ada@example.org")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None,
        reason="the pages can only be looked at with a browser: install chromium (.ci/run does)",
    ),
    # Dagster's word for a parameter that may still change; the version is pinned
    pytest.mark.filterwarnings("ignore:Parameter `data_version` of initializer"),
]


@dataclass
class Office:
    """The UI, and the companies' repositories while it runs."""

    ui: Any
    repositories: dict[str, Any]
    pushed: str


def create(home: Home, company: str, repository: Any) -> Any:
    made = repository(company)
    made.commit(CODE, FIX)
    home.companies.create(settings_for(company, str(made.path)))
    return made


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, repository: Any, start_ui: Any
) -> Iterator[Office]:
    """Two synced companies; while the UI runs, a third is created and somebody pushes to one."""
    from orch_dagster.syncing import sync_companies
    from resources.progress import Silence

    where = tmp_path_factory.mktemp("office") / "home"
    with Home.init(where, embedding=EmbeddingSettings()) as home:
        repositories = {name: create(home, name, repository) for name in ("acme", "umbrella")}
        synced = sync_companies(home, ["acme", "umbrella"], progress=lambda _: Silence())
        assert [one.outcome for one in synced] == ["synced", "synced"], synced
        with start_ui(where) as ui:
            repositories["initech"] = create(home, "initech", repository)
            pushed = repositories["umbrella"].commit({"payments/retry.py": "TRIES = 3\n"}, PUSHED)
            yield Office(ui, repositories, pushed)


def open_graph(ui: Any, page: Any) -> None:
    """The graph of all assets with its groups unfolded."""
    page.goto(f"{ui.url}/asset-groups")
    page.get_by_role("button", name="Materialize all").wait_for()
    page.get_by_text("sources", exact=True).filter(visible=True).nth(1).wait_for()
    page.keyboard.press("Alt+e")
    for asset in ASSETS:
        page.get_by_text(asset, exact=True).filter(visible=True).first.wait_for()


def test_the_graph_shows_every_asset_in_its_group_and_their_lineage(office, page):
    open_graph(office.ui, page)
    for group in GROUPS:
        assert page.get_by_text(group, exact=True).count() > 0
    arrows = page.locator("svg path[marker-end]")
    arrows.first.wait_for(state="attached")
    assert arrows.count() >= len(ASSETS)


def test_an_asset_page_tells_what_it_is_where_it_comes_from_and_how_much(office, page):
    page.goto(f"{office.ui.url}/assets/learnings?view=overview")
    page.get_by_text("Short texts worth remembering").wait_for()
    page.get_by_text("Row count").wait_for()
    with Home.open(office.ui.home) as home:
        ids = home.companies.instance("acme").tables().ids("learnings")
    # the latest materialization may be another company's, but all have this learning
    shared = page.get_by_text(re.compile("|".join(one[:12] for one in ids)))
    shared.first.wait_for()
    for near in ("git_commits", "private_memory"):
        page.get_by_role("link", name=near).first.wait_for()


@pytest.mark.parametrize("asset", ["git_commits", "company_components", "learnings"])
def test_a_picture_opens_from_the_asset_page(office, page, asset):
    page.goto(f"{office.ui.url}/assets/{asset}?view=overview")
    page.get_by_text("[Show Markdown]").first.click()
    # an icon has the role too, and may be there before the picture is
    picture = page.get_by_role("dialog").locator("img").last
    picture.wait_for()
    assert picture.get_attribute("src").startswith("data:image/png;base64,")
    office.ui.until(lambda: picture.evaluate("image => image.naturalWidth"), "the picture is drawn")


def pick_partition(page, dialog, company: str) -> None:
    """Choose a company in the dialog, which may draw itself anew just when its menu was opened."""
    choice = (
        page.get_by_role("menuitem", name=company)
        .or_(
            page.locator("[role=listbox], .bp5-menu, [class*=Menu]").get_by_text(
                company, exact=True
            )
        )
        .first
    )
    for _ in range(5):
        dialog.get_by_text(re.compile("Select a partition")).click()
        try:
            choice.wait_for(timeout=15_000)
        except PageTimeout:
            continue  # the menu went with what it was opened in
        break
    choice.click()


def test_a_company_is_materialized_from_the_page(office, page):
    ui, known = office.ui, {run["id"] for run in office.ui.runs()}
    sha = office.repositories["acme"].commit({"payments/cap.py": "CAP = 20\n"}, PUSHED)
    page.goto(f"{ui.url}/locations/orch_dagster.definitions/jobs/sync_company")
    page.get_by_role("button", name="Materialize all").first.click()
    dialog = page.get_by_role("dialog")
    # Dagster asks because neither company has a Jira, a Confluence or a Supabase
    dialog.get_by_text("jira_issues").wait_for()
    dialog.get_by_role("button", name="Confirm").click()
    pick_partition(page, dialog, "acme")
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name=re.compile("^Launch")).click()

    def by_hand() -> Any:
        return [run for run in ui.runs() if run["id"] not in known and "run_key" not in run]

    (run,) = ui.until(by_hand, "the run is launched")
    ui.until(lambda: by_hand()[0]["status"] in ("SUCCESS", "FAILURE"), "the run ends")
    assert by_hand()[0]["status"] == "SUCCESS"
    assert run["partition"] == "acme"
    with Home.open(ui.home) as home:
        tables = home.companies.instance("acme").tables()
        assert sha in tables.ids("git_commits")
        assert all(tables.rows(name) for name in (*SOURCE_ASSETS["git"], *MEMORY_ASSETS))
    page.goto(f"{ui.url}/runs/{run['id']}")
    page.get_by_text("Success").first.wait_for()


def test_no_private_text_reaches_a_page(office, page):
    ui = office.ui
    with Home.open(ui.home) as home:
        kept = home.companies.instance("acme").tables().read("private_memory")
    assert any("wobblefish" in text for text in kept["content"])
    run = ui.ended()[0]["id"]
    pages = [f"/assets/{asset}?view={tab}" for asset in ASSETS for tab in ("overview", "events")]
    pages += ["/assets/learnings?view=partitions&partition=acme", f"/runs/{run}"]
    for path in pages:
        page.goto(ui.url + path)
        page.wait_for_load_state("networkidle")
        content = page.content().lower()
        assert path.partition("?")[0].rpartition("/")[2][:8] in content
        assert [word for word in PRIVATE if word in content] == [], path


def test_a_new_company_gets_its_partition_and_its_first_sync(office, page):
    ui = office.ui
    ui.until(lambda: "initech" in ui.partitions(), "the sensor adds the partition")
    done = ui.until(
        lambda: [run for run in ui.ended() if run.get("partition") == "initech"], "sync"
    )
    assert [run["status"] for run in done] == ["SUCCESS"]
    page.goto(f"{ui.url}/assets/git_commits?view=partitions")
    page.get_by_text("initech").first.wait_for()


def test_a_push_becomes_exactly_one_run_of_its_company(office):
    ui = office.ui

    def asked_for() -> list[dict[str, Any]]:
        return [run for run in ui.ended() if office.pushed in run.get("run_key", "")]

    done = ui.until(asked_for, "the push is synced")
    assert [(run["partition"], run["status"]) for run in done] == [("umbrella", "SUCCESS")]
    # nothing more comes of it when the sensor looks again
    ui.until(lambda: ui.ticked_after(done[0]["endTime"]), "another tick")
    with Home.open(ui.home) as home:
        assert office.pushed in home.companies.instance("umbrella").tables().ids("git_commits")
    others = [run for run in ui.runs() if "run_key" in run and run["partition"] == "umbrella"]
    assert len(others) == 1


def test_no_private_text_is_kept_by_dagster(office):
    """Runs, events, ticks and compute logs: all that the UI could ever show."""
    office.ui.until(office.ui.ended, "a run ended")
    kept = [path for path in (office.ui.home / "dagster").rglob("*") if path.is_file()]
    assert any(b"git_commits" in path.read_bytes() for path in kept)
    found = [
        (path.name, word)
        for path in kept
        for word in PRIVATE
        if word.encode() in path.read_bytes().lower()
    ]
    assert found == []


def test_a_second_ui_on_the_same_home_is_refused(office):
    second = subprocess.run(
        [str(ORCH), "--home", str(office.ui.home), "up", "--port", str(office.ui.port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert office.ui.url in second.stderr


def test_no_sensor_failed_and_the_log_holds_no_error(office):
    ticks = office.ui.ticks()
    assert {"company_sensor", "git_sensor", "failure_sensor"} <= {*ticks}
    assert [name for name in ticks if any(one["status"] == "FAILURE" for one in ticks[name])] == []
    assert "Traceback" not in office.ui.log
    assert "SupersessionWarning" not in office.ui.log


@pytest.mark.figures
def test_pictures_for_the_docs_are_taken(tmp_path, start_ui, page):
    folder, home = Path(__file__).parents[2] / "docs", tmp_path / "home"
    subprocess.run([str(ORCH), "--home", str(home), "demo"], check=True, capture_output=True)
    with start_ui(home) as ui:
        page.set_viewport_size({"width": 1600, "height": 1420})
        page.goto(ui.url)
        page.get_by_text("Hide navigation").click()
        open_graph(ui, page)
        page.reload()  # else the states of those that were folded come with the next poll
        page.get_by_text("learnings", exact=True).filter(visible=True).first.wait_for()
        page.wait_for_load_state("networkidle")
        save(page, folder / "asset-graph.png")
        page.set_viewport_size({"width": 1600, "height": 1240})
        page.goto(f"{ui.url}/assets/learnings?view=overview")
        page.get_by_text("[Show Markdown]").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("img").last.wait_for()
        page.wait_for_load_state("networkidle")
        # beside the table instead of over it, and the page not dimmed
        page.add_style_tag(content="[class*=backdrop], [class*=Backdrop] { opacity: 0 }")
        box = dialog.bounding_box()
        right, low = 1580 - box["x"] - box["width"], 1220 - box["y"] - box["height"]
        dialog.evaluate(f"one => {{ one.style.transform = 'translate({right}px, {low}px)' }}")
        page.get_by_text("Latest materialization").scroll_into_view_if_needed()
        save(page, folder / "asset-page.png")


@pytest.mark.figures
def test_a_picture_of_what_is_published_is_taken(tmp_path, page, monkeypatch):
    home = tmp_path / "home"
    command = [str(ORCH), "--home", str(home), "demo", "--with-atlassian", "--port", "18643"]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("ORCH_DEMO_TOKEN", "demo")
    with Home.open(home) as opened, served(opened, 18643):
        [shared] = [
            one.url
            for one in opened.publishing.standing()
            if one.place.target.service == "confluence" and "copy:g-" in one.publication.subject
        ]
        page.set_viewport_size({"width": 1280, "height": 720})
        page.goto(shared)
        save(page, Path(__file__).parents[2] / "docs" / "shared-page.png")
        page.goto("about:blank")


@pytest.mark.figures
def test_a_picture_of_the_map_of_patterns_is_taken(tmp_path, page):
    home = tmp_path / "home"
    for command in ("demo", "patterns map"):
        called = [str(ORCH), "--home", str(home), *command.split()]
        subprocess.run(called, check=True, capture_output=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1400, "height": 860})
    page.goto((home / "patterns.html").as_uri())
    page.locator("[data-ready=yes]").wait_for(state="attached")
    page.wait_for_timeout(300)
    save(page, Path(__file__).parents[2] / "docs" / "patterns-map.png")


def save(page: Any, target: Path) -> None:
    """A screenshot in 256 colours, which a page's few need no more than."""
    from PIL import Image

    page.screenshot(path=target, animations="disabled")
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(256).save(target, optimize=True)
