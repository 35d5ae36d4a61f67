"""Holds all traffic with the stand-in against what Atlassian's products take and give.

Against our own contracts (`contracts/*.json`) always; against Atlassian's own specifications when
the folder ORCH_SHARED names (default: `shared` beside the checkout) holds them. Where the live
products differ from their specifications, `OVERLAYS` says how.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from orch_dagster.samples.atlassian import Request, Response

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("ORCH_SHARED") or HERE.parents[1] / "shared") / "specs"
SPECIFICATIONS = ("jira-cloud-v3", "confluence-cloud-v2", "confluence-cloud-v1")
V2 = "/wiki/api/v2"
GATEWAY = re.compile(r"/ex/(?:jira|confluence)/[^/]+(?=/)")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
VARIABLE = re.compile(r"\{[^}]+\}")
EVERYWHERE = {401, 413, 415, 429, 503}
"""Statuses Atlassian documents once for all operations, not at each."""


def specification_file(name: str) -> Path | None:
    """The official specification of that name, None when it is not here."""
    return next(iter(sorted(SHARED.glob(f"{name}.*.json"))), None)


def _remove_old_search(spec: Any) -> None:
    """The live products answer 410; the specification still has it."""
    spec["paths"].pop("/rest/api/3/search", None)


def _close_page_bodies(spec: Any) -> None:
    """A body is one of two schemas that require nothing: a right one fits both, a wrong one one."""
    schemas = spec["components"]["schemas"]
    if "PageBodyWrite" in schemas:
        closed = {"required": ["representation", "value"], "additionalProperties": False}
        schemas["PageBodyWrite"] |= closed
        schemas["PageNestedBodyWrite"] |= {"minProperties": 1, "additionalProperties": False}


def _add_conflicts(spec: Any) -> None:
    """A stale version number is answered with 409, which the specification leaves out."""
    for path in ("/pages/{id}", "/pages/{page-id}/properties/{property-id}"):
        if path in spec["paths"]:
            spec["paths"][path]["put"]["responses"]["409"] = {"description": "Stale version."}


def _allow_no_parent(spec: Any) -> None:
    """A page at the root has no parent: the description says null, the type does not."""
    for name in ("PageSingle", "PageBulk"):
        if (page := spec["components"]["schemas"].get(name)) is not None:
            page["properties"]["parentId"]["nullable"] = True
            kind = spec["components"]["schemas"]["ParentContentType"]
            page["properties"]["parentType"] = {**kind, "nullable": True}


def _document_refusals(spec: Any) -> None:
    """401, 413, 415, 429 and 503 are documented once for all operations."""
    for methods in spec["paths"].values():
        for operation in methods.values():
            if isinstance(operation, dict) and "responses" in operation:
                for status in EVERYWHERE:
                    known = operation["responses"].get(str(status), {})
                    operation["responses"][str(status)] = {"description": "", **known}
                    operation["responses"][str(status)].pop("content", None)


OVERLAYS = (
    _remove_old_search,
    _close_page_bodies,
    _add_conflicts,
    _allow_no_parent,
    _document_refusals,
)


@cache
def specification(name: str) -> Any:
    """An official specification with the overlays; None when it is not here."""
    file = specification_file(name)
    if file is None:
        return None
    spec = json.loads(file.read_text("utf-8"))
    for overlay in OVERLAYS:
        overlay(spec)
    return spec


def _as_json_schema(part: Any) -> Any:
    """OpenAPI's `nullable` written as JSON Schema has it."""
    if isinstance(part, list):
        return [_as_json_schema(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {key: _as_json_schema(value) for key, value in part.items()}
    if made.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


@cache
def pattern_of(path: str) -> re.Pattern[str]:
    """What a path of a specification matches; fixed parts are preferred by whoever compares."""
    return re.compile("([^/]+)".join(re.escape(part) for part in VARIABLE.split(path)))


@dataclass(frozen=True)
class Rule:
    """An operation as our contract has it; `source` is the specification it also stands in."""

    name: str
    source: str
    held: dict[str, Any]
    everywhere: dict[str, Any]
    definitions: dict[str, Any]
    validators: dict[str, jsonschema_rs.Draft202012Validator] = field(default_factory=dict)

    def errors(self, part: str, value: Any) -> Iterator[str]:
        """What is wrong with a `query`, a `request` or (by status) a response."""
        if part not in self.validators:
            schema = {**self.schema(part), "$defs": self.definitions}
            self.validators[part] = jsonschema_rs.Draft202012Validator(schema)
        for error in self.validators[part].iter_errors(value):
            yield f"{part}: {error.message[:300]} at /{'/'.join(map(str, error.instance_path))}"

    def schema(self, part: str) -> dict[str, Any]:
        closed: dict[str, Any] = {"type": "object", "additionalProperties": False}
        if part in {"query", "request"}:
            found = self.held.get(part, closed if part == "query" else {})
        else:
            found = self.held["responses"].get(part, self.everywhere.get(part))
        return found if isinstance(found, dict) else {}

    @property
    def unspecified(self) -> bool:
        """Whether Atlassian's specifications leave it out."""
        return "unspecified" in self.held

    def statuses(self) -> set[str]:
        return {*self.held["responses"], *self.everywhere}


@cache
def rules() -> tuple[Rule, ...]:
    """All operations of our contracts, those with fewer variable parts in their path first."""
    found = []
    for product in ("jira", "confluence"):
        held = json.loads((HERE / "contracts" / f"{product}.json").read_text("utf-8"))
        for name, operation in held["operations"].items():
            source = operation.get("specification", held["specification"])
            label = f"{source}: {name}"
            found.append(Rule(label, source, operation, held["everywhere"], held["$defs"]))
    return tuple(sorted(found, key=lambda rule: rule.held["path"].count("{")))


def rule_for(method: str, path: str) -> Rule | None:
    """The operation of our contracts a request is for."""
    for rule in rules():
        if rule.held["method"] == method and pattern_of(rule.held["path"]).fullmatch(path):
            return rule
    return None


class Official:
    """One official specification, compiled."""

    def __init__(self, name: str, spec: Any) -> None:
        self.name = name
        self.spec = spec
        self._prefix = V2 if name.endswith("v2") else ""
        self._registry = jsonschema_rs.Registry([(f"urn:{name}", _as_json_schema(spec))])
        self._validators: dict[str, jsonschema_rs.Draft4Validator] = {}

    def path(self, path: str) -> str | None:
        """The specification's path for ours, whatever it calls the variable parts."""
        wanted = VARIABLE.sub("{}", path.removeprefix(self._prefix))
        return next((p for p in self.spec["paths"] if VARIABLE.sub("{}", p) == wanted), None)

    def operation(self, rule: Rule) -> Any:
        """The specification's own record of one of our operations."""
        path = self.path(rule.held["path"])
        return self.spec["paths"][path].get(rule.held["method"].lower()) if path else None

    def resolved(self, part: Any) -> Any:
        """What a reference leads to."""
        while "$ref" in part:
            found = self.spec
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            part = found
        return part

    def request_errors(self, rule: Rule, request: Request, body: Any) -> Iterator[str]:
        """What is wrong with a request's path, query and body."""
        operation = self.operation(rule)
        if operation is None:
            yield f"no such operation in {self.name}"
            return
        known = {}
        for parameter in map(self.resolved, operation.get("parameters", ())):
            known[parameter["in"], parameter["name"]] = parameter
        yield from self._path_errors(rule, request, known)
        for name, values in request.query.items():
            parameter = known.get(("query", name))
            if parameter is None:
                yield f"unknown query parameter {name}"
            else:
                yield from self._parameter_errors(parameter, values)
        missing = {n for (where, n), p in known.items() if where == "query" and p.get("required")}
        for name in missing - set(request.query):
            yield f"missing query parameter {name}"
        if "requestBody" in operation:
            content = self.resolved(operation["requestBody"])["content"]["application/json"]
            yield from self._errors("request", content["schema"], body)

    def _path_errors(self, rule: Rule, request: Request, known: Any) -> Iterator[str]:
        path = self.path(rule.held["path"]) or ""
        found = pattern_of(rule.held["path"]).fullmatch(plain_path(request))
        names = [part[1:-1] for part in VARIABLE.findall(path)]
        for name, value in zip(names, found.groups() if found else (), strict=False):
            yield from self._parameter_errors(known["path", name], [value])

    def _parameter_errors(self, parameter: Any, values: list[str]) -> Iterator[str]:
        schema = self.resolved(parameter["schema"])
        if schema.get("type") == "array":
            items = self.resolved(schema["items"])
            if "comma-separated" in parameter.get("description", ""):
                values = ",".join(values).split(",")
            given: Any = [_typed(items, value) for value in values]
        else:
            given = _typed(schema, values[0])
        yield from self._errors(f"parameter {parameter['name']}", parameter["schema"], given)

    def response_errors(self, rule: Rule, response: Response) -> Iterator[str]:
        """What is wrong with a response's status and body."""
        operation = self.operation(rule)
        known = self.resolved((operation or {}).get("responses", {}).get(str(response.status), {}))
        if not known:
            yield f"status {response.status} is not documented"
            return
        schema = known.get("content", {}).get("application/json", {}).get("schema")
        if schema is not None and response.body:
            yield from self._errors(f"response {response.status}", schema, response.json())

    def _errors(self, what: str, schema: Any, value: Any) -> Iterator[str]:
        key = json.dumps(schema)
        if key not in self._validators:
            held = json.loads(key.replace('"$ref": "#/', f'"$ref": "urn:{self.name}#/'))
            self._validators[key] = jsonschema_rs.Draft4Validator(
                _as_json_schema(held),
                registry=self._registry,
                validate_formats=True,
                formats={"date-time": lambda text: bool(MOMENT.fullmatch(text))},
            )
        for error in self._validators[key].iter_errors(value):
            where = "/".join(map(str, error.instance_path))
            yield f"{what}: {error.message[:300]} at /{where}"


def _typed(schema: Any, text: str) -> Any:
    """A parameter's text as the kind its schema names."""
    try:
        if schema.get("type") == "integer":
            return int(text)
        if schema.get("type") == "boolean":
            return {"true": True, "false": False}[text]
    except (ValueError, KeyError):
        return text
    return text


@cache
def official(name: str) -> Official | None:
    """An official specification with the overlays, compiled; None when it is not here."""
    spec = specification(name)
    return None if spec is None else Official(name, spec)


@cache
def adf_schema() -> jsonschema_rs.Draft4Validator | None:
    """Atlassian's own schema of ADF; None when `make tools` has not brought it."""
    file = HERE / "tools/node_modules/@atlaskit/adf-schema/dist/json-schema/v1/full.json"
    if not file.is_file():
        return None
    return jsonschema_rs.Draft4Validator(json.loads(file.read_text("utf-8")))


def plain_path(request: Request) -> str:
    """The path as it would be on the site."""
    return GATEWAY.sub("", request.path, count=1)


def documents_in(body: Any) -> Iterator[Any]:
    """Every ADF document in a request's body."""
    if isinstance(body, dict):
        if body.get("type") == "doc":
            yield body
        elif body.get("representation") == "atlas_doc_format":
            yield json.loads(body["value"])
        else:
            for value in body.values():
                yield from documents_in(value)
    elif isinstance(body, list):
        for value in body:
            yield from documents_in(value)


COUNTS: Counter[str] = Counter()
"""Exchanges checked in this run of the tests, by operation."""


def counts() -> list[tuple[str, int]]:
    """How often each operation of our contracts was called under the checker in this run."""
    return [(rule.name, COUNTS[rule.name]) for rule in sorted(rules(), key=lambda r: r.name)]


OURS, THEIRS, ADF = "our contract", "Atlassian's specification", "Atlassian's schema of ADF"


@dataclass
class Checker:
    """Takes every exchange with a stand-in, counts it, and collects what is wrong with it."""

    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: Request, response: Response) -> None:
        rule = rule_for(request.method, plain_path(request))
        if rule is None:
            self.violations.append(f"{request.method} {request.path}: not in our contracts")
            return
        self.counts[rule.name] += 1
        COUNTS[rule.name] += 1
        problems = [*request_problems(rule, request), *response_problems(rule, request, response)]
        self.violations += [f"{rule.name}: {who}: {what}" for who, what in problems]


def request_problems(rule: Rule, request: Request) -> Iterator[tuple[str, str]]:
    """What is wrong with a request, each with who says so."""
    body = None
    if not rule.held.get("anonymous") and not _has_token(request):
        yield OURS, "the request holds no e-mail and token"
    if request.method in {"POST", "PUT"}:
        if not request.header("Content-Type").startswith("application/json"):
            yield OURS, "the request is not sent as JSON"
        try:
            body = json.loads(request.body)
        except ValueError:
            yield OURS, "the request is not JSON"
            return
        yield from ((OURS, problem) for problem in rule.errors("request", body))
        if (schema := adf_schema()) is not None:
            for document in documents_in(body):
                yield from ((ADF, error.message[:300]) for error in schema.iter_errors(document))
    query = {name: ",".join(values) for name, values in request.query.items()}
    yield from ((OURS, problem) for problem in rule.errors("query", query))
    if (known := official(rule.source)) is not None and not rule.unspecified:
        yield from ((THEIRS, problem) for problem in known.request_errors(rule, request, body))


def response_problems(
    rule: Rule, request: Request, response: Response
) -> Iterator[tuple[str, str]]:
    """What is wrong with a response, each with who says so; on purpose, it may be wrong."""
    if response.misbehaved:
        return
    status = str(response.status)
    if status not in rule.statuses():
        yield OURS, f"status {status} is not in our contract"
    elif response.body:
        yield from ((OURS, problem) for problem in rule.errors(status, response.json()))
    by_gateway = request.path != plain_path(request) and response.status in {401, 404}
    known = official(rule.source)
    if known is not None and not rule.unspecified and not by_gateway:
        yield from ((THEIRS, problem) for problem in known.response_errors(rule, response))


def _has_token(request: Request) -> bool:
    scheme, _, value = request.header("Authorization").partition(" ")
    try:
        return scheme == "Basic" and b":" in base64.b64decode(value, validate=True)
    except ValueError:
        return False
