"""24 secrets, plain and hidden in 20 ways: what is caught and what is not, honestly."""

from __future__ import annotations

import base64
import codecs
import gzip
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.secrets import find_secrets

# Put together here, so that no scanner of this repository finds one.
HEX = "3f9a1c7e5b2d8064" * 4
MIX = "Zk8Qw3Rt6Yp1Lx9Vb2Nc7Md4Hf5Jg0Ks8Ta3Ue6Wi1Oo9Pq2"
SECRETS: dict[str, str] = {
    "aws access key": "AKIA" + "Z7QW3RT6YP1LX9VB",
    "aws secret key": "aws_secret_access_key = " + "wJ4lrXUtnF3MI0K7MDE4NG2bPxRf9CYz1k8Qw3Rt",
    "google api key": "AIza" + "SyB1k8Qw3Rt6Yp1Lx9Vb2Nc7Md4Hf5Jg0Ks",
    "google oauth": "GOCSPX-" + MIX[:28],
    "github token": "ghp_" + MIX[:36],
    "github fine-grained": "github_pat_" + MIX[:40],
    "gitlab token": "glpat-" + MIX[:20],
    "slack token": "xoxb-" + "273849102938-384910293847-" + MIX[:24],
    "slack webhook": "https://hooks.slack.com/services/" + "T0A1B2C3D/B4E5F6G7H/" + MIX[:24],
    "stripe key": "sk_live_" + MIX[:24],
    "atlassian token": "ATATT3" + MIX + MIX[:12],
    "npm token": "npm_" + MIX[:36],
    "pypi token": "pypi-AgE" + "IcHlwaS5vcmc" + MIX,
    "openai key": "sk-proj-" + MIX[:40],
    "sendgrid key": "SG." + MIX[:22] + "." + MIX[:43],
    "twilio key": "SK" + HEX[:32],
    "telegram token": "283749102:AA" + MIX[:33],
    "json web token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiI5ODc2NSJ9." + MIX[:43],
    "azure key": "AccountKey=" + MIX + MIX[:38] + "==",
    "rsa key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA" + MIX + "\n",
    "openssh key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE" + MIX,
    "database address": "postgres://shop:" + "Tr0ub4dor-3x@db.internal.net:5432/shop",
    "password": 'password = "' + "kX9!vQ2#mL7z" + '"',
    "senha": 'DB_SENHA: "' + "pR4&tY8*wN1s" + '"',
}


def _escaped(secret: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in secret)


def _halves(secret: str, between: str) -> str:
    secret = secret.replace("\n", "\\n")
    if secret.endswith('"'):  # a named value: split the value
        return f"{secret[:-8]}{between}{secret[-8:]}"
    return f'"{secret[:6]}{between}{secret[6:]}"'


HIDINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "in prose": lambda s: f"We rotated the key {s} after the incident of last week.",
    "allow-list pragma": lambda s: f"{s}  # pragma: allowlist secret",
    "code fence": lambda s: f"Set it like this:\n\n```sh\nexport X={s}\n```\n",
    "quoted diff": lambda s: f"-old\n+{s}",
    "markdown quote": lambda s: "> " + s,
    "html comment": lambda s: f"<!-- {s} -->",
    "html entities": lambda s: "".join(f"&#{ord(char)};" for char in s),
    "percent encoding": lambda s: quote(s, safe=""),
    "unicode escapes": _escaped,
    "zero-width characters": "\u200b".join,
    "full-width letters": lambda s: "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in s
    ),
    "utf-16 read as latin-1": lambda s: s.encode("utf-16").decode("latin-1"),
    "not utf-8 around it": lambda s: f"caf\ufffd \udce9 {s} \ufffd",
    "split by +": lambda s: _halves(s, '" + "'),
    "split over lines": lambda s: _halves(s, '"\n    "'),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 in lines": lambda s: base64.encodebytes(f"key:\n{s}\n{s}".encode()).decode(),
    "base64 twice": lambda s: base64.b64encode(base64.b64encode(s.encode())).decode(),
    "hex": lambda s: s.encode().hex(),
    "gzip in base64": lambda s: base64.b64encode(gzip.compress(s.encode(), mtime=0)).decode(),
    "reversed": lambda s: s[::-1],
    "rot13": lambda s: codecs.encode(s, "rot13"),
    "two variables": lambda s: f"a = '{s[:3]}'\nb = '{s[3:]}'\nc = a + b",
}
# Stated as they are: ciphers, reversed text and what only a program puts together are not seen.
UNSEEN = {"reversed": 0, "rot13": 2, "two variables": 16}


def test_there_are_24_secrets() -> None:
    assert len(SECRETS) == 24


@pytest.mark.parametrize("hiding", [name for name in HIDINGS if name not in UNSEEN])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_however_the_text_dresses_it(secret: str, hiding: str) -> None:
    assert find_secrets(HIDINGS[hiding](SECRETS[secret]))


@pytest.mark.parametrize(("hiding", "caught"), UNSEEN.items())
def test_what_is_not_seen_is_known(hiding: str, caught: int) -> None:
    found = [name for name, secret in SECRETS.items() if find_secrets(HIDINGS[hiding](secret))]
    assert len(found) == caught


