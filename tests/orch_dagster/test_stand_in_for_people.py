"""What people see of the stand-in: everything that stands there, and nothing of it runs."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from orch_dagster.samples.atlassian import Request, StandIn

HOSTILE = '<script>fetch("//x")</script><img src=x onerror=y()>"\'><b onclick=z()>'
STORAGE = (
    '<p onclick="a()">kept <strong style="position:fixed">bold</strong></p><script>b()</script>'
    '<a href="javascript:c()">link</a><a href="https://example.org/?q=1&amp;r=&quot;">good</a>'
    '<iframe src="//x"></iframe><ac:image><ri:url ri:value="//x"/></ac:image>'
    '<ac:structured-macro ac:name="html"><ac:plain-text-body><![CDATA[<script>d()</script>]]>'
    "</ac:plain-text-body></ac:structured-macro>"
)
HARMLESS = frozenset(
    """html head meta title style body header strong a main h1 h2 h6 p span table thead tbody tr
    th td time div pre code ul li b br blockquote em""".split()  # noqa: SIM905
)
ATTRIBUTES = frozenset({"lang", "charset", "class", "href"})


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def site() -> StandIn:
    made = StandIn()
    made.add_project("PAY", name=f"Payments {HOSTILE}")
    made.add_space("PAY", name="Payments")
    return made


def shown(site: StandIn, path: str, status: int = 200) -> Tags:
    answer = httpx.Client(transport=site.transport(), base_url=site.url).get(path)
    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    return Tags(answer.text)


def text(words: str, **marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **marks}


def test_projects_spaces_issues_and_pages_are_shown_and_lead_to_one_another(site: StandIn) -> None:
    key = site.add_issue("PAY", summary="Timeout", description="A lot of words", labels=["red"])
    top = site.add_page("PAY", title="Top", storage="<p>above</p>", labels=["blue"])
    page = site.add_page("PAY", title="Below", storage="<p>words</p>", parent=top)
    site.edit_page(page, storage="<p>new words</p>", message="because")
    site.archive_page(site.add_page("PAY", title="Gone"))
    reached: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        found = shown(site, path)
        reached[path] = found.text
        links = [attrs["href"] for tag, attrs in found.tags if tag == "a"]
        waiting += [link for link in links if link and link not in reached]
    assert {"/projects/PAY", f"/browse/{key}", "/wiki/spaces/PAY"} <= set(reached)
    assert "A lot of words" in reached[f"/browse/{key}"]
    assert "red" in reached["/projects/PAY"]
    below = reached[f"/wiki/spaces/PAY/pages/{page}"]
    assert "new words" in below
    assert "version 2 (because)" in below
    assert "Gone" in reached["/wiki/spaces/PAY"]
    assert site.handle(Request("GET", "/favicon.ico")).status == 204
    assert site.unexpected == []
    assert "Not here" in shown(site, "/browse/PAY-99", 404).text


def test_nothing_that_people_write_becomes_markup_that_runs_or_loads(site: StandIn) -> None:
    link = {"type": "link", "attrs": {"href": "javascript:e()"}}
    content = [
        {"type": "paragraph", "content": [text(HOSTILE, marks=[link])]},
        {"type": "codeBlock", "content": [text("]]>" + HOSTILE)]},
        {"type": "inlineCard", "attrs": {"url": "javascript:f()"}},
        {"type": "mention", "attrs": {"text": HOSTILE}},
        {"type": "heading", "attrs": {"level": "1 onload=g()"}, "content": [text("x")]},
    ]
    document = {"type": "doc", "version": 1, "content": content}
    key = site.add_issue(
        "PAY",
        summary=HOSTILE,
        description=document,
        labels=[HOSTILE],
        status=HOSTILE,
        reporter=HOSTILE,
        comments=[document],
    )
    pages = [
        site.add_page("PAY", title=HOSTILE, storage=body, author=HOSTILE, labels=[HOSTILE])
        for body in (STORAGE, f"<p>{HOSTILE}", "<!DOCTYPE x>")
    ]
    paths = ["/", "/projects/PAY", f"/browse/{key}", "/wiki/spaces/PAY"]
    for path in [*paths, *(f"/wiki/spaces/PAY/pages/{page}" for page in pages)]:
        found = shown(site, path)
        assert {tag for tag, _ in found.tags} <= HARMLESS, path
        for _, attributes in found.tags:
            assert set(attributes) <= ATTRIBUTES, path
            href = attributes.get("href") or "/"
            assert href.startswith(("/", "https://example.org/")), path
    good = shown(site, f"/wiki/spaces/PAY/pages/{pages[0]}")
    assert ("a", {"href": 'https://example.org/?q=1&r="'}) in good.tags
    assert "kept bold" in good.text
    assert "<script>d()</script>" in good.text
