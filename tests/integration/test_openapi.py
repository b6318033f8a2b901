"""The live worker answers nothing that its OpenAPI document does not describe, and no 5xx."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

EXAMPLES = 15
LONGEST_ADDRESS = 8000

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


# schemathesis leaves the closing of its connections to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_described(demo_url: str, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{demo_url}/openapi.json")
    # A stream has no end to wait for, and an erasure rewrites the archive and trains anew: they
    # have tests of their own.
    asked = document.exclude(path_regex="events$").exclude(method="DELETE", path="/users/{user_id}")
    for found in asked.get_all_operations():
        # There is nothing to get wrong where nothing, or any text, is taken.
        with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
            _ask(found.ok(), mode)


def _ask(operation: Any, mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(timeout=20)
        # A longer address is refused by the server before it knows what is asked.
        if len(str(answer.request.url)) < LONGEST_ADDRESS:
            case.validate_response(answer, checks=_checks(case, answer.status_code))

    ask()


def _checks(case: schemathesis.Case, status: int) -> list[Any]:
    # A batch is taken with wrong lines in it: each line gets a verdict of its own. And a body that
    # is too long is refused for that, which schemathesis does not know to be a refusal.
    exempt = case.path == "/ratings" or status == 413
    return [check for check in CHECKS if not (exempt and check is negative_data_rejection)]


def test_the_document_is_whole(demo_url: str) -> None:
    paths = requests.get(f"{demo_url}/openapi.json", timeout=10).json()["paths"]
    assert {
        "/send_rating",
        "/ratings",
        "/recommendations/{user_id}",
        "/recommendations",
        "/movies",
        "/movies/{movie_id}/similar",
        "/users/{user_id}/events",
        "/pipeline",
        "/livez",
        "/readyz",
    } <= set(paths)
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert "400" in operation["responses"]
