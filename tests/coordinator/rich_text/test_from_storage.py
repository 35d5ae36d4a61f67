"""Pages in Confluence's storage format become Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.learnings.documents import cut_document
from coordinator.rich_text import adf_of, markdown_of_adf, markdown_of_storage, storage_tree


def macro(name: str, body: str = "", **parameters: str) -> str:
    named = "".join(
        f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items()
    )
    return f'<ac:structured-macro ac:name="{name}">{named}{body}</ac:structured-macro>'


def rich(body: str) -> str:
    return f"<ac:rich-text-body>{body}</ac:rich-text-body>"


def plain(body: str) -> str:
    return f"<ac:plain-text-body><![CDATA[{body}]]></ac:plain-text-body>"


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        ("<h1>A &amp; B</h1><h3>c</h3>", "# A & B\n\n### c"),
        ("<p>a<br/>b</p>", "a\\\nb"),
        ("<p><strong>a </strong><em>b</em> <del>c</del> <code>d*</code> <u>e</u></p>",
         "**a** _b_ ~~c~~ `d*` e"),
        ('<p><span style="text-decoration: line-through;">a</span> H<sub>2</sub>O</p>',
         "~~a~~ H2O"),
        ("<ul><li>a<ol start='3'><li>b</li></ol></li><li><p>c</p><p>d</p></li></ul>",
         "- a\n\n  3. b\n- c\n\n  d"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
        ("<ul>\n<li>a</li>\n<li>b</li>\n</ul>", "- a\n- b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<pre>  a\n b &lt;c&gt;</pre>", "```\n  a\n b <c>\n```"),
        ("<p>a</p><hr/><p>b</p>", "a\n\n***\n\nb"),
        ('<a href="https://x.org/?a=1&amp;b=2">here</a>', "[here](https://x.org/?a=1&b=2)"),
        ("<dl><dt>term</dt><dd>meaning</dd></dl>", "**term**\n\nmeaning"),
        ("<p>a&nbsp;b&eacute;&ndash;&#233;&copy;</p>", "a bé–é©"),
        ("<div><div>a</div>b<span>c</span><p>d</p></div>", "a\n\nbc\n\nd"),
        ('<p>on <time datetime="2024-01-31" /></p>', "on 2024-01-31"),
        ('<p><ac:emoticon ac:name="tick"/> <ac:emoticon ac:name="x" ac:emoji-fallback="📝"/> '
         '<ac:emoticon ac:name="smile"/></p>', "✅ 📝 :smile:"),
        ("<p>a</p><ac:placeholder>type here</ac:placeholder>", "a"),
        ('<img src="https://x.org/i.png" alt="map"/>', "![map](https://x.org/i.png)"),
        ("<p><b>a</b>\n<i>b</i></p>", "**a** _b_"),
        ("<p>a<!-- hidden -->b</p><?xml x?><!DOCTYPE html>", "ab"),
    ],
)  # fmt: skip
def test_html_is_written_as_markdown(storage: str, markdown: str) -> None:
    assert markdown_of_storage(storage) == markdown


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        (macro("code", plain("a < b && c\n"), language="Java"), "```java\na < b && c\n```"),
        (macro("code", plain("a ]]]]><![CDATA[> ```")), "````\na ]]> ```\n````"),
        (macro("code", plain("x"), title="T.java"), "**T.java**\n\n```\nx\n```"),
        (macro("noformat", plain("<b>")), "```\n<b>\n```"),
        (macro("plantuml", plain("\n@startuml\n").replace("<!", "\n  <!")),
         "```\n@startuml\n```"),
        (macro("info", rich("<p>a</p><ul><li>b</li></ul>")), "> a\n>\n> - b"),
        (macro("warning", rich("<p>a</p>"), title="Mind"), "> **Mind**\n>\n> a"),
        (macro("panel", rich("a")), "> a"),
        (macro("expand", rich("<p>a</p>"), title="More"), "**More**\n\na"),
        (macro("toc", maxLevel="2") + macro("children") + macro("pagetree", root="x")
         + macro("recently-updated") + macro("attachments"), ""),
        (macro("toc-zone", rich("<p>a</p>")), "a"),
        (f"<p>is {macro('status', colour='Green', title='DONE')} now</p>", "is DONE now"),
        (f"<p>see {macro('jira', key='ORCH-1', serverId='x')}</p>", "see ORCH-1"),
        (macro("jira", jqlQuery="project = X"), ""),
        (macro("html", plain("<script>alert(1)</script>")), ""),
        (macro("mystery", rich("<h2>a</h2>") + rich("<p>b</p>"), secret="s"), "## a"),
        (macro("excerpt", rich(macro("tip", rich("<p>a</p>")))), "> a"),
        ('<ac:link><ri:page ri:content-title="A &amp; B" ri:space-key="X"/></ac:link>', "A & B"),
        ('<ac:link><ri:page ri:content-title="A"/><ac:link-body>the <b>page</b></ac:link-body>'
         "</ac:link>", "the **page**"),
        ('<ac:link ac:anchor="x"><ac:plain-text-link-body><![CDATA[a < b]]>'
         "</ac:plain-text-link-body></ac:link>", "a < b"),
        ('<ac:link><ri:user ri:account-id="5b1"/></ac:link>', "@someone"),
        ('<ac:link><ri:user ri:userkey="8"/><ac:link-body>Ana</ac:link-body></ac:link>', "@Ana"),
        ('<ac:link><ri:attachment ri:filename="a.pdf"/></ac:link>', ""),
        ('<ac:link><ri:space ri:space-key="DOCS"/></ac:link>', "DOCS"),
        ('<ac:image ac:alt="a"><ri:attachment ri:filename="a.png"/></ac:image>', ""),
        ('<ac:image ac:alt="m"><ri:url ri:value="https://x.org/i"/><ac:caption><p>c</p></ac:caption></ac:image>',
         "![m](https://x.org/i)\n\nc"),
        ("<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status>"
         "<ac:task-body><span>a</span></ac:task-body></ac:task><ac:task><ac:task-status>incomplete"
         "</ac:task-status><ac:task-body>b</ac:task-body></ac:task></ac:task-list>",
         "- [x] a\n- [ ] b"),
        ('<ac:layout><ac:layout-section ac:type="two_equal"><ac:layout-cell><p>a</p>'
         "</ac:layout-cell><ac:layout-cell>b</ac:layout-cell></ac:layout-section></ac:layout>",
         "a\n\nb"),
        ('<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">note'
         "</ac:adf-attribute><ac:adf-content><p>a</p></ac:adf-content></ac:adf-node><ac:adf-fallback>"
         "<p>a</p></ac:adf-fallback></ac:adf-extension>", "> a"),
        ('<ac:adf-extension><ac:adf-node type="decision-list"><ac:adf-node type="decision-item">'
         '<ac:adf-attribute key="state">DECIDED</ac:adf-attribute><ac:adf-content>a'
         "</ac:adf-content></ac:adf-node></ac:adf-node></ac:adf-extension>", "- a"),
        ('<ac:adf-extension><ac:adf-node type="extension"/><ac:adf-fallback>a</ac:adf-fallback>'
         "</ac:adf-extension>", "a"),
        ('<p>a <ac:inline-comment-marker ac:ref="1">b</ac:inline-comment-marker> c</p>', "a b c"),
    ],
)  # fmt: skip
def test_what_is_confluences_own_is_its_words(storage: str, markdown: str) -> None:
    assert markdown_of_storage(storage) == markdown


def test_tables_become_pipe_tables_with_flat_cells() -> None:
    storage = (
        "<table><caption>Keys</caption><colgroup><col/></colgroup><thead><tr><th>a</th>"
        '<th colspan="2">b|c</th></tr></thead><tbody><tr><td rowspan="2"><p>d</p><p>e</p></td>'
        f"<td><ul><li>f</li><li>g</li></ul></td><td>{macro('code', plain('h'))}</td></tr>"
        "<tr><td>i</td><td></td></tr></tbody></table>"
    )
    assert markdown_of_storage(storage).split("\n") == [
        "Keys",
        "",
        "| a | b\\|c |  |",
        "| --- | --- | --- |",
        "| d<br>e | - f<br>- g | `h` |",
        "|  | i |  |",
    ]


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        ("<p onclick='alert(1)'>a<script>alert(1)</script><style>p {}</style></p>", "a"),
        ("<scr<script>ipt>alert(1)</script>a", "\\<scra"),
        ('<a href="javascript:alert(1)" onmouseover="x()">a</a>', "a"),
        ('<a href="java&#10;script:alert(1)">a</a> <a href="/wiki/x">b</a>', "a b"),
        ('<img src="javascript:x" alt="a"/><img src="x.png" onerror="y" alt="b"/>', ""),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt; *a*</p>",
         "\\<script>alert(1)\\</script> \\*a\\*"),
        ("<iframe src='https://x.org'>a</iframe><svg><text>b</text></svg>c", "c"),
        ("a\x00\u202eb<p>c&#x202e;d&#0;</p>", "ab\n\ncd"),
    ],
)  # fmt: skip
def test_nothing_that_runs_or_hides_is_kept(storage: str, markdown: str) -> None:
    assert markdown_of_storage(storage) == markdown


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        ("<b>a <i>b</b> c", "**a _b_** c"),
        ("<p>a<p>b", "a\n\nb"),
        ("</p></div>a</b>", "a"),
        ("a < b > c & d &nope; &lt", "a < b > c & d &nope; <"),
        ("<p title=\"a>b' c>d</p>", "b' c>d"),
        ("<ul>a<li>b</ul>c", "- a\n- b\n\nc"),
        ("<table>x<tr>y<td>z</table>", "x\n\n| z | y |\n| --- | --- |"),
        ("<a href=https://x.org>a", "a"),
        ("<![CDATA[a < b", "a < b"),
        ("<p>a<!-- b", "a"),
        ("<p>a<", "a<"),
        ("<P>a</P><BR>b", "a\n\nb"),
        ("<td>a</td><li>b</li>", "a\n\nb"),
        ("", ""),
    ],
)
def test_what_is_not_well_formed_keeps_its_words(storage: str, markdown: str) -> None:
    assert markdown_of_storage(storage) == markdown


def test_no_entity_can_be_defined() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a0 "ha">{entities}]><p>&a11;</p>'
    assert markdown_of_storage(bomb) == "]>\n\n&a11;"
    outside = '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>&x;</p>'
    assert markdown_of_storage(outside) == "]>\n\n&x;"


@pytest.mark.parametrize(
    "opening",
    ["<div>", "<ul><li>", "<table><tr><td>", "<blockquote>", "<b>", "<ac:link-body>",
     '<ac:structured-macro ac:name="info"><ac:rich-text-body>', "<span>", "<p>"],
)  # fmt: skip
def test_deep_pages_keep_their_words(opening: str) -> None:
    assert "deep" in markdown_of_storage(f"{opening * 5_000}deep")
    assert "after" in markdown_of_storage(f"{opening * 5_000}deep{'</div>' * 5_000}<p>after</p>")


def test_what_is_too_deep_ends_nothing_around_it() -> None:
    within = f"{'<div>' * 100}<blockquote>deep</blockquote>{'</div>' * 100}"
    assert markdown_of_storage(f"<blockquote>{within}<p>quoted</p></blockquote>after") == (
        "> deep\n>\n> quoted\n\nafter"
    )


# Parsers that look for the end of a tag from each of its beginnings need many minutes for these.
@pytest.mark.parametrize(
    "unit",
    ["<a ", "<", "</", '<a href="', "<a b=", "<a/", "<!--", "<!-- a --", "<![CDATA[", "<?x ",
     "<!D ", "&", "&#", "<a '\" ", "<script>", "<pre>", "<a b='\">", "<p>a", "]]>", " ", "<br/>",
     "<li>a</li>"],
)  # fmt: skip
def test_half_a_megabyte_of_anything_is_read(unit: str) -> None:
    storage = unit * (500_000 // len(unit)) + "<p>end</p>"
    assert len(markdown_of_storage(storage)) < 2 * len(storage)


def test_a_page_of_five_megabytes_is_read_whole() -> None:
    markdown = markdown_of_storage(f"<p>{'word ' * 100}</p>" * 10_000 + "<p>end</p>")
    assert len(markdown) > 5_000_000
    assert markdown.endswith("word\n\nend")


def test_past_so_many_elements_tags_are_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_tree, "MOST_ELEMENTS", 10)
    assert markdown_of_storage("<p>a</p>" * 13) == "\n\n".join(["a"] * 10 + ["a a a"])


PAGE = f"""\
<ac:layout><ac:layout-section ac:type="single"><ac:layout-cell>
{macro("toc")}
<h1>Messaging</h1>
<p>Why we publish <strong>events</strong> through an outbox, and what it costs.</p>
<h2>Delivery</h2>
<p>Every consumer acknowledges only after its own transaction has been committed, so that a restart
in between leads to a second delivery and never to a lost order.</p>
{macro("note", rich("<p>Handlers are idempotent by the message id.</p>"))}
<h2>Operations</h2>
<p>Owner <ac:link><ri:user ri:account-id="5b10ac8d"/></ac:link>, state
{macro("status", title="LIVE")} since <time datetime="2024-01-31"/>.</p>
<table><tbody><tr><th><p>Queue</p></th><th><p>Alarm</p></th></tr>
<tr><td><p>orders</p></td>
<td><p>more than 500 messages wait for longer than five minutes</p></td></tr>
</tbody></table>
<h3>Replaying</h3>
{macro("code", plain("orch replay --queue orders --from 2024-01-31"), language="bash")}
<p>Replay only while the consumers of the queue are stopped, because two of them would otherwise
work on the same message and one would wait for the lock of the other.</p>
</ac:layout-cell></ac:layout-section></ac:layout>
"""


def test_a_page_is_cut_by_its_headings() -> None:
    markdown = markdown_of_storage(PAGE)
    document = cut_document(
        "pages/messaging.md", markdown, count_tokens=lambda text: len(text.split()), window=120
    )
    assert [passage.headings for passage in document.passages] == [
        ("Messaging", "Delivery"),
        ("Messaging", "Operations"),
        ("Messaging", "Operations", "Replaying"),
    ]
    assert "Handlers are idempotent by the message id." in document.passages[0].content
    assert "```bash\norch replay" in document.passages[2].content
    assert "@someone, state LIVE since 2024-01-31" in document.passages[1].content
    assert "orders | more than 500 messages" in document.passages[1].content


def test_a_page_that_begins_with_a_rule_is_not_taken_for_front_matter() -> None:
    prose = "Every consumer acknowledges only after its own transaction has been committed, so that"
    prose += " a restart in between leads to a second delivery and never to a lost order."
    markdown = markdown_of_storage(f"<hr/><h1>Delivery</h1><p>{prose}</p><hr/><p>end</p>")
    found = cut_document("a.md", markdown, count_tokens=len, window=2_000)
    assert [passage.title for passage in found.passages] == ["Delivery"]


STORAGE = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", "<ul>", "<li>", "</li>", "</ul>", "<table>", "<tr>",
         "<td>", "</td>", "</table>", "<br/>", "<pre>", "</pre>", "<![CDATA[", "]]>", "<!--",
         "-->", "&amp;", "&", "<", ">", '"', "word", "*x*", " ", "\n", "<h1>", "</h1>", "<code>",
         "</code>", '<a href="https://x.org">', "</a>", '<ac:structured-macro ac:name="code">',
         '<ac:structured-macro ac:name="info">', "<ac:rich-text-body>", "</ac:rich-text-body>",
         "<ac:plain-text-body>", "</ac:plain-text-body>", "</ac:structured-macro>", "<ac:link>",
         "<ri:user/>", '<ri:page ri:content-title="t"/>', "</ac:link>", "<ac:task-list>",
         "<ac:task>", "<ac:task-body>", "<script>", "</script>", "|", "`", "- ", "é", "\x00"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(STORAGE | st.text())
def test_no_page_raises_and_each_can_be_published_again(storage: str) -> None:
    published = adf_of(markdown_of_storage(storage))
    assert adf_of(markdown_of_adf(published)) == published
