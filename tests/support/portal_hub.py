"""A Portal hub on loopback that keeps to the contract in docs/connectors/portal-openapi.yaml.

Every request is checked against that document, and so is every answer. It misbehaves as the
scripted API does (`trouble`); `effects` counts what its writes did, by entity type and key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from jsonschema import Draft202012Validator

from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply

KEY = "hub-key-4d1"
BASE = "/api/v1"
PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "portal-openapi.yaml"
START = datetime(2026, 1, 1, tzinfo=UTC)
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@cache
def contract() -> dict[str, Any]:
    """Return the contract."""
    document: dict[str, Any] = yaml.safe_load(PAGE.read_text())
    return document


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema) | {"components": contract()["components"]})


def mistake(schema: Mapping[str, Any], value: object) -> str | None:
    """Say what of a value is not as a schema of the contract says."""
    found = next(_validator(json.dumps(schema)).iter_errors(value), None)
    return found and f"{found.json_path}: {found.message[:300]}"


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference in the contract leads to."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = contract()["components"][kind][name]
    return found


class Operation(msgspec.Struct):
    """One call of the contract, and what stands in its path."""

    template: str
    says: dict[str, Any]
    values: dict[str, str]

    @property
    def entity(self) -> str:
        names = ("entity", "master", "document")
        return next((self.values[name] for name in names if name in self.values), "")


def operation_of(method: str, path: str) -> Operation | None:
    """Return the operation that a request is of."""
    for template, methods in contract()["paths"].items():
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        found = re.fullmatch(BASE + pattern, path)
        if found is None or method.lower() not in methods:
            continue
        operation = Operation(template, methods[method.lower()], found.groupdict())
        if _parameter_mistake(operation, operation.values, "path") is None:
            return operation
    return None


def _parameter_mistake(operation: Operation, given: Mapping[str, str], where: str) -> str | None:
    for part in map(_resolved, operation.says.get("parameters", [])):
        if part["in"] != where:
            continue
        name = part["name"].lower() if where == "header" else part["name"]
        if name not in given:
            if part.get("required"):
                return f"{part['name']} is required"
            continue
        schema = part.get("schema") or part["content"]["application/json"]["schema"]
        is_text = "schema" in part and schema.get("type") != "integer"
        value = given[name] if is_text else _decode(given[name])
        if found := mistake(schema, value):
            return f"{part['name']}: {found}"
    return None


class PortalHub(HttpApi):
    """The hub.

    Attributes:
        stored: by entity type and the hub's ID: `id`, `key`, `updatedAt` and the record's `data`.
        granted: what the key may do, by entity type.
        is_open: records may be of any shape, for the suites of all connectors.
        name: makes the hub's ID of a new record.
    """

    def __init__(self) -> None:
        super().__init__()
        schemas = contract()["components"]["parameters"]["entity"]["schema"]["enum"]
        self.granted = {name: ["read", "write"] for name in schemas}
        self.stored: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in schemas}
        self.is_open = False
        self.name: Callable[[str], str] = lambda _: f"H-{self._made}"
        self._answers: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._tokens: dict[str, tuple[str, str]] = {}

    def put(
        self, entity: str, key: str, data: Mapping[str, Any], updated: str | None = ""
    ) -> dict[str, Any]:
        """Store a record; `updated` is when it was changed, by default now."""
        self._made += 1
        now = START + timedelta(seconds=self._made)
        held = next((r for r in self.stored[entity].values() if r["key"] == key), None)
        id_ = held["id"] if held else self.name(key)
        moment = now.isoformat().replace("+00:00", "Z") if updated == "" else updated
        record = {"id": id_, "key": key, "updatedAt": moment, "data": dict(data)}
        self.stored[entity][id_] = record
        return record

    def forget_tokens(self) -> None:
        """Let all `next` be too old."""
        self._tokens.clear()

    def forget_keys(self) -> None:
        """Let all idempotency keys be too old."""
        self._answers.clear()

    def _reply(self, asked: ReceivedRequest) -> Reply:
        operation = operation_of(asked.method, asked.path)
        reply = self._answer(asked, operation)
        if operation is not None and not self.is_open:
            wrong = _answer_mistake(operation, reply)
            assert wrong is None, wrong
        return reply

    def _answer(self, asked: ReceivedRequest, operation: Operation | None) -> Reply:
        if asked.headers.get("x-integration-key") != KEY:
            return _problem(401, "the key is not known")
        if operation is None:
            return _problem(404, f"no such resource: {asked.method} {asked.path}")
        right = "read" if asked.method == "GET" else "write"
        if operation.entity and right not in self.granted.get(operation.entity, []):
            return _problem(403, f"no right to {right} {operation.entity}")
        if self.largest_body is not None and len(asked.body) > self.largest_body:
            return _problem(413, f"the body has more than {self.largest_body} bytes")
        wrong = _parameter_mistake(operation, asked.query, "query")
        wrong = wrong or _parameter_mistake(operation, asked.headers, "header")
        wrong = wrong or _body_mistake(operation, asked.body)
        if wrong:
            return _problem(400, wrong)
        answers: dict[str, Callable[[Operation, ReceivedRequest], Reply]] = {
            "ping": self._answer_ping,
            "list": self._answer_list,
            "put": self._answer_put,
            "create": self._answer_create,
            "replace": self._answer_replace,
            "delete": self._answer_delete,
        }
        return answers[operation.says["operationId"]](operation, asked)

    def _answer_ping(self, _operation: Operation, _asked: ReceivedRequest) -> Reply:
        return Reply(body={"instance": "demo", "version": "1.0", "entities": self.granted})

    def _answer_list(self, operation: Operation, asked: ReceivedRequest) -> Reply:
        query, limit = asked.query, int(asked.query.get("limit", 100))
        found = [*self.stored[operation.entity].values()]
        for name, field in (("ids", "id"), ("keys", "key")):
            if name in query:
                wanted = set(_decode(query[name]))
                found = [r for r in found if r[field] in wanted]
                limit = len(found)
        if since := query.get("updatedSince"):
            found = [r for r in found if (r["updatedAt"] or "") >= since]
        found.sort(key=_order)
        if (token := query.get("after")) is not None:
            if token not in self._tokens:
                return _problem(410, "`after` is too old")
            found = [r for r in found if _order(r) > self._tokens[token]]
        page, behind = found[:limit], None
        if len(found) > limit:
            behind = f"t{len(self._tokens)}"
            self._tokens[behind] = _order(page[-1])
        shown = [{**r["data"], **{n: r[n] for n in ("id", "key", "updatedAt")}} for r in page]
        return Reply(body={"records": shown, "next": behind})

    def _answer_put(self, operation: Operation, asked: ReceivedRequest) -> Reply:
        given = _decode(asked.body)["records"]
        results = []
        for key, data in [(each["key"], each["data"]) for each in given]:
            if wrong := self._data_mistake(operation.entity, data):
                field, _, message = wrong.partition(": ")
                error = {"code": "invalid", "field": field, "message": f"{field} {message}"}
                results.append({"key": key, "status": "failed", "error": error})
                continue
            held = self.stored[operation.entity].values()
            before = next((r for r in held if r["key"] == key), None)
            status = "updated" if before else "created"
            if before and before["data"] == data:
                status, record = "unchanged", before
            else:
                record = self._stored(operation.entity, key, data)
            results.append({"key": key, "status": status, "id": record["id"]})
        return Reply(body={"results": results})

    def _answer_create(self, operation: Operation, asked: ReceivedRequest) -> Reply:
        name, sent = asked.headers["idempotency-key"], _decode(asked.body)
        if name in self._answers:
            body, answer = self._answers[name]
            if body != asked.body:
                return _problem(409, "the key came with another content", "idempotency_key_reused")
            return Reply(body=answer)
        if wrong := self._data_mistake(operation.entity, sent["data"]):
            return _problem(422, wrong, "invalid")
        if any(r["key"] == sent["key"] for r in self.stored[operation.entity].values()):
            return _problem(409, f"a record has the key {sent['key']}", "key_taken")
        record = self._stored(operation.entity, sent["key"], sent["data"])
        answer = {"id": record["id"], "key": record["key"]}
        self._answers[name] = asked.body, answer
        return Reply(201, answer)

    def _answer_replace(self, operation: Operation, asked: ReceivedRequest) -> Reply:
        held, sent = self.stored[operation.entity], _decode(asked.body)
        record = held.get(operation.values["id"])
        if record is None:
            return _problem(404, "no such record")
        if wrong := self._data_mistake(operation.entity, sent["data"]):
            return _problem(422, wrong, "invalid")
        if record["key"] != sent["key"]:
            return _problem(409, "the key is another record's", "key_taken")
        self._stored(operation.entity, sent["key"], sent["data"])
        return Reply(body={"id": record["id"], "key": record["key"]})

    def _answer_delete(self, operation: Operation, _asked: ReceivedRequest) -> Reply:
        gone = self.stored[operation.entity].pop(operation.values["id"], None)
        return Reply(204) if gone else _problem(404, "no such record")

    def _stored(self, entity: str, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
        self.effects[f"{entity} {key}"] += 1
        return self.put(entity, key, data)

    def _data_mistake(self, entity: str, data: Mapping[str, Any]) -> str | None:
        if self.is_open:
            price = data.get("price")
            return "price: must not be negative" if isinstance(price, int) and price < 0 else None
        schema = contract()["components"]["schemas"][entity]
        for name, part in schema["properties"].items():
            if part.get("readOnly") and data.get(name) is not None:
                return f"{name}: is given by the hub"
        return mistake({"$ref": f"#/components/schemas/{entity}"}, data)


def _order(record: Mapping[str, Any]) -> tuple[str, str]:
    return record["updatedAt"] or "", record["id"]


def _body_mistake(operation: Operation, body: bytes) -> str | None:
    if "requestBody" not in operation.says:
        return None
    schema = operation.says["requestBody"]["content"]["application/json"]["schema"]
    return mistake(schema, _decode(body))


def _answer_mistake(operation: Operation, reply: Reply) -> str | None:
    """Say what of an answer is not as the contract says."""
    says = operation.says["responses"].get(str(reply.status))
    if says is None:
        return f"{operation.template} never answers {reply.status}"
    for content in _resolved(says).get("content", {}).values():
        return mistake(content["schema"], reply.body)
    return None


def _problem(status: int, detail: str, code: str = "") -> Reply:
    body = {"type": "about:blank", "title": detail[:80], "status": status, "detail": detail}
    return Reply(status, body | ({"code": code} if code else {}))
