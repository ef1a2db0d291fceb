"""Notifications as messages of a chat: incoming webhooks of Slack, workflows of Teams.

Slack takes `text` (in lists and on phones) and `blocks`; Teams a message with an Adaptive Card.
What records and systems say is shown as it is: nothing in it is a link, a mention or mark-up.
"""

from __future__ import annotations

import re

from syncline.actions.notifications.email import facts_of, headline
from syncline.contracts.alerts import AlertData
from syncline.domain.record import JsonObject

_LONGEST = 1_900
"""Characters of one fact; Slack takes 2,000 in a field, and Teams 28 KB in all."""
_MOST_FACTS = 10
"""Fields that a section of Slack takes."""
_SLACK = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = re.compile(r"([\\`*_\[\]()~#|>])")


def slack_message(data: AlertData) -> JsonObject:
    """Return the body for an incoming webhook of Slack."""
    facts = list(facts_of(data).items())[:_MOST_FACTS]
    blocks: list[JsonObject] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(headline(data), 150)}}
    ]
    if facts:
        fields = [
            {"type": "plain_text", "text": _cut(f"{name}: {value}", _LONGEST), "emoji": False}
            for name, value in facts
        ]
        blocks.append({"type": "section", "fields": fields})
    if data.link:
        link = {"type": "mrkdwn", "text": f"<{data.link}|See more in Syncline>"}
        blocks.append({"type": "section", "text": link})
    return {"text": _for_slack(headline(data)), "blocks": blocks}


def teams_message(data: AlertData) -> JsonObject:
    """Return the body for a workflow of Teams that posts a card when a webhook is called."""
    facts = [
        {"title": name, "value": _for_teams(_cut(value, _LONGEST))}
        for name, value in list(facts_of(data).items())[:_MOST_FACTS]
    ]
    title = {
        "type": "TextBlock",
        "text": _for_teams(headline(data)),
        "weight": "Bolder",
        "size": "Medium",
        "wrap": True,
    }
    card: JsonObject = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *([{"type": "FactSet", "facts": facts}] if facts else [])],
    }
    if data.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "See more", "url": data.link}]
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _for_slack(text: str) -> str:
    return "".join(_SLACK.get(each, each) for each in text)


def _for_teams(text: str) -> str:
    """Escape what Markdown would take for mark-up."""
    return _MARKS.sub(r"\\\1", text)
