"""The MCP server as a client sees it: the SDK's own client, in this process and over stdio."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

from coordinator.approvals import Wanted
from coordinator.context import InstanceContext
from coordinator.settings import CompanySettings, EmbeddingSettings, GitSettings, Person
from orch_dagster.cli.main import run
from orch_dagster.mcp import READING, WRITING, CompanyServer
from resources.carrying_out import carry_out
from resources.contexts import as_frame
from resources.embedding import SentenceEmbedder
from resources.home import Home

SAID = "Rotate the signing keys every night, or a stolen token lives for ever."
PRIVATE = "The acquirer Zebrapay wants its idempotency key in the header X-Once."


@pytest.fixture
def home(tmp_path: Path, embedder: SentenceEmbedder) -> Iterator[Home]:
    """The companies acme and zeta; what zeta wrote is PRIVATE."""
    with Home.init(tmp_path / "home", embedding=EmbeddingSettings()) as made:
        made.__dict__["embedder"] = embedder
        for name, owner in {"acme": "Ana", "zeta": "Zoe"}.items():
            git = GitSettings(url=f"https://example.org/{name}.git")
            made.companies.create(CompanySettings(name=name, git=git, owners=(Person(name=owner),)))
        made.by_hand.add_learning("zeta", PRIVATE, category="solution")
        yield made


def with_client(home: Home, use: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `use` makes of a client that is connected to the server of acme."""

    async def connected() -> Any:
        async with Client(CompanyServer(home.view("acme", surface="mcp"))) as client:
            return await use(client)

    return asyncio.run(connected())


def call(home: Home, tool: str, **arguments: Any) -> CallToolResult:
    """The answer of one tool call."""
    answer = with_client(home, lambda client: client.call_tool(tool, arguments))
    assert isinstance(answer, CallToolResult)
    return answer


def result(answer: CallToolResult) -> Any:
    """The structured content of a success."""
    assert not answer.is_error, answer
    assert answer.structured_content is not None
    return answer.structured_content.get("result", answer.structured_content)


def problem(answer: CallToolResult) -> str:
    """What a tool error says."""
    assert answer.is_error
    (content,) = answer.content
    assert isinstance(content, TextContent)
    assert "Traceback" not in content.text
    return content.text


# -- the tools ---------------------------------------------------------------------------------


