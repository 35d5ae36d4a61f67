"""Every way the product has of saying something, tried as each company and as the world.

A company's surfaces are what is asked in its name: `orch … --company`, the Python API, the MCP
server. The world's are what others than companies keep and read: Dagster's storage, logs, the
ledger's events, what a failed command says. The operator's own commands show private texts by
design and are listed, not judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from coordinator.errors import OrchError
from orch_dagster.isolation.canaries import Canary
from orch_dagster.isolation.planting import Planted
from resources.home import Home

Audience = Literal["company", "world", "ledger", "disk", "operator"]

ALL = "1000000"
LIMIT = 20
PUBLISHED = "issues and pages of the coordinator"
WITHOUT_WORDS = ("pattern_neighbours", "cross_company_patterns", "sharing_opportunities")
"""The coordinator's tables over all companies that hold ids and numbers alone."""
NEIGHBOURS = 3
"""Other companies each one asks about: with fifty, asking about all takes hours. Every company
is asked about by as many; whoever's word shows anywhere is found, asked about or not."""


@dataclass(frozen=True)
class Reading:
    """What one surface said to `viewer` (empty: nobody's); `code` is a command's exit code."""

    surface: str
    audience: Audience
    viewer: str
    text: str
    code: int = 0


def command(planted: Planted, *arguments: str, actor: str = "") -> tuple[int, str]:
    """Run `orch` in this process; its exit code, and all it printed."""
    from orch_dagster.cli.main import run

    said = io.StringIO()
    who = ["--as", actor] if actor else []
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = run(["--home", str(planted.path), *who, *arguments])
    return code, said.getvalue()


# -- as a company ------------------------------------------------------------------------------


def of_company(planted: Planted, viewer: str) -> Iterator[Reading]:
    """Everything `viewer` can ask of its own, of what is shared, and of its neighbours."""
    others = neighbours(planted.companies, viewer)
    queries = [one for one in planted.canaries if one.shared or one.company in (viewer, *others)]
    yield from _commands(planted, viewer)
    yield from _attempts(planted, viewer, others)
    yield from _searches(planted, viewer, queries)
    yield from _api(planted, viewer, others)
    yield from _mcp(planted, viewer, others, queries)


def neighbours(companies: Sequence[str], viewer: str) -> list[str]:
    """The companies that follow `viewer` in a ring; all others when they are few."""
    at = companies.index(viewer)
    return [*companies[at + 1 :], *companies[:at]][:NEIGHBOURS]


def _commands(planted: Planted, viewer: str) -> Iterator[Reading]:
    own = ("--company", viewer)
    for arguments in (
        ("memory", "search", "charged twice", *own),
        ("memory", "search", "decisions retries delay", *own, "--explain", "--limit", "50"),
        ("memory", "search", "caching catalogue", *own, "--json", "--explain", "--limit", "50"),
        ("memory", "list", *own),
        ("memory", "list", *own, "--json"),
        ("memory", "stats", *own, "--json"),
        ("catalog", "list", *own),
        ("catalog", "list", *own, "--json"),
        ("opportunities", "list", *own),
        ("opportunities", "list", *own, "--json"),
        ("company", "show", viewer),
        ("company", "validate", viewer),
        ("company", "context", viewer),
        ("company", "context", viewer, "--json"),
        ("approvals", "list", *own),
        ("approvals", "list", *own, "--all"),
        ("approvals", "list", *own, "--all", "--json"),
        ("events", "list", *own, "--limit", ALL, "--json"),
        ("doctor", *own, "--json"),
        ("sources", "list", *own, "--json"),
        ("sources", "check", viewer, "--json"),
        ("publish", "preview", *own, "--json"),
        ("publish", "status", *own, "--json"),
        ("publish", "retry", *own, "--json"),
        ("mcp", "config", *own),
        ("sync", viewer, "--json"),
    ):
        code, said = command(planted, *arguments)
        yield Reading(_named(arguments, viewer), "company", viewer, said, code)


