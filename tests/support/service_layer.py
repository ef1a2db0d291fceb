"""A stand-in for the Service Layer of SAP Business One, with its sessions, rules and traps.

It answers as `/b1s/v1` (OData v3) and `/b1s/v2` (v4) do, on loopback, and misbehaves as `trouble`
scripts it. Nothing of it is SAP's: it was built from the manual and from reports of users.

    POST /Login, /Logout
    GET  /SET              `$filter`, `$orderby`, `$select`, `$skip`, `$top`, odata.maxpagesize
    GET  /SET(key)
    POST /SET, PATCH /SET(key)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from syncline.domain.record import JsonObject
from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply
from tests.support.odata import KEY, Filter, key_of, ordered
from tests.support.service_layer_names import TYPES, properties_of

PAGE = 20
"""Records in a page where nothing else is asked for."""
SESSION_OVER = "Invalid session or session already timeout."
NOT_FOUND = "No matching records found (ODBC -2028)"
DOCUMENTS = {"Orders": "oOrders", "Quotations": "oQuotations"}
KEYS = {
    "BusinessPartnerGroups": "Code",
    "BusinessPartners": "CardCode",
    "Drafts": "DocEntry",
    "ItemGroups": "Number",
    "Items": "ItemCode",
    "Orders": "DocEntry",
    "PaymentTermsTypes": "GroupNumber",
    "PriceLists": "PriceListNo",
    "Quotations": "DocEntry",
    "UnitOfMeasurementGroups": "AbsEntry",
    "VatGroups": "Code",
    "Warehouses": "WarehouseCode",
}
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class RefusedError(Exception):
    """A refusal in the words of the Service Layer."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class ServiceLayer(HttpApi):
    """The Service Layer of one company.

    Attributes:
        sets: entity set -> key as text -> record.
        properties: names that a set's records may have, which are the real ones.
        user_fields: names of user fields, which every record may have.
        logins: how often somebody signed in; `sessions` are those that are good.
        node: which of its nodes answers; a session is known to one.
        approval: documents of a customer in here become drafts, and are answered with -2028.
        refusal: what a TransactionNotification says of a document, None of a good one.
        unique: a user field with a unique index.
        today: the day that a changed record gets.
        gives: as many records as it gives in a page at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self.company, self.user, self.password = "SBODemo", "syncline", "sesame-9f2"
        self.sets: dict[str, dict[str, JsonObject]] = {name: {} for name in TYPES}
        self.keys = dict(KEYS)
        self.properties = {name: properties_of(type_) for name, type_ in TYPES.items()}
        self.user_fields = {"U_ShopOrder"}
        self.sessions: set[str] = set()
        self.logins = 0
        self.node = ".node1"
        self.approval: set[str] = set()
        self.refusal: Callable[[JsonObject], str | None] = lambda _: None
        self.unique = ""
        self.today = "2026-11-30"
        self.gives = 1000
        self.calls: Counter[str] = Counter()

    def put(self, name: str, *records: Mapping[str, Any]) -> None:
        """Keep records as they are."""
        for record in records:
            self._check(name, record)
            self.sets[name][str(record[self.keys[name]])] = dict(record)

    def end_sessions(self) -> None:
        """Let all sessions time out."""
        self.sessions.clear()

    def _reply(self, asked: ReceivedRequest) -> Reply:
        found = re.fullmatch(r"/b1s/v([12])(/.*)", asked.path, re.DOTALL)
        if found is None:
            return _page(404, "Not Found")
        if self.largest_body is not None and len(asked.body) > self.largest_body:
            return _page(413, "Request Entity Too Large")
        is_v4, path = found[1] == "2", found[2]
        self.calls[f"{asked.method} {path.partition('(')[0]}"] += 1
        try:
            return self._answer(asked, path, is_v4=is_v4)
        except RefusedError as error:
            words = {"lang": "en-us", "value": error.message}
            is_text = is_v4 and error.code != 301
            told = {"code": str(error.code), "message": error.message} if is_text else {
                "code": error.code, "message": words
            }  # fmt: skip
            return Reply(error.status, {"error": told})

    def _answer(self, asked: ReceivedRequest, path: str, *, is_v4: bool) -> Reply:
        if path == "/Login" and asked.method == "POST":
            return self._login(_decode(asked.body))
        session = self._session(asked)
        if path == "/Logout":
            self.sessions.discard(session)
            return Reply(204)
        one = KEY.fullmatch(path)
        name = one["set"] if one else path.removeprefix("/")
        if name not in self.sets:
            raise RefusedError(404, -1000, f"Unrecognized resource path '{name}'")
        match asked.method, one:
            case "GET", None:
                return self._list(name, asked, is_v4=is_v4)
            case "POST", None:
                return self._create(name, _decode(asked.body))
            case "PATCH", re.Match():
                return self._update(name, self._one(name, one["key"]), asked)
            case "GET", re.Match():
                return Reply(body=self._one(name, one["key"]))
        raise RefusedError(405, -1000, f"{asked.method} is not supported for {name}")

    def _one(self, name: str, key: str) -> JsonObject:
        record = self.sets[name].get(key_of(key))
        if record is None:
            raise RefusedError(404, -2028, NOT_FOUND)
        return record

    def _login(self, given: Mapping[str, Any]) -> Reply:
        wanted = {"CompanyDB": self.company, "UserName": self.user, "Password": self.password}
        if given != wanted:
            raise RefusedError(401, 100000027, "Login failed")
        self.logins += 1
        session = f"{self.logins:08}-session"
        self.sessions.add(session + self.node)
        cookies = {
            "Set-Cookie": f"B1SESSION={session};HttpOnly;Secure",
            "set-cookie": f"ROUTEID={self.node}; path=/b1s",
        }
        return Reply(body={"SessionId": session, "Version": "1000190", "SessionTimeout": 30},
                     headers=cookies)  # fmt: skip

    def _session(self, asked: ReceivedRequest) -> str:
        pairs = [p.strip().partition("=") for p in asked.headers.get("cookie", "").split(";")]
        cookies = {name: value for name, _, value in pairs}
        session = cookies.get("B1SESSION", "") + self.node
        if session not in self.sessions or cookies.get("ROUTEID") != self.node:
            raise RefusedError(401, 301, SESSION_OVER)
        return session

    def _list(self, name: str, asked: ReceivedRequest, *, is_v4: bool) -> Reply:
        query = asked.query
        records: Iterable[Mapping[str, Any]] = self.sets[name].values()
        names = [part.split()[0] for part in query.get("$orderby", "").split(",") if part]
        selected = [part for part in query.get("$select", "").split(",") if part]
        if "$filter" in query:
            try:
                condition = Filter(query["$filter"])
            except (ValueError, ArithmeticError) as error:
                raise RefusedError(400, 205, f"Query string error: {error}") from error
            self._check(name, condition.names)
            records = [record for record in records if condition.test(record)]
        self._check(name, [*names, *selected])
        found = ordered(list(records), names or [self.keys[name]])
        start, top = int(query.get("$skip", 0)), query.get("$top")
        size = min(_page_size(asked), self.gives)
        page = found[start : start + min(size, int(top or size))]
        prefix = "@odata." if is_v4 else "odata."
        body: JsonObject = {f"{prefix}context": f"$metadata#{name}"}
        body["value"] = [{n: r.get(n) for n in selected} if selected else r for r in page]
        if start + len(page) < len(found) and (top is None or int(top) > size):
            body[f"{prefix}nextLink"] = f"{name}?$skip={start + len(page)}"  # without the filter
        return Reply(body=body)

    def _check(self, name: str, names: Iterable[str]) -> None:
        if name in self.properties:  # an open stand-in knows none
            _check_names(names, self.properties[name] | self.user_fields, TYPES[name])

    def _create(self, name: str, given: JsonObject) -> Reply:
        self._check(name, given)
        kept = "Drafts" if name in DOCUMENTS and self._is_draft(given) else name
        if name in DOCUMENTS:
            self._check_document(name, given, None)
            given["DocumentLines"] = _numbered(given.get("DocumentLines", []))
            given["DocObjectCode"] = DOCUMENTS[name]
        key = self.keys[name]
        if key == "DocEntry":
            given["DocEntry"] = self._made = self._made + 1
        elif str(given[key]) in self.sets[name]:
            raise RefusedError(400, -2035, "This entry already exists in the table (ODBC -2035)")
        self.put(kept, given | {"UpdateDate": self.today})
        self.effects[f"create {kept} {given.get('NumAtCard', given[key])}"] += 1
        if kept == "Drafts":
            raise RefusedError(400, -2028, NOT_FOUND)  # the draft trap
        return Reply(201, self.sets[name][str(given[key])])

    def _is_draft(self, given: Mapping[str, Any]) -> bool:
        return given.get("CardCode") in self.approval

    def _check_document(self, name: str, given: JsonObject, own: int | None) -> None:
        for line in given.get("DocumentLines", ()):
            known = properties_of("DocumentLine") | self.user_fields
            _check_names(line, known, "DocumentLine")
        customer = given.get("CardCode")
        if own is None or customer is not None:
            partner = self.sets["BusinessPartners"].get(str(customer))
            if partner is None:
                raise RefusedError(400, -2028, NOT_FOUND)
            if partner.get("Frozen") == "tYES":
                raise RefusedError(400, -10, "10000107 - Customer is inactive")
        if told := self.refusal(given):
            raise RefusedError(400, -1116, told)
        field = self.unique
        if field and any(
            record.get(field) == given[field]
            for record in self.sets[name].values()
            if field in given and record["DocEntry"] != own
        ):
            raise RefusedError(400, -2035, "This entry already exists in the table (ODBC -2035)")

    def _update(self, name: str, record: JsonObject, asked: ReceivedRequest) -> Reply:
        given = _decode(asked.body)
        self._check(name, given)
        if name in DOCUMENTS:
            self._check_document(name, given, record["DocEntry"])
        replaces = asked.headers.get("b1s-replacecollectionsonpatch") == "true"
        if "DocumentLines" in given:
            known = record["DocumentLines"]
            lines = _merged(known, [] if replaces else known, given["DocumentLines"])
            given["DocumentLines"] = lines
        record |= {**given, "UpdateDate": self.today}
        self.effects[f"update {name} {record.get('NumAtCard', record[self.keys[name]])}"] += 1
        return Reply(204)


def _page(status: int, words: str) -> Reply:
    """Return an answer of the proxy in front, which knows no JSON."""
    body = f"<html><head><title>{status} {words}</title></head></html>".encode()
    return Reply(status, body, {"Content-Type": "text/html"})


def _check_names(names: Iterable[str], known: frozenset[str], type_: str) -> None:
    for name in names:
        if name not in known:
            raise RefusedError(400, -1000, f"Property '{name}' of '{type_}' is invalid")


def _page_size(asked: ReceivedRequest) -> int:
    found = re.search(r"odata\.maxpagesize=(\d+)", asked.headers.get("prefer", ""))
    return (int(found[1]) or 1_000_000) if found else PAGE


def _numbered(lines: list[JsonObject]) -> list[JsonObject]:
    return [{**line, "LineNum": number} for number, line in enumerate(lines)]


def _merged(
    known: list[JsonObject], before: list[JsonObject], given: list[JsonObject]
) -> list[JsonObject]:
    """Return a document's lines: with a LineNum one is changed, without one it is a further one."""
    by_number = {line["LineNum"]: line for line in known}
    lines = {line["LineNum"]: line for line in before}
    free = max(by_number, default=-1) + 1
    for line in given:
        number = line.get("LineNum")
        if number is None:
            number, free = free, free + 1
        elif number not in by_number:
            raise RefusedError(400, -2028, NOT_FOUND)
        lines[number] = {**by_number.get(number, {}), **line, "LineNum": number}
    return [lines[number] for number in sorted(lines)]
