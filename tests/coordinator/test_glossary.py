from __future__ import annotations

import pytest

from coordinator import full_text
from coordinator.glossary import NOTHING, widen
from coordinator.glossary.terms import TERMS
from coordinator.glossary.widening import MOST_WORDS
from coordinator.settings import SearchSettings


def asked(query: str, glossary_weight: float = 0.75) -> full_text.Asked:
    return full_text.asked(query, glossary_weight=glossary_weight)


def terms(query: str) -> dict[str, str]:
    return dict(asked(query).wider.terms)


def test_a_portuguese_query_is_widened_with_english_words():
    wider = asked("a fila está parada com mensagens").wider
    assert wider.terms["queue"] == "fila"
    assert wider.terms["message"] == "mensagens"
    assert wider.language == "en"


def test_an_english_query_is_widened_with_portuguese_words():
    wider = asked("the queue is stuck and messages are lost").wider
    assert wider.terms["fila"] == "queue"
    assert wider.terms["mensagem"] == "messages"
    assert wider.language == "pt"


def test_accents_and_plurals_do_not_matter():
    with_accents = terms("revisão de código e migrações do banco")
    assert terms("revisao de codigo e migracoes do banco") == with_accents
    assert {"code", "review", "migration"} <= with_accents.keys()


def test_the_longest_phrase_wins():
    assert terms("estamos com falta de memória")["oom"] == "falta de memoria"
    assert "missing" not in terms("estamos com falta de memória")
    assert "missing" in terms("falta um índice na tabela")


def test_a_word_of_two_languages_is_read_in_the_querys_own():
    assert "date" in terms("a data do pedido está errada")
    assert "date" not in terms("the data of the order is wrong")
    assert "dados" in terms("the data of the order is wrong")


def test_a_query_of_no_telling_language_takes_the_side_that_knows_more():
    assert widen(["fila", "mensagem", "data"], "und").language == "en"
    assert widen(["queue", "message", "data"], "und").language == "pt"


def test_words_the_query_has_and_stop_words_are_not_added():
    assert "backup" not in terms("restaurar o backup da cópia de segurança")
    assert not {"of", "at", "de", "by"} & (terms("ao mesmo tempo, à mão").keys())


def test_the_translation_keeps_what_it_does_not_know_and_drops_stop_words():
    assert asked("a fila do RabbitMQ está bloqueada").wider.translation.split() == [
        "queue", "rabbitmq", "rabbit", "mq", "bloqueada",
    ]  # fmt: skip


def test_nothing_known_widens_nothing():
    assert asked("kubectl rollback zzz", glossary_weight=0).wider == NOTHING
    assert asked("xyzzy").wider == NOTHING
    assert asked("?!").wider == NOTHING


def test_a_text_of_its_own_is_not_widened():
    assert widen(["fila", *map(str, range(MOST_WORDS - 1))], "pt") != NOTHING
    assert widen(["fila", *map(str, range(MOST_WORDS))], "pt") == NOTHING


def test_every_line_of_the_glossary_is_two_sides_and_no_form_is_told_twice():
    lines = TERMS.strip().splitlines()
    assert len(lines) > 300
    assert lines == list(dict.fromkeys(lines))
    for line in lines:
        left, right = line.split(" = ")
        for side in (left, right):
            forms = side.split(", ")
            assert len(set(forms)) == len(forms), line
            assert all(form == form.strip().lower() and form for form in forms), line


@pytest.mark.parametrize(("language", "weight"), [("pt", 0.4), ("en", 0.7), ("und", 0.7)])
def test_the_weight_of_the_vectors_is_that_of_the_querys_language(language, weight):
    assert SearchSettings().weight_of_vectors(language) == weight
