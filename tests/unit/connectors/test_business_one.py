"""The blocks of Business One's entity types name what the real Service Layer has."""

from __future__ import annotations

import pytest

from syncline.connectors.business_one import BusinessOneConnector
from syncline.connectors.business_one.entities import DRAFTS, ENTITIES, REFERENCE
from syncline.connectors.business_one.refusals import code_of, meaning_of
from syncline.connectors.business_one.stock import STOCK_ID
from syncline.connectors.port import Surroundings
from syncline.domain.errors import Category, Failure
from tests.support.odata import Filter
from tests.support.service_layer_names import TYPES, properties_of


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_property_of_a_block_is_a_real_one(entity: str) -> None:
    source = ENTITIES[entity].source
    assert source is not None
    names = {source.id_column, *filter(None, [source.cursor_column])} - {STOCK_ID}
    fetch = source.options["fetch"]["parameters"]
    stable = source.options.get("stable", {}).get("parameters", {})
    for parameters in (source.parameters, fetch, stable):
        if "$filter" in parameters:
            names |= Filter(parameters["$filter"].replace("{ids}", "1")).names
        for list_ in ("$orderby", "$select"):
            names |= set(filter(None, parameters.get(list_, "").split(",")))

    assert names <= properties_of(TYPES[(source.endpoint or "").removeprefix("/")])


def test_documents_and_drafts_have_what_they_are_found_by() -> None:
    for name in ("Orders", "Quotations", DRAFTS):
        assert {"DocEntry", "DocObjectCode", REFERENCE} <= properties_of(TYPES[name])


def test_two_versions_of_a_service_layer_are_one_system() -> None:
    config = {"company": "SBODemo", "username": "u"}
    urls = ("https://B1.example:50000", "https://b1.example:50000/b1s/v1")

    assert {BusinessOneConnector.system_of(config | {"url": url}) for url in urls} == {
        "b1.example:50000/SBODemo"
    }


@pytest.mark.parametrize(("total", "seconds"), [(120, 20), (2, 2)])
def test_a_lost_call_may_go_on_as_long_as_a_document_takes(total: int, seconds: int) -> None:
    config = {"url": "https://b1.example:50000", "company": "SBODemo", "username": "u"}
    timeouts = {"connect": 1, "total": total}
    connector = BusinessOneConnector(config | {"timeouts": timeouts}, {}, Surroundings())

    can = connector.capabilities_for({"entity": "salesorder"})

    assert (can.visible_after, can.longest_call) == (seconds, total + 1)
    assert (can.lookup_size, can.idempotent_upsert, can.reads_keys) == (20, False, False)


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        ('{"error" : {"code" : -10, "message" : {"lang" : "en-us", "value" : "x"}}}', -10),
        ('{"error":{"code":"-2028","message":"x"}}', -2028),
        ("<html>", None),
        (None, None),
    ],
)
def test_a_code_is_a_number_or_a_text(detail: str | None, code: int | None) -> None:
    assert code_of(Failure(Category.PERMANENT, "http_400", "x", detail)) == code


def test_what_exists_already_is_looked_for_again() -> None:
    exists = Failure(Category.PERMANENT, "http_400", "x", '{"error":{"code":"-2035"}}')

    assert meaning_of(exists, creates=True).category is Category.UNKNOWN
    assert meaning_of(exists, creates=False) is exists
