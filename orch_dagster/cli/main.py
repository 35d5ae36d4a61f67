"""The `orch` command: finds a subcommand when it is asked for, and gives every error one face.

Subcommands are imported on use: `orch --help` must answer at once, while some commands need
Dagster or torch, which take seconds to import.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from coordinator.errors import OrchError, UsageError
from orch_dagster import __version__
from orch_dagster.cli.door import FAILED, WRONG_USAGE, visible

COMMANDS = {
    "init": ("orch_dagster.cli.init:init", "Make a coordinator home."),
    "demo": ("orch_dagster.cli.demo:demo", "Try everything on three sample companies."),
    "discover": ("orch_dagster.cli.discover:discover", "Propose companies from a folder."),
    "company": ("orch_dagster.cli.company:company", "Create, list, show, clone, remove companies."),
    "sync": ("orch_dagster.cli.sync:sync", "Read what changed and learn from it."),
    "sources": ("orch_dagster.cli.sources:sources", "What is read, and whether it can be."),
    "memory": ("orch_dagster.cli.memory:memory", "Search, add, share and retract learnings."),
    "catalog": ("orch_dagster.cli.catalog:catalog", "Components, and which are copies."),
    "patterns": ("orch_dagster.cli.patterns:patterns", "What several companies have in common."),
    "opportunities": (
        "orch_dagster.cli.opportunities:opportunities",
        "What one company has and another needs.",
    ),
    "approvals": ("orch_dagster.cli.approvals:approvals", "What waits for a person's yes."),
    "approve": ("orch_dagster.cli.approve:approve", "Approve proposals, several at once."),
    "reject": ("orch_dagster.cli.approve:reject", "Reject proposals, with a reason."),
    "publish": ("orch_dagster.cli.publish:publish", "What is put on Jira and Confluence."),
    "metrics": ("orch_dagster.cli.metrics:metrics", "What came of it, in numbers and over time."),
    "events": ("orch_dagster.cli.events:events", "Read, verify and replay the ledger."),
    "isolation": ("orch_dagster.cli.isolation:isolation", "Prove that nothing private shows."),
    "doctor": ("orch_dagster.cli.doctor:doctor", "Look for damage and say what heals it."),
    "mcp": ("orch_dagster.cli.mcp:mcp", "Serve one company to an agent (MCP)."),
    "up": ("orch_dagster.cli.up:up", "Start the Dagster UI and its sensors."),
    "completion": ("orch_dagster.cli.completion:completion", "Print shell completion."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  orch demo   then   orch memory search 'autenticação segura' "
    "--company empresa-a",
)
@click.option("--home", metavar="FOLDER", help="The coordinator's home [ORCH_HOME, else ./.orch].")
@click.option("--as", "actor", metavar="NAME", help="Who decides [ORCH_ACTOR, else USER].")
@click.option("--i-know", is_flag=True, help="Go on with a ledger that was found damaged.")
@click.version_option(__version__, prog_name="orch")
def orch(home: str | None, actor: str | None, i_know: bool) -> None:
    """Coordinate several isolated companies: their code, learnings and components."""


def main(arguments: list[str] | None = None) -> None:
    """Run `orch`; the process ends with 0 done, 1 failed, 2 wrong usage, 3 done in part."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run `orch` and return its exit code; a foreseeable error prints two lines, no traceback."""
    try:
        result: Any = orch.main(args=arguments, prog_name="orch", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return FAILED
    except click.ClickException as error:
        error.show()
        return WRONG_USAGE
    except OrchError as error:
        click.echo(f"error: {visible(error.message)}", err=True)
        if error.hint:
            click.echo(f"  → {visible(error.hint)}", err=True)
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
