"""`inbound-webhooks`: hooks as people manage them. What systems send is received at `hooks`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Response

from syncline.domain.configuration.documents import Kind
from syncline.domain.hook.signature import HookScheme
from syncline.domain.record import JsonObject
from syncline.postgres.hooks.hook_list import HOOK_SORTS, HookDeliveryView, HookList, HookView
from syncline.postgres.hooks.hook_secrets import HookSecrets
from syncline.resources import edits
from syncline.resources.edits import Edit
from syncline_gateway.access.caller import Configurer, Runner
from syncline_gateway.api import Api
from syncline_gateway.edits import Name, Search, add_routes, edit_of, listed, saved
from syncline_gateway.requests.parameters import Id, Page, Paged, etag, identity, moment
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/inbound-webhooks", tags=["hooks"])
HookEdit = Annotated[Edit, Depends(edit_of(Kind.HOOK))]
PartOfHooks = Annotated[SortedPart, Depends(part_of(HOOK_SORTS))]
_TEXT = msgspec.Meta(max_length=200)
_BYTES: dict[int | str, JsonObject] = {
    200: {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class SignatureBody(msgspec.Struct, rename="camel", kw_only=True):
    """How the sender signs; what a scheme has by itself is left out."""

    scheme: HookScheme
    header: Annotated[str, _TEXT] | None = None
    encoding: Annotated[str, _TEXT] = "hex"
    prefix: Annotated[str, _TEXT] = ""
    id_header: Annotated[str, _TEXT] | None = None
    public_key: Annotated[str, msgspec.Meta(max_length=5000)] | None = None


class HookBody(msgspec.Struct, rename="camel", kw_only=True):
    """A hook as it is written. Instance and entity type never change."""

    name: str | None = None
    instance: Annotated[str, _TEXT]
    entity_type: Annotated[str, _TEXT]
    source_ids: Annotated[str, msgspec.Meta(max_length=500)]
    signature: SignatureBody
    enabled: bool = True


class SecretBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The secret that the system has given; null or left out: make one."""

    secret: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class HookSecret(msgspec.Struct, frozen=True, rename="camel"):
    """A hook with its secret, which is shown here and never again."""

    secret: str
    hook: HookView


@router.get("")
async def list_inbound_webhooks(
    caller: Runner, api: Api, part: PartOfHooks, search: Search = None
) -> Page[HookView]:
    """List hooks, by name where no other order is wanted."""
    return part.page(await HookList(api.database).page(caller.tenant, listed(part, search)))


@router.get("/{name}")
async def get_inbound_webhook(name: Name, caller: Runner, api: Api) -> Answered[HookView]:
    """Return a hook."""
    return await _shown(api, caller.tenant, name)


@router.post("/{name}/enable")
async def enable_inbound_webhook(edit: HookEdit, api: Api) -> Answered[HookView]:
    """Let runs come of what a hook receives; what it received meanwhile stays undone."""
    step = await edits.switch(api.configuration, edit, enabled=True)
    return await _shown(api, edit.tenant, step.name)


@router.post("/{name}/disable")
async def disable_inbound_webhook(edit: HookEdit, api: Api) -> Answered[HookView]:
    """Let no run come of what a hook receives. Its sender is answered as before."""
    step = await edits.switch(api.configuration, edit, enabled=False)
    return await _shown(api, edit.tenant, step.name)


@router.post("/{name}/rotate-secret")
async def rotate_inbound_webhook_secret(
    name: Name, caller: Configurer, api: Api, body: SecretBody
) -> HookSecret:
    """Give a hook its first or another secret, shown here alone; for 24 hours both count."""
    secrets = HookSecrets(api.database, api.keyring)
    secret = await secrets.rotate(caller.tenant, caller.actor, name, body.secret)
    return HookSecret(secret, await HookList(api.database).get(caller.tenant, name))


@router.get("/{name}/deliveries")
async def list_inbound_webhook_deliveries(
    name: Name, caller: Runner, api: Api, paging: Paged
) -> Page[HookDeliveryView]:
    """List what a hook received in the last seven days, the newest first, with what came of it."""
    after = paging.key(moment, identity)
    found = await HookList(api.database).deliveries(caller.tenant, name, paging.limit, after)
    return paging.page(found, lambda one: [one.received_at.isoformat(), one.id])


@router.get("/{name}/deliveries/{delivery}/body", responses=_BYTES)
async def get_inbound_webhook_delivery_body(
    name: Name, delivery: Id, caller: Runner, api: Api
) -> Response:
    """Download what a hook received, byte for byte, for a day; who may see payloads, audited."""
    viewer = caller.payload_viewer()
    body = await HookList(api.database).body(caller.tenant, name, delivery, viewer)
    headers = {"Content-Disposition": f'attachment; filename="{delivery}.json"'}
    return Response(body, headers=headers, media_type="application/octet-stream")


async def _saved(api: Api, edit: Edit, body: Document[HookBody]) -> Answered[HookView]:
    """Store a hook as the body wants it. A new one has no secret: rotate-secret gives it one."""
    step, mark = await edits.save(api.configuration, edit, body.value)
    view = await HookList(api.database).get(edit.tenant, step.name)
    return saved(router, edit, step.name, view, mark)


add_routes(router, Kind.HOOK, "inbound_webhook", _saved)


async def _shown(api: Api, tenant: str, name: str) -> Answered[HookView]:
    view = await HookList(api.database).get(tenant, name)
    return Answered(view, etag(view.etag))
