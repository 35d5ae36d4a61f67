"""The language of a short text, by a vote of its words: deterministic, no model, no import cost.

Commit titles are five to ten words with identifiers in between, where trained identifiers do
badly: of 2,000 unseen titles py3langid (restricted to the same three languages) and this vote told
another language in 73, and the vote was right in 65 of them (docs/quality.md).
"""

from __future__ import annotations

import re

LANGUAGES = ("pt", "en", "es")
UNDETERMINED = "und"

# Past this many words the answer does not change any more.
_MOST_WORDS = 200
_WORD = re.compile(r"[^\W\d_]+")
# Code says nothing about the language: a leading "fix(cart):", `x.y`, a_b, camelCase, a/path,
# --flag, URLs.
_CODE = re.compile(
    r"\A\s*\w{2,12}(?:\([^)\n]*\))?!?:(?=\s)|```.*?```|`[^`\n]*`|\w+://\S+"
    r"|\S*[/\\]\S*|\S*\w[._]\w\S*|\b[a-z]+[A-Z]\w*|(?<!\S)-+\w\S*",
    re.DOTALL,
)

_STOP = {
    "pt": """
        a ao aos as com como da das de do dos e em então entre era essa esse esta estava este foi
        for foram isso já mais mas na nas nem no nos não o os ou para pela pelas pelo pelos por
        porque pra quando que se sem ser seu seus sua suas são só também tem ter um uma às à é
        após até sobre onde qual está estão depois antes todos todas todo toda cada apenas agora
        ainda assim deve pode caso durante conforme através num numa dele dela deste desta nesse
        nessa neste nesta mesmo mesma outro outra outros outras muito há nao
    """,
    "en": """
        a about after all also an and any are as at be been before both but by can do does don
        each for from had has have if in instead into is it its let make made more no not now of
        off on once only or other out over per should since so some than that the their them
        then there these they this to too under unless until up use used using via was we were
        what when where which while will with without would you your
    """,
    "es": """
        a al algunas como con de del desde donde el ella en entre era es esta estaba este está
        están fue ha hasta la las lo los más ni no nos o para pero por porque que se ser si sin
        sobre son su sus también tiene todo todos un una unos y ya cuando cada solo ahora
        después antes puede debe estos esas ese eso
    """,
}
STOP_WORDS = frozenset(word for words in _STOP.values() for word in words.split())
"""Words that say nothing alone, of all three languages."""
# What commit titles and headings are made of, where stop words are rare.
_TELLING = {
    "pt": """
        adiciona adicionado adicionada adicionando adicionar ajusta ajustado ajustando ajustar
        ajuste ajustes altera alterado alterada alterando alterar alteração alterações aplica
        apaga arquivo arquivos atualiza atualizado atualizando atualizar atualização aumenta
        banco busca campo campos carrega chamada cidade cidades código colunas coluna configura
        configuração configurações consulta corrige corrigido corrigindo corrigir correção
        correções correcao cria criado criada criando criar criação dado dados desabilita
        desativa dependência dependências documentação erro erros estado evita exclui excluir
        exibe exibir falha falta função funções formulário força garante habilita implementa
        implementado implementação implementando inclui incluir informação informações insere
        inicial issue já lista listagem melhora melhorias melhoria modifica modificado mostra
        muda mudança move migra nome nova novas novo novos ordena organiza página padroniza
        permite permitir pasta problema produção raspador raspadores refatora refatorado
        refatoração relatório remove removendo removido removida remover remoção renomeia retira
        retorna retorno reutiliza revisa seção serviço serviços senha separa substitui tabela
        tela teste testes tipo torna traduz trata tratamento troca usa usando usar usuário
        usuários utiliza valida validação valor valores variável variáveis verifica versão
        visualização resolve rota rotas escola aluno turma matrícula cadastro lógica método
        regra regras imagem gera gerado gerar consistência adapta mantém mantem utilizar uso
        início inicio acessa faz adicionados parâmetro parâmetros parametro parametros melhorar
        buscar enviar envia carregar salva salvar pula vínculo vinculo evitar trava estoque
        pedido pedidos pagamento cobrança cliente clientes sobe chave comenta popula executa
        realiza acento processo parte específica específico calcula cálculo desobriga constante
    """,
    "en": """
        add added adding adds allow allows another avoid better bug bugs build bump change
        changed changes changing check clean cleanup code config configuration configure correct
        create created default delete dependencies dependency disable docs document
        documentation drop enable enabled ensure error errors example expose extract fail
        failing fails failure feature file files first deploy fix fixed fixes fixing function
        handle hide image images implement improve improved improvements include increase
        initial install introduce issue issues key leak list load log logging logs make message
        method minor missing move moved name names new old options optional page parse pass
        prevent properly provide pull readme reduce refactor refactored release remove removed
        removes removing rename renamed replace replaced request response return returns revert
        rewrite run running script server service services set setting settings setup show
        simplify small split start step stop support switch switched test tests tidy tweak
        tweaks type typo unused update updated updates updating upgrade upgraded user users
        utility value values variable variables version workflow write wrong review solve
        conflict style dead database field fields spec schema container limit limits memory
        space latest post prep adjust optimize optimise enhance generate generated exclude
        utilize remote prepare format redundant rework bring getting ready work works working
        broken cannot needs need instead
    """,
    "es": """
        actualiza actualizado actualizar actualización agrega agregado agregar añade añadido
        añadir archivo archivos arregla arreglado arreglar arreglo borra cambia cambio cambios
        código configuración corrección corrige creado crear datos documentación elimina
        eliminado eliminar error errores función funciones fichero ficheros implementación
        información lista mejora mejoras mensaje mueve nueva nuevas nuevo nuevos página permite
        permitir prueba pruebas quita servicio servicios tabla usuario usuarios utiliza valor
        valores variable versión
    """,
}
_STOP_WEIGHT, _TELLING_WEIGHT = 2.0, 3.0
# Titles begin with their verb, and the rest is often English jargon: "Corrige warnings do flake8".
_FIRST_WORD = 1.5
# Endings and letters that one of the three languages has nearly for itself.
_SHAPES = (
    (re.compile(r".+(?:ção|ções|ões|ão|ãos|ães|agem|nh[ao]s?|lh[ao]s?|mente)$|.*[ãõ]"), "pt", 2.0),
    (re.compile(r".*ç|.+(?:ários?|árias?|ável|ível|dade|ando|endo|indo)$|.*[êôâà]"), "pt", 1.5),
    (re.compile(r".+(?:ción|ciones|iones|dad|mente|iendo|ables)$"), "es", 2.0),
    (re.compile(r".*ñ"), "es", 4.0),
    (re.compile(r".+(?:tion|tions|ing|ed|ly|ness|ful|less|ght|ck|th|wn|sh)$"), "en", 1.5),
    (re.compile(r".*(?:th|wh|sh|ck|w|k|y)"), "en", 0.3),
    (re.compile(r".*[áéíóú]"), "pt", 0.6),
    (re.compile(r".*[áéíóú]"), "es", 0.5),
)


