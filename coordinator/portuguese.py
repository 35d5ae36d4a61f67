"""A light stemmer for Portuguese: inflections and the commonest endings of folded words.

In the manner of Orengo and Huyck's RSLP (2001), with fewer rules and no exceptions: where it cuts
wrongly it does so in texts and in queries alike.
"""

from __future__ import annotations

_PLURALS = (
    ("oes", "ao"),
    ("aes", "ao"),
    ("ais", "al"),
    ("eis", "el"),
    ("ns", "m"),
    ("res", "r"),
    ("zes", "z"),
    ("s", ""),
)
_ENDINGS = """
    amento imento
    adora encia ancia mento idade mente
    ucao icao acao ador edor idor ante ente avel ivel ista agem ario aria ando endo indo aram eram
    iram avam asse esse isse
    cao sao oso osa ivo iva eza ico ica ado ada ido ida ava
    ar er ir ou am em eu iu
"""
_LONGEST_FIRST = sorted(_ENDINGS.split(), key=lambda ending: (-len(ending), ending))
_SHORTEST_WORD, _SHORTEST_STEM = 5, 4


def stem(word: str) -> str:
    """The stem of a folded `word`: ``conexa`` of ``conexoes`` and of ``conexao``."""
    if len(word) < _SHORTEST_WORD or not word.isalpha():
        return word
    for plural, singular in _PLURALS:
        if word.endswith(plural) and len(word) - len(plural) >= 3:
            word = word.removesuffix(plural) + singular
            break
    for ending in _LONGEST_FIRST:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] in "aeo" else word