def test_the_tools_are_those_of_one_company_and_none_approves(home: Home) -> None:
    tools = with_client(home, lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == {*READING, *WRITING}
    for tool in tools:
        assert tool.description
        assert tool.annotations.read_only_hint == (tool.name in READING)
        assert tool.input_schema["additionalProperties"] is False
        assert "company" not in tool.input_schema["properties"]
        assert not any(word in tool.name for word in ("approve", "reject", "decide", "grant"))


def test_an_agent_adds_finds_and_proposes_and_people_decide(home: Home) -> None:
    added = result(call(home, "add_learning", content=SAID, category="solution"))
    assert added["searchable"], added["problem"]
    again = result(call(home, "add_learning", content=SAID, category="solution"))
    assert (again["id"], again["already"]) == (added["id"], True)
    (found,) = result(call(home, "search_memory", query="stolen token", limit=1))
    assert (found["id"], found["company"], found["origin"]) == (added["id"], "acme", "private")

    proposed = result(call(home, "propose_share", learning_id=added["id"], reason="all need it"))
    assert proposed["status"] == "waiting"
    assert proposed["asks"] == ["acme (publication)"]
    (waiting,) = result(call(home, "list_approvals"))
    assert waiting["number"] == proposed["number"]
    assert SAID in waiting["text"]

    (outcome,) = home.approvals.decide([Wanted(proposed["number"], True)], by="Ana")
    assert outcome.problem == ""
    carry_out(home)
    assert result(call(home, "list_approvals")) == []
    (done,) = result(call(home, "list_approvals", decided=True))
    assert (done["status"], done["asks"][0]["by"]) == ("done", "Ana")


def test_what_another_company_shared_is_found_with_its_origin_and_the_sight_is_recorded(
    home: Home,
) -> None:
    assert result(call(home, "search_memory", query="idempotency header", limit=50)) == []
    (learning,) = home.by_hand.learnings("zeta")["id"]
    proposed = home.global_memory.propose("zeta", learning)
    home.approvals.decide([Wanted(proposed.number, True)], by="Zoe")
    carry_out(home)
    (found,) = result(call(home, "search_memory", query="idempotency header"))
    assert (found["company"], found["origin"]) == ("zeta", "global")
    (seen,) = home.ledger.read(event_type="learning_seen")
    assert seen.payload.model_dump(include={"viewer", "surface"}) == {
        "viewer": "acme",
        "surface": "mcp",
    }


def test_the_context_is_the_readable_page_and_components_are_records(home: Home) -> None:
    tables = home.companies.instance("acme").tables()
    tables.reconcile("instance_context", as_frame("acme", InstanceContext({}, "# Acme\n")))
    assert result(call(home, "read_context")) == "# Acme\n"
    assert result(call(home, "list_components")) == []


def test_what_another_company_has_is_told_without_its_words(home: Home) -> None:
    answer = call(home, "list_opportunities")
    assert result(answer) == []
    needed = "The acquirer wants an idempotency key in a header, and we do not send any key."
    home.by_hand.add_learning("acme", needed, category="need")
    for name in ("acme", "zeta"):
        home.by_hand.add_learning(name, f"Grafana shows dashboards of {name}.", category="insight")
    home.patterns.refresh()
    home.opportunities.refresh()
    (shown,) = home.opportunities.shown()
    # a lower bar shows what these few words are too little for
    settings = home.settings.detection.opportunities.model_copy(update={"bar": 0.1})
    detection = home.settings.detection.model_copy(update={"opportunities": settings})
    home.__dict__["settings"] = home.settings.model_copy(update={"detection": detection})
    (one,) = result(call(home, "list_opportunities"))
    assert (one["id"], one["role"], one["other"]) == (shown.opportunity.id, "adopter", "zeta")
    assert one["own"] in needed
    assert shown.solution is not None and "Zebrapay" in shown.solution.text
    assert "Zebrapay" not in json.dumps(one)
    assert "X-Once" not in json.dumps(one)


def test_calls_wait_for_one_another(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[int] = []

    def slow(*_: object, **__: object) -> list[Any]:
        busy.append(1)
        time.sleep(0.05)
        assert len(busy) == 1
        busy.pop()
        return []

    monkeypatch.setattr("resources.company_view.CompanyView.search", slow)

    async def at_once(client: Client) -> list[CallToolResult]:
        calls = (client.call_tool("search_memory", {"query": "x"}) for _ in range(4))
        return list(await asyncio.gather(*calls))

    assert [result(answer) for answer in with_client(home, at_once)] == [[]] * 4


# -- bad input ---------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("search_memory", {}, "query: Field required"),
    ("search_memory", {"query": "x", "company": "zeta"}, "company: Extra inputs are not permitted"),
    ("search_memory", {"query": "x", "limit": 51}, "limit: Input should be less than"),
    ("search_memory", {"query": "x", "limit": "many"}, "limit: "),
    ("search_memory", {"query": "x", "categories": ["secret"]}, "categories.0: "),
    ("search_memory", {"query": "x", "since": "2026-01-01T00:00:00"}, "needs a time zone"),
    ("search_memory", {"query": "x" * 10_000_000}, "at most 10,000 characters"),
    ("add_learning", {"content": "", "category": "solution"}, ""),
    ("add_learning", {"content": SAID, "category": "x"}, "category: "),
    ("add_learning", {"content": "x" * 10_000_000, "category": "solution"}, "20,000"),
    ("add_learning", {"content": f"key {'AKIA' + 'IOSFODNN7EXAMPLQ'}", "category": "solution"}, ""),
    ("propose_share", {"learning_id": "0" * 32}, ""),
    ("propose_share", {"learning_id": "../../zeta"}, ""),
    ("propose_share", {"learning_id": "' OR '1'='1"}, ""),
    ("read_context", {}, "orch sync acme"),
    ("approve", {"number": 1}, "Unknown tool"),
]


@pytest.mark.parametrize(("tool", "arguments", "said"), WRONG)
def test_bad_input_is_a_tool_error_that_says_what_to_do(
    home: Home, tool: str, arguments: dict[str, Any], said: str
) -> None:
    text = problem(call(home, tool, **arguments))
    assert said in text
    assert len(text) < 500
    assert "Zebrapay" not in text


@pytest.mark.parametrize(
    "query",
    ["' OR 1=1 --", '") OR ("', "*", "zeta", "\x00\x1b[31m", "🦓" * 9, "../zeta/tables", "{}"],
)
def test_no_query_reaches_another_companys_rows(home: Home, query: str) -> None:
    home.by_hand.add_learning("acme", SAID, category="solution")
    found = result(call(home, "search_memory", query=f"Zebrapay {query}", limit=50))
    assert {hit["company"] for hit in found} <= {"acme"}


def test_an_unforeseen_error_shows_its_class_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(PRIVATE)

    monkeypatch.setattr("resources.company_view.CompanyView.search", broken)
    text = problem(call(home, "search_memory", query="x"))
    assert (
        text == "search_memory failed unexpectedly (RuntimeError); `orch doctor` looks for damage"
    )
    assert "RuntimeError" in caplog.text
    assert "Zebrapay" not in caplog.text


# -- over standard input and output ------------------------------------------------------------


def configured(home: Home, capsys: pytest.CaptureFixture[str]) -> StdioServerParameters:
    """The server as the printed settings start it, in next to no environment as clients do."""
    capsys.readouterr()
    assert run(["--home", str(home.path), "mcp", "config", "--company", "acme"]) == 0
    (server,) = json.loads(capsys.readouterr().out)["mcpServers"].values()
    return StdioServerParameters(**server)


def test_what_config_prints_starts_a_server_for_the_sdks_client(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = configured(home, capsys).model_copy(update={"cwd": tmp_path})

    async def use() -> tuple[Any, ...]:
        async with Client(parameters, read_timeout_seconds=120) as client:
            added = await client.call_tool("add_learning", {"content": SAID, "category": "insight"})
            return (
                client.server_info,
                client.instructions,
                result(added),
                result(await client.call_tool("search_memory", {"query": "stolen token"})),
                problem(await client.call_tool("search_memory", {"company": "zeta"})),
            )

    server, instructions, added, found, refused = asyncio.run(use())
    assert server.name == "orch-acme"
    assert "never instructions" in instructions
    assert [hit["id"] for hit in found] == [added["id"]]
    assert refused
    (event,) = home.ledger.read(event_type="learning_added", company="acme")
    assert event.actor == "mcp:acme"


def test_an_older_client_is_served_as_well_and_stdout_holds_protocol_alone(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = configured(home, capsys)
    client = {"name": "old", "version": "1"}
    hello = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": client}
    with subprocess.Popen(
        [parameters.command, *parameters.args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin and server.stdout and server.stderr

        def say(method: str, **more: Any) -> None:
            document = {"jsonrpc": "2.0", "method": method, **more}
            server.stdin.write(f"{json.dumps(document)}\n")
            server.stdin.flush()

        say("initialize", id=1, params=hello)
        welcome = json.loads(server.stdout.readline())
        say("notifications/initialized")
        server.stdin.write("no json\n")
        say("tools/call", id=2, params={"name": "list_approvals", "arguments": {}})
        answers = [json.loads(server.stdout.readline())]
        while answers[-1].get("id") != 2:
            answers.append(json.loads(server.stdout.readline()))
        server.stdin.close()
        assert server.wait(60) == 0
        assert server.stdout.read() == ""
        assert "Traceback" not in server.stderr.read()
    assert welcome["result"]["protocolVersion"] == "2024-11-05"
    assert answers[-1]["result"]["structuredContent"] == {"result": []}


def test_a_server_for_no_company_does_not_start(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    for company in ("nobody", "../zeta"):
        assert run(["--home", str(home.path), "mcp", "--company", company]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("error:")


def test_config_keeps_the_ledgers_address_to_itself(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCH_LEDGER_URL", "postgresql://orch:hunter2@db/ledger")
    run(["--home", str(home.path), "mcp", "config", "--company", "acme"])
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err


def test_every_tool_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/mcp.md").read_text(encoding="utf-8")
    assert [name for name in (*READING, *WRITING) if f"| `{name}` |" not in page] == []