def _attempts(planted: Planted, viewer: str, others: Sequence[str]) -> Iterator[Reading]:
    """What `viewer` is refused; a success would be a leak, so is a word in the refusal."""
    me = planted.approvers[viewer]
    for other in others:
        if planted.approvers[other] == me:
            continue
        ids, numbers = planted.ids[other], planted.numbers[other]
        why = ("--reason", "not mine")
        for arguments in (
            ("memory", "share", ids["hand"], "--company", viewer),
            ("memory", "remove", ids["hand"], "--company", viewer, *why),
            ("memory", "retract", ids["copy of shared-hand"], *why),
            ("catalog", "remove", ids["folder"], "--company", viewer, *why),
            ("approve", str(numbers["waiting"])),
            ("reject", str(numbers["waiting"]), *why),
            ("approvals", "withdraw", str(numbers["waiting"])),
        ):
            code, said = command(planted, *arguments, actor=me)
            verb = " ".join(one for one in arguments[:2] if one.isalpha())
            yield Reading(f"refused: orch {verb}", "company", viewer, said, code)


def _searches(planted: Planted, viewer: str, queries: Sequence[Canary]) -> Iterator[Reading]:
    from orch_dagster.api import Home as Api

    with Api.open(planted.path) as home:
        view = home.company(viewer)
        for one in queries:
            found = view.search(one.word, limit=LIMIT, explain=True)
            yield Reading("api: search", "company", viewer, _json([asdict(hit) for hit in found]))


def _api(planted: Planted, viewer: str, others: Sequence[str]) -> Iterator[Reading]:
    from orch_dagster.api import Home as Api

    with Api.open(planted.path, actor=planted.approvers[viewer]) as home:
        view = home.company(viewer)
        asked: list[tuple[str, Callable[[], Any]]] = [
            ("components", view.components),
            ("opportunities", lambda: [asdict(one) for one in view.opportunities()]),
            ("approvals", lambda: [vars(one) for one in view.approvals(decided=True)]),
            ("context", lambda: [view.context().data, view.context().page]),
        ]
        for name, ask in asked:
            yield Reading(f"api: {name}", "company", viewer, _json(ask()))
        for other in others:
            said = _refusal(view.propose_share, planted.ids[other]["hand"])
            yield Reading("api: refused: propose_share", "company", viewer, said)


def _refusal(call: Callable[..., object], *arguments: str) -> str:
    try:
        return _json(call(*arguments))
    except OrchError as error:
        return str(error)


def _mcp(
    planted: Planted, viewer: str, others: Sequence[str], queries: Sequence[Canary]
) -> Iterator[Reading]:
    """The tools of the viewer's server, started as its client starts it."""
    calls: list[tuple[str, dict[str, Any]]] = [
        *(("search_memory", {"query": one.word, "limit": LIMIT}) for one in queries),
        ("list_components", {}),
        ("list_opportunities", {}),
        ("list_approvals", {"decided": True}),
        ("read_context", {}),
        *(("propose_share", {"learning_id": planted.ids[other]["hand"]}) for other in others),
        *(("search_memory", {"query": "x", "company": other}) for other in others),
    ]
    said, errors = asyncio.run(_session(planted, viewer, calls))
    for (tool, _), text in zip(calls, said, strict=True):
        yield Reading(f"mcp: {tool}", "company", viewer, text)
    yield Reading("mcp: standard error", "company", viewer, errors)


