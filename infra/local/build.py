"""Build the real template for one kind of processor, once per state of the sources."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.local.tools import ROOT, STATE, run_sam

SOURCES = ("template.yaml", "infra/*.yaml", "functions/**/*", "layers/**/*", "uv.lock")
BUILDS_KEPT = 3


def build(architecture: str) -> Path:
    """The folder of a finished build; its name holds the hash of everything that went into it."""
    builds = STATE / "build"
    finished = builds / f"{architecture}-{_sources_hash()}"
    if not finished.is_dir():
        builds.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=builds, prefix="unfinished-"))
        try:
            run_sam(
                *("build", "--no-cached", "--parallel", "--build-dir", str(unfinished)),
                environment={"LASTUNIT_ARCHITECTURE": architecture},
            )
            _publish(unfinished, finished)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    finished.touch()
    _forget_old(builds, architecture)
    return finished


def _sources_hash() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    found = {path for pattern in SOURCES for path in ROOT.glob(pattern)}
    return (path for path in sorted(found) if path.is_file() and "__pycache__" not in path.parts)


def _publish(unfinished: Path, finished: Path) -> None:
    try:
        unfinished.rename(finished)
    except OSError:
        if not finished.is_dir():  # Else another process was faster with the same sources.
            raise


def _forget_old(builds: Path, architecture: str) -> None:
    newest_first = sorted(builds.glob(f"{architecture}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest_first[BUILDS_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
