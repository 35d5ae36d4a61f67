"""What secrets look like, and what only looks like one.

Tokens are what a provider issues: their form alone proves them. Named values are whatever stands
behind a name like ``password``: they count unless the value is a placeholder or a plain word.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

_TOKENS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # kind, letters that stand in every such token (a quick look first), the token
    ("private key", ("PRIVATE KEY",), r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    ("private key", ("PuTTY-User",), r"PuTTY-User-Key-File-\d"),
    ("private key", ("AGE-SECRET",), r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    (
        "aws access key",
        ("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    ("google api key", ("AIza",), r"AIza[\w-]{35}"),
    ("google oauth secret", ("GOCSPX-",), r"GOCSPX-[\w-]{20,}"),
    ("google oauth token", ("ya29.",), r"\bya29\.[\w-]{30,}"),
    (
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}",
    ),
    ("gitlab token", ("gl",), r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20,}"),
    ("slack token", ("xox", "xapp-"), r"xox[abeoprs]-[\w-]{10,}|xapp-\d-[\w-]{20,}"),
    (
        "slack webhook",
        ("hooks.slack",),
        r"hooks\.slack\.com/(?:services|workflows)/T\w{6,}/\w{6,}/\w{16,}",
    ),
    ("discord webhook", ("/api/webhooks/",), r"/api/webhooks/\d{15,}/[\w-]{30,}"),
    (
        "stripe key",
        ("sk_live", "sk_test", "rk_live", "rk_test", "whsec_"),
        r"\b(?:(?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9]{16,}",
    ),
    ("atlassian token", ("ATATT3", "ATCTT3", "ATBB"), r"\b(?:AT[AC]TT3[\w=-]{40,}|ATBB\w{28,})"),
    ("npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi token", ("pypi-",), r"\bpypi-AgE[\w-]{40,}"),
    ("openai or anthropic key", ("sk-",), r"\bsk-(?=[\w-]{0,99}\d)[A-Za-z0-9_-]{32,}"),
    ("sendgrid key", ("SG.",), r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    ("twilio key", ("SK", "AC"), r"\b(?:SK|AC)(?=\w*[a-f])(?=\w*\d)[0-9a-f]{32}\b"),
    ("mailgun key", ("key-",), r"\bkey-[0-9a-f]{32}\b"),
    ("mailchimp key", ("-us",), r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("digitalocean token", ("_v1_",), r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("hashicorp token", ("hv", "atlasv1"), r"\bhv[sbr]\.[\w-]{24,}|\.atlasv1\.[\w-]{60,}"),
    ("hugging face token", ("hf_",), r"\bhf_[A-Za-z0-9]{34,}\b"),
    ("databricks token", ("dapi",), r"\bdapi[0-9a-f]{32}\b"),
    ("shopify token", ("shp",), r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    ("square token", ("sq0",), r"\bsq0(?:csp|atp|idp)-[\w-]{22,}"),
    ("new relic key", ("NRAK-",), r"\bNRAK-[A-Z0-9]{27}\b"),
    ("telegram token", (":AA",), r"\b\d{8,10}:AA[\w-]{33}\b"),
    ("json web token", ("eyJ",), r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    ("azure account key", ("Key=",), r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}"),
    (
        "aws secret key",
        ("aws", "AWS"),
        r"(?i:aws)[^\n]{0,40}?[\"'=:\s](?=[^\n]{0,39}\d)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    ("supabase key", ("sbp_", "sb_secret_"), r"\bsbp_[0-9a-f]{40}\b|\bsb_secret_[\w-]{20,}"),
)
TOKENS = tuple((kind, hints, re.compile(pattern)) for kind, hints, pattern in _TOKENS)

_NAME = (
    r"(?:pass(?:word|wd|phrase)|pwd|senha|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|"
    r"account[_-]?key|private[_-]?key|encryption[_-]?key|credential|segredo|chave[_-]secreta|"
    r"chave[_-]de[_-]api|contraseña|db[_-]?pass)"
)
NAME = re.compile(_NAME, re.IGNORECASE)
# Between a name and its value: `password = "`, `"senha": "`, `DB_PASSWORD=`, `token := "`.
_QUOTED = re.compile(
    _NAME
    + r"[\w.-]{0,24}[\"'`\])]{0,2}[ \t]{0,4}(?::=|=>|={1,3}|:)[ \t]{0,4}@?([\"'`])"
    + r"([^\"'`\n]{6,200})\1",
    re.IGNORECASE,
)
_BARE = re.compile(
    _NAME
    + r"[\w.-]{0,24}[\"'`]?(?:[ \t]{0,4}(?::=|=>|=|:)[ \t]{0,4}|[ \t](?:is|é)[:]?[ \t])"
    + r"([^\s\"'`,;)(<>{}]{8,200})",
    re.IGNORECASE,
)
_FLAG = re.compile(
    r"(?<![\w-])--?" + _NAME + r"(?:=|[ \t]{1,4})[\"'`]?([^\s\"'`]{6,200})", re.IGNORECASE
)
_BEARER = re.compile(
    r"\b(?:bearer|basic)[ \t]{1,4}((?=[^\s]{0,60}\d)[A-Za-z0-9+/_.=-]{20,})", re.IGNORECASE
)
_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,24}://[^\s:/@\"'<>]{0,80}:([^\s/@\"'<>]{3,100})@[\w.-]", re.IGNORECASE
)

# Words that say "put yours here", anywhere in a value.
_STAND_IN = re.compile(
    r"example|exemplo|sample|change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|with)|placeholder|dummy"
    r"|redacted|x{5,}|0{8,}|1234567|abcdef|\*{3,}|•{3,}|\.{3}|…|your[-_ ]|seu[-_ ]|sua[-_ ]",
    re.IGNORECASE,
)
# References to a value that stands somewhere else.
_REFERENCE = re.compile(
    r"^[$%@#&!]|\$\{|\{\{|\}\}|^<.*>?$|^\[.*\]?$|^\{.*\}?$|%\(?\w+\)?[s%]|^arn:|^projects/"
    r"|^(?:https?|file|vault|op|ssm)://(?![^/]*:[^/]*@)|^\.{0,2}/"
    r"|^[A-Za-z_]\w*(?:\.\w+)+(?:[(\[].*)?$|^\w+[(\[].*$|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$"
)
# A value made only of such words and a few digits is a default of a demo or prose, no secret.
_WORDS = re.compile(
    r"^(?:[\W_]*(?:todo|tbd|none|null|nil|undefined|true|false|tests?|testing|teste|foo|bar|baz|demo"
    r"|default|secrets?|pass(?:word|wd|phrase)?|senha|tokens?|admin|root|user(?:name)?|guest|postgres"
    r"|mysql|mongo|redis|rabbitmq|localhost|changeit|qwerty|abc|string|optional|required|my|the|a|env"
    r"|value|key|api|auth|access|config|settings|file|path|name|id|client|private|public|some|any|is"
    r"|not|set|empty|missing|invalid|wrong|type|hash|mock|fake|local|dev|prod|sa|db|strong|yes|no"
    r"|instana|otel|opentelemetry|keycloak|grafana|guest|p4ssw0rd|s3cr3t|pa55word|hunter)"
    r"[\W_]*\d{0,4})+[\W_]*$",
    re.IGNORECASE,
)
_PLAIN_WORD = re.compile(r"^[^\W\d_]+(?:[-_. /][^\W\d_]+)*[\W_]?$")
_DIGEST = re.compile(
    r"^(?:[0-9a-f]{7,64}|[0-9a-f]{96}|[0-9a-f]{128}|sha\d{1,3}[-:=].*|v?\d[\w.+-]{0,14}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$",
    re.IGNORECASE,
)


def tokens_in(text: str) -> Iterator[tuple[str, int]]:
    """Kind and offset of every provider's token in `text`, but for documented examples."""
    for kind, hints, pattern in TOKENS:
        if any(hint in text for hint in hints):
            for found in pattern.finditer(text):
                if not _STAND_IN.search(found.group().removeprefix("-----BEGIN")):
                    yield kind, found.start()


