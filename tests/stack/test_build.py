"""What `sam build` makes of the template: right machine code, compiled sources, everything a handler imports."""

import json
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
LAYER = Path("LastunitLayer", "python")

# ELF's e_machine (at byte 18) for aarch64, and the flags of a .pyc that is used without looking at its source.
AARCH64 = 0xB7
UNCHECKED_HASH = 0b01
# What Lambda's python3.13 brings along; the layer must bring everything else.
RUNTIME_PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
IMPORT = """
import importlib, json, sys
sys.path[:0] = sys.argv[2:]
handler = importlib.import_module(sys.argv[1]).handler
origins = {name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}
print(json.dumps({"callable": callable(handler), "origins": origins}))
"""


def run_python(code: str, *arguments: str) -> str:
    """Without this environment's packages and without any environment variable."""
    command = [sys.executable, "-I", "-S", "-c", code, *arguments]
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    assert 0 == done.returncode, done.stderr
    return done.stdout


def sources(package: Path) -> Iterator[Path]:
    return (path for path in package.rglob("*.py") if "__pycache__" not in path.parts)


def compiled(source: Path) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(next(path for path in site.getsitepackages() if Path(path, "boto3").is_dir()))
    for name in RUNTIME_PACKAGES:
        (folder / name).symlink_to(installed / name)
    return folder


def test_the_layer_for_aws_holds_machine_code_for_arm64_only(aws_build: Path) -> None:
    libraries = list((aws_build / LAYER).rglob("*.so"))
    machines = {path.name: int.from_bytes(path.read_bytes()[18:20], "little") for path in libraries}

    assert libraries
    assert dict.fromkeys(machines, AARCH64) == machines


@pytest.mark.parametrize("package", ["lastunit", "pydantic", "aws_lambda_powertools"])
def test_the_layer_for_aws_is_compiled_so_that_new_dates_do_not_matter(package: str, aws_build: Path) -> None:
    modules = list(sources(aws_build / LAYER / package))
    flags = {str(path): int.from_bytes(compiled(path).read_bytes()[4:8], "little") for path in modules}

    assert modules
    assert dict.fromkeys(flags, UNCHECKED_HASH) == flags


def test_the_compiled_file_is_what_python_runs(host_build: Path, tmp_path: Path) -> None:
    shutil.copytree(host_build / LAYER / "lastunit", tmp_path / "lastunit")
    source = tmp_path / "lastunit" / "domain" / "errors.py"
    source.write_text("raise SystemExit('compiled anew')")

    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from lastunit.domain import errors; print(errors.__file__)"
    )
    ran = run_python(program, str(tmp_path))

    assert str(source) == ran.strip()


def test_the_layer_holds_all_modules_and_no_tests(aws_build: Path) -> None:
    built = {str(path.relative_to(aws_build / LAYER)) for path in sources(aws_build / LAYER / "lastunit")}
    written = {
        str(path.relative_to(ROOT / "layers" / "lastunit")) for path in sources(ROOT / "layers" / "lastunit")
    }

    assert written == built
    assert not (aws_build / LAYER / "boto3").exists()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_needs_nothing_but_its_folder_the_layer_and_the_runtime(
    function: str, host_build: Path, runtime: Path
) -> None:
    name = "".join(word.title() for word in function.split("_")) + "Function"
    path = [str(host_build / name), str(host_build / LAYER), str(runtime)]

    found = json.loads(run_python(IMPORT, f"functions.{function}.handler", *path))

    assert found["callable"]
    assert found["origins"][f"functions.{function}.handler"].startswith(path[0])
    assert not [origin for origin in found["origins"].values() if origin.startswith(str(ROOT / "layers"))]
