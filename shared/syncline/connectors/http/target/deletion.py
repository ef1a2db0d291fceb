"""Deleting records."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.connectors.http.answers.answer import is_one_of
from syncline.connectors.http.client.api import Api, RefusedError, fill_path, url_of
from syncline.connectors.http.settings.target import Target, WriteCall
from syncline.connectors.port import ConnectorError, WriteResult
from syncline.domain.errors import FailureError

_OF_ALL = frozenset({405, 415})


async def delete_records(
    api: Api, target: Target, operation: WriteCall, target_ids: Sequence[str]
) -> WriteResult:
    """Delete records one by one; one that is not there counts as deleted.

    Raises:
        RetriableError, ConnectorError: nothing was deleted, for a reason that is no record's.
    """
    result = WriteResult(list(target_ids))
    for place, target_id in enumerate(target_ids):
        endpoint = fill_path(operation.endpoint, {"id": target_id})
        url = url_of(api.settings.base_url, endpoint, list(operation.parameters))
        try:
            answer = await api.send(operation.method, url, operation.headers, None)
            if api.settings.errors.in_success and answer.body.strip():
                api.decoded(answer)
        except RefusedError as error:
            if error.status in _OF_ALL:
                raise ConnectorError(error.failure) from error
            gone = is_one_of(target.gone, error.failure, error.status)
            if error.status not in (404, 410) and not gone:
                result.failures[place] = error.failure
        except FailureError as error:
            if place == 0:
                raise
            result.failures[place] = error.failure
    return result
