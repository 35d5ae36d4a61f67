"""A second opinion on the contracts: the tour goes through Prism, which judges by itself.

Prism stands between the tour and the stand-in as a proxy, reads Atlassian's specifications (with
the overlays) in its own way, and answers with a problem of its own where one side is against them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from orch_dagster.samples.atlassian import Rules, StandIn

PRISM = Path(__file__).parents[1] / "tools/node_modules/@stoplight/prism-cli/dist/index.js"
SOURCES = {
    "jira": ("jira-cloud-v3", ""),
    "v2": ("confluence-cloud-v2", "/wiki/api/v2"),
    "v1": ("confluence-cloud-v1", ""),
}
VIOLATIONS = "https://stoplight.io/prism/errors#"


@contextlib.contextmanager
def prism(specification: Path, upstream: str) -> Iterator[str]:
    """Runs Prism on a free port of 127.0.0.1 in front of `upstream`; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = specification.with_suffix(".log").open("wb")
    command = ["node", PRISM, "proxy", specification, upstream, "--errors"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "error"],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Wait until somebody listens there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, "Prism has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("Prism does not listen")


@pytest.fixture(scope="module")
def furnished(atlassian_tours: ModuleType) -> StandIn:
    """A stand-in with something in it."""
    stand_in = StandIn(atlassian_tours.Clock(), Rules(index_lag=timedelta(seconds=30)))
    atlassian_tours.furnish(stand_in)
    return stand_in


@pytest.fixture(scope="module")
def proxies(
    atlassian_contracts: ModuleType, furnished: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The URL of Prism in front of the stand-in, by product; it reads the paths we use only."""
    if not PRISM.is_file() or shutil.which("node") is None:
        pytest.skip("Prism is not here: run `make tools`")
    folder = tmp_path_factory.mktemp("prism")
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(furnished.serving())
        made = {}
        for product, (name, prefix) in SOURCES.items():
            specification = atlassian_contracts.specification(name)
            if specification is None:
                pytest.skip("Atlassian's specifications are not here (ORCH_SHARED)")
            file = folder / f"{name}.json"
            official = atlassian_contracts.official(name)
            used = {official.path(rule.held["path"]) for rule in atlassian_contracts.rules()}
            paths = {path: held for path, held in specification["paths"].items() if path in used}
            file.write_text(json.dumps({**specification, "paths": paths}), "utf-8")
            made[product] = stack.enter_context(prism(file, url + prefix))
        yield made


def test_the_tour_through_prism_is_against_nothing(
    proxies: dict[str, str], furnished: StandIn, atlassian_tours: ModuleType
) -> None:
    seen: list[str] = []
    furnished.on_exchange(lambda request, _: seen.append(request.path))
    with atlassian_tours.tour_of(furnished, proxies) as tour:
        for client in (tour.jira, tour.v2, tour.v1):
            client.event_hooks["response"].append(refuse_violations)

        tour.run()

    assert len(seen) > 50


def refuse_violations(response: httpx.Response) -> None:
    """Fail where Prism answers in the stand-in's place."""
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        pytest.fail(f"{response.request.method} {response.request.url}: {response.read()!r}")


def test_prism_refuses_a_bad_request_and_a_bad_answer(
    proxies: dict[str, str], furnished: StandIn, atlassian_tours: ModuleType
) -> None:
    bad = {"jql": "project = PAY", "startAt": 0}
    with atlassian_tours.tour_of(furnished, proxies) as tour:
        requests = [
            tour.jira.post("/rest/api/3/search/jql", json=bad),
            tour.v2.post("/pages", json={"title": "T"}),
            tour.v1.post("/wiki/rest/api/content/archive", json={"pages": [{"id": "12"}]}),
        ]
        for operation in ("getProject", "getSpaces", "getCurrentUser"):
            furnished.misbehave(operation, "wrong_types")
        answers = [
            tour.jira.get("/rest/api/3/project/PAY"),
            tour.v2.get("/spaces"),
            tour.v1.get("/wiki/rest/api/user/current"),
        ]
    furnished.behave()

    for response in (*requests, *answers):
        assert response.json()["type"].startswith(VIOLATIONS), response.text
    assert {response.status_code for response in answers} == {500}
