"""Settings text as data, refusing what YAML files can hide.

`yaml.safe_load` takes a billion-laughs file in milliseconds and lets a duplicate key win silently;
this loader refuses aliases, tags, duplicate keys, deep nesting and texts over 256 kB, and remembers
the line of every key so that an error can name it.
"""

from __future__ import annotations

from typing import Any

import yaml

from coordinator.errors import SettingsError

MAX_BYTES = 256_000
MAX_DEPTH = 20

Lines = dict[tuple[str | int, ...], int]
"""Line (from 1) of every key and list item, by its path from the root."""


class _PlainLoader(yaml.SafeLoader):
    """Composes plain scalars, lists and mappings; what else YAML has is refused on sight."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self.file = file
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise SettingsError(
                "YAML aliases (*name) are not allowed in settings",
                file=self.file,
                line=line,
                hint="write the value out",
            )
        # `!!int ""` and its like end in an IndexError or a KeyError inside PyYAML
        if getattr(event, "tag", None) is not None:
            raise SettingsError(
                "YAML tags (!name) are not allowed in settings",
                file=self.file,
                line=line,
                hint="write the plain value",
            )
        if self.depth > MAX_DEPTH:
            raise SettingsError(f"nested deeper than {MAX_DEPTH} levels", file=self.file, line=line)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def load(text: str, *, file: str) -> tuple[dict[str, Any], Lines]:
    """Parse settings `text` into plain data and the line of each key.

    `file` is only used in messages. Raises SettingsError for anything that is not one mapping of
    plain scalars, lists and mappings.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SettingsError(f"larger than {MAX_BYTES // 1000} kB", file=file)
    loader: _PlainLoader | None = None
    try:
        loader = _PlainLoader(text, file)
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        lines: Lines = {}
        data = _plain(loader, node, (), lines, file)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark is not None else 0
        raise SettingsError(f"not YAML: {problem}", file=file, line=line) from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(data, dict):
        raise SettingsError("must be a mapping of keys to values", file=file, line=1)
    return data, lines


def _plain(
    loader: _PlainLoader, node: yaml.Node, path: tuple[str | int, ...], lines: Lines, file: str
) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise SettingsError("a key must be plain text", file=file, line=key_line)
            key = str(key_node.value)
            where = (*path, key)
            if key in result:
                raise SettingsError(
                    f"this key stands twice (first on line {lines[where]})",
                    file=file,
                    line=key_line,
                    key=dotted(where),
                )
            lines[where] = key_line
            result[key] = _plain(loader, value_node, where, lines, file)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(loader, item, (*path, index), lines, file)
            for index, item in enumerate(node.value)
        ]
    try:
        return loader.construct_object(node, deep=True)
    except ValueError as error:
        raise SettingsError(
            f"not a valid value: {error}", file=file, line=line, key=dotted(path)
        ) from None


def dotted(path: tuple[str | int, ...]) -> str:
    """The path as people write it: ``git.protocols[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text
