"""The GraphQL documents by which a shop is read and written, for the Admin API 2026-10.

Tests check each against Shopify's schema. Lists within a record are read page by page as well:
`NESTED` names them, with the document that reads what is behind their first page.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PAGE_INFO = "pageInfo { hasNextPage endCursor }"
_MONEY = "{ shopMoney { amount } }"
_ADDRESS = (
    "{ id firstName lastName company address1 address2 zip city provinceCode countryCodeV2 phone }"
)
_VARIANT = """
  id title sku barcode price compareAtPrice taxable position inventoryPolicy inventoryQuantity
  createdAt updatedAt selectedOptions { name value }
  inventoryItem {
    id tracked requiresShipping unitCost { amount } measurement { weight { value unit } }
  }
"""
_ITEM = f"""
  id handle title descriptionHtml vendor productType status tags isGiftCard totalInventory
  createdAt updatedAt publishedAt options {{ name values }}
  featuredMedia {{ preview {{ image {{ url }} }} }}
  variants(first: 10) {{ nodes {{ {_VARIANT} }} {PAGE_INFO} }}
"""
_OF_PRODUCT = """
  product { id handle title descriptionHtml vendor productType status tags updatedAt }
"""
_CUSTOMER = f"""
  id firstName lastName displayName state locale note tags taxExempt createdAt updatedAt
  numberOfOrders amountSpent {{ amount currencyCode }}
  defaultEmailAddress {{ emailAddress marketingState }}
  defaultPhoneNumber {{ phoneNumber }}
  defaultAddress {_ADDRESS}
  addressesV2(first: 5) {{ nodes {_ADDRESS} {PAGE_INFO} }}
"""
_LINE = f"""
  id name title variantTitle sku quantity currentQuantity taxable requiresShipping vendor
  product {{ id }} variant {{ id }} customAttributes {{ key value }}
  originalUnitPriceSet {_MONEY} totalDiscountSet {_MONEY} discountedTotalSet {_MONEY}
  taxLines {{ title ratePercentage priceSet {_MONEY} }}
"""
_ORDER = f"""
  id name createdAt processedAt updatedAt closedAt cancelledAt cancelReason currencyCode
  taxesIncluded displayFinancialStatus displayFulfillmentStatus email phone note tags
  discountCodes paymentGatewayNames poNumber sourceName test customer {{ id tags }}
  subtotalPriceSet {_MONEY} totalDiscountsSet {_MONEY} totalShippingPriceSet {_MONEY}
  totalTaxSet {_MONEY} totalPriceSet {_MONEY} shippingLine {{ title code }}
  billingAddress {_ADDRESS} shippingAddress {_ADDRESS}
  lineItems(first: 20) {{ nodes {{ {_LINE} }} {PAGE_INFO} }}
