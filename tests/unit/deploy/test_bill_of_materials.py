"""The bills of materials: every part with its hash, and no address of an index."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PROGRAM = Path(__file__).parents[3] / "deploy" / "release" / "bill_of_materials.py"
SOMEWHERE = "https://index.example/files/aiohttp.whl"


def part(name: str, *needs: str, release: str = "1.2", **info: Any) -> dict[str, Any]:
    metadata = {"name": name, "version": release, "requires_dist": [*needs]}
    return {"metadata": metadata, "download_info": {"url": SOMEWHERE, **info}}


def of_file(digit: str) -> dict[str, Any]:
    return {"archive_info": {"hashes": {"sha256": digit * 64}}}


PYTHON: dict[str, Any] = {
    "install": [
        part("syncline", "aiohttp", "absent; extra == 'never'"),
        part("aiohttp", "Multi_Dict>=1", **of_file("a")),
        part("multi-dict", **of_file("b")),
    ]
}
CONSOLE: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"component": {"name": "console", "version": "0.0.0"}},
    "components": [
        {
            "name": "react",
            "version": "19",
            "hashes": [{"alg": "SHA-512", "content": "c" * 128}],
            "externalReferences": [
                {"type": "distribution", "url": SOMEWHERE},
                {"type": "website", "url": "https://react.dev"},
            ],
        }
    ],
}


def written(kind: str, said: dict[str, Any], folder: Path) -> str:
    source, target = folder / "said.json", folder / "bill.json"
    source.write_text(json.dumps(said))
    done = subprocess.run(
        [sys.executable, PROGRAM, kind, source, target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return target.read_text()


def test_python_packages_have_hashes_and_what_they_need(tmp_path: Path) -> None:
    text = written("python", PYTHON, tmp_path)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert SOMEWHERE not in text
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "syncline"
    hashes = {c["name"]: c["hashes"][0]["content"] for c in bill["components"]}
    assert hashes == {"aiohttp": "a" * 64, "multi-dict": "b" * 64}
    needs = {d["ref"]: d.get("dependsOn", []) for d in bill["dependencies"]}
    assert needs["syncline"] == ["aiohttp@1.2"]
    assert needs["aiohttp@1.2"] == ["multi-dict@1.2"]


def test_a_package_without_a_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"aiohttp 1\.2 was resolved without a SHA-256"):
        written("python", {"install": [part("syncline"), part("aiohttp")]}, tmp_path)


def test_the_consoles_parts_keep_their_hashes_and_lose_where_they_came_from(tmp_path: Path) -> None:
    bill = json.loads(written("console", CONSOLE, tmp_path))
    (react,) = bill["components"]
    assert react["hashes"] == CONSOLE["components"][0]["hashes"]
    assert [r["type"] for r in react["externalReferences"]] == ["website"]
    assert bill["metadata"]["component"]["version"] != "0.0.0"


@pytest.mark.parametrize(
    ("release", "licence"), [(version("msgspec"), "BSD-3-Clause"), ("0.1", None)]
)
def test_a_part_has_the_licence_that_the_same_release_here_tells(
    release: str, licence: str | None, tmp_path: Path
) -> None:
    parts = [part("syncline"), part("msgspec", release=release, **of_file("a"))]
    (found,) = json.loads(written("python", {"install": parts}, tmp_path))["components"]
    told = found.get("licenses", [{"license": {"id": None}}])
    assert told == [{"license": {"id": licence}}]
