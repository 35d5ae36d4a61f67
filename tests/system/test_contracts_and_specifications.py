"""Our contracts say nothing that Atlassian's own specifications do not know."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

MISSING = "Atlassian's specifications are not here (ORCH_SHARED)"


@pytest.fixture(scope="module", autouse=True)
def specifications(atlassian_contracts: ModuleType) -> None:
    if any(
        atlassian_contracts.specification(n) is None for n in atlassian_contracts.SPECIFICATIONS
    ):
        pytest.skip(MISSING)


def kinds(schema: Any) -> set[str]:
    """The types a schema allows, without null; empty when it says nothing of types."""
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return {"string"} if all(isinstance(value, str) for value in values) else set()
    named = schema.get("type", [])
    return set([named] if isinstance(named, str) else named) - {"null"}


TELLING = {"type", "enum", "properties", "items", "additionalProperties"}


class Comparison:
    """Walks one of our schemas beside the official one."""

    def __init__(self, official: Any, definitions: dict[str, Any]) -> None:
        self.official = official
        self.definitions = definitions
        self.compared = 0

    def ours(self, schema: Any) -> Any:
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def choices(self, schema: Any) -> list[Any]:
        """The official schema with its alternatives and parts side by side."""
        schema = self.official.resolved(schema)
        parts = [part for key in ("allOf", "oneOf", "anyOf") for part in schema.get(key, ())]
        plain = {key: value for key, value in schema.items() if key in TELLING}
        found = [choice for part in parts for choice in self.choices(part)]
        return [plain, *found] if plain else found

    def differences(self, ours: Any, theirs: Any, where: str, depth: int = 0) -> Iterator[str]:
        """What we say and they do not know."""
        ours = self.ours(ours)
        if ours is True or depth > 6:
            return
        parts = [part for key in ("allOf", "oneOf", "anyOf") for part in ours.get(key, ())]
        for part in parts:
            yield from self.differences(part, theirs, where, depth + 1)
        choices = self.choices(theirs)
        self.compared += 1
        yield from self._kind_differences(ours, choices, where)
        known: dict[str, list[Any]] = {}
        for choice in choices:
            for name, schema in choice.get("properties", {}).items():
                known.setdefault(name, []).append(schema)
        free = all(c.get("type", "object") == "object" and "properties" not in c for c in choices)
        for name, schema in ours.get("properties", {}).items():
            if name in known:
                either = {"anyOf": known[name]}
                yield from self.differences(schema, either, f"{where}.{name}", depth + 1)
            elif not free:
                yield f"{where}.{name}: not known there"
        items = [choice["items"] for choice in choices if "items" in choice]
        if "items" in ours and items:
            yield from self.differences(ours["items"], {"anyOf": items}, f"{where}[]", depth + 1)

    def _kind_differences(self, ours: Any, choices: list[Any], where: str) -> Iterator[str]:
        allowed = set().union(*(kinds(choice) for choice in choices))
        if allowed and kinds(ours) - allowed:
            yield f"{where}: {kinds(ours)} is not {allowed}"
        mine = ours.get("enum", [ours["const"]] if "const" in ours else [])
        theirs = [value for choice in choices for value in choice.get("enum", ())]
        if mine and theirs and set(mine) - {*theirs, None}:
            yield f"{where}: {set(mine) - set(theirs)} is not among {theirs}"


def parts_of(contracts: ModuleType, rule: Any) -> Iterator[tuple[str, Any, Any]]:
    """Our schemas of an operation beside the official ones."""
    known = contracts.official(rule.source)
    operation = known.operation(rule)
    if "requestBody" in operation:
        content = known.resolved(operation["requestBody"])["content"]["application/json"]
        yield "request", rule.schema("request"), content["schema"]
    for status in rule.held["responses"]:
        response = known.resolved(operation["responses"].get(status, {}))
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema is not None and rule.held["responses"][status] is not False:
            yield status, rule.schema(status), schema


def test_every_operation_of_ours_stands_in_an_official_specification(
    atlassian_contracts: ModuleType,
) -> None:
    for rule in atlassian_contracts.rules():
        operation = atlassian_contracts.official(rule.source).operation(rule)
        if rule.unspecified:
            assert operation is None, f"{rule.name} is specified by now"
        else:
            assert operation is not None, rule.name
            assert operation["operationId"] == rule.name.partition(": ")[2]
            assert not operation.get("deprecated"), f"{rule.name} is going away"


def test_every_status_of_ours_is_documented(atlassian_contracts: ModuleType) -> None:
    for rule in atlassian_contracts.rules():
        if not rule.unspecified:
            operation = atlassian_contracts.official(rule.source).operation(rule)
            assert set(rule.held["responses"]) <= set(operation["responses"]), rule.name


def test_what_we_send_and_rely_on_is_known_there_and_of_the_same_kind(
    atlassian_contracts: ModuleType,
) -> None:
    found, compared = [], 0
    for rule in atlassian_contracts.rules():
        if not rule.unspecified:
            comparison = Comparison(atlassian_contracts.official(rule.source), rule.definitions)
            for part, ours, theirs in parts_of(atlassian_contracts, rule):
                found += comparison.differences(ours, theirs, f"{rule.name} {part}")
            compared += comparison.compared
    assert found == []
    assert compared > 300


def test_our_query_parameters_are_known_there(atlassian_contracts: ModuleType) -> None:
    for rule in atlassian_contracts.rules():
        if rule.unspecified:
            continue
        official = atlassian_contracts.official(rule.source)
        rows = map(official.resolved, official.operation(rule).get("parameters", ()))
        known = {
            row["name"]: official.resolved(row["schema"]) for row in rows if row["in"] == "query"
        }
        for name, schema in rule.schema("query").get("properties", {}).items():
            assert name in known, f"{rule.name} ?{name}"
            theirs = known[name].get("enum") or known[name].get("items", {}).get("enum")
            if theirs and "enum" in schema:
                assert set(schema["enum"]) <= set(theirs), f"{rule.name} ?{name}"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"properties": {"inventor": {"type": "string"}}}, "inventor: not known"),
        ({"properties": {"id": {"type": "integer"}}}, "id: {'integer'} is not"),
        ({"properties": {"status": {"enum": ["current", "sleeping"]}}}, "{'sleeping'} is not"),
        ({"properties": {"version": {"properties": {"no": {}}}}}, "version.no: not known"),
    ],
)
def test_a_contract_that_claims_more_is_told(
    atlassian_contracts: ModuleType, schema: Any, told: str
) -> None:
    comparison = Comparison(atlassian_contracts.official("confluence-cloud-v2"), {})
    page = {"$ref": "#/components/schemas/PageSingle"}
    (difference,) = comparison.differences(schema, page, "page")
    assert told in difference


def test_every_overlay_still_changes_a_specification(atlassian_contracts: ModuleType) -> None:
    plain = [
        json.loads(atlassian_contracts.specification_file(name).read_text("utf-8"))
        for name in atlassian_contracts.SPECIFICATIONS
    ]
    for overlay in atlassian_contracts.OVERLAYS:
        changed = copy.deepcopy(plain)
        for spec in changed:
            overlay(spec)
        assert changed != plain, overlay.__doc__
