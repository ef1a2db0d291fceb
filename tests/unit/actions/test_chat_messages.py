"""Messages of chats, in the shapes that Slack and Teams document."""

from __future__ import annotations

from typing import Any

from syncline.actions.notifications.chat import slack_message, teams_message
from syncline.contracts.alerts import AlertData

REASON = "*all* <!channel> of [x](http://evil) & <https://evil|more>"
FAILED = AlertData(
    alert="run_failed", tenant="default", instance="erp-shop", entity_type="item", reason=REASON,
    link="https://syncline.example.com/runs/1", total=3, success=1, skipped=1, failed=1,
)  # fmt: skip


def test_slack_gets_text_and_blocks_in_which_nothing_is_mark_up() -> None:
    message: dict[str, Any] = slack_message(FAILED)
    assert message["text"] == "erp-shop, item: run failed"
    head, facts, link = message["blocks"]
    assert head == {
        "type": "header",
        "text": {"type": "plain_text", "text": "erp-shop, item: run failed"},
    }
    assert {"type": "plain_text", "text": f"Reason: {REASON}", "emoji": False} in facts["fields"]
    assert link["text"]["text"].startswith("<https://syncline.example.com/runs/1|")


def test_slack_takes_what_is_longest_and_shortest() -> None:
    long: dict[str, Any] = slack_message(
        AlertData(alert="test", tenant="default", instance="<i>" * 100, reason="x" * 9000)
    )
    assert "<" not in long["text"]
    assert len(long["blocks"][0]["text"]["text"]) <= 150
    assert all(len(f["text"]) <= 2000 for f in long["blocks"][1]["fields"])
    assert len(slack_message(FAILED)["blocks"][1]["fields"]) <= 10


def test_teams_gets_an_adaptive_card_in_a_message() -> None:
    message: dict[str, Any] = teams_message(FAILED)
    (attachment,) = message["attachments"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    title, facts = card["body"]
    assert title["text"] == "erp-shop, item: run failed"
    told = {fact["title"]: fact["value"] for fact in facts["facts"]}
    assert told["Reason"].startswith("\\*all\\* ")
    assert "](" not in told["Reason"]
    assert card["actions"][0]["url"] == FAILED.link