def named_values_in(text: str) -> Iterator[tuple[str, int]]:
    """Kind and offset of every value that stands behind a secret's name."""
    if "://" in text:
        for found in _URL.finditer(text):
            if not is_placeholder(found[1]):
                yield "password in an address", found.start()
    if "earer" in text or "asic" in text or "BEARER" in text:
        for found in _BEARER.finditer(text):
            if looks_issued(found[1]):
                yield "authorization header", found.start()
    if not NAME.search(text):
        return
    for found in _QUOTED.finditer(text):
        if not is_placeholder(found[2]) and not _PLAIN_WORD.match(found[2]):
            yield "named secret", found.start()
    for pattern in (_BARE, _FLAG):
        for found in pattern.finditer(text):
            if looks_issued(found[1].rstrip(".:")):
                yield "named secret", found.start()


def is_placeholder(value: str) -> bool:
    """Whether `value` stands for a secret that is somewhere else: ``${VAR}``, ``changeme``."""
    value = value.strip()
    return bool(
        len(set(value)) <= 3
        or _STAND_IN.search(value)
        or _REFERENCE.search(value)
        or _WORDS.match(value)
    )


def is_digest(value: str) -> bool:
    """Whether `value` is a commit id, a checksum, a UUID or a version, which are no secrets."""
    return bool(_DIGEST.match(value))


def looks_issued(value: str) -> bool:
    """Whether an unquoted value is no word of prose: mixed characters, enough of them.

    Prose behind a name ("token: the user's session") has no digits within words; 3 bits a
    character is what 8 different characters in 8 give.
    """
    if is_placeholder(value):
        return False
    classes = sum(
        any(test(char) for char in value) for test in (str.islower, str.isupper, str.isdigit)
    )
    mixed = classes == 3 or (classes == 2 and any(char.isdigit() for char in value))
    symbols = any(not char.isalnum() and char not in "-_./" for char in value)
    if not mixed and not (symbols and classes >= 2):
        return False
    if "/" in value and re.fullmatch(r"[\w.@-]+(?:/[\w.@-]+)+", value):
        return False  # a path
    return len(value) >= 8 and entropy(value) >= 2.8 and not re.fullmatch(r"[\d.:v-]+", value)


def entropy(text: str) -> float:
    """Shannon entropy of the characters of `text`, bits per character."""
    counts = Counter(text).values()
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in counts)
