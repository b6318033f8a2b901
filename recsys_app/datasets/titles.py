"""The title and the year in a MovieLens title such as `Matrix, The (1999)`."""

from __future__ import annotations

import re

# Series carry a span of years: `(2006–2007)`, `(1988-)`.
_YEAR = re.compile(r"^(?P<title>.*\S)\s*\((?P<year>\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\)$")

_ARTICLES = (
    "The|A|An|La|Le|Les|L'|Un|Une|El|Los|Las|Una|Il|Lo|I|Gli|Der|Die|Das|Ein|Eine|Den|Det|De|En|Da"
)
# An article stands behind the title, and behind each foreign title in brackets.
_ARTICLE_BEHIND = re.compile(
    rf"(?P<before>^|\()(?P<rest>[^()]+), (?P<article>{_ARTICLES})(?=$|\)|: | \()"
)


def parse_title(text: str) -> tuple[str, int | None]:
    """The title as people say it, and the year, if the text ends in one.

    `City of Lost Children, The (Cité des enfants perdus, La) (1995)` is
    `("The City of Lost Children (La Cité des enfants perdus)", 1995)`.
    """
    title, year = text.strip(), None
    if match := _YEAR.match(title):
        title, year = match["title"], int(match["year"])
    return _ARTICLE_BEHIND.sub(_article_first, title), year


def _article_first(match: re.Match[str]) -> str:
    space = "" if match["article"].endswith("'") else " "
    return f"{match['before']}{match['article']}{space}{match['rest']}"
