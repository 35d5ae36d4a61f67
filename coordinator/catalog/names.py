"""What folder and image names say: the words by which people name what they build.

Only names here, no files: `words` cuts a name, the tables say what a word stands for.
"""

from __future__ import annotations

import re

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

FRONTEND = frozenset(["frontend", "front", "ui", "web", "webapp", "website", "webui"]) | frozenset(
    ["storefront", "portal", "spa", "mobile", "ios", "android"]
)
NOT_FRONTEND = frozenset(["api", "gateway", "proxy", "bff", "server", "service", "backend", "hook"])
TOOL = frozenset(["tool", "tools", "tooling", "cli", "loadgen", "loadgenerator", "loadtest"]) | (
    frozenset(["benchmark", "benchmarks", "simulator", "chaos", "hack", "devtools"])
)
JOB = frozenset(["job", "jobs", "cron", "cronjob", "batch", "migration", "migrations"]) | frozenset(
    ["migrator", "migrate", "init", "seed", "seeder", "etl"]
)
DOCUMENTATION = frozenset(["doc", "docs", "documentation", "docsite", "handbook"])
LIBRARY = frozenset(["lib", "libs", "library", "shared", "common", "commons"])
TEST = frozenset(["test", "tests", "testing", "unittest", "unittests", "e2e", "uitest", "uitests"])

DATASTORES = (
    *("mysql", "mariadb", "postgres", "postgresql", "postgis", "mongo", "mongodb", "redis"),
    *("valkey", "memcached", "cassandra", "scylla", "dynamodb", "elasticsearch", "opensearch"),
    *("clickhouse", "neo4j", "influxdb", "cockroach", "mssql", "sqlserver", "oracle", "couchdb"),
    *("minio", "etcd", "eventuate-mysql", "timescaledb"),
)
INFRASTRUCTURE = (
    *("kafka", "zookeeper", "rabbitmq", "nats", "activemq", "pulsar", "mosquitto", "redpanda"),
    *("nginx", "httpd", "caddy", "traefik", "haproxy", "envoy", "kong", "varnish"),
    *("grafana", "prometheus", "jaeger", "zipkin", "loki", "tempo", "alertmanager", "kibana"),
    *("logstash", "fluentd", "fluent-bit", "fluentbit", "filebeat", "otel-collector", "otelcol"),
    *("opentelemetry-collector", "vector", "telegraf", "statsd", "mailhog", "keycloak", "vault"),
    *("consul", "flagd", "localstack", "seq", "unleash", "pgadmin", "istio", "linkerd"),
)
STATIC_SERVERS = ("nginx", "httpd", "caddy")

KUBERNETES = frozenset(["k8s", "kubernetes", "kustomize", "openshift", "istio", "manifests"])
BUILD_ONLY = frozenset(["docker", "build", "ci", "deploy", "deployment", "scripts", "dockerfiles"])

EXAMPLES = frozenset(["example", "examples", "_examples", "sample", "samples", "fixtures"]) | (
    frozenset(["testdata", "test-data", "cookbook", "templates", "archetypes"])
)
TEST_FOLDERS = frozenset(["test", "tests", "__tests__", "spec", "e2e", "testing", "cypress"]) | (
    frozenset(["integration-tests", "end-to-end-tests", "acceptance-tests", "test-utils"])
)
GENERATED = frozenset(["genproto", "gen", "generated", "pb", "proto", "protos", "protobuf"])
NOT_OURS = frozenset(["node_modules", "bower_components", "vendor", "vendors", "third_party"]) | (
    frozenset(["third-party", "site-packages", "dist", "obj", "venv", "__pycache__", "buildSrc"])
)

LAYER_ORDER = (
    *("api", "webapi", "web", "host", "server", "service", "worker", "functions", "function"),
    *("grpc", "rest", "presentation", "app", "application", "core", "domain", "model", "models"),
    *("infrastructure", "infra", "persistence", "data", "dataaccess", "repository"),
    *("repositories", "contracts", "abstractions", "shared", "migrations"),
)
"""The layers of one service in the onion and clean architectures, entry points first."""


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name: ``loadGen-2`` is load, gen, 2."""
    return tuple(found.lower() for found in _CAMEL.findall(name))


def product(name: str, known: tuple[str, ...]) -> str:
    """Which of the `known` products a folder or image is named after; '' for none.

    The name is the product, or begins or ends with it at a word: ``dynamodblocal`` too, since
    images are often called so, but only for products of five letters and more.
    """
    plain = name.lower().replace("_", "-")
    for each in known:
        if plain == each or plain.startswith(f"{each}-") or plain.endswith(f"-{each}"):
            return each
        if len(each) >= 5 and plain.startswith(each) and plain[len(each) :].isalnum():
            return each
    return ""


def is_load_generator(name: str) -> bool:
    """Whether a name says that the folder makes load: ``load-gen``, ``LoadTest``."""
    found = words(name)
    return "load" in found and not {"gen", "generator", "test", "tests", "tester"}.isdisjoint(found)


def is_test(name: str) -> bool:
    """Whether a folder or project is named a test: ``Invoice.UnitTests``, ``test-util``."""
    if is_load_generator(name):
        return False
    found = words(name)
    return not TEST.isdisjoint(found) or {"unit", "tests"} <= {*found}


def layer_of(project: str) -> tuple[str, int]:
    """(service, place in `LAYER_ORDER`) of a .NET project name; ('', -1) when it is no layer.

    ``Shop.Ordering.API`` is layer 0 of ``Shop.Ordering``.
    """
    service, _, layer = project.rpartition(".")
    if service and layer.lower() in LAYER_ORDER:
        return service, LAYER_ORDER.index(layer.lower())
    return "", -1
