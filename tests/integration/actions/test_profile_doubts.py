"""A profile that is stored is tried at once, whatever it names; it is stored all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncline.actions.doubts.doubt import Matter
from syncline.actions.doubts.systems import profile_doubts
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.comparison import compare
from syncline.domain.configuration.documents import Kind, ProfileConfig, TenantConfiguration


async def said(
    profile: ProfileConfig, folder: Path, stored: TenantConfiguration | None = None
) -> list[str]:
    wanted = TenantConfiguration(profiles={profile.name: profile})
    store: Any = None  # nothing of it is needed
    matter = Matter(
        "default", frozenset({(Kind.PROFILE, profile.name)}), wanted,
        compare(wanted, stored or TenantConfiguration()), store,
        Surroundings(("127.0.0.0/8",), (str(folder),)),
    )  # fmt: skip
    return [doubt.problem.message for doubt in await profile_doubts(matter)]


def profile(connector: str, config: dict[str, Any], **more: Any) -> ProfileConfig:
    return ProfileConfig(name="a", connector=connector, config=config, **more)


@pytest.mark.parametrize(
    ("connector", "config", "word"),
    [
        ("file", {"folder": "{folder}/nowhere"}, "nowhere"),
        ("file", {"folder": "/"}, "/"),
        ("sqlite", {"file": "{folder}/nowhere.db"}, "nowhere.db"),
        ("postgresql", {"host": "127.0.0.1", "port": 9, "database": "d", "user": "u"}, "127.0.0.1"),
        ("http", {"baseUrl": "http://127.0.0.1:9"}, "127.0.0.1"),
    ],
)
async def test_what_cannot_be_reached_is_a_doubt(
    connector: str, config: dict[str, Any], word: str, tmp_path: Path
) -> None:
    given = {n: v.format(folder=tmp_path) if isinstance(v, str) else v for n, v in config.items()}
    doubts = await said(profile(connector, given), tmp_path)
    assert [word in doubt for doubt in doubts] == [True]
    assert doubts[0].startswith("its test failed from here: ")


async def test_what_is_there_unchanged_or_inactive_is_none(tmp_path: Path) -> None:
    there = profile("file", {"folder": str(tmp_path)})
    assert await said(there, tmp_path) == []
    gone = profile("sqlite", {"file": f"{tmp_path}/nowhere.db"})
    assert await said(gone, tmp_path, TenantConfiguration(profiles={"a": gone})) == []
    assert await said(profile("sqlite", {"file": "/nowhere.db"}, active=False), tmp_path) == []
