"""Models are built at a service's start, not by threads that answer side by side."""

from __future__ import annotations

from syncline.domain.mapping.document import Mapping
from syncline.domain.trigger import TriggerRequest
from syncline.domain.validation_errors import adapter_of
from syncline.resources.documents import REQUESTS, ProfileDocument, build_models


def test_after_the_start_no_request_builds_a_model() -> None:
    adapter_of.cache_clear()
    build_models()
    built = adapter_of.cache_info().misses
    for model in (*REQUESTS.values(), ProfileDocument, Mapping, TriggerRequest):
        adapter_of(model)
    assert adapter_of.cache_info().misses == built
