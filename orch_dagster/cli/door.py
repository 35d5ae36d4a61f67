"""What every command shares: the home it works on, and how it speaks.

`--json` prints one JSON document on standard output and nothing else; tables go there too when no
JSON is asked for; progress, notes and errors go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from resources.home import Home

Command = TypeVar("Command", bound=Callable[..., Any])

DONE, FAILED, WRONG_USAGE, DONE_IN_PART = 0, 1, 2, 3


def json_option(command: Command) -> Command:
    """Add ``--json`` as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def open_home(*, actor: str | None = None) -> Home:
    """The home this command works on (`--home`, ORCH_HOME, ./.orch); closed with the command.

    `actor` signs what is done when it is not the person of `--as`.
    """
    from resources.home import Home

    context = click.get_current_context()
    asked = context.find_root().params
    signer, i_know = actor or asked.get("actor"), bool(asked.get("i_know"))
    home = Home.open(asked.get("home"), actor=signer, i_know=i_know)
    context.call_on_close(home.close)
    return home


def echo_json(document: Any) -> None:
    """Print `document` as JSON; times become ISO 8601 text."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def echo_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on standard output; numbers are right-aligned, control characters shown."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    output().print(table)


def output() -> Console:
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 200
    return Console(width=wide, highlight=False, soft_wrap=False)


def note(text: str) -> None:
    """Say something beside the result, on standard error."""
    click.echo(visible(text), err=True)


def visible(text: str) -> str:
    """`text` with control characters as escapes: stored text must not drive a terminal."""
    return "".join(
        char if char in "\n\t" or not _is_control(char) else f"\\x{ord(char):02x}" for char in text
    )


def _is_control(char: str) -> bool:
    code = ord(char)
    return code < 32 or 127 <= code < 160 or code in (0x2028, 0x2029) or 0x202A <= code <= 0x202E


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    return str(value)
