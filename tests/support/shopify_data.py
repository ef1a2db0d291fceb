"""What the stand-in shop holds, how it is searched and paged, and what its mutations do to it.

The schema is Shopify's; what it does not say is modelled on Shopify's documentation: handles are
brought into one form, lists that `productSet` is given replace what was there, a shop sets all
quantities of a call or none, and an idempotency key is remembered with its answer.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from graphql import GraphQLError, GraphQLResolveInfo, VariableNode

Thing = dict[str, Any]
Info: TypeAlias = GraphQLResolveInfo[Any]
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""When the shop's clock starts; each change takes a second."""
SHOP_ZONE = timedelta(hours=-5)
_TERM = re.compile(r"(\w+):(>=|>)?(?:'((?:[^'\\]|\\.)*)'|(\S+))")
MOST_QUANTITIES = 250


def gid(kind: str, number: int | str) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(thing: Mapping[str, Any]) -> tuple[int, str]:
    """Return what IDs are sorted by."""
    number = str(thing["id"]).rpartition("/")[2]
    return (int(number) if number.isdigit() else 0, number)


def refusal(code: str, message: str, *field: str) -> Thing:
    return {"code": code, "message": message, "field": list(field)}


class ShopData:
    """A shop's records.

    Attributes:
        things: by ID; `__typename` tells the kind.
        levels: (inventory item, location) -> available.
        hidden: IDs that a search does not show yet.
        effects: what mutations did, counted.
        most: records after which paging ends.
    """

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.levels: dict[tuple[str, str], int] = {}
        self.hidden: set[str] = set()
        self.effects: Counter[str] = Counter()
        self.most = 25_000
        self.refuses: Callable[[Thing], Thing | None] = lambda _: None
        self._keys: dict[str, tuple[Any, Any]] = {}
        self._made = 0
        self._changes = 0
        self.add("Location", id=gid("Location", 1), name="Warehouse")

    def add(self, kind: str, **values: Any) -> Thing:
        """Put a record into the shop, and return it."""
        self._made += 1
        thing = {"__typename": kind, "id": gid(kind, self._made), "updatedAt": self.now(), **values}
        self.things[thing["id"]] = thing
        return thing

    def add_product(self, sku: str, handle: str = "", **values: Any) -> Thing:
        """Put a product with one variant into the shop, and return it."""
        product = self.add("Product", **{"handle": handle or sku.lower(), "title": sku} | values)
        product["variants"] = [self._variant(product, {"sku": sku, "price": "1.00"})]
        return product

    def kind(self, name: str) -> list[Thing]:
        return [thing for thing in self.things.values() if thing["__typename"] == name]

    def now(self) -> str:
        self._changes += 1
        return f"{NOW + timedelta(seconds=self._changes):%Y-%m-%dT%H:%M:%SZ}"

    def read(self, kind: str, info: Info, **args: Any) -> Thing:
        """Answer a search: `query` filters, `sortKey` sorts."""
        found = [t for t in self.kind(kind) if t["id"] not in self.hidden]
        found = [t for t in found if _matches(t, args.get("query"), kind)]
        by_time = args.get("sortKey") == "UPDATED_AT"
        found.sort(key=lambda t: (t["updatedAt"] if by_time else "", *number_of(t)))
        return page_of(found, args, self.most, by_time=by_time)

    def node(self, info: Info, id: str) -> Thing | None:
        if not id.startswith("gid://shopify/"):
            raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "INVALID_VARIABLE"})
        return self.things.get(id)

    def nodes(self, info: Info, ids: list[str]) -> list[Thing | None]:
        return [self.node(info, each) for each in ids]

    def by_identifier(self, info: Info, identifier: Thing) -> Thing | None:
        return self._product(identifier)

    def _product(self, identifier: Mapping[str, Any]) -> Thing | None:
        if "id" in identifier:
            return self.things.get(identifier["id"])
        return next((p for p in self.kind("Product") if p["handle"] == identifier["handle"]), None)

    def set_product(
        self, info: Info, identifier: Thing, input: Thing, synchronous: bool = True
    ) -> Thing:
        known = self._product(identifier)
        if refused := self._problem_of(known, identifier, input):
            return {"product": None, "userErrors": [refused]}
        if known is None:
            known = self.add("Product", variants=[], handle=_handle(input["handle"]))
            self.effects[f"create {known['handle']}"] += 1
        self.effects[f"set {known['handle']}"] += 1
        known |= {name: value for name, value in input.items() if name != "variants"}
        if "variants" in input:
            kept = {_options(v): v for v in known["variants"]}
            for gone in kept.keys() - {_options(v) for v in input["variants"]}:
                del self.things[kept[gone]["id"]]
                self.effects["variants deleted"] += 1
            known["variants"] = [
                self._variant(known, given, kept.get(_options(given)))
                for given in input["variants"]
            ]
        elif not known["variants"]:
            known["variants"] = [self._variant(known, {})]
        known["handle"], known["updatedAt"] = _handle(known["handle"]), self.now()
        return {"product": known, "userErrors": []}

    def _problem_of(self, known: Thing | None, identifier: Thing, given: Thing) -> Thing | None:
        if known is None and "id" in identifier:
            return refusal("PRODUCT_DOES_NOT_EXIST", "Product does not exist", "identifier")
        title = given.get("title", known and known["title"])
        if not title:
            return refusal("INVALID_INPUT", "Title can't be blank", "input", "title")
        for name, most in (("title", 255), ("descriptionHtml", 512_000)):
            if len(given.get(name) or "") > most:
                words = f"{name} is too long (maximum is {most} characters)"
                return refusal("INVALID_INPUT", words, "input", name)
        has_options = "productOptions" in given or (known or {}).get("productOptions")
        if "variants" in given and not has_options:
            words = "Product options input is required when updating variants"
            return refusal("PRODUCT_OPTIONS_INPUT_MISSING", words, "input", "productOptions")
        for n, variant in enumerate(given.get("variants", [])):
            if float(variant.get("price") or 0) < 0:
                words = "Price must be greater than or equal to 0"
                return refusal("INVALID_VARIANT", words, "input", "variants", str(n), "price")
        return self.refuses(given)

    def _variant(self, product: Thing, given: Thing, known: Thing | None = None) -> Thing:
        variant = known or self.add("ProductVariant", product=product)
        variant |= given
        item = variant.setdefault("inventoryItem", {})
        item.setdefault("id", variant["id"].replace("ProductVariant", "InventoryItem"))
        return variant

    def delete_product(self, info: Info, input: Thing, **_: Any) -> Thing:
        product = self.things.pop(input["id"], None)
        if product is None:
            return {"userErrors": [refusal("", "Product does not exist", "id")]}
        for variant in product["variants"]:
            self.things.pop(variant["id"])
        self.effects["delete"] += 1
        return {"deletedProductId": input["id"], "userErrors": []}

    def set_quantities(self, info: Info, input: Thing) -> Thing:
        given = input["quantities"]
        if len(given) > MOST_QUANTITIES:
            words = f"The input array size of {len(given)} is greater than the maximum of 250"
            raise GraphQLError(words, extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"})

        def change() -> Thing:
            refused = list(self._wrong_quantities(given))
            if not refused:
                for each in given:
                    self.levels[each["inventoryItemId"], each["locationId"]] = each["quantity"]
                    self.effects["quantity"] += 1
            group = None if refused else {"id": gid("InventoryAdjustmentGroup", 1)}
            return {"inventoryAdjustmentGroup": group, "userErrors": refused}

        return self._once(info, input, change)

    def _wrong_quantities(self, given: Sequence[Thing]) -> Iterator[Thing]:
        items = {v["inventoryItem"]["id"] for v in self.kind("ProductVariant")}
        seen = set()
        for n, each in enumerate(given):
            item, location = each["inventoryItemId"], each["locationId"]
            path = ("input", "quantities", str(n))
            if "changeFromQuantity" not in each:
                yield refusal("COMPARE_QUANTITY_REQUIRED", "is required", *path)
            elif (item, location) in seen:
                code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
                yield refusal(code, "is there twice", *path)
            elif item not in items:
                words = "The specified inventory item could not be found."
                yield refusal("INVALID_INVENTORY_ITEM", words, *path, "inventoryItemId")
            elif (item, location) not in self.levels:
                words = "The specified inventory item is not stocked at the location."
                yield refusal("INVALID_LOCATION", words, *path, "locationId")
            seen.add((item, location))

    def activate(self, info: Info, **given: Any) -> Thing:
        item, location = given["inventoryItemId"], given["locationId"]

        def change() -> Thing:
            if location not in self.things:
                words = "The location couldn't be found."
                return {"inventoryLevel": None, "userErrors": [refusal("", words, "locationId")]}
            self.levels[item, location] = given["available"]
            self.effects["activate"] += 1
            level = gid("InventoryLevel", len(self.levels))
            return {"inventoryLevel": {"id": level}, "userErrors": []}

        return self._once(info, given, change)

    def _once(self, info: Info, content: Any, change: Callable[[], Thing]) -> Thing:
        """Do a change once for each idempotency key, which must be given."""
        given = [d for d in info.field_nodes[0].directives or () if d.name.value == "idempotent"]
        if not given:
            words = "The @idempotent directive is required for this mutation"
            raise GraphQLError(words, extensions={"code": "BAD_REQUEST"})
        value = (given[0].arguments or ())[0].value
        assert isinstance(value, VariableNode)
        key = str(info.variable_values.coerced[value.name.value])
        if key in self._keys:
            before, answer = self._keys[key]
            code = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
            return answer if before == content else {"userErrors": [refusal(code, "other input")]}
        answer = change()
        self._keys[key] = content, answer
        return answer


def _handle(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def _options(variant: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a variant from the others of its product."""
    return tuple(v.get("name", "") for v in variant.get("optionValues", ())) or ("Default Title",)


def _matches(thing: Thing, query: str | None, kind: str) -> bool:
    if not query:
        return True
    any_of = [part.split(" AND ") for part in query.split(" OR ")]
    return any(all(_term(thing, term, kind) for term in terms) for terms in any_of)


def _term(thing: Thing, term: str, kind: str) -> bool:
    found = _TERM.fullmatch(term.strip())
    if found is None:
        raise GraphQLError(f"Invalid search field: {term}")
    name, sign, quoted, plain = found.groups()
    value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if name == "id":
        return number_of(thing)[0] > int(value)
    if name == "sku":
        return str(thing.get("sku") or "").casefold() == value.casefold()
    changed = thing["updatedAt"]
    if kind == "Customer":  # whole days of the shop's own zone
        local = datetime.fromisoformat(changed) + SHOP_ZONE
        return f"{local:%Y-%m-%d}" >= value[:10]
    return bool(changed >= value) if sign == ">=" else bool(changed > value)


def page_of(
    found: Sequence[Thing], args: Mapping[str, Any], most: int = 10**9, *, by_time: bool = False
) -> Thing:
    """Return a page of a list. A cursor names the record before it, and how many came by then."""
    taken, before = 0, None
    if args.get("after"):
        taken, *before = json.loads(base64.b64decode(args["after"]))
    keys = [[thing["updatedAt"] if by_time else "", *number_of(thing)] for thing in found]
    start = next((n for n, key in enumerate(keys) if before is None or key > before), len(found))
    size = min(args.get("first") or 0, 250, most - taken)
    nodes = found[start : start + size]
    end = None
    if nodes:
        cursor = [taken + len(nodes), *keys[start + len(nodes) - 1]]
        end = base64.b64encode(json.dumps(cursor).encode()).decode()
    more = start + size < len(found) and taken + len(nodes) < most
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": more, "endCursor": end}}
