"""The stand-in's pages in a real browser: they are read with their style, and nothing runs."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from orch_dagster.samples.atlassian import StandIn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None,
        reason="the pages can only be looked at with a browser: install chromium (.ci/run does)",
    ),
]
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def test_a_person_walks_from_the_index_to_an_issue_and_nothing_on_the_way_runs(page: Any) -> None:
    site = StandIn()
    site.add_project("PAY", name="Payments")
    site.add_space("PAY")
    key = site.add_issue("PAY", summary=f"Timeout {HOSTILE}", description=HOSTILE, status="Done")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with site.serving() as url:
        page.goto(url)
        page.get_by_role("link", name="PAY").first.click()
        page.get_by_role("link", name=key).click()
        assert page.get_by_role("heading", level=1).inner_text() == f"Timeout {HOSTILE}"
        assert page.title().startswith("Timeout")
        status = page.locator(".status")
        assert status.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(220, 243, 227)"
        paths = [address.removeprefix(url) for address in asked]
        page.goto("about:blank")
    assert site.unexpected == []
    assert [path for path in paths if path != "/favicon.ico"] == [
        "/",
        "/projects/PAY",
        f"/browse/{key}",
    ]