@pytest.mark.parametrize(
    "text",
    [
        "The token expires after 15 minutes and the password is never logged.",
        "Corrige o token: a senha do usuário não era validada quando vazia",
        "Revert 3f9a1c7e5b2d80643f9a1c7e5b2d80643f9a1c7e because sha256:" + HEX,
        "Image digest sha256:" + HEX + " and id 123e4567-e89b-12d3-a456-426614174000",
        'resource_version = "3f9a1c7e5b2d80643f9a1c7e5b2d80643f9a1c7e"',
        'password = "changeme"',
        'password: "<your-password>"',
        "API_KEY=${API_KEY}",
        'export TOKEN="$(vault read -field=token secret/app)"',
        "SECRET_KEY=os.environ['SECRET_KEY']",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "password = getpass.getpass()",
        "DB_PASSWORD=password",
        "MYSQL_ROOT_PASSWORD: root",
        "postgres://user:password@localhost:5432/db",
        "postgres://$USER:$PASS@db:5432/app",
        "https://user:<token>@example.com/x.git",
        "AKIAIOSFODNN7EXAMPLE is the documentation's key",
        "Set `spring.datasource.password` in application.yml, see docs/passwords-and-tokens.md",
        "feat(auth): rotate refresh tokens (#1234), closes PROJ-99",
        "kubectl create secret generic pubsub-key --from-file=key.json",
        "see https://github.com/open-telemetry/opentelemetry-demo/pull/1109#discussion_r983799022",
        "go.sum: golang.org/x/net v0.0.0-20220722155237-a158d28 h1:PxfKdU9lEEDYjdIzOtC4qFWgkU2",
        "integrity sha512-oRjTw/97aTBN0RHbYCdtF1MQfvusSIBQM0IZEgzl6426+8jSC0nF1a/GmnVLpfB9yyr6g6==",
        'the gateway at "34.120.7.9:443" refused the connection from 51.15.20.7',
        "secret: charts/base2/Secret1.yaml is read by the Job4 of the release",
        "token_count=254 max_tokens: 4096, tokens = tokenizer.encode(text)",
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.PBKDF2PasswordHasher']",
        "the secret is to keep transactions short; access key rotation every 90 days",
        "Altera chave-secreta para variável de ambiente DJANGO_SECRET_KEY",
    ],
)
def test_ordinary_texts_hold_no_secret(text: str) -> None:
    assert find_secrets(text) == []


def test_a_finding_says_kind_and_line_and_never_the_secret() -> None:
    secret = SECRETS["github token"]
    found = find_secrets(f"title\n\nuse {secret} for now\n")
    assert {finding.line for finding in found} == {3}
    assert "github token" in {finding.kind for finding in found}
    assert secret not in repr(found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("artifactory: AKC" + "p8" + MIX[:10] + MIX[10:20], "artifactory credentials"),
        (f'cursor("{MIX[:40]}+x/")', "base64 high entropy string"),
        (
            "# pragma: allowlist nextline secret\n" + f'call("{MIX[:40]}+x/")',
            "base64 high entropy string",
        ),
    ],
)
def test_the_librarys_plugins_see_what_our_patterns_have_no_name_for(text: str, kind: str) -> None:
    assert [finding.kind for finding in find_secrets(text)] == [kind]


def test_a_text_too_long_to_search_does_not_pass() -> None:
    assert [finding.kind for finding in find_secrets("ab " * 70_000)] == ["text too long to search"]


def test_both_layers_see_a_plain_token_on_their_own() -> None:
    kinds = {finding.kind for finding in find_secrets(SECRETS["slack token"])}
    assert kinds == {"slack token"}  # the library's name and ours are the same


@given(st.text(max_size=500))
@settings(deadline=None)
def test_no_text_raises(text: str) -> None:
    for finding in find_secrets(text):
        assert finding.line >= 1


@pytest.mark.parametrize(
    ("start", "part"),
    [("", "A"), ("", "password = "), ("", '"+"'), ("", "://"), ("", "//a"), ("", "\\u0041"),
     ("", "-----BEGIN "), ("", "aws "), ("", "a1"), ("", "sk-"), ("", "eyJ"),
     ("", "QUtJ" * 30 + "\n"), ("softlayer_token", " ")],
)  # fmt: skip
def test_no_crafted_text_takes_long(start: str, part: str) -> None:
    """Four times the text takes about four times as long, not sixteen times."""

    def seconds(characters: int) -> float:
        text, started = start + part * (characters // len(part)), time.process_time()
        find_secrets(text)
        return time.process_time() - started

    find_secrets(start + part)  # makes the plugins
    # the least of three: a busy machine makes one of them slow
    least = {size: min(seconds(size) for _ in range(3)) for size in (25_000, 100_000)}
    assert least[100_000] < 9 * (least[25_000] + 0.02), least


@pytest.mark.parametrize("before", [0, 3_000, 4_070, 50_000])
def test_a_secret_far_into_a_line_is_found(before: int) -> None:
    line = "//a " * (before // 4) + f"hook https://user:{MIX[:20]}@host/x " + "//b " * 2_000
    assert {"basic auth credentials"} <= {one.kind for one in find_secrets(line)}


def test_typical_learnings_are_searched_at_more_than_300_a_second() -> None:
    text = (
        "cart: retry the checkout call when redis times out\n\nThe client gave up after one try, "
        'so `Timeout("redis")` reached the user. Retry with backoff, see src/cart/store.py and '
        "commit 3f9a1c7e5b2d.\n- use jittered backoff\n- log the attempt number"
    )
    find_secrets(text)
    started = time.process_time()
    for _ in range(200):
        find_secrets(text)
    assert 200 / (time.process_time() - started) > 300
