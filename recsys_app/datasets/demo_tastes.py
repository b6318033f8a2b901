"""The tastes that the demo's raters mix: what each likes and what it avoids.

A key is a shelf of the catalogue, a genre or an era; a value is how much it counts.
"""

from __future__ import annotations

ERAS = {"classic": (1900, 1965), "seventies": (1966, 1989), "nineties": (1990, 2009)}
"""First and last year of an era; what came later is `recent`."""

# The first six are the tastes of users 1 to 6.
TASTES: dict[str, dict[str, float]] = {
    "science fiction": {
        "science fiction": 3, "space sagas": 2.5, "Sci-Fi": 2, "superheroes": 0.5,
        "Romance": -1, "Musical": -1, "Children": -1, "golden age Hollywood": -1,
    },
    "children's animation": {
        "family animation": 3, "family live action": 2, "Children": 1.5, "Animation": 1,
        "Horror": -2, "Crime": -1.5, "War": -1, "Thriller": -1,
    },
    "film noir": {
        "noir and classic suspense": 3, "Film-Noir": 2, "golden age Hollywood": 1, "classic": 1,
        "Children": -1, "Sci-Fi": -1, "Animation": -1, "recent": -1,
    },
    "horror": {
        "horror": 3, "Horror": 2, "Thriller": 0.5,
        "Children": -1.5, "Romance": -1, "Musical": -1, "War": -0.5,
    },
    "romantic comedy": {
        "romantic comedy": 4, "Romance": 1.5, "Comedy": 0.5, "love stories": 1,
        "Horror": -1.5, "War": -1, "Sci-Fi": -1, "Action": -1,
    },
    "art house": {
        "European art house": 3, "world cinema": 2, "documentary": 0.5, "Drama": 0.5,
        "Action": -1.5, "superheroes": -1.5, "Children": -1, "romantic comedy": -1,
    },
    "superheroes": {
        "superheroes": 3, "fantasy and adventure": 1, "Action": 1.5, "Adventure": 1,
        "recent": 1, "classic": -2, "Romance": -1, "European art house": -1,
    },
    "space and fantasy": {
        "space sagas": 2, "fantasy and adventure": 3, "Fantasy": 1, "Adventure": 1.5,
        "Crime": -1, "documentary": -1, "Film-Noir": -1,
    },
    "anime": {
        "anime": 3.5, "Animation": 1.5, "Fantasy": 1, "Sci-Fi": 0.5,
        "Western": -1, "War": -0.5, "romantic comedy": -1,
    },
    "crime": {
        "crime": 3, "Crime": 1.5, "thrillers and spies": 1, "Thriller": 0.5,
        "Children": -1.5, "Musical": -1, "Fantasy": -1,
    },
    "spies and suspense": {
        "thrillers and spies": 3, "Thriller": 1.5, "Mystery": 1, "Action": 0.5,
        "Musical": -1, "Children": -1, "romantic comedy": -0.5,
    },
    "westerns and war": {
        "westerns": 3, "war and history": 2.5, "Western": 1, "War": 1, "seventies": 0.5,
        "romantic comedy": -1, "Animation": -1, "Horror": -1,
    },
    "laughs": {
        "comedies": 3, "Comedy": 1.5, "family live action": 0.5,
        "Drama": -1, "War": -1, "European art house": -1,
    },
    "musicals and love": {
        "musicals": 3, "love stories": 2.5, "Musical": 1.5, "Romance": 1.5,
        "Horror": -1.5, "Action": -1, "Sci-Fi": -1,
    },
    "prestige drama": {
        "drama": 3, "war and history": 1, "Drama": 1, "nineties": 0.5,
        "Horror": -1, "Action": -0.5, "superheroes": -1,
    },
    "indie": {
        "quirky": 3.5, "documentary": 1, "love stories": 0.5, "Comedy": 0.5, "Drama": 0.5,
        "superheroes": -1, "Action": -1, "War": -0.5,
    },
    "old Hollywood": {
        "golden age Hollywood": 3, "musicals": 1, "westerns": 1, "classic": 2,
        "Sci-Fi": -1, "recent": -1.5, "Horror": -0.5,
    },
    "eighties nostalgia": {
        "seventies": 2.5, "space sagas": 0.5, "comedies": 1, "fantasy and adventure": 1,
        "recent": -1, "European art house": -1,
    },
}  # fmt: skip
