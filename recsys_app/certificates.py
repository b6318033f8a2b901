"""Certificates that come as files, or whole in a variable as platforms hand them out."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from recsys_app.errors import ConfigurationError

_PEM = "-----BEGIN "


def pem_text(value: str) -> str:
    """The PEM text that the value is, or that the file it names holds.

    Raises:
        ConfigurationError: it is neither.
    """
    if _PEM in value:
        return value.replace("\\n", "\n")
    try:
        return Path(value).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The certificate {value[:80]} cannot be read: {error}") from None


def pem_file(value: str, folder: Path) -> str:
    """A file with the PEM text of the value, for clients that take files only.

    What came in a variable is written into the folder, readable for nobody else.
    """
    if _PEM not in value:
        return value
    text = pem_text(value)
    path = folder.absolute() / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.pem"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return str(path)
