"""What speaks for a folder being a component, and what kind of component it would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.catalog import names as said
from coordinator.catalog.code_files import is_code, is_test, language_of
from coordinator.catalog.tree import ROOT, base
from coordinator.manifests.record import Manifest
from coordinator.manifests.text import image_name

_SCRIPTS = frozenset(["Shell", "PowerShell", "Terraform"])
_MAIN_FILES = frozenset(
    [
        *["main.go", "main.py", "__main__.py", "app.py", "server.py", "wsgi.py", "asgi.py"],
        *["manage.py", "main.rs", "main.ts", "server.js", "server.ts", "program.cs", "index.php"],
        *["main.c", "main.cc", "main.cpp"],
    ]
)
_MAIN_ENDINGS = ("Application.java", "Application.kt", "Main.java", "Main.kt")


@dataclass(frozen=True)
class Candidate:
    """A folder that may be a component, with the manifests that speak for it.

    `parts` are the folders it is made of, its own first; `certain` says who named it, if anybody.
    """

    path: str
    manifests: tuple[Manifest, ...]
    parts: tuple[str, ...]
    name: str = ""
    certain: str = ""
    category: str = ""
    reason: str = ""
    confidence: float = 0.0

    @property
    def dockerfiles(self) -> tuple[Manifest, ...]:
        return tuple(each for each in self.manifests if each.kind == "dockerfile")

    @property
    def packages(self) -> tuple[Manifest, ...]:
        """The manifests that describe code, best first: all but Dockerfiles."""
        return tuple(
            each for each in self.manifests if each.kind not in ("dockerfile", "backstage")
        )

    @property
    def descriptor(self) -> Manifest | None:
        return next((each for each in self.manifests if each.kind == "backstage"), None)

    @property
    def deployable(self) -> bool:
        return bool(self.dockerfiles) or any(each.runs for each in self.packages)


@dataclass(frozen=True)
class Judgement:
    """What kind of component a candidate is, how sure that is, and why in words."""

    category: str
    confidence: float
    reason: str


def judge(candidate: Candidate, files: Sequence[str]) -> Judgement:
    """The category of a candidate and the confidence that it is a component.

    `files` are the files that belong to it. Confidence: 1.0 named by people, 0.95 its own
    descriptor or a manifest with a Dockerfile, 0.85 to 0.9 a manifest with code, 0.6 to 0.75 a
    Dockerfile alone, 0.4 a manifest without any code, 0.5 to 0.8 infrastructure files.
    """
    category = candidate.category or _category(candidate, files)
    if candidate.certain:
        return Judgement(category, 1.0, candidate.certain)
    if candidate.reason:
        return Judgement(category, candidate.confidence, candidate.reason)
    confidence = _confidence(candidate, files)
    shown = "the repository root" if candidate.path == ROOT else f"{candidate.path}/"
    kinds = _listed([_shown(each, candidate.path) for each in candidate.manifests])
    reason = f"{kinds} in {shown}"
    if len(candidate.parts) > 1:
        reason += f", with {len(candidate.parts) - 1} more layers of the same service"
    if any(each.problem for each in candidate.packages):
        reason += ", not all readable"
    return Judgement(category, confidence, reason)


def _shown(manifest: Manifest, folder: str) -> str:
    return manifest.path if folder == ROOT else manifest.path.removeprefix(folder + "/")


def _listed(paths: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(paths))[:3]
    return " and ".join([", ".join(distinct[:-1]), distinct[-1]] if len(distinct) > 1 else distinct)


def _confidence(candidate: Candidate, files: Sequence[str]) -> float:
    if candidate.descriptor is not None and not candidate.descriptor.problem:
        return 0.95
    if not candidate.packages:
        return 0.75 if _programs(files) or _product_of(candidate) else 0.6
    return _confidence_in_package(candidate, files)


def _confidence_in_package(candidate: Candidate, files: Sequence[str]) -> float:
    kinds = {each.kind for each in candidate.packages if not each.problem}
    if kinds == {"helm"}:
        return 0.8
    if not kinds or not any(is_code(path) for path in files):
        return 0.6 if candidate.dockerfiles or not kinds else 0.4
    if candidate.dockerfiles:
        return 0.95
    if kinds == {"requirements"}:
        return 0.7
    return 0.9 if candidate.deployable else 0.85


def _product_of(candidate: Candidate) -> str:
    images = [image_name(image) for each in candidate.dockerfiles for image in each.dependencies]
    known = (*said.DATASTORES, *said.INFRASTRUCTURE)
    return next((found for image in images[-1:] if (found := said.product(image, known))), "")


def _category(candidate: Candidate, files: Sequence[str]) -> str:
    if candidate.descriptor is not None and candidate.descriptor.category:
        return candidate.descriptor.category
    name = "" if candidate.path == ROOT else base(candidate.path)
    found = {*said.words(name)}
    if said.is_load_generator(name) or not found.isdisjoint(said.TOOL):
        return "tool"
    if not found.isdisjoint(said.DOCUMENTATION):
        return "documentation"
    if any(each.category == "infrastructure" for each in candidate.packages):
        return "infrastructure"
    return _category_of_content(candidate, name, files)


def _category_of_content(candidate: Candidate, name: str, files: Sequence[str]) -> str:
    if not said.JOB.isdisjoint(said.words(name)):
        return "job"
    if candidate.packages:
        return _category_of_package(candidate, name, files)
    return _category_of_image(candidate, name, files)


def _programs(files: Sequence[str]) -> set[str]:
    """The languages of the code among `files`, scripts aside."""
    return {language_of(path) for path in files if is_code(path)} - _SCRIPTS


def _category_of_package(candidate: Candidate, name: str, files: Sequence[str]) -> str:
    starts = candidate.deployable or _has_main(candidate, files)
    if not starts and not _is_app_frontend(candidate):
        return "library"
    if not candidate.dockerfiles and _is_among_tools(candidate.path):
        return "tool"
    says_frontend = any(each.category == "frontend" for each in candidate.packages)
    # .NET says nothing of pages in its project file, but they are there to be seen
    pages = "Razor" in _programs(files) and said.NOT_FRONTEND.isdisjoint(said.words(name))
    return "frontend" if says_frontend or pages or _is_named_frontend(name) else "service"


def _is_among_tools(path: str) -> bool:
    """Whether a folder above says so: a program in ``tools/`` with an image may be a service."""
    above = path.split("/")[:-1]
    return any(not said.TOOL.isdisjoint(said.words(folder)) for folder in above)


def _is_app_frontend(candidate: Candidate) -> bool:
    """A user interface package that is not published as a library of widgets."""
    return any(
        each.category == "frontend" and each.runs is not False for each in candidate.packages
    )


def _is_named_frontend(name: str) -> bool:
    found = {*said.words(name)}
    return name.lower() in said.FRONTEND or (
        not found.isdisjoint(said.FRONTEND) and found.isdisjoint(said.NOT_FRONTEND)
    )


def _category_of_image(candidate: Candidate, name: str, files: Sequence[str]) -> str:
    """The category of a folder with a Dockerfile, or with nothing, and no package manifest."""
    product = _product_of(candidate) or said.product(name, (*said.DATASTORES, *said.INFRASTRUCTURE))
    programs = _programs(files)
    pages = any(path.endswith((".html", ".htm")) for path in files)
    if product in said.STATIC_SERVERS and (programs or pages):
        return "frontend"
    if product:
        return "datastore" if product in said.DATASTORES else "infrastructure"
    if not programs:
        return "infrastructure"
    return "frontend" if _is_named_frontend(name) else "service"


def _has_main(candidate: Candidate, files: Sequence[str]) -> bool:
    """Whether a package that does not say so starts something: it has a main file."""
    if any(each.runs is False for each in candidate.packages):
        return False
    return any(
        base(path).lower() in _MAIN_FILES or path.endswith(_MAIN_ENDINGS) or "lambda" in path
        for path in files
        if is_code(path) and not is_test(path)
    )
