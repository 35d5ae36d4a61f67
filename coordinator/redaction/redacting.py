"""Masks what may not leave a company, and refuses what must not.

Secrets refuse the whole text. Names of people, e-mail addresses, internal hosts and the company's
own leak list become fixed tokens: a reader sees that something stood there, and two masked names
cannot be told apart. In doubt a word is masked: a mask costs a reader a guess, a miss costs a leak
that no retraction takes out of people's heads.

Not seen: names of people who neither committed nor own the company, nicknames, look-alike letters
of other alphabets, and words inside encoded text (an encoded secret is seen).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from coordinator.errors import SharingRefused
from coordinator.learnings.lexicon import word_set
from coordinator.redaction.addresses import PUBLIC_SITES, company_domains, emails, hosts
from coordinator.redaction.phrases import Phrase, Phrases, Span
from coordinator.secrets import find_secrets

TOKENS = {"e-mail": "[e-mail]", "host": "[host]", "name": "[name]", "word": "[masked]"}

# invisible or moving what stands beside them: they only help a word past a mask
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_NO_PERSON = word_set("""
    action actions admin administrator agent auto automation azure bitbucket bot build builder
    ci circleci cloud code commit copilot dependabot deploy deployer deployment dev developer
    developers devops docker git github gitlab google jenkins local localhost me nobody none
    noreply no-reply ops owner pipeline release renovate robot root runner semantic-release
    server service snyk support sync system team test tester travis ubuntu unknown user
    vagrant web webmaster your you name you@example.com
""")
_PARTICLES = word_set("""
    da das de del della den der des di do dos du el la las le los van von
""")
_SHORTEST_PART = 3


@dataclass(frozen=True)
class Redacted:
    """A text that may be shown to others; `masks` counts by kind what was taken out."""

    text: str
    masks: Mapping[str, int]


def redact(
    text: str, *, people: Iterable[str], hosts: Iterable[str], words: Iterable[str]
) -> Redacted:
    """`text` without what may not leave the company; SharingRefused when it holds a secret.

    `people` are names and e-mail addresses, `hosts` those the company's settings name (on a site of
    many, its place there: ``github.com/acme``), `words` its leak list.
    """
    return Redactor(people=people, hosts=hosts, words=words).redact(text)


class Redactor:
    """The redaction of one company, prepared once for many texts."""

    def __init__(
        self, *, people: Iterable[str], hosts: Iterable[str], words: Iterable[str]
    ) -> None:
        listed = [host.casefold() for host in hosts]
        self._hosts = frozenset(listed) - PUBLIC_SITES
        self._domains = company_domains(host for host in listed if "/" not in host)
        masked = [Phrase(word, "word") for word in words]
        masked += [Phrase(place, "host") for place in listed if "/" in place]
        self._phrases = Phrases([*masked, *(one for name in people for one in _names(name))])

    def redact(self, text: str) -> Redacted:
        """`text` with tokens for what is masked; SharingRefused names kinds and lines of secrets.

        The text comes back without characters nobody sees.
        """
        _refuse_secrets(text)
        plain = _UNSEEN.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
        masks: Counter[str] = Counter()
        parts, past = [], 0
        for span in _merged(self._spans(plain)):
            parts += [plain[past : span.start], TOKENS[span.kind]]
            masks[span.kind] += 1
            past = span.end
        return Redacted("".join([*parts, plain[past:]]), dict(sorted(masks.items())))

    def _spans(self, text: str) -> Iterator[Span]:
        yield from emails(text)
        yield from hosts(text, self._domains, self._hosts)
        yield from self._phrases.spans(text)


def _refuse_secrets(text: str) -> None:
    found = find_secrets(text)
    if found:
        kinds = ", ".join(dict.fromkeys(f"{one.kind} (line {one.line})" for one in found[:5]))
        raise SharingRefused(
            f"this text may not leave its company: {kinds}",
            hint="take the secret out of its source and out of use; then share what is left",
        )


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans without overlaps: what overlaps is masked as one, by what begins first."""
    held: Span | None = None
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if held is not None and span.start < held.end:
            held = Span(held.start, max(held.end, span.end), held.kind)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _names(person: str) -> Iterator[Phrase]:
    """How a person may be named: in full, by first and last name, by one of them, by login."""
    if "@" in person:
        login = person.partition("@")[0].rpartition("+")[2]
        if len(login) > _SHORTEST_PART and not _is_nobody(login):
            yield Phrase(login, "name")
        return
    if _is_nobody(person) or len(person) < _SHORTEST_PART:
        return
    yield Phrase(person, "name", capital=_is_word(person))
    parts = [part for part in re.split(r"[\s.,_-]+", person) if part.casefold() not in _PARTICLES]
    if len(parts) > 1:
        yield Phrase(f"{parts[0]} {parts[-1]}", "name")
        yield Phrase(f"{parts[-1]} {parts[0]}", "name")
        for part in parts:
            if len(part) >= _SHORTEST_PART and not _is_nobody(part):
                yield Phrase(part, "name", capital=True)


def _is_word(name: str) -> bool:
    """Whether a name of one word could be a word of the language: then only its capital tells."""
    return name.isalpha() and name[:1].isupper()


def _is_nobody(name: str) -> bool:
    words = re.split(r"[\s.\[\](),_-]+", name.casefold())
    return (
        name.casefold() in _NO_PERSON
        or any(word in ("bot", "noreply") for word in words)
        or (bool(words) and all(word in _NO_PERSON or not word for word in words))
    )
