"""Manifests that are plain text: Dockerfile, requirements, setup.cfg, go.mod, mix, gem, CMake."""

from __future__ import annotations

import configparser
import re
from dataclasses import replace

from coordinator.manifests.record import (
    MAX_DESCRIPTION,
    REQUIREMENT,
    Manifest,
    Parser,
    names,
    one_line,
    person,
)

MAX_LINE = 4_000

# --- Dockerfile ----------------------------------------------------------------------------------

_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(\w+)=(\S+)", re.IGNORECASE)
_LABEL = re.compile(
    r"org\.opencontainers\.image\.(\w{1,40})[\"']?=(\"[^\"]{0,2000}\"|'[^']{0,2000}'|\S{1,500})"
)


def _dockerfile(manifest: Manifest, text: str) -> Manifest:
    stages: set[str] = set()
    images: list[str] = []
    arguments: dict[str, str] = {}
    labels: dict[str, str] = {}
    runs = False
    for line in re.sub(r"\\[ \t]*\r?\n", " ", text).splitlines():
        instruction = line[:MAX_LINE].strip()
        if match := _ARG.match(instruction):
            arguments[match[1]] = match[2].strip("\"'")
        elif match := _FROM.match(instruction):
            image = _image(match[1], arguments)
            if image.lower() not in stages and image.lower() != "scratch":
                images.append(image)
            if match[2]:
                stages.add(match[2].lower())
        elif instruction[:6].upper() == "LABEL ":
            labels.update((key, value.strip("\"'")) for key, value in _LABEL.findall(instruction))
        elif instruction.split(" ", 1)[0].upper() in ("CMD", "ENTRYPOINT"):
            runs = True
    return replace(
        manifest,
        name=one_line(labels.get("title")),
        version=one_line(labels.get("version")),
        description=one_line(labels.get("description"), MAX_DESCRIPTION),
        licence=one_line(labels.get("licenses")),
        owner=person(labels.get("authors") or labels.get("vendor") or ""),
        dependencies=names(images),
        runs=runs or bool(images),
    )


def _image(reference: str, arguments: dict[str, str]) -> str:
    """The image with its ARG defaults filled in, without digest: ``docker.io/nginx:1.27``."""

    def filled(match: re.Match[str]) -> str:
        return arguments.get(match[1] or match[3], match[2] or "")[:300]

    text = re.sub(r"\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)", filled, reference[:500])
    return text.split("@")[0].rstrip(":")


def image_name(reference: str) -> str:
    """The last part of an image reference: ``grpc-go`` of ``ghcr.io/x/grpc-go:1``."""
    return reference.split("@", maxsplit=1)[0].rpartition("/")[2].split(":")[0].lower()


# --- Python --------------------------------------------------------------------------------------


def _requirements(manifest: Manifest, text: str) -> Manifest:
    found = (
        match[1]
        for line in text.splitlines()
        if not line.lstrip().startswith(("#", "-")) and (match := REQUIREMENT.match(line))
    )
    return replace(manifest, language="Python", dependencies=names(found))


def _setup_cfg(manifest: Manifest, text: str) -> Manifest:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError("not an INI file") from error

    def said(section: str, key: str) -> str:
        return parser.get(section, key, fallback="") or ""

    return replace(
        manifest,
        name=one_line(said("metadata", "name")),
        version=one_line(said("metadata", "version").removeprefix("attr:")),
        description=one_line(said("metadata", "description"), MAX_DESCRIPTION),
        licence=one_line(said("metadata", "license")),
        owner=one_line(said("metadata", "author")),
        language="Python",
        dependencies=names(
            match[1]
            for line in said("options", "install_requires").splitlines()
            if (match := REQUIREMENT.match(line))
        ),
        runs=True if said("options.entry_points", "console_scripts") else None,
        aggregates=not (parser.has_section("metadata") or parser.has_section("options")),
    )


def _setup_py(manifest: Manifest, text: str) -> Manifest:
    def said(key: str) -> str:
        match = re.search(rf"\b{key}[ \t]{{0,20}}=[ \t]{{0,20}}[\"']([^\"'\n]{{1,500}})[\"']", text)
        return match[1] if match else ""

    return replace(
        manifest,
        name=one_line(said("name")),
        version=one_line(said("version")),
        description=one_line(said("description"), MAX_DESCRIPTION),
        licence=one_line(said("license")),
        owner=one_line(said("author")),
        language="Python",
    )


# --- Go, Elixir, Ruby, CMake, Helm ---------------------------------------------------------------

_GO_REQUIRE = re.compile(r"\s*(?:require\s+)?([a-z0-9][\w.-]*\.[a-z]+/\S+)\s+v\S+\s*(//.*)?$")


def _go(manifest: Manifest, text: str) -> Manifest:
    module = re.search(r"(?m)^module[ \t]{1,20}(\S{1,500})", text)
    required = (
        match[1]
        for line in text.splitlines()
        if (match := _GO_REQUIRE.match(line[:300])) and "indirect" not in (match[2] or "")
    )
    name = module[1].strip("\"'") if module else ""
    return replace(
        manifest,
        name=one_line(re.sub(r"/v\d+$", "", name)).rpartition("/")[2],
        language="Go",
        dependencies=names(required),
        problem="" if module else "no module line",
    )


