"""Keys, and the settings that say who may reach the service at all."""

from __future__ import annotations

import pytest

from recsys_app.access import find_key, parse_api_keys
from recsys_app.errors import ConfigurationError
from recsys_app.settings import Settings, load_settings

SECRET = "0123456789abcdef"
OTHER = "fedcba9876543210"


def test_a_key_has_its_name_and_scopes_and_forgets_its_secret() -> None:
    shop, admin = parse_api_keys(f"shop:read+write:{SECRET}, ops:admin:{OTHER}")
    assert (shop.name, shop.scopes) == ("shop", {"read", "write"})
    assert find_key([shop, admin], OTHER) is admin
    assert find_key([shop, admin], SECRET + "x") is None
    assert SECRET not in repr(shop)


def test_a_secret_may_contain_colons() -> None:
    (key,) = parse_api_keys(f"shop:read:a:{SECRET}")
    assert find_key([key], f"a:{SECRET}") is key


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SECRET, "entry 1"),
        (f"shop::{SECRET}", "scopes of shop"),
        (f"shop:read+everything:{SECRET}", "scopes of shop"),
        (f"shop:read+read:{SECRET}", "scopes of shop"),
        ("shop:read:short", "openssl"),
        (f"a b:read:{SECRET}", "entry 1"),
        (f"shop:read:{SECRET},shop:write:{OTHER}", "same name"),
    ],
)
def test_a_wrong_key_is_told_without_its_secret(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        parse_api_keys(text)
    assert SECRET not in str(caught.value)
    assert "short:" not in str(caught.value)


def test_without_keys_only_this_machine_is_listened_to() -> None:
    assert Settings().bind_host == "127.0.0.1"
    assert Settings(host="::1").bind_host == "::1"
    with pytest.raises(ConfigurationError, match="RECSYS_API_KEYS"):
        load_settings(host="0.0.0.0")


def test_with_keys_everybody_is_listened_to_unless_told_otherwise() -> None:
    keys = f"shop:read:{SECRET}"
    assert Settings(api_keys=keys).bind_host == "0.0.0.0"
    assert load_settings(api_keys=keys, host="10.0.0.7").bind_host == "10.0.0.7"


def test_no_address_is_limited_without_keys_and_each_is_with_them() -> None:
    assert Settings().address_limit == 0
    assert Settings(api_keys=f"shop:read:{SECRET}").address_limit > 0
    assert Settings(requests_per_second_by_address=7).address_limit == 7


def test_settings_never_show_a_secret() -> None:
    assert SECRET not in repr(Settings(api_keys=f"shop:read:{SECRET}"))


def test_every_origin_at_once_is_no_list_of_origins() -> None:
    with pytest.raises(ConfigurationError, match="CORS_ORIGINS"):
        load_settings(cors_origins="*")
