"""`email-confirmations`: where the owner of an e-mail address says that mail is wanted.

Two pages without a script, and no part of the API: programs of mail servers open links, but press
no button.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import Path
from fastapi.responses import HTMLResponse

from syncline.postgres.notifications.mail_addresses import MailAddresses
from syncline_gateway.api import Api
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/email-confirmations", tags=["email-subscriptions"])
Token = Annotated[str, Path(max_length=100, description="What the mail's link ends with.")]
_PAGE = "<!doctype html><html lang=en><meta charset=utf-8><title>Syncline</title><h1>{}</h1>{}"
_OVER = "This link is over, or it is none. Ask who sent it for a new one."
_BUTTON = "<form method=post><button>Yes, write to this address</button></form>"


@router.get("/{token}", include_in_schema=False)
async def show_email_confirmation(token: Token, api: Api) -> HTMLResponse:
    """Show the page with the button that confirms an e-mail address."""
    address = await MailAddresses(api.installation).asked(token)
    if address is None:
        return HTMLResponse(_PAGE.format("Not found", _OVER), 404)
    title = f"Shall Syncline write to {escape(address)} when syncs fail?"
    return HTMLResponse(_PAGE.format(title, _BUTTON))


@router.post("/{token}", include_in_schema=False)
async def confirm_email_address(token: Token, api: Api) -> HTMLResponse:
    """Confirm an e-mail address: from now on notifications are sent to it."""
    address = await MailAddresses(api.installation).confirm(token)
    if address is None:
        return HTMLResponse(_PAGE.format("Not found", _OVER), 404)
    return HTMLResponse(_PAGE.format(f"{escape(address)} is confirmed", "You may close this page."))
