"""`orch mcp`: one company's memory for an agent, over the Model Context Protocol."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from orch_dagster.cli.door import echo_json, note, open_home

SURFACE = "mcp"
MODEL_PLACES = ("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE")
"""Where the embedding model is found: clients start servers with next to no environment."""


class ServeByDefault(click.Group):
    """`orch mcp --company X` means `orch mcp serve --company X`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ServeByDefault)
def mcp() -> None:
    """Serve one company to an agent over the Model Context Protocol (MCP).

    Example:  orch mcp --company empresa-a
    """


@mcp.command()
@click.option("--company", required=True, help="The one company that is served.")
def serve(company: str) -> None:
    """Serve a company over standard input and output until the client closes them.

    What an agent does is signed `mcp:COMPANY`, which can approve nothing.

    Example:  orch mcp serve --company empresa-a
    """
    from coordinator.settings import company_slug
    from orch_dagster.mcp import serve as serve_view

    home = open_home(actor=f"{SURFACE}:{company_slug(company)}")
    serve_view(home.view(company, surface=SURFACE))


@mcp.command()
@click.option("--company", required=True, help="The one company that is served.")
def config(company: str) -> None:
    """Print what to paste into an MCP client's settings.

    Example:  orch mcp config --company empresa-a
    """
    home = open_home()
    slug = home.companies.instance(company).slug
    server: dict[str, Any] = {
        "command": sys.executable,
        "args": [
            *("-m", "orch_dagster.cli", "--home", str(home.path)),
            *("mcp", "serve", "--company", slug),
        ],
    }
    environment = {name: os.environ[name] for name in MODEL_PLACES if name in os.environ}
    if environment:
        server["env"] = environment
    echo_json({"mcpServers": {f"orch-{slug}": server}})
    if "ORCH_LEDGER_URL" in os.environ:
        note("the ledger is named by ORCH_LEDGER_URL: add it to `env` yourself, it may be a secret")
