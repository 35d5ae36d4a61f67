"""Manifests of the Java world: Maven's pom.xml and Gradle's build scripts."""

from __future__ import annotations

import re
from dataclasses import replace

from coordinator.manifests import xml_text
from coordinator.manifests.record import MAX_DESCRIPTION, Manifest, Parser, names, one_line

# plugins that make a jar which runs by itself
_RUNNABLE = frozenset(
    [
        "spring-boot-maven-plugin",
        "quarkus-maven-plugin",
        "jib-maven-plugin",
        "maven-assembly-plugin",
        "maven-shade-plugin",
        "micronaut-maven-plugin",
        "exec-maven-plugin",
    ]
)


def _maven(manifest: Manifest, text: str) -> Manifest:
    project = xml_text.parse(text.encode())
    if project.tag != "project":
        return replace(manifest, problem="the root element is not <project>")
    properties = {
        child.tag: child.text.strip()
        for child in (project.first("properties") or xml_text.Element("", {})).children
    }

    def said(*path: str) -> str:
        return _filled(project.value(*path), properties)

    properties.setdefault("project.artifactId", project.value("artifactId"))
    properties.setdefault("project.parent.version", project.value("parent", "version"))
    version = said("version") or said("parent", "version")
    properties.setdefault("project.version", version)
    plugins = {
        plugin.value("artifactId")
        for build in project.children
        if build.tag == "build"
        for plugin in build.walk("plugin")
    }
    declared = project.first("dependencies")
    return replace(
        manifest,
        name=one_line(said("artifactId")),
        version=one_line(version),
        description=one_line(said("description") or said("name"), MAX_DESCRIPTION),
        licence=one_line(said("licenses", "license", "name")),
        owner=one_line(said("organization", "name") or said("developers", "developer", "name")),
        language="Java",
        dependencies=names(
            f"{item.value('groupId')}:{item.value('artifactId')}"
            for item in (declared.children if declared else [])
            if item.tag == "dependency" and item.value("scope") != "test"
        ),
        runs=True if plugins & _RUNNABLE or said("packaging") == "war" else None,
        aggregates=said("packaging") == "pom" or project.first("modules") is not None,
    )


def _filled(text: str, properties: dict[str, str]) -> str:
    """`text` with ${name} filled in once: one pass, so that no chain of properties can grow."""
    return re.sub(
        r"\$\{([^{}]{1,200})\}", lambda found: properties.get(found[1], found[0])[:500], text
    )


_GRADLE_DEPENDENCY = re.compile(
    r"(?m)^[ \t]{0,40}"
    r"(?:implementation|api|compile|runtimeOnly|runtime|compileOnly|annotationProcessor)"
    r"[ \t(]{1,20}(?:platform\()?[\"']([\w.-]{1,200}):([\w.-]{1,200})"
)
_GRADLE_PROJECT = re.compile(
    r"(?m)^[ \t]{0,40}(?:implementation|api|compile)[ \t(]{1,20}"
    r"project\(\s{0,20}[\"']:?([\w:.-]{1,200})[\"']"
)
_PLUGIN_SAID = r"(?:\bid|\bplugin:|\bkotlin)[ (]{1,3}[\"']"
_GRADLE_RUNS = re.compile(
    rf"{_PLUGIN_SAID}(?:org\.springframework\.boot|com\.google\.cloud\.tools\.jib|io\.quarkus"
    r"|io\.ktor\.plugin|application|spring-boot|war)[\"']"
    r"|(?m:^[ \t]{0,20}application[ \t]{0,20}$)|\bmainClass(?:Name)?\b|\bbootJar\b"
)


def _without_comments(text: str) -> str:
    """`text` without block comments; a ``/*`` inside a file pattern (``**/*.java``) is none.

    Not by one regular expression: that is quadratic in comments that are never closed.
    """
    kept = []
    at = 0
    while (opening := text.find("/*", at)) >= 0:
        end = text.find("*/", opening + 2)
        if end < 0:
            break
        if opening and not text[opening - 1].isspace():
            kept.append(text[at : opening + 2])
            at = opening + 2
        else:
            kept.append(text[at:opening])
            at = end + 2
    return "".join([*kept, text[at:]])


def _gradle(manifest: Manifest, text: str) -> Manifest:
    code = re.sub(r"(?m)(?<!:)//.*$", "", _without_comments(text))

    def said(key: str) -> str:
        match = re.search(
            rf"(?m)^[ \t]{{0,40}}{key}[ \t]{{0,20}}=?[ \t]{{0,20}}[\"']([^\"'\n]{{1,500}})[\"']",
            code,
        )
        return match[1] if match else ""

    dependencies = [f"{group}:{name}" for group, name in _GRADLE_DEPENDENCY.findall(code)]
    dependencies += _GRADLE_PROJECT.findall(code)
    kotlin = "kotlin" in code
    for_all = re.search(r"(?m)^[ \t]{0,40}(?:allprojects|subprojects)[ \t]{0,20}\{", code)
    return replace(
        manifest,
        version=one_line(said("version")),
        description=one_line(said("description"), MAX_DESCRIPTION),
        language="Kotlin" if kotlin else "Java",
        dependencies=names(dependencies),
        runs=True if _GRADLE_RUNS.search(code) else None,
        aggregates=for_all is not None,
    )


def parser(name: str) -> tuple[str, Parser] | None:
    """The kind and reader for a file called `name` (lower case), or None."""
    if name == "pom.xml":
        return "maven", _maven
    if name in ("build.gradle", "build.gradle.kts"):
        return "gradle", _gradle
    return None
