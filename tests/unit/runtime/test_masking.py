"""Secret values leave neither in a log line nor in a failure."""

from __future__ import annotations

import base64
import json

import pytest

from syncline.domain.errors import Category, Failure
from syncline.runtime.failure.failure_router import storable
from syncline.telemetry.logs import mask_secrets
from syncline.telemetry.masking import SECRETS, Secrets

CANARY = "c4n/ary p'ss"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SECRETS, "_forms", set())
    monkeypatch.setattr(SECRETS, "_pattern", None)
    SECRETS.know([CANARY])


@pytest.mark.parametrize(
    "form", [CANARY, "c4n%2Fary%20p%27ss", "c4n/ary%20p%27ss", "c4n%2Fary+p%27ss"]
)
def test_a_secret_is_masked_as_it_is_and_as_an_address_holds_it(form: str) -> None:
    assert SECRETS.mask(f"before {form} after") == "before *** after"


def test_a_secret_inside_a_longer_one_does_not_leave_the_rest() -> None:
    secrets = Secrets()
    secrets.know(["abcdef"])
    secrets.know(["abcdef-and-more"])
    assert secrets.mask("abcdef-and-more abcdef") == "*** ***"


def test_short_values_are_not_looked_for() -> None:
    secrets = Secrets()
    secrets.know(["abc", ""])
    assert secrets.mask("abc") == "abc"


@pytest.mark.parametrize("user", ["", "u", "us", "use", "user"])
def test_a_secret_is_masked_in_the_base64_of_a_login(user: str) -> None:
    secrets = Secrets()
    secrets.know(["horse-battery"])
    header = base64.b64encode(f"{user}:horse-battery".encode()).decode()
    shown = secrets.mask(f"Basic {header}")
    assert "***" in shown
    left = shown.removeprefix("Basic ").replace("***", "")
    assert len(left) <= len(base64.b64encode(f"{user}:".encode())) + 4


@pytest.mark.parametrize("secret", ["plain-1", 'qu"ote', "back\\slash", "ümlaut", "tailed\\"])
def test_json_stays_json_without_its_secrets(secret: str) -> None:
    secrets = Secrets()
    secrets.know([secret, "123456"])
    record = {"note": f"is {secret}.", secret: [secret], "pin": "123456", "count": 123456}
    for text in (json.dumps(record), json.dumps(record, ensure_ascii=False)):
        assert json.loads(secrets.mask_json(text)) == {
            "note": "is ***.", "***": ["***"], "pin": "***", "count": 123456,
        }  # fmt: skip


def test_a_failure_leaves_without_secrets_even_where_its_words_are_cut() -> None:
    long = "x" * 1995 + CANARY
    failure = storable(Failure(Category.UNKNOWN, "bad", f"no {CANARY}", long, f"f.{CANARY}"))
    assert (failure.message, failure.field) == ("no ***", "f.***")
    assert failure.detail == "x" * 1995 + "***"


def test_a_log_line_is_masked_inside_texts_lists_errors_and_tracebacks() -> None:
    event = {
        "event": CANARY,
        "exception": f"Traceback: {CANARY!r}",
        "error": ValueError(CANARY),
        "several": [{"a": CANARY}],
        "count": 3,
    }
    masked = mask_secrets(None, "info", event)
    assert masked == {
        "event": "***",
        "exception": 'Traceback: "***"',
        "error": "***",
        "several": [{"a": "***"}],
        "count": 3,
    }
