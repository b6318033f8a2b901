from __future__ import annotations

import pytest

from recsys_app.datasets.titles import parse_title


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Bronx Tale, A (1993)", "A Bronx Tale", 1993),
        ("Blind Side, The  (2009)", "The Blind Side", 2009),
        ("Runaway Brain (1995) ", "Runaway Brain", 1995),
        ("Babylon 5", "Babylon 5", None),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("1984", "1984", None),
        ("Death Note: Desu nôto (2006–2007)", "Death Note: Desu nôto", 2006),
        ("Doctor Who (1963-)", "Doctor Who", 1963),
        ("Bear, The (Ours, L') (1988)", "The Bear (L'Ours)", 1988),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("Crow, The: Wicked Prayer (2005)", "The Crow: Wicked Prayer", 2005),
        ("Honey, I Shrunk the Kids (1989)", "Honey, I Shrunk the Kids", 1989),
        ("I, Robot (2004)", "I, Robot", 2004),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("(1995)", "(1995)", None),
    ],
)
def test_titles_as_people_say_them(text: str, title: str, year: int | None) -> None:
    assert parse_title(text) == (title, year)
