"""`make sbom`: a bill of materials (CycloneDX 1.6) of the Python packages and one of the console.

Each component has its version and the hash of the file that was resolved. Where it was resolved
from is left out: that is the address of whoever's package index.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "syncline"


def python_bill(report: Mapping[str, Any]) -> str:
    """Return the bill of what `pip install --dry-run --report` resolved, Syncline itself first.

    Raises ValueError: a package has no SHA-256.
    """
    parts = {canonicalize_name(found["metadata"]["name"]): found for found in report["install"]}
    components = {name: _component(found) for name, found in parts.items() if name != NAME}
    own = components[NAME] = Component(
        name=NAME,
        version=parts[NAME]["metadata"]["version"],
        type=ComponentType.APPLICATION,
        bom_ref=NAME,
    )
    bom = Bom(components=[part for part in components.values() if part is not own])
    bom.metadata.component = own
    for name, found in parts.items():
        needed = {canonicalize_name(r.name) for r in _requirements(found)} & components.keys()
        bom.register_dependency(components[name], [components[each] for each in needed])
    return JsonV1Dot6(bom).output_as_string(indent=1)


def _component(found: Mapping[str, Any]) -> Component:
    name, release = found["metadata"]["name"], found["metadata"]["version"]
    hashes = found["download_info"].get("archive_info", {}).get("hashes", {})
    if "sha256" not in hashes:
        raise ValueError(f"{name} {release} was resolved without a SHA-256")
    return Component(
        name=name,
        version=release,
        purl=PackageURL("pypi", name=canonicalize_name(name), version=release),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashes["sha256"])],
        bom_ref=f"{name}@{release}",
        licenses=_licences(name, release),
    )


def _licences(name: str, release: str) -> list[License]:
    """Return what the package that is installed here says of itself, if it is the same release.

    What pip reports of a package leaves out the newer of the two fields.
    """
    words: list[str] = []
    with suppress(PackageNotFoundError):
        said = metadata(name)
        if said["Version"] == release:
            given = said.get("License-Expression") or said.get("License", "")
            classes = [c for c in said.get_all("Classifier", []) if c.startswith("License ::")]
            short = [given] if given and "\n" not in given else []  # some write the whole text
            words = short or [c.rpartition(" :: ")[2] for c in classes]
    return [LicenseFactory().make_from_string(each) for each in words]


def _requirements(found: Mapping[str, Any]) -> list[Requirement]:
    """Return what a package needs with the extras that it was asked for."""
    extras = found.get("requested_extras", []) or [""]
    wanted = map(Requirement, found["metadata"].get("requires_dist", []))
    return [
        each
        for each in wanted
        if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras)
    ]


def console_bill(bill: Mapping[str, Any]) -> str:
    """Return what `npm sbom` says, without the addresses it was downloaded from.

    The console is part of Syncline and has its version.
    """
    for component in (bill["metadata"]["component"], *bill["components"]):
        known = component.get("externalReferences", ())
        component["externalReferences"] = [r for r in known if r["type"] != "distribution"]
    bill["metadata"]["component"]["version"] = version(NAME)
    return json.dumps(bill, indent=1)


if __name__ == "__main__":
    kind, source, target = sys.argv[1:]
    bill = {"python": python_bill, "console": console_bill}[kind]
    Path(target).write_text(bill(json.loads(Path(source).read_text())) + "\n")
