"""What a shop lets its app do: the last steps of Test Connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.graphql import GraphqlBody
from syncline.connectors.port import Check
from syncline.connectors.shopify import documents
from syncline.connectors.shopify.calls import ask
from syncline.connectors.shopify.entities import ENDPOINT
from syncline.domain.errors import FailureError
from syncline.domain.mapping.paths import parse_path, reader

SCOPES: Mapping[str, Sequence[str]] = {
    "item and variant as a source": ("read_products",),
    "customer as a source": ("read_customers",),
    "order as a source": ("read_orders", "read_customers", "read_products"),
    "item as a target": ("read_products", "write_products"),
    "customer as a target": ("read_customers", "write_customers"),
    "itemstock as a target": ("read_products", "write_inventory"),
}
"""What an entity type needs; a scope to write holds the one to read."""
OLD_ORDERS = "read_all_orders"
VERSION_HEADER = "x-shopify-api-version"
_SCOPES_AT = reader(parse_path("data.currentAppInstallation.accessScopes[].handle"))


async def check_access(api: Api, found: Sequence[Check]) -> list[Check]:
    """Return the steps of a test that went well, with what the app may do."""
    version = api.settings.base_url.rpartition("/")[2]
    try:
        return await _access(api, found, version)
    except FailureError as error:
        return [*found, Check("data", ok=False, message=api.clean(str(error))[:500])]


async def _access(api: Api, found: Sequence[Check], version: str) -> list[Check]:
    url = api.url(ENDPOINT, (), {})
    answer = await api.ask(url, GraphqlBody(documents.TEST, {}), graphql=True)
    handles = _SCOPES_AT(api.decoded(answer))
    granted = {str(each) for each in handles} if isinstance(handles, list) else set()
    checks = [*(c for c in found if c.part not in ("permission", "data")), _scopes(granted)]
    if "read_customers" in granted or "write_customers" in granted:
        checks += await _personal_data(api)
    return checks + (_version(answer, version) or [c for c in found if c.part == "data"])


def _scopes(granted: set[str]) -> Check:
    held = granted | {each.replace("write_", "read_", 1) for each in granted}
    missing = {
        what: [each for each in wanted if each not in held] for what, wanted in SCOPES.items()
    }
    able = [what for what, scopes in missing.items() if not scopes]
    words = f"the app may use: {', '.join(able) or 'nothing of what Syncline reads and writes'}"
    for what, scopes in missing.items():
        words += f"; {what} lacks {' and '.join(scopes)}" if scopes else ""
    if "read_orders" in held and OLD_ORDERS not in held:
        words += f"; without {OLD_ORDERS} orders older than 60 days are not shown"
    return Check("permission", ok=bool(able), message=words)


async def _personal_data(api: Api) -> list[Check]:
    """Ask for a customer: names and addresses need an access of their own."""
    try:
        await ask(api, documents.TEST_CUSTOMER, {})
    except FailureError as error:
        hint = "ask for access to protected customer data in the app's settings (API access)"
        message = f"names and addresses of customers are withheld: {hint}; {error}"
        return [Check("permission", ok=False, message=api.clean(message)[:500])]
    return []


def _version(answer: Answer, wanted: str) -> list[Check]:
    """Compare the version of the API: one that has ended is answered by a later one, in silence."""
    given = answer.headers.get(VERSION_HEADER, wanted)
    if given == wanted:
        return []
    message = (
        f"version {wanted} of the API has ended and the shop answers with {given}: set apiVersion "
        "to a supported version, and look whether Syncline has a newer one"
    )
    return [Check("data", ok=False, message=message)]
