"""What the settings are called in the environment."""

from __future__ import annotations

from pydantic import AliasChoices

from recsys_app.settings import Settings


def names_of_settings() -> set[str]:
    """Every name that `Settings` looks for."""
    names = {f"RECSYS_{name.upper()}" for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names |= {str(choice) for choice in field.validation_alias.choices}
    return names
