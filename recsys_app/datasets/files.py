"""The files of a data set, wherever they lie: in a folder, in a subfolder or inside a zip."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2s
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from recsys_app.errors import BadDataError, ConfigurationError

_EDGE = 4096
_BLOCK = 2**20


class Files(Protocol):
    """Files known by their path below a root, `.` being the root itself."""

    @property
    def name(self) -> str:
        """The root's own name."""
        ...

    def folders(self) -> dict[str, set[str]]:
        """The names of the files in each folder."""
        ...

    def size(self, path: str) -> int:
        """Bytes, unpacked."""
        ...

    def mark(self, path: str) -> bytes:
        """Something that changes with the file and is cheap to learn."""
        ...

    def open(self, path: str) -> IO[bytes]: ...


class FolderFiles:
    """The files in a folder and in the folders directly below it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.name = root.resolve().name

    def folders(self) -> dict[str, set[str]]:
        below = sorted(path for path in self._root.iterdir() if path.is_dir())
        found = {".": self._root} | {path.name: path for path in below}
        return {name: self._names(folder) for name, folder in found.items()}

    @staticmethod
    def _names(folder: Path) -> set[str]:
        try:
            return {path.name for path in folder.iterdir() if path.is_file()}
        except OSError:
            return set()

    def size(self, path: str) -> int:
        return (self._root / path).stat().st_size

    def mark(self, path: str) -> bytes:
        with self.open(path) as file:
            first = file.read(_EDGE)
            file.seek(max(0, self.size(path) - _EDGE))
            return first + file.read(_EDGE)

    def open(self, path: str) -> IO[bytes]:
        return (self._root / path).open("rb")


class ZipFiles:
    """The files in a zip, read without unpacking it to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.stem
        with zipfile.ZipFile(path) as archive:
            self._members = {i.filename: i for i in archive.infolist() if not i.is_dir()}

    def folders(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for member in map(PurePosixPath, self._members):
            found.setdefault(str(member.parent), set()).add(member.name)
        return found

    def size(self, path: str) -> int:
        return self._members[path].file_size

    def mark(self, path: str) -> bytes:
        return self._members[path].CRC.to_bytes(4, "big")

    def open(self, path: str) -> IO[bytes]:
        # The member keeps the file open for as long as it is itself open.
        with zipfile.ZipFile(self._path) as archive:
            return archive.open(path)


def open_files(path: Path) -> Files:
    """The files at the path.

    Raises:
        ConfigurationError: there is no folder and no readable zip.
    """
    try:
        if path.is_dir():
            next(path.iterdir(), None)
            return FolderFiles(path)
        if path.is_file():
            return ZipFiles(path)
    except zipfile.BadZipFile:
        raise ConfigurationError(
            f"{path} is not a zip; give a folder with the files of the set, or its zip."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    raise ConfigurationError(f"There is no folder or zip {path}; check the path.")


def fingerprint(files: Files, paths: list[str]) -> str:
    """A short id of these files: their names, sizes and marks."""
    digest = blake2s(digest_size=8)
    for path in sorted(paths):
        digest.update(f"{PurePosixPath(path).name}:{files.size(path)}:".encode())
        digest.update(files.mark(path))
    return digest.hexdigest()


@contextmanager
def read_lines(files: Files, path: str) -> Iterator[Iterator[str]]:
    """The lines of a file, in whichever of the two encodings the sets come.

    Raises:
        BadDataError: the file is damaged or cannot be read.
    """
    with _open(files, path) as file:
        yield map(_decode, file)


def count_lines(files: Files, path: str) -> int:
    """How many lines a file has.

    Raises:
        BadDataError: the file is damaged or cannot be read.
    """
    with _open(files, path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


@contextmanager
def _open(files: Files, path: str) -> Iterator[IO[bytes]]:
    try:
        with files.open(path) as file:
            yield file
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise BadDataError(f"{path} is damaged: {error}. Get the set again.") from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in a rare way
        raise BadDataError(f"{path} cannot be unpacked: {error}.") from error


def _decode(line: bytes) -> str:
    # Newer sets are UTF-8, ml-100k and ml-1m are Latin-1; no name in those is valid UTF-8.
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")
