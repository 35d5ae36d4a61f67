from __future__ import annotations

import pytest

from coordinator import full_text
from coordinator.portuguese import stem


@pytest.mark.parametrize(
    "words",
    [
        "conexao conexoes",
        "validar validacao validado validando",
        "mensagem mensagens",
        "gravada gravado gravar gravamento",
        "fila filas",
        "papel papeis",
        "rapida rapidamente",
    ],
)
def test_inflections_of_a_word_have_one_stem(words):
    assert len({stem(word) for word in words.split()}) == 1


def test_short_words_and_identifiers_stay_as_they_are():
    assert [stem(word) for word in ("dar", "http2", "user_id")] == ["dar", "http2", "user_id"]


def test_a_portuguese_text_has_its_stems_behind_it_and_no_other_has():
    assert full_text.index_text("A fila parou", "pt") == "a fila parou qfila qparou"
    assert full_text.index_text("The queue", "en") == "the queue"
    assert full_text.index_text("A fila parou", "und") == "a fila parou"


def test_a_portuguese_query_shares_a_words_weight_between_it_and_its_stem():
    asked = full_text.asked("as conexões não foram fechadas", glossary_weight=0)
    assert asked.stems == {"qconexa": "conexoes", "qfech": "fechadas"}
    assert asked.own_share + asked.stem_share == 1


def test_an_english_query_asks_for_the_stems_of_the_glossarys_words_alone():
    asked = full_text.asked("the connections were closed", glossary_weight=0.5)
    assert "qconexa" in asked.stems
    assert not any("clos" in one for one in asked.stems)
    assert (asked.own_share, asked.stem_share) == (1.0, 0.25)
    assert full_text.asked("the connections were closed", glossary_weight=0).stems == {}