"""


def _read(root: str, fields: str, sort_keys: str) -> str:
    return f"""query Read($first: Int!, $after: String, $query: String, $sort: {sort_keys}!) {{
  {root}(first: $first, after: $after, query: $query, sortKey: $sort) {{
    nodes {{ {fields} }} {PAGE_INFO}
  }}
}}"""


def _fetch(kind: str, fields: str) -> str:
    return f"query Fetch($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ {fields} }} }} }}"


def _rest(kind: str, name: str, fields: str) -> str:
    return f"""query Rest($id: ID!, $after: String!) {{
  node(id: $id) {{ ... on {kind} {{
    {name}(first: 100, after: $after) {{ nodes {{ {fields} }} {PAGE_INFO} }}
  }} }}
}}"""


class Nested(msgspec.Struct, frozen=True):
    """A list within a record: its field, and the document that reads more of it."""

    field: str
    rest: str


READ = {
    "item": _read("products", _ITEM, "ProductSortKeys"),
    "variant": _read("productVariants", _VARIANT + _OF_PRODUCT, "ProductVariantSortKeys"),
    "customer": _read("customers", _CUSTOMER, "CustomerSortKeys"),
    "order": _read("orders", _ORDER, "OrderSortKeys"),
}
"""Entity type -> how a page of it is read."""
FETCH = {
    "item": _fetch("Product", _ITEM),
    "variant": _fetch("ProductVariant", _VARIANT + _OF_PRODUCT),
    "customer": _fetch("Customer", _CUSTOMER),
    "order": _fetch("Order", _ORDER),
}
"""Entity type -> how it is read by IDs."""
NESTED: Mapping[str, Nested] = {
    "item": Nested("variants", _rest("Product", "variants", _VARIANT)),
    "customer": Nested("addressesV2", _rest("Customer", "addressesV2", _ADDRESS[1:-1])),
    "order": Nested("lineItems", _rest("Order", "lineItems", _LINE)),
}
SET_ITEM = """mutation SetItem($identifier: ProductSetIdentifiers!, $input: ProductSetInput!) {
  productSet(identifier: $identifier, input: $input, synchronous: true) {
    product { id } userErrors { code field message }
  }
}"""
FIND_ITEM = """query FindItem($handle: String!) {
  productByIdentifier(identifier: { handle: $handle }) {
    id handle title vendor productType status templateSuffix
  }
}"""
SET_CUSTOMER = """mutation SetCustomer(
  $identifier: CustomerSetIdentifiers!, $input: CustomerSetInput!
) {
  customerSet(identifier: $identifier, input: $input) {
    customer { id } userErrors { code field message }
  }
}"""
FIND_CUSTOMER = """query FindCustomer($email: String!) {
  customerByIdentifier(identifier: { emailAddress: $email }) {
    id firstName lastName locale note taxExempt
  }
}"""
DELETE_CUSTOMER = """mutation DeleteCustomer($id: ID!) {
  customerDelete(input: { id: $id }) { deletedCustomerId userErrors { field message } }
}"""
COUNT_VARIANTS = """query CountVariants($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Product { id variantsCount { count } } }
}"""
COUNT_ADDRESSES = """query CountAddresses($ids: [ID!]!, $most: Int!) {
  nodes(ids: $ids) { ... on Customer { id addressesV2(first: $most) { nodes { id } } } }
}"""
DELETE_ITEM = """mutation DeleteItem($id: ID!) {
  productDelete(input: { id: $id }, synchronous: true) {
    deletedProductId userErrors { field message }
  }
}"""
FIND_STOCK = f"""query FindStock($query: String!) {{
  productVariants(first: 250, query: $query) {{
    nodes {{ sku inventoryItem {{ id }} }} {PAGE_INFO}
  }}
}}"""
SET_STOCK = """mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id } userErrors { code field message }
  }
}"""
ACTIVATE_STOCK = """mutation ActivateStock(
  $item: ID!, $location: ID!, $available: Int!, $key: String!
) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available)
    @idempotent(key: $key) {
    inventoryLevel { id } userErrors { field message }
  }
}"""
TEST = """query Test {
  shop { name }
  currentAppInstallation { accessScopes { handle } }
}"""
TEST_CUSTOMER = """query TestCustomer {
  customers(first: 1) { nodes { firstName defaultEmailAddress { emailAddress } } }
}"""
EVERY = {
    **{f"read {name}": text for name, text in READ.items()},
    **{f"fetch {name}": text for name, text in FETCH.items()},
    **{f"rest of {name}": nested.rest for name, nested in NESTED.items()},
    "set item": SET_ITEM,
    "find item": FIND_ITEM,
    "count variants": COUNT_VARIANTS,
    "delete item": DELETE_ITEM,
    "set customer": SET_CUSTOMER,
    "find customer": FIND_CUSTOMER,
    "count addresses": COUNT_ADDRESSES,
    "delete customer": DELETE_CUSTOMER,
    "find stock": FIND_STOCK,
    "set stock": SET_STOCK,
    "activate stock": ACTIVATE_STOCK,
    "test": TEST,
    "test customer": TEST_CUSTOMER,
}
"""All documents by what they do, for the tests that hold them to Shopify's schema."""
