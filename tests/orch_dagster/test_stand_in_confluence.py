"""The stand-in's Confluence behaves as Atlassian's does where clients stumble."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from orch_dagster.samples.atlassian import Account, StandIn, adf, storage

BOT = Account("bot@example.org", "token", "acc-bot", "Orchestrator")
READER = Account("r@example.org", "token", "acc-r", "Rui")
V2 = "/wiki/api/v2"
CONTENT = "/wiki/rest/api/content"


@pytest.fixture
def clock(atlassian_tours: ModuleType) -> Any:
    return atlassian_tours.Clock()


@pytest.fixture
def site(clock: Any) -> StandIn:
    made = StandIn(clock)
    made.add_account(BOT)
    made.add_account(READER)
    made.add_space("PAY", name="Payments", readers={READER.email}, writers={BOT.email})
    made.add_space("OTHER", readers={BOT.email})
    return made


@pytest.fixture
def http(site: StandIn) -> Iterator[httpx.Client]:
    auth = (BOT.email, BOT.token)
    with httpx.Client(transport=site.transport(), base_url=site.url, auth=auth) as made:
        yield made


def space_id(site: StandIn, key: str = "PAY") -> str:
    return site.site.spaces[key].id


def new(site: StandIn, title: str, text: str = "<p>x</p>", space: str = "PAY") -> dict[str, Any]:
    body = {"representation": "storage", "value": text}
    return {"spaceId": space_id(site, space), "title": title, "body": body}


def change(page: str, number: int, title: str, text: str = "<p>y</p>") -> dict[str, Any]:
    body = {"representation": "storage", "value": text}
    version = {"number": number, "message": "why"}
    return {"id": page, "status": "current", "title": title, "body": body, "version": version}


def says(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    return str(body["errors"][0]["title"] if "errors" in body else body["message"])


def test_a_title_stands_once_in_a_space_without_regard_to_case(
    site: StandIn, http: httpx.Client
) -> None:
    page = http.post(f"{V2}/pages", json=new(site, "Plan")).json()["id"]
    assert "already exists" in says(http.post(f"{V2}/pages", json=new(site, "PLAN")), 400)
    assert http.post(f"{V2}/pages", json=new(site, "Plan", space="OTHER")).status_code == 200
    site.archive_page(page)
    assert "already exists" in says(http.post(f"{V2}/pages", json=new(site, "plan")), 400)
    site.trash_page(page)
    assert http.post(f"{V2}/pages", json=new(site, "plan")).status_code == 200
    other = site.add_page("PAY", title="Other")
    renamed = http.put(f"{V2}/pages/{other}", json=change(other, 2, "PLAN"))
    assert "already exists" in says(renamed, 400)
    recased = http.put(f"{V2}/pages/{other}", json=change(other, 2, "OTHER"))
    assert recased.json()["title"] == "OTHER"


def test_a_version_that_is_not_the_next_is_a_conflict(site: StandIn, http: httpx.Client) -> None:
    page = site.add_page("PAY", title="Plan", storage="<p>x</p>")
    site.edit_page(page, storage="<p>by hand</p>", by="Ana", message="a human's")
    for number in (1, 2, 4):
        answer = http.put(f"{V2}/pages/{page}", json=change(page, number, "Plan"))
        assert "Current Version: [2]" in says(answer, 409)
    answer = http.put(f"{V2}/pages/{page}", json=change(page, 3, "Plan"))
    assert answer.json()["version"]["message"] == "why"
    assert [(row.number, row.message) for row in site.page(page).versions] == [
        (1, ""),
        (2, "a human's"),
        (3, "why"),
    ]
    old = http.get(f"{V2}/pages/{page}?version=2&body-format=storage").json()
    assert old["body"]["storage"]["value"] == "<p>by hand</p>"
    assert "Version 9" in says(http.get(f"{V2}/pages/{page}?version=9"), 404)


def test_a_trashed_page_that_is_written_comes_back_with_its_old_content(
    site: StandIn, http: httpx.Client
) -> None:
    page = site.add_page("PAY", title="Plan", storage="<p>old</p>")
    site.trash_page(page)
    answer = http.put(f"{V2}/pages/{page}", json=change(page, 2, "Plan", "<p>new</p>"))
    assert (answer.status_code, answer.json()["version"]["number"]) == (200, 1)
    assert (site.page(page).status, site.page(page).body.value) == ("current", "<p>old</p>")
    site.archive_page(page)
    assert "Archived" in says(http.put(f"{V2}/pages/{page}", json=change(page, 2, "Plan")), 400)


def test_a_property_stands_once_on_a_page_and_has_versions(
    site: StandIn, http: httpx.Client
) -> None:
    where = f"{V2}/pages/{site.add_page('PAY', title='Plan')}/properties"
    made = http.post(where, json={"key": "orch", "value": {"a": 1}}).json()
    assert "already exists" in says(http.post(where, json={"key": "orch", "value": 2}), 400)
    put = {"key": "orch", "value": 3, "version": {"number": 2}}
    assert http.put(f"{where}/{made['id']}", json=put).json()["version"]["number"] == 2
    assert "[2]" in says(http.put(f"{where}/{made['id']}", json=put), 409)
    assert [row["value"] for row in http.get(where).json()["results"]] == [3]
    assert http.get(f"{where}?key=none").json()["results"] == []


def test_labels_are_kept_in_lower_case_and_once(site: StandIn, http: httpx.Client) -> None:
    page = site.add_page("PAY", title="Plan")
    for _ in range(2):
        answer = http.post(
            f"{CONTENT}/{page}/label", json=[{"prefix": "global", "name": "Orch-ABC"}]
        )
    assert [row["name"] for row in answer.json()["results"]] == ["orch-abc"]
    spaced = [{"prefix": "global", "name": "a b"}]
    assert "invalid" in says(http.post(f"{CONTENT}/{page}/label", json=spaced), 400)


def test_archiving_takes_a_while_and_one_task_at_a_time(
    site: StandIn, http: httpx.Client, clock: Any
) -> None:
    one, two = (site.add_page("PAY", title=title) for title in ("One", "Two"))

    def archive(*pages: str) -> httpx.Response:
        return http.post(f"{CONTENT}/archive", json={"pages": [{"id": int(p)} for p in pages]})

    assert archive(one).status_code == 202
    assert site.page(one).status == "current"
    assert "already running" in says(archive(two), 400)
    clock.pass_by(5)
    assert site.page(one).status == "archived"
    assert "archived already" in says(archive(one), 400)
    assert "No page" in says(archive(two, "1"), 400)
    site.rules.edition = "standard"
    assert "edition" in says(archive(one, two), 400)
    site.rules.edition = "free"
    assert "edition" in says(archive(two), 400)
    assert site.page(two).status == "current"


def test_lists_come_in_pages_by_a_cursor_and_in_the_order_asked_for(
    site: StandIn, http: httpx.Client, clock: Any
) -> None:
    pages = []
    for number in range(5):
        clock.pass_by(60)
        pages.append(site.add_page("PAY", title=f"Page {number}"))
    clock.pass_by(60)
    site.edit_page(pages[1], title="Page 1 again")
    link, seen = f"{V2}/pages?space-id={space_id(site)}&sort=-modified-date&limit=2", []
    while link:
        answer = http.get(link)
        seen += [row["id"] for row in answer.json()["results"]]
        link = answer.json()["_links"].get("next", "")
        assert (f'<{link}>; rel="next"' in answer.headers["Link"]) == bool(link)
    home = site.site.spaces["PAY"].homepage
    assert seen == [pages[1], pages[4], pages[3], pages[2], pages[0], home]
    assert "limit" in says(http.get(f"{V2}/pages?limit=251"), 400)
    assert "cursor" in says(http.get(f"{V2}/pages?cursor=abc"), 400)
    site.trash_page(pages[0])
    site.archive_page(pages[2])
    listed = http.get(f"{V2}/pages?space-id={space_id(site)}").json()["results"]
    assert {row["id"] for row in listed} == {home, *pages[1:]}
    trash = http.get(f"{V2}/pages?status=trashed").json()["results"]
    assert [row["id"] for row in trash] == [pages[0]]
    titled = http.get(f"{V2}/pages", params={"title": "PAGE 3", "space-id": space_id(site)})
    assert [row["id"] for row in titled.json()["results"]] == [pages[3]]


def test_what_an_account_may_not_see_is_absent_and_what_it_may_not_change_too(
    site: StandIn, http: httpx.Client
) -> None:
    page, other = site.add_page("PAY", title="Plan"), site.add_page("OTHER", title="Plan")
    http.auth = (READER.email, READER.token)
    assert [row["key"] for row in http.get(f"{V2}/spaces").json()["results"]] == ["PAY"]
    for path in (f"pages/{other}", f"spaces/{space_id(site, 'OTHER')}/operations"):
        assert http.get(f"{V2}/{path}").status_code == 404
    rows = http.get(f"{V2}/pages").json()["results"]
    assert {row["spaceId"] for row in rows} == {space_id(site)}
    assert http.get(f"{V2}/pages/{page}").status_code == 200
    assert http.post(f"{V2}/pages", json=new(site, "Mine")).status_code == 404
    assert http.put(f"{V2}/pages/{page}", json=change(page, 2, "Mine")).status_code == 404
    label = [{"prefix": "global", "name": "x"}]
    assert http.post(f"{CONTENT}/{page}/label", json=label).status_code == 403
    assert http.post(f"{CONTENT}/{other}/label", json=label).status_code == 404
    may = http.get(f"{V2}/spaces/{space_id(site)}/operations").json()["operations"]
    assert may == [{"operation": "read", "targetType": "space"}]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><p>&b;</p>'


NO_XHTML = ["<p>x", "<p>a & b</p>", "<p>&nothing;</p>", BOMB, "</root><root>"]


@pytest.mark.parametrize("text", NO_XHTML)
def test_text_that_is_no_storage_format_is_refused(
    site: StandIn, http: httpx.Client, text: str
) -> None:
    answer = http.post(f"{V2}/pages", json=new(site, "Plan", text))
    assert "xhtml" in says(answer, 400)
    assert site.pages("PAY") == []


def test_what_a_person_wrote_wrongly_is_read_as_its_text(site: StandIn, http: httpx.Client) -> None:
    page = site.add_page("PAY", title="Plan", storage="<p>never closed & so on")
    read = http.get(f"{V2}/pages/{page}?body-format=atlas_doc_format").json()
    document = json.loads(read["body"]["atlas_doc_format"]["value"])
    assert adf.text_of(document) == "<p>never closed & so on"


def test_a_request_over_5_mb_is_refused(site: StandIn, http: httpx.Client) -> None:
    answer = http.post(f"{V2}/pages", json=new(site, "Plan", f"<p>{'x' * 5_300_000}</p>"))
    assert "5 MB" in says(answer, 413)


def test_macros_come_back_with_ids_and_named_entities_are_read(
    site: StandIn, http: httpx.Client
) -> None:
    text = (
        '<p>a&nbsp;b</p><ac:structured-macro ac:name="code"><ac:plain-text-body>'
        "<![CDATA[x &nbsp; <!-- y]]></ac:plain-text-body></ac:structured-macro>"
    )
    page = http.post(f"{V2}/pages", json=new(site, "Plan", text)).json()
    kept = page["body"]["storage"]["value"]
    assert kept != text
    assert "ac:macro-id=" in kept
    again = http.get(f"{V2}/pages/{page['id']}?body-format=atlas_doc_format").json()
    document = json.loads(again["body"]["atlas_doc_format"]["value"])
    assert adf.text_of(document) == "a\N{NO-BREAK SPACE}b\nx &nbsp; <!-- y"


TEXTS = [
    "<h2>Title</h2><p>plain <strong><em>both</em></strong> <em>one</em> <code>code</code></p>",
    '<p>a <a href="https://example.org/?a=1&amp;b=2">link</a><br />next</p><hr />',
    "<ul><li><p>one</p><ol><li><p>deep</p></li></ol></li><li><p>two</p></li></ul>",
    "<table><tbody><tr><th><p>a</p></th></tr><tr><td><p>b</p></td></tr></tbody></table>",
    '<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">py</ac:parameter>'
    "<ac:plain-text-body><![CDATA[if a < b and c > d: ]]]]><![CDATA[>]]></ac:plain-text-body>"
    "</ac:structured-macro>",
    '<ac:structured-macro ac:name="info"><ac:rich-text-body><p>note</p></ac:rich-text-body>'
    "</ac:structured-macro>",
    "<blockquote><p>said &lt;b&gt;</p></blockquote>",
]


@pytest.mark.parametrize("text", TEXTS)
def test_storage_format_becomes_adf_and_comes_back_the_same(
    text: str, atlassian_contracts: ModuleType
) -> None:
    document = storage.to_adf(text)
    assert storage.of_adf(document) == text
    assert adf.problem(document) == ""
    if (schema := atlassian_contracts.adf_schema()) is not None:
        assert [error.message for error in schema.iter_errors(document)] == []


def test_loose_text_and_unknown_markup_keep_their_words() -> None:
    text = "loose <p>one</p><script>two()</script><ac:image><ri:attachment /></ac:image> three"
    document = storage.to_adf(text)
    assert adf.text_of(document).split() == ["loose", "one", "two()", "three"]
    unknown = {"type": "doc", "content": [{"type": "hologram", "content": [{"text": "x"}]}, None]}
    assert storage.of_adf(unknown) == ""
    unknown["content"][0]["content"][0] = {"type": "text", "text": "<kept>"}
    assert storage.of_adf(unknown) == "&lt;kept&gt;"


def test_an_adf_page_is_kept_as_confluence_keeps_it_and_read_either_way(
    site: StandIn, http: httpx.Client, atlassian_tours: ModuleType
) -> None:
    ask = new(site, "Plan")
    value = json.dumps(atlassian_tours.document("words"))
    ask["body"] = {"representation": "atlas_doc_format", "value": value}
    page = http.post(f"{V2}/pages", json=ask).json()["id"]
    kept = site.page(page).body.value
    assert kept != atlassian_tours.document("words")
    assert adf.text_of(kept) == "words"
    read = http.get(f"{V2}/pages/{page}?body-format=storage").json()
    assert read["body"]["storage"]["value"] == "<p>words</p>"
    ask |= {"title": "Other", "body": {"representation": "atlas_doc_format", "value": "{}"}}
    assert "ADF" in says(http.post(f"{V2}/pages", json=ask), 400)
    ask["body"] = {"representation": "wiki", "value": "h1."}
    assert "representation" in says(http.post(f"{V2}/pages", json=ask), 400)


def test_paging_may_go_round_or_never_end_on_purpose(site: StandIn, http: httpx.Client) -> None:
    for how, distinct in (("repeated_token", 1), ("endless", 4)):
        site.misbehave("getPages", how)  # type: ignore[arg-type]
        link, seen = f"{V2}/pages?space-id={space_id(site)}", []
        for _ in range(4):
            page = http.get(link).json()
            assert len(page["results"]) == 1
            link = page["_links"]["next"]
            seen.append(link)
        assert len(set(seen)) == distinct
