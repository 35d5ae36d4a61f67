"""Which part of a repository a commit is about, by its paths alone.

By paths and not by the catalog: a commit's paths never change, so neither does its learning's id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import commonpath

from coordinator.learnings.lexicon import word_set

# Folders that say how a repository is laid out, not what a part is about.
_LAYOUT = word_set("""
    src source sources lib libs app apps application service services packages package modules
    module projects components cmd internal pkg main java kotlin scala python go com org net io br
    gov github public static assets resources test tests spec docs doc examples deploy k8s
    kubernetes helm charts templates scripts tools database migrations config configs include
    server client core web webapp code backend frontend processing common shared utils views
    controllers models model html css js javascript legacy vendor intranet
""")
_NAME = re.compile(r"[A-Za-z][\w.-]{2,40}")
_SQUEEZE = re.compile(r"[\W_]+")


def area_of(paths: Sequence[str], title: str) -> str:
    """The folder a change stays in, when it names a part and `title` does not; '' otherwise."""
    folder = common_folder(paths)
    if not folder or folder.startswith("."):
        return ""
    named = [part for part in folder.split("/") if part.lower() not in _LAYOUT]
    if not named or not _NAME.fullmatch(named[0]):
        return ""
    said = _SQUEEZE.sub("", title).casefold()
    squeezed = _SQUEEZE.sub("", named[0]).casefold()
    bare = squeezed.removesuffix("service").removesuffix("module")
    return "" if bare and bare in said else named[0]


def common_folder(paths: Sequence[str]) -> str:
    """The deepest folder that holds all `paths`; '' for the root or without paths."""
    folders = [path.rpartition("/")[0] for path in paths]
    if not folders or "" in folders or any(folder.startswith("/") for folder in folders):
        return ""
    return commonpath(folders)
