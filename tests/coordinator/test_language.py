"""The language of real commit titles, labelled by hand."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.learnings.language import LANGUAGES, UNDETERMINED, language_of

TITLES = {
    "pt": [
        "Removendo variável não utilizada",
        "padroniza nome de base: dosp",
        "Adapta Londrina (PR) para produção",
        "Atualiza raspadores para Maranhãozinho e Centro do Guilherme-MA",
        "revisa raspador base AdminLTEGazetteSpider",
        "Adiciona raspador divinopolis do tocantins",
        "habilita novas cidades em produção",
        "Atualiza base DiarioOficialBR",
        "Torna parâmetros do formulário hardcoded",
        "Desativa DataTable anterior permitindo com a opção de deletar a tabela com os dados",
        "Adciona flag para pular validação de soma de óbitos",
        "Acessa search via property",
        "Garante consistência no nome do trigger",
        "Considera as mensagens de warning no formulário de importação",
        "Modifica property para recuperar o nome da tabela e utilizar a DataTable mais recente",
        "Ajusta nível de zoom do mapa dos estados",
        "Endpoint para recuperar grafo de caminhos de sociedade",
        "Cria middleware para apresentar somente rotas da API",
        "Dá um pouco de margem para a tabela não ficar tão colada",
        "Cria nova entrada de table file após upload de arquivo",
        "Adiciona JS e CSS do mapa",
        "Adicionar captcha ao settings.py",
        "Atualiza CSVs com dados demográficos",
        "Corrige óbitos/100k hab na totalização do mapa",
        "Corrige valor do sequencial fechamento",
        "Remove ini_set e error_reporting",
        "Corrige a forma como é exibido a foto do perfil.",
        "Adiciona campo oculto para validação do cpf",
        "Remove versão fixa do Laravel",
        "Remove opção semipresencial do tipo de mediacao didatico pedagogico",
        "Criado o teste unitário para o model LegacyDisciplinaryOccurrenceType",
        "Adiciona views de listagem e criação",
        "Remove filtro de tipo de endereço",
        "Ajusta opçoes de areas da pos-graduaçao (versao 4)",
        "Faz update do chosen",
        "Adiciona retorno null para a função format",
        "Ajusta formato da data",
        "Remove acento",
        "Atualiza comentários",
        "Remove dead code parte 2",
        "Remove processo fixo",
        "Altera data_cadastro por created_at",
        "Ajusta uma forma estranha de chamar uma constante",
        "Organiza o model",
        "Busca turma do ano seguinte ao copiar vinculo",
        "Fix bug na importação do registro 10",
        "fix: timeout ao chamar gateway de pagamento",
        "feat(auth): refresh token rotativo",
        "evita deadlock no lock do estoque",
        "cache de preços com TTL de 5 min",
        "chore: sobe versão do node",
        "HPA para o serviço de checkout",
    ],
    "en": [
        "Get production enabled spiders from DB",
        "sc_irineopolis.py: adds spider for Irineópolis",
        "changing power to executive_legislature",
        "Correct import order",
        "if the value is false, returns empty list.",
        "Add 20 new cities",
        "WIP Osasco Crawler",
        "Adding Spider suffix",
        "Update Scrapy Cloud project key",
        "sc_rio_das_antas.py: adds spider for Rio das Antas",
        "Create a method to isolate data extraction",
        "Fix flake8 errors found in pre-commit",
        "Seed database with a list of territory names and their ids",
        "Add dokku plugins and letsencrypt",
        "Add option to download CSV from results",
        "Add filters on frontend",
        "Add script to create schema metadata from CSVs",
        "Bump django from 3.1.8 to 3.1.12",
        "Autoreload gunicorn on dev env",
        "store order to postgresql from accounting service (#2175)",
        "ci: enable persisted lychee caching in checks workflow (#3314)",
        "Do not allow Go standard lib to sniff Content-Type header",
        "cache: Make peer addresses configurable",
        "cmd: Assume Caddyfile if name starts with Caddyfile",
        "logging: Fix default access logger (#6251)",
        "tls: Clean up expired OCSP staples and certificates",
        "Instantiate apps that are needed but not explicitly configured",
        "switch tag to latest",
        "interpret backslashes",
        "Install robot-shop with a minimal pod security policy and associated RBAC resources",
        "navbar, reorganized JSP folders",
        "fixed bug: vets.html did not display properly",
        "#27 Add the Jolokia dependency (remote JMX with JSON over HTTP)",
        "Rollback to Java 8 for the develop branch",
        "Added comments to explain how database dialect is configured #33",
        "k8s: bump recommendationservice memory limit",
        "`cartservice` - unprivileged container (#848)",
        'pb: add "categories" field to Product (#60)',
        "Remove unused imports",
        "Remove dead code",
        "tidy up ports",
        "It can't be in the subfolder!?",
        "rewrite idempotent webhook handler",
        "feat(auth): rotate refresh tokens",
        "retry payments with exponential backoff",
        "HPA for the checkout service",
    ],
    "es": [
        "Corrige el error al guardar los datos del usuario",
        "Agrega reintentos al servicio de pagos",
        "Actualiza la configuración del servidor",
        "evita condición de carrera en la caché",
    ],
}


def test_nearly_every_labelled_title_gets_its_language() -> None:
    labelled = [(language, title) for language, titles in TITLES.items() for title in titles]
    wrong = [title for language, title in labelled if language_of(title) != language]
    assert len(labelled) == 102
    assert len(wrong) <= 3, wrong


@pytest.mark.parametrize("text", ["", "   ", "v1.2.3", "#1234", "SPR-6447", "a/b/c.py x_y", "!!!"])
def test_what_holds_no_words_has_no_language(text: str) -> None:
    assert language_of(text) == UNDETERMINED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("fix(pedidos): evita cobrança duplicada ao repetir o webhook", "pt"),
        ("Usa `should_retry()` quando o gateway devolve 503", "pt"),
        ("The order service retries with `tentativa_de_envio` until the queue is empty", "en"),
        ("Os testes falham porque o relógio do servidor está em outro fuso horário", "pt"),
        ("Mapa de calor para USE e AND", "pt"),
        ("Ativa SET e NOT", "pt"),
        ("Los pedidos se guardan dos veces cuando el usuario recarga la página", "es"),
    ],
)
def test_code_and_prefixes_do_not_decide(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(max_size=400))
def test_any_text_has_one_of_the_known_answers(text: str) -> None:
    assert language_of(text) in (*LANGUAGES, UNDETERMINED)


def test_the_answer_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from coordinator.learnings.language import language_of;"
        "print([language_of(t) for t in ('Remove acento', 'base model', 'una base de dados')])"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(answers) == 1
