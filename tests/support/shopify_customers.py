"""Customers of the stand-in shop: one for each e-mail address, as `customerSet` keeps them.

Messages that Shopify's schema does not say are modelled on its documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.shopify_data import Info, ShopData, Thing, refusal

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[0-9 ()-]{7,20}")
_LENGTHS = {"firstName": 255, "lastName": 255, "note": 5000}


class ShopCustomers:
    """What a shop does with its customers; `bought` in one means that it has orders."""

    def __init__(self, data: ShopData) -> None:
        self._data = data

    def by_identifier(self, info: Info, identifier: Thing) -> Thing | None:
        return self._known(identifier)

    def _known(self, identifier: Mapping[str, Any]) -> Thing | None:
        if "id" in identifier:
            found = self._data.things.get(identifier["id"])
            return found if found and found["__typename"] == "Customer" else None
        wanted = identifier.get("emailAddress", identifier.get("email", "")).casefold()
        customers = self._data.kind("Customer")
        return next((c for c in customers if c.get("email", "").casefold() == wanted), None)

    def put(self, info: Info, input: Thing, identifier: Thing) -> Thing:
        known = self._known(identifier)
        if refused := self._problem_of(known, identifier, input):
            return {"customer": None, "userErrors": [refused]}
        if known is None:
            known = self._data.add("Customer", addressesV2=[])
            self._data.effects[f"create {input['email']}"] += 1
        self._data.effects[f"set {input.get('email', known.get('email'))}"] += 1
        if "addresses" in input:
            self._replace_addresses(known, input["addresses"])
        known |= {name: value for name, value in input.items() if name != "addresses"}
        known["updatedAt"] = self._data.now()
        return {"customer": known, "userErrors": []}

    def _replace_addresses(self, known: Thing, given: list[Thing]) -> None:
        kept = {address.get("id") for address in given}
        lost = [address for address in known["addressesV2"] if address["id"] not in kept]
        self._data.effects["addresses deleted"] += len(lost)
        known["addressesV2"] = [self._data.add("MailingAddress", **address) for address in given]
        for address in known["addressesV2"]:
            address["countryCodeV2"] = address.get("countryCode")

    def _problem_of(self, known: Thing | None, identifier: Thing, given: Thing) -> Thing | None:
        if "id" in identifier and known is None:
            return refusal("NOT_FOUND", "Resource matching the identifier was not found.")
        if "id" not in identifier and not given.get("email"):
            words = "The input field corresponding to the identifier is required."
            return refusal("MISSING_FIELD_REQUIRED", words, "input", "email")
        if refused := next(self._wrong(known, given), None):
            code, name, words = refused
            return refusal(code, words, "input", name)
        return None

    def _wrong(self, known: Thing | None, given: Thing) -> Iterator[tuple[str, str, str]]:
        email, phone = given.get("email"), given.get("phone")
        other = self._known({"email": email}) if email else None
        if email and not _EMAIL.fullmatch(email):
            yield "INVALID", "email", "Email is invalid"
        if other is not None and other is not known:
            yield "TAKEN", "email", "Email has already been taken"
        if phone and not _PHONE.fullmatch(phone):
            yield "INVALID", "phone", "Phone is invalid"
        for name, most in _LENGTHS.items():
            if len(given.get(name) or "") > most:
                yield "TOO_LONG", name, f"{name} is too long (maximum is {most} characters)"

    def delete(self, info: Info, input: Thing) -> Thing:
        customer = self._known(input)
        if customer is None:
            return {"userErrors": [refusal("", "Customer can't be found", "id")]}
        if customer.get("bought"):
            words = "Customer can't be deleted because they have associated orders"
            return {"userErrors": [refusal("", words, "id")]}
        del self._data.things[customer["id"]]
        self._data.effects["delete"] += 1
        return {"deletedCustomerId": input["id"], "userErrors": []}
