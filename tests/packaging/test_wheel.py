"""What the wheel contains, and that an installation works from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_the_top_level_is_exactly_the_four_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "recsys_app",
        "agents",
        "jobs",
        "web",
    }


def test_every_module_and_resource_is_in_it(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "recsys_app", "agents", "jobs", "web"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    with zipfile.ZipFile(wheel) as archive:
        assert set(tracked) <= set(archive.namelist())


def test_faust_finds_the_app_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """Installed into a folder of its own, without its dependencies, which are here already."""
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", target, wheel], check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "faust", "-A", "recsys_app", "agents", "--local"],
        cwd=elsewhere,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "archive-ratings" in done.stdout


def test_importing_the_package_builds_no_application() -> None:
    code = "import sys, recsys_app; sys.exit('faust' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
