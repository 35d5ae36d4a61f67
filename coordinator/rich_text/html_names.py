"""The elements of HTML, told from what only looks like one (``List<String>``)."""

from __future__ import annotations

from coordinator.rich_text.nodes import names

HIDDEN = names("script style head template svg iframe object noscript")
"""Elements whose content nobody reads."""

BLOCKS = names(
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main menu nav ol optgroup "
    "option p pre search section summary table tbody td tfoot th thead tr ul"
)
"""Elements that begin a line of their own."""

INLINE = names(
    "a abbr acronym area audio b base basefont bdi bdo big button canvas cite code col colgroup "
    "data datalist del dfn em embed font frame frameset i img input ins kbd label legend link map "
    "mark meta meter output param path picture progress q rp rt ruby s samp select slot small "
    "source span strike strong sub sup textarea time title track tt u use var video wbr"
)

KNOWN = HIDDEN | BLOCKS | INLINE
