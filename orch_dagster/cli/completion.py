"""`orch completion`: shell completion."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    Example:  orch completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    from orch_dagster.cli.main import orch

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(orch, {}, "orch", "_ORCH_COMPLETE").source())
