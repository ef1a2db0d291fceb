"""The message keys of the tests: every installation and every client of theirs has the same."""

from __future__ import annotations

from syncline.security.message_keys import MessageKeys

TEXT = "test:dGhlIG1lc3NhZ2Uga2V5IG9mIGFsbCB0aGUgdGVzdHM="
"""As it stands in SYNCLINE_MESSAGE_KEYS."""
KEYS = MessageKeys.parse(TEXT)
