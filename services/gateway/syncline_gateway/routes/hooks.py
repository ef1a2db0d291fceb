"""`hooks`: where systems tell which records have changed. `inbound_webhooks` manages them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.responses import PlainTextResponse

from syncline.domain.record import JsonObject
from syncline_gateway.access.caller import host_of
from syncline_gateway.hook_receiver import LARGEST, HookReceiver, too_large
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/hooks", tags=["hooks"])
HookId = Annotated[str, Path(max_length=100, description="ID of the hook.")]


async def _receiver_of(request: Request) -> HookReceiver:
    receiver: HookReceiver = request.app.state.hooks
    return receiver


Receiver = Annotated[HookReceiver, Depends(_receiver_of)]
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
_TAKEN: JsonObject = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_ANSWERS: dict[int | str, JsonObject] = {
    200: {"description": "A delivery of Wix is stored; or this was WooCommerce's test."} | _TAKEN,
    202: {"description": "It is stored, and the records that it names will sync."} | _TAKEN,
}


@router.post("/{hook}", status_code=202, responses=_ANSWERS, openapi_extra=_BODY)
async def receive_delivery(hook: HookId, request: Request, receiver: Receiver) -> PlainTextResponse:
    """Take a delivery that the hook's system has signed. 202: it is stored, a repeat too.

    401: it is not signed as the hook wants. 429, 503: send it again later.
    """
    host = host_of(request)
    found = await receiver.find(hook, host)
    body = await _body_of(request)
    status = await receiver.receive(found, request.headers, body, host)
    return PlainTextResponse("taken\n", status)


async def _body_of(request: Request) -> bytes:
    """Return the raw body. Raises ProblemError 413 as soon as it is too large."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST:
        raise too_large()
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise too_large()
    return bytes(body)