async def _session(
    planted: Planted, viewer: str, calls: Sequence[tuple[str, dict[str, Any]]]
) -> tuple[list[str], str]:
    import tempfile

    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    place = ("--home", str(planted.path))
    start = StdioServerParameters(
        command=sys.executable,
        args=["-m", "orch_dagster.cli", *place, "mcp", "serve", "--company", viewer],
    )
    with tempfile.TemporaryFile("w+") as errors:
        async with (
            stdio_client(start, errlog=errors) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            answers = [await session.call_tool(tool, arguments) for tool, arguments in calls]
        errors.seek(0)
        return [answer.model_dump_json() for answer in answers], errors.read()


# -- on the sites ------------------------------------------------------------------------------


def of_sites(planted: Planted) -> Iterator[Reading]:
    """What people read in each company's project and space, and in the coordinator's own."""
    if planted.sites is None:
        return
    for company in planted.companies:
        said = planted.sites.shown(company)
        yield Reading("issues and pages of the company", "company", company, said)
    yield Reading(PUBLISHED, "disk", "", planted.sites.shown(""))


# -- as the world ------------------------------------------------------------------------------


def of_world(planted: Planted) -> Iterator[Reading]:
    """What is kept and shown beside the companies' own surfaces."""
    for arguments in (
        ("company", "list", "--json"),
        ("sources", "list", "--json"),
        ("publish", "status", "--json"),
        ("memory", "stats", "--json"),
        ("memory", "shared"),
        ("memory", "shared", "--json"),
        ("approvals", "grants", "--json"),
        ("doctor", "--json"),
        ("events", "verify", "--json"),
        ("catalog", "copies", "--json"),
        ("metrics", "--json", "--history"),
        ("metrics", "--history"),
        ("patterns", "refresh"),
        ("patterns", "refresh", "--json"),
    ):
        code, said = command(planted, *arguments)
        yield Reading(_named(arguments, ""), "world", "", said, code)
    for arguments in (
        ("events", "list", "--limit", ALL, "--json"),
        ("events", "show", "1"),
        ("events", "replay", "--json"),
        ("events", "export"),
    ):
        code, said = command(planted, *arguments)
        yield Reading(_named(arguments, ""), "ledger", "", said, code)
    for file in sorted((planted.path / "dagster").rglob("*")):
        if file.is_file():
            yield Reading("Dagster's storage", "world", "", _file(file))


def of_operator(planted: Planted) -> Iterator[Reading]:
    """What shows private texts by design: listed, and held only to what was removed."""
    for arguments in (
        ("memory", "search", "caching catalogue", "--operator", "--json", "--limit", "200"),
        ("approvals", "list", "--all", "--json"),
        ("approvals", "show", "1"),
        ("catalog", "list", "--json"),
        ("opportunities", "list", "--all", "--json", "--limit", ALL),
        ("opportunities", "show", planted.ids[planted.companies[0]]["opportunity"]),
        ("publish", "preview", "--json"),
        ("patterns", "list", "--json", "--limit", ALL),
        *(("patterns", verb, id) for verb in ("show", "explain") for id in _patterns(planted)),
        ("patterns", "map"),
    ):
        code, said = command(planted, *arguments)
        yield Reading(_named(arguments, ""), "operator", "", said, code)


def _patterns(planted: Planted) -> list[str]:
    """The ids of the patterns that stand."""
    with Home.open(planted.path) as home:
        return [one.id for one in home.patterns.standing()]


# -- at rest -----------------------------------------------------------------------------------


def at_rest(planted: Planted) -> Iterator[Reading]:
    """The bytes on disk: each company's folder, the global memory, the ledger's files."""
    with Home.open(planted.path) as home:
        for company in planted.companies:
            folder = home.companies.instance(company).folder
            for file in _files(folder):
                yield Reading("files of the company", "company", company, _file(file))
    for file in _files(planted.path / "global"):
        table = file.relative_to(planted.path / "global").parts[0].partition(".")[0]
        if table == "global_memory":
            yield Reading("files of the global memory", "disk", "", _file(file))
        elif table in WITHOUT_WORDS:
            yield Reading("files of the patterns", "disk", "", _file(file))
        else:  # the operator's: the catalog over all companies
            yield Reading("files of the catalog", "operator", "", _file(file))
    for file in sorted(planted.path.glob("ledger*")):
        yield Reading("files of the ledger", "operator", "", _file(file))


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _file(path: Path) -> str:
    raw = path.read_bytes()
    text = raw.decode("utf-8", "replace")
    if raw.startswith(b"SQLite format 3\0"):
        # long values lie in pieces over the pages: read them as SQLite does
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as opened:
            text += "\n".join(opened.iterdump())
    return text


@contextlib.contextmanager
def logged(readings: list[Reading]) -> Iterator[None]:
    """Collect what is logged meanwhile, tracebacks with it, as a reading of the world."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        readings.append(Reading("logs", "world", "", said.getvalue()))


def _named(arguments: Sequence[str], viewer: str) -> str:
    """A command as the table of what was tried names it: its words, without what was asked."""
    flags = [one for one in arguments[2:] if one.startswith("--") and one != "--limit"]
    shown = [*arguments[:2], *flags]
    return "orch " + " ".join("…" if one == viewer else one for one in shown)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
