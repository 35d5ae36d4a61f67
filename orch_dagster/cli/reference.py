"""The command reference (`docs/commands.md`), written from the commands themselves.

`make docs` writes it; a test fails when it is not what the commands say.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

INTRODUCTION = """\
# Commands

Written by `make docs` from the commands' own help; do not edit.

`orch` finds its home by `--home FOLDER`, else `ORCH_HOME`, else `./.orch`; `--as NAME` says who
decides (else `ORCH_ACTOR`, else the user's name); `--i-know` goes on with a ledger that was found
damaged. They stand before the command. With `--json` a command prints one JSON document on
standard output and nothing else; progress and notes go to standard error. Exit codes: 0 done,
1 failed, 2 wrong usage, 3 done in part.
"""


def reference() -> str:
    """The whole page as Markdown."""
    from orch_dagster.cli.main import orch

    root = click.Context(orch, info_name="orch")
    return INTRODUCTION + "".join(_section(context) for context in _commands(root))


def _commands(context: click.Context) -> Iterator[click.Context]:
    command = context.command
    if not isinstance(command, click.Group):
        yield context
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None:
            yield from _commands(click.Context(child, parent=context, info_name=name))


def _section(context: click.Context) -> str:
    usage = " ".join(context.command.collect_usage_pieces(context))
    lines = [f"\n## {context.command_path}\n", f"`{context.command_path} {usage}`\n"]
    for paragraph in (context.command.help or "").replace("\n\n", "\0").split("\0"):
        text = " ".join(paragraph.split())
        example = text.removeprefix("Example: ")
        lines.append(f"```sh\n{example.strip()}\n```\n" if example != text else f"{text}\n")
    options = [
        record
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and (record := parameter.get_help_record(context)) is not None
    ]
    if options:
        lines += ["| option | meaning |\n|---|---|"]
        lines += [f"| `{name}` | {_cell(text)} |" for name, text in options]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
