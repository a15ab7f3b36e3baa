"""What `sam local invoke` and `sam local start-api` need to use the running stack: see samconfig.toml."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from infra.local.deploy import local_paths, read_template
from infra.local.tools import LOOPBACK, STATE, aws_environment, host_architecture

# How a container names the machine it runs on.
DOCKER_HOST_NAME = "host.docker.internal"


def write_sam_local(build: Path, variables: Mapping[str, str]) -> None:
    settings = {name: value.replace(LOOPBACK, DOCKER_HOST_NAME) for name, value in variables.items()}
    settings |= {name: value for name, value in aws_environment().items() if not name.endswith("_FILE")}
    (STATE / "env.json").write_text(json.dumps({"Parameters": settings}, indent=2) + "\n")
    _write_template(build, settings)


def _write_template(build: Path, settings: Mapping[str, str]) -> None:
    """SAM passes on only variables that the template declares, and AWS itself must not be told an endpoint."""
    template = read_template(build / "template.yaml")
    for properties, name in local_paths(template).values():
        properties[name] = os.path.relpath(build / properties[name], STATE)
    template["Parameters"]["Architecture"]["Default"] = host_architecture()
    template["Globals"]["Function"]["Environment"]["Variables"] |= dict.fromkeys(settings, "")
    (STATE / "template.json").write_text(json.dumps(template, indent=2) + "\n")