def _mix(manifest: Manifest, text: str) -> Manifest:
    def said(pattern: str) -> str:
        match = re.search(pattern, text)
        return match[1] if match else ""

    dependencies = names(re.findall(r"\{:(\w{1,200}),", text))
    return replace(
        manifest,
        name=one_line(said(r"\bapp:[ \t]{0,20}:(\w{1,200})")),
        version=one_line(said(r"\bversion:[ \t]{0,20}\"([^\"\n]{1,200})\"")),
        description=one_line(
            said(r"\bdescription:[ \t]{0,20}\"([^\"\n]{1,2000})\""), MAX_DESCRIPTION
        ),
        licence=one_line(said(r"\blicenses:\s{0,20}\[\s{0,20}\"([^\"\n]{1,200})\"")),
        language="Elixir",
        dependencies=dependencies,
        runs=True if re.search(r"\bmod:\s{0,20}\{", text) else None,
        aggregates="apps_path:" in text,
        category="frontend" if "phoenix_live_view" in dependencies else "",
    )


def _gemfile(manifest: Manifest, text: str) -> Manifest:
    found = re.findall(r"(?m)^[ \t]{0,40}gem[ \t(]{1,20}[\"']([^\"'\n]{1,200})[\"']", text)
    return replace(manifest, language="Ruby", dependencies=names(found))


def _gemspec(manifest: Manifest, text: str) -> Manifest:
    def said(key: str) -> str:
        match = re.search(
            rf"\.{key}[ \t]{{0,20}}=[ \t]{{0,20}}\[?[\"']([^\"'\n]{{1,500}})[\"']", text
        )
        return match[1] if match else ""

    return replace(
        manifest,
        name=one_line(said("name")),
        version=one_line(said("version")),
        description=one_line(said("summary") or said("description"), MAX_DESCRIPTION),
        licence=one_line(said("licenses?")),
        owner=one_line(said("authors?")),
        language="Ruby",
        dependencies=names(
            re.findall(
                r"add_(?:runtime_)?dependency\(?[ \t]{0,20}[\"']([^\"'\n]{1,200})[\"']", text
            )
        ),
        runs=False,
    )


def _cmake(manifest: Manifest, text: str) -> Manifest:
    project = re.search(r"(?i)\bproject\s{0,20}\(\s{0,20}(?>([\w.+-]{1,200}))([^)]{0,300})\)", text)
    options = project[2] if project else ""
    version = re.search(r"\bVERSION\s{1,20}([\w.]{1,50})", options)
    description = re.search(r"\bDESCRIPTION\s{1,20}\"([^\"]{1,300})\"", options)
    runs = bool(re.search(r"(?i)\badd_executable\s{0,20}\(", text))
    return replace(
        manifest,
        name=one_line(project[1]) if project else "",
        version=one_line(version[1]) if version else "",
        description=one_line(description[1], MAX_DESCRIPTION) if description else "",
        language="C++",
        dependencies=names(
            re.findall(r"(?i)\bfind_package\s{0,20}\(\s{0,20}([\w.+-]{1,200})", text)
        ),
        runs=True if runs else (False if re.search(r"(?i)\badd_library\s{0,20}\(", text) else None),
        aggregates=not project,
    )


def _helm(manifest: Manifest, text: str) -> Manifest:
    from coordinator import yaml_text

    data, _ = yaml_text.load(text, file=manifest.path)
    keepers = data.get("maintainers")
    return replace(
        manifest,
        name=one_line(data.get("name")),
        version=one_line(data.get("version")),
        description=one_line(data.get("description"), MAX_DESCRIPTION),
        owner=person(keepers) if isinstance(keepers, list) else "",
        dependencies=names(
            item.get("name") for item in (data.get("dependencies") or []) if isinstance(item, dict)
        )
        if isinstance(data.get("dependencies"), list)
        else (),
        runs=False,
        category="infrastructure",
    )


_BY_NAME: dict[str, tuple[str, Parser]] = {
    "setup.cfg": ("python", _setup_cfg),
    "setup.py": ("python", _setup_py),
    "go.mod": ("go", _go),
    "mix.exs": ("mix", _mix),
    "gemfile": ("gem", _gemfile),
    "cmakelists.txt": ("cmake", _cmake),
    "chart.yaml": ("helm", _helm),
}


def parser(name: str) -> tuple[str, Parser] | None:
    """The kind and reader for a file called `name` (lower case), or None."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name == "dockerfile" or name.startswith("dockerfile.") or name.endswith(".dockerfile"):
        return "dockerfile", _dockerfile
    if re.fullmatch(r"requirements[\w.-]*\.(txt|in)", name):
        return "requirements", _requirements
    if name.endswith(".gemspec"):
        return "gem", _gemspec
    return None
