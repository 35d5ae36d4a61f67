"""Documents that say the same have the same digest."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.rich_text import adf_digest, adf_of, mentioned_people

PUBLISHED = adf_of(
    "# Title\n\nSome **bold *and* more** [link](https://x.org).\n\n1. a\n2. b\n\n"
    "| a | b |\n|---|---|\n| c | |\n\n- [ ] task\n\n```py\ncode\n```\n\na\\\nb"
)


def nodes(value: Any, kind: str) -> list[dict[str, Any]]:
    found = [value] if isinstance(value, dict) and value.get("type") == kind else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found + [each for one in inner for each in nodes(one, kind)]


def with_ids(document: dict[str, Any]) -> None:
    for kind in ("paragraph", "heading", "table", "tableCell", "taskList", "taskItem"):
        for number, node in enumerate(nodes(document, kind)):
            node.setdefault("attrs", {})["localId"] = f"{kind}-{number}"


def with_usual_attributes(document: dict[str, Any]) -> None:
    nodes(document, "table")[0]["attrs"] = {
        "isNumberColumnEnabled": False,
        "layout": "default",
        "width": 760.0,
    }
    for cell in nodes(document, "tableCell"):
        cell["attrs"] = {"colspan": 1, "rowspan": 1.0, "colwidth": [380]}
    nodes(document, "orderedList")[0]["attrs"] = {"order": 1}
    nodes(document, "hardBreak")[0]["attrs"] = {"text": "\n"}
    nodes(document, "codeBlock")[0]["attrs"] |= {"uniqueId": None, "wrap": False}
    nodes(document, "heading")[0]["attrs"]["level"] = 1.0


def with_text_split(document: dict[str, Any]) -> None:
    for paragraph in nodes(document, "paragraph"):
        content = []
        for node in paragraph.get("content", []):
            words = node.get("text", "")
            parts = [words[:2], "", words[2:]] if node["type"] == "text" else [words]
            content += [node | {"text": part} for part in parts] if words else [node]
        paragraph["content"] = content


def with_marks_turned(document: dict[str, Any]) -> None:
    for node in nodes(document, "text"):
        node["marks"] = [*reversed(node.get("marks", [])), {"type": "annotation", "attrs": {}}]


def with_empty_nodes(document: dict[str, Any]) -> None:
    document["content"] += [{"type": "paragraph"}, {"type": "paragraph", "content": []}]
    nodes(document, "heading")[0]["content"].insert(0, {"type": "text", "text": ""})


def with_keys_turned(document: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(document, sort_keys=True))
    document.clear()
    document.update(turned)


@pytest.mark.parametrize(
    "change",
    [with_ids, with_usual_attributes, with_text_split, with_marks_turned, with_empty_nodes,
     with_keys_turned],
)  # fmt: skip
def test_what_a_server_changes_by_itself_is_no_change(change: Any) -> None:
    stored = copy.deepcopy(PUBLISHED)
    change(stored)
    assert stored != PUBLISHED or change is with_keys_turned
    assert adf_digest(stored) == adf_digest(PUBLISHED)


def edited(change: str) -> dict[str, Any]:
    document = copy.deepcopy(PUBLISHED)
    if change == "a word":
        nodes(document, "text")[0]["text"] += "!"
    elif change == "a mark":
        nodes(document, "text")[0]["marks"] = [{"type": "strong"}]
    elif change == "a colour":
        mark = {"type": "textColor", "attrs": {"color": "#ff0000"}}
        nodes(document, "text")[0]["marks"] = [mark]
    elif change == "a link":
        nodes(document, "link")[0]["attrs"]["href"] = "https://y.org"
    elif change == "a level":
        nodes(document, "heading")[0]["attrs"]["level"] = 2
    elif change == "a task":
        nodes(document, "taskItem")[0]["attrs"]["state"] = "DONE"
    elif change == "a number":
        nodes(document, "orderedList")[0]["attrs"] = {"order": 2}
    elif change == "the order":
        document["content"].reverse()
    elif change == "a language":
        nodes(document, "codeBlock")[0]["attrs"]["language"] = "js"
    elif change == "a new block":
        document["content"].append({"type": "rule"})
    else:
        document["content"].pop()
    return document


def test_what_a_person_changes_is_a_change() -> None:
    changes = ["a word", "a mark", "a colour", "a link", "a level", "a task", "a number",
               "the order", "a language", "a new block", "a block less"]  # fmt: skip
    digests = {adf_digest(edited(change)) for change in changes}
    assert len(digests | {adf_digest(PUBLISHED)}) == len(changes) + 1


def test_text_is_not_confused_with_structure() -> None:
    one = {"type": "text", "text": '} "type"'}
    other = {"type": "text", "text": "}", "x": "type"}
    assert adf_digest([one]) != adf_digest([other])
    assert adf_digest(["a", "b"]) != adf_digest(["a b"]) != adf_digest([["a", "b"]])
    assert adf_digest("1") != adf_digest(1)


@given(st.text())
def test_different_words_have_different_digests(words: str) -> None:
    assert (adf_digest(adf_of(words)) == adf_digest(adf_of(""))) is (not adf_of(words)["content"])


def test_mentioned_people_are_named_once_each_in_order() -> None:
    def mention(**attrs: object) -> dict[str, Any]:
        return {"type": "mention", "attrs": attrs}

    document = {
        "type": "doc",
        "content": [
            mention(id="1", text="@Zoë  Lima\u202e"),
            {"type": "panel", "content": [mention(id="2", text="Ana"), mention(id="3")]},
            mention(id="4", text="@Ana"),
            mention(id="5", text=5),
            {"type": "text", "text": "@Bo"},
        ],
    }
    assert mentioned_people(document) == ("5", "Ana", "Zoë Lima")


def test_people_a_page_mentions_have_a_name_where_its_author_wrote_one() -> None:
    page = (
        '<p><ac:link><ri:user ri:account-id="5b1"/></ac:link> <ac:link><ri:user ri:userkey="8"/>'
        "<ac:plain-text-link-body><![CDATA[Ana Souza]]></ac:plain-text-link-body></ac:link></p>"
    )
    assert mentioned_people(page) == ("Ana Souza",)
