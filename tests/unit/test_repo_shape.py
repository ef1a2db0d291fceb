"""Holds the shape of the house: sizes, docstrings, and the places where a reader looks first."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = {"tests": 500}
LONGEST_ELSEWHERE = 300
PRODUCT = ("shared", "services", "demo", "benchmarks")
SECRET = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"  # a key, and not its first line
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{40}"
    r"|\bglpat-[\w-]{20}|\bxox[abpr]-\d[\w-]{20}|\bsk_live_\w{20}|\bAIza[\w-]{35}\b"
    r"|\bshp(?:at|ca|pa|ss)_[0-9a-f]{32}\b|\bck_[0-9a-f]{40}\b|\bcs_[0-9a-f]{40}\b"
    r"|\bsyn_[0-9a-f]{12}_[0-9A-Za-z]{40}[0-9a-f]{8}\b"
)
"""Keys by which systems know who calls, in the forms that those who give them out chose."""


def sources(*folders: str) -> list[Path]:
    """Python files of the folders, without environments and builds."""
    found = [p for folder in folders for p in (ROOT / folder).rglob("*.py")]
    return sorted(p for p in found if not {"build", ".venv"} & set(p.parts))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_are_no_longer_than_the_wall() -> None:
    too_long = {
        relative(path): lines
        for path in sources(*PRODUCT, "tests")
        if (lines := len(path.read_text().splitlines()))
        > LONGEST.get(path.relative_to(ROOT).parts[0], LONGEST_ELSEWHERE)
    }
    assert too_long == {}


def test_modules_say_whose_room_they_are() -> None:
    silent = [
        relative(path)
        for path in sources(*PRODUCT)
        if ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "misc"}
    assert [relative(p) for p in sources(*PRODUCT, "tests") if p.stem in vague] == []


def test_the_architecture_page_names_every_folder() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    lines = re.findall(r"^\| `([^`]+)/` \|", page, re.MULTILINE)
    folders = tracked_folders()
    assert [f for f in folders if not any(covers(line, f) for line in lines)] == []
    assert [line for line in lines if not any(fnmatch(f, line) for f in folders)] == []


def covers(line: str, folder: str) -> bool:
    """Whether a line of the page is about a folder: a line with a star, about those below too."""
    if not fnmatch(folder, line):
        return False
    deep = folder.startswith(("tests/", "benchmarks/", "demo/"))
    return deep or folder.count("/") == line.count("/")


def tracked_folders() -> list[str]:
    """Folders of the repository with a file in them, without what is built or cached."""
    return sorted({str(Path(f).parent) for f in tracked_files()} - {"."})


def tracked_files() -> list[str]:
    return subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip


def test_every_test_folder_is_in_the_guide() -> None:
    guide = (ROOT / "tests" / "README.md").read_text()
    folders = {p.relative_to(ROOT / "tests").parts[0] for p in sources("tests")}
    folders = {f for f in folders if not f.endswith(".py")}
    assert [f for f in sorted(folders) if f"`{f}/" not in guide] == []


def test_no_test_imports_another() -> None:
    """What tests share is in `support/`, and what every implementation passes in `suites/`."""
    shared = ("tests.support", "tests.suites")
    found = [
        f"{relative(path)}: {module}"
        for path in sources("tests")
        for module in imported(path)
        if module.partition(".")[0] == "tests" and not module.startswith(shared)
    ]
    assert found == []


def test_constraints_pin_names_and_versions_only() -> None:
    pin = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+]+")
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_constraints_pin_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = chain(project["dependencies"], *project["optional-dependencies"].values())
    pinned = {plain(line) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert [name for name in declared if plain(name) not in pinned] == []


def test_no_secret_lies_in_the_repository() -> None:
    found = [
        f"{name}: {secret.group()[:12]}"
        for name in tracked_files()
        if (path := ROOT / name).is_file()
        for secret in SECRET.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_make_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    listed = set(re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE))
    phony = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split())
    assert targets == listed == phony


def test_ci_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111 == 0o111


def imported(path: Path) -> list[str]:
    """Names of the modules that a file imports."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


def plain(requirement: str) -> str:
    """Name of a requirement as indexes compare it."""
    name = re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
