"""Manifests of .NET: the project files of C#, F# and Visual Basic."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from coordinator.manifests import xml_text
from coordinator.manifests.record import MAX_DESCRIPTION, Manifest, Parser, names, one_line

_LANGUAGE = {".csproj": "C#", ".fsproj": "F#", ".vbproj": "Visual Basic"}
_TEST_PACKAGES = re.compile(
    r"(?i)^(Microsoft\.NET\.Test\.Sdk|xunit(\..*)?|nunit|MSTest(\..*)?|coverlet\..*)$"
)


def _project(manifest: Manifest, text: str) -> Manifest:
    root = xml_text.parse(text.encode())
    if root.tag != "Project":
        return replace(manifest, problem="the root element is not <Project>")

    def said(key: str) -> str:
        return next((found.text.strip() for found in root.walk(key) if found.text.strip()), "")

    path = PurePosixPath(manifest.path)
    packages = [
        one_line(item.attributes.get("Include"))
        for item in root.walk("PackageReference")
        if item.attributes.get("Include")
    ]
    projects = [
        PurePosixPath(one_line(item.attributes.get("Include")).replace("\\", "/")).stem
        for item in root.walk("ProjectReference")
    ]
    sdk = root.attributes.get("Sdk", "")
    tests = any(_TEST_PACKAGES.match(name) for name in packages)
    exe = said("OutputType").lower() in ("exe", "winexe") or sdk.endswith((".Web", ".Worker"))
    category = _category(sdk, [key for key in _SCREENS if said(key).lower() == "true"])
    return replace(
        manifest,
        name=one_line(said("AssemblyTitle") or said("PackageId") or path.stem),
        version=one_line(said("Version") or said("VersionPrefix")),
        description=one_line(said("Description"), MAX_DESCRIPTION),
        licence=one_line(said("PackageLicenseExpression")),
        owner=one_line(said("Authors") or said("Company")),
        language=_LANGUAGE.get(path.suffix.lower(), "C#"),
        dependencies=names([*packages, *projects]),
        runs=exe or category == "frontend",
        tests=tests or said("IsTestProject").lower() == "true",
        category=category,
    )


_SCREENS = ("UseMaui", "UseWPF", "UseWindowsForms")


def _category(sdk: str, screens: list[str]) -> str:
    """What the SDK is for: screens, or Aspire's description of what runs together."""
    if sdk.startswith("Aspire.AppHost"):
        return "infrastructure"
    return "frontend" if screens or sdk.endswith(".BlazorWebAssembly") else ""


def parser(name: str) -> tuple[str, Parser] | None:
    """The kind and reader for a file called `name` (lower case), or None."""
    return ("dotnet", _project) if name.endswith(tuple(_LANGUAGE)) else None
