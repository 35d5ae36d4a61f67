"""`orch up` as a person starts it, and a real browser to look at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ORCH = Path(sys.executable).with_name("orch")
PATIENCE_MS = 90_000
"""For two busy cores: a page that reads a cold code location takes half a minute there."""


@dataclass
class Ui:
    """A running `orch up`."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home / "up.log").read_text(encoding="utf-8")

    def ask(self, query: str, **variables: Any) -> Any:
        """What the webserver answers to a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.url}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            with urllib.request.urlopen(f"{self.url}/server_info", timeout=5):
                return True
        except OSError:
            return False

    def runs(self) -> list[dict[str, Any]]:
        """Every run: id, status, its company and the key of the sensor that asked for it."""
        asked = self.ask(
            "{ runsOrError { ... on Runs { results "
            "{ runId status endTime tags { key value } } } } }"
        )
        return [
            {"id": run["runId"], "status": run["status"], "endTime": run["endTime"]}
            | {tag["key"].removeprefix("dagster/"): tag["value"] for tag in run["tags"]}
            for run in asked["runsOrError"]["results"]
        ]

    def ticked_after(self, moment: float) -> bool:
        """Whether the git sensor looked and found nothing since `moment` (seconds)."""
        return any(
            tick["timestamp"] > moment and tick["status"] == "SKIPPED"
            for tick in self.ticks()["git_sensor"]
        )

    def ticks(self) -> dict[str, list[dict[str, Any]]]:
        """The latest ticks of each sensor."""
        asked = self.ask(
            "query Ticks($repository: RepositorySelector!) "
            "{ sensorsOrError(repositorySelector: $repository) { ... on Sensors { results "
            "{ name sensorState { ticks(limit: 9) { timestamp status } } } } } }",
            repository={
                "repositoryName": "__repository__",
                "repositoryLocationName": "orch_dagster.definitions",
            },
        )
        sensors = asked["sensorsOrError"]["results"]
        return {sensor["name"]: sensor["sensorState"]["ticks"] for sensor in sensors}

    def partitions(self) -> set[str]:
        asked = self.ask(
            '{ assetNodeOrError(assetKey: {path: ["git_commits"]}) '
            "{ ... on AssetNode { partitionKeys } } }"
        )
        return set(asked["assetNodeOrError"]["partitionKeys"])

    def alive(self) -> list[str]:
        """The processes of the UI that still run."""
        listed = subprocess.run(
            ["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        mine = [line.split(maxsplit=2) for line in listed]
        return [
            args for group, stat, args in mine if group == str(self.process.pid) and stat[0] != "Z"
        ]

    def has_stopped(self) -> bool:
        return self.process.poll() is not None and not self.alive()

    @staticmethod
    def until(found: Callable[[], Any], what: str, *, seconds: float = 120) -> Any:
        """What `found` answers once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if answer := found():
                return answer
            time.sleep(0.25)
        raise AssertionError(f"not within {seconds:.0f} s: {what}")

    def ended(self) -> list[dict[str, Any]]:
        return [one for one in self.runs() if one["status"] in ("SUCCESS", "FAILURE", "CANCELED")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(home: Path) -> Iterator[Ui]:
    """`orch up` as a person starts it, in its own process group; always killed at the end."""
    port = free_port()
    with (home / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [str(ORCH), "--home", str(home), "up", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    ui = Ui(home, port, process)
    try:
        ui.until(ui.answers, "the UI answers")
        yield ui
        os.killpg(process.pid, signal.SIGINT)
        ui.until(ui.has_stopped, "Ctrl-C stops all", seconds=60)
    finally:
        if ui.alive():
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def start_ui() -> Callable[[Path], AbstractContextManager[Ui]]:
    """Starts `orch up` on a home."""
    return started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    with browser.new_context(viewport={"width": 1600, "height": 1000}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page
