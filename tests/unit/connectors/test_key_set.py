"""The compact set of keys says the same as a set."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from syncline.connectors.file.journal import KeySet

few = st.text("01", min_size=32, max_size=32)
keys = st.one_of(few, st.binary().map(lambda b: blake2b(b, digest_size=16).hexdigest()))


@given(st.lists(st.lists(keys)), st.lists(keys))
def test_it_knows_just_what_was_added(added: list[list[str]], asked: list[str]) -> None:
    seen, plain = KeySet(), set[str]()
    for some in added:
        seen.add("".join(some))
        plain.update(some)

    assert [key in seen for key in asked] == [key in plain for key in asked]
    assert all(key in seen for key in plain)
