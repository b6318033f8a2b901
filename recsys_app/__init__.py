"""Recsys: a movie recommendation service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import faust

    app: faust.App

__all__ = ["__version__", "app"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Builds `app` when it is first asked for, so that `faust -A recsys_app worker` finds it and
    `import recsys_app` does nothing (PEP 562)."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from recsys_app.application import create_app
    from recsys_app.settings import load_settings

    globals()["app"] = app = create_app(load_settings())
    return app