def _weights() -> dict[str, dict[str, float]]:
    """Votes of every known word, by language: a word two languages share decides little."""
    votes: dict[str, dict[str, float]] = {}
    for table, weight in ((_STOP, _STOP_WEIGHT), (_TELLING, _TELLING_WEIGHT)):
        for language, words in table.items():
            for word in set(words.split()):
                votes.setdefault(word, {}).setdefault(language, weight)
    return votes


_VOTES = _weights()


def language_of(text: str) -> str:
    """``pt``, ``en`` or ``es``; ``und`` where no word tells or English ties with another."""
    scores = dict.fromkeys(LANGUAGES, 0.0)
    words = _WORD.findall(_CODE.sub(" ", text[:8_000]))[:_MOST_WORDS]
    for position, word in enumerate(words):
        if position and len(word) <= 3 and word.isupper():
            continue  # an abbreviation: "SP", "TO", "API"
        factor = _FIRST_WORD if position == 0 else 1.0
        for language, weight in _votes(word.lower()).items():
            scores[language] += weight * factor
    if not any(scores.values()) or scores["en"] == max(scores["pt"], scores["es"]):
        return UNDETERMINED
    # `max` keeps the first of equals: what could be both Portuguese and Spanish is Portuguese here
    return max(scores, key=lambda language: scores[language])


def _votes(word: str) -> dict[str, float]:
    known = _VOTES.get(word)
    if known is not None:
        return known
    votes: dict[str, float] = {}
    if len(word) >= 4:
        for shape, language, weight in _SHAPES:
            if shape.match(word):
                votes[language] = votes.get(language, 0.0) + weight
    return votes
