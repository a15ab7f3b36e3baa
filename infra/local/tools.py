"""What the local stack needs from this machine, and what it says when something is missing."""

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATE = ROOT / ".local"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
LOOPBACK = "127.0.0.1"
REGION = "eu-west-1"
ACCOUNT = "000000000000"
SAM_TIMEOUT_SECONDS = 300

# Wheel names and Lambda call the same processors differently.
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class StackError(Exception):
    """The local stack cannot run. The message says what is wrong and what to do."""


def host_architecture() -> str:
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise StackError(f"No layer can be built for the processor {machine!r}: Lambda knows x86_64 and arm64.")
    return ARCHITECTURES[machine]


def check_tools() -> None:
    if not sys.platform.startswith("linux"):
        raise StackError(
            "The local stack runs the functions on this machine with the layer's Linux wheels, so it needs Linux. "
            "Use WSL, a container or a virtual machine."
        )
    if sys.version_info[:2] != (3, 13):
        raise StackError(f"This is Python {platform.python_version()}, Lambda runs 3.13. Start with `make`.")
    if not SAM.is_file():
        raise StackError("The SAM CLI is missing. Run `make setup`.")


def wanted_port() -> int | None:
    text = os.environ.get("LASTUNIT_PORT", "")
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"LASTUNIT_PORT must be a port between 1 and 65535, not {text!r}.")
    return int(text)


def reserve_port(port: int | None = None) -> socket.socket:
    """A bound socket that keeps the port from others until its server listens: both reuse the address."""
    reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reservation.bind((LOOPBACK, port or 0))
    except OSError as error:
        reservation.close()
        raise StackError(
            f"Port {port} cannot be used ({error.strerror}). Stop the program that holds it, choose another "
            "with LASTUNIT_PORT, or leave LASTUNIT_PORT unset for a free one."
        ) from error
    return reservation


def clean_environment(**additions: str) -> dict[str, str]:
    """What a child process needs, without the AWS profile or the Python settings of whoever started us."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAM_", "MINISTACK_", "POWERTOOLS_", "PYTHON", "VIRTUAL_ENV"))
    }
    return kept | aws_environment() | additions


def aws_environment() -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run_sam(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """SAM looks for python3.13 and pip on the PATH, so its own environment comes first there."""
    path = f"{SAM.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(  # noqa: S603 - SAM with our own arguments
        [SAM, *arguments],
        cwd=ROOT,
        env=clean_environment(PATH=path, SAM_CLI_TELEMETRY="0") | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=SAM_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StackError(f"`sam {' '.join(arguments)}` failed:\n{done.stdout[-4000:]}")
    return done.stdout
