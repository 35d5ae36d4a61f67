"""What a file of code takes from elsewhere: its imports, package line and includes.

They tell the framework, not the author: any two Spring services begin with the same twenty lines,
and were the most similar unrelated components of all that were measured (docs/quality.md).
"""

from __future__ import annotations

import re

_IMPORTS = re.compile(
    rb"""
    ^[ \t]*+ (?:pub[ ])? (?:
        import[ ]?\( [^(){};=]{0,2000} \)                               # Go
      | import[ ] [\w$*, \t]{0,200} \{ [^{}()=]{0,2000} \} [ \t]*+ from\b [^\n]*+   # JavaScript
      | (?:const|let|var)[ ] [\w${}, ]{1,200} = [ ]?require\( [^\n]*+   # Node
      | from[ ] [\w.]++ [ ] import (?: [ ] \( [^()=]{0,2000} \) | \b [^\n(]*+ )       # Python
      | use[ ] [\w:]*+ \{ [^{}()=]{0,2000} \} ;                        # Rust
      | \#[ ]?include\b [^\n]*+                                         # C
      | using[ ] \w++ [ ]?=[ ]? [\w.<>, ]++ ;                           # C#, an alias
      | (?:import|package|namespace|using|use|require|require_relative)[ ]
        [^\n(){}=]*+ (?: \{[ \t\r]*+ )? (?=\n|\Z)
    )
    """,
    re.VERBOSE | re.MULTILINE,
)


def without_imports(data: bytes) -> bytes:
    """`data` without the statements that import, include or name the package.

    Statements over several lines end after 2,000 bytes at most, so that a file of nothing but
    openings takes no time that grows with its square.
    """
    return _IMPORTS.sub(b"", data)
