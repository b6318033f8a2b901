"""docs/messages.md says what the decoder of the topic `ratings` takes."""

from __future__ import annotations

import json
import re
from inspect import cleandoc
from pathlib import Path

import msgspec
import pytest

from recsys_app.models import Rating, rating_decoder

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()


def test_the_schema_in_the_page_is_the_decoder_s() -> None:
    written = json.loads(re.findall(r"```json schema\n(.*?)```", PAGE, re.DOTALL)[0])
    decoder_s = msgspec.json.schema(Rating)
    for definition in decoder_s["$defs"].values():  # Python 3.13 cleans docstrings, others do not
        definition["description"] = cleandoc(definition["description"])
    assert written == decoder_s


@pytest.mark.parametrize("example", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
def test_the_examples_in_the_page_are_taken(example: str) -> None:
    assert rating_decoder.decode(example)
