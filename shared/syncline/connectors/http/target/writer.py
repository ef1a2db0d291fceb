"""Writing records: found by key, created or updated, in bulks that are halved where refused."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.connectors.http.answers.answer import Answer, is_one_of
from syncline.connectors.http.client.api import Api, RefusedError, error_of
from syncline.connectors.http.settings.lookup import Lookup
from syncline.connectors.http.settings.target import HttpTarget, WriteCall
from syncline.connectors.http.target import results, second_calls
from syncline.connectors.http.target.evidence import Evidence, call_name
from syncline.connectors.http.target.refusals import GONE, refusal_of_call, without_parent
from syncline.connectors.http.target.requests import WriteRequests
from syncline.connectors.http.target.search import Match, find_records, keys_of, own_key
from syncline.connectors.http.target.second_calls import SecondCalls
from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure, FailureError

PATIENCE = 3
"""Calls in a row without an answer after which no more are sent; one may be a record's fault."""
_BUSY = frozenset({429, 503})


class HttpWriter:
    """One write call."""

    def __init__(self, api: Api, target: HttpTarget, evidence: Evidence, batch: WriteBatch) -> None:
        self._api = api
        self._target = target
        self._batch = batch
        self._evidence = evidence
        self._ids = list(batch.target_ids)
        self._requests = WriteRequests(api, batch)
        self._second = SecondCalls(api, target, batch, self._requests)
        self._result = WriteResult([None] * len(batch.payloads))
        self._unanswered = 0
        self._stop: FailureError | None = None

    async def write(self) -> WriteResult:
        """Write all records. Raises FailureError: none was written, for no record's fault."""
        everything = range(len(self._batch.payloads))
        if self._target.then is not None and self._target.lookup is not None:
            given = [p for p in everything if self._ids[p] is not None]
            await self._matches(self._target.lookup, given)  # which are there by half
        if self._target.lookup is not None and self._target.finds and not self._batch.asked:
            await self._find(self._target.lookup, everything)
        known = [p for p in everything if self._ids[p] is not None]
        unknown = [p for p in everything if self._ids[p] is None]
        update = self._target.update
        if self._target.skips:
            self._leave(known)
            await self._each(self._target, unknown)
        elif update is None:
            await self._each(self._target, everything)
        else:
            await self._each(update, known)
            await self._each(self._target, unknown)
        if update is not None and update.recreate:
            await self._recreate(known)
        return self._told()

    def _told(self) -> WriteResult:
        """Return the result. Raises what kept all records from being written."""
        failed, stopped = self._result.failures, self._result.stopped
        everything = range(len(self._batch.payloads))
        if self._stop is not None and (
            (len(everything) > 0 and all(stopped.get(p) == self._stop.failure for p in everything))
            or all(failed.get(place) == self._stop.failure for place in everything)
        ):
            raise self._stop
        for failures in (failed, stopped):
            failures |= {place: self._api.cleaned(failure) for place, failure in failures.items()}
        return self._result

    def _leave(self, places: Sequence[int]) -> None:
        """Leave records as they are at the target."""
        self._result.existing |= {p for p in places if p not in self._result.failures}
        for place in places:
            self._result.target_ids[place] = self._ids[place]

    async def _each(self, operation: WriteCall, wanted: Sequence[int]) -> None:
        """Write records that have not failed yet, in bulks."""
        places = [p for p in wanted if p not in self._result.failures]
        for start in range(0, len(places), operation.bulk_size):
            await self._bulk(operation, places[start : start + operation.bulk_size])

    async def _recreate(self, known: Sequence[int]) -> None:
        """Create what the target has no more; first look whether it has it under another ID."""
        failures, lookup, update = self._result.failures, self._target.lookup, self._target.update
        gone = [p for p in known if p in failures and failures[p].code in GONE]
        for place in gone:
            del failures[place]
            self._ids[place] = self._result.target_ids[place] = None
        try:
            if lookup is not None:
                await self._find(lookup, gone)
        except FailureError as error:
            self._stop = error
        if update is not None:
            await self._each(update, [p for p in gone if self._ids[p] is not None])
        await self._each(self._target, [p for p in gone if self._ids[p] is None])

    async def _find(self, lookup: Lookup, wanted: Sequence[int]) -> None:
        """Ask for the IDs of those records whose ID is not known."""
        places = [place for place in wanted if self._ids[place] is None]
        for place, hit in (await self._matches(lookup, places)).items():
            if hit.failure is not None:
                self._result.failures[place] = hit.failure
            else:
                self._ids[place] = hit.id

    async def _matches(self, lookup: Lookup, places: Sequence[int]) -> dict[int, Match]:
        """Look for records by their keys; return those that the target has, by place."""
        if not places:
            return {}
        keys = keys_of(self._batch, places)
        found = await find_records(self._api, lookup, keys, own_key(self._batch))
        hits = {place: found[key] for place, key in zip(places, keys, strict=True) if key in found}
        for place, hit in hits.items():
            if hit.failure is None:
                self._second.look_at(place, hit.record)
        return hits

    async def _bulk(self, operation: WriteCall, places: list[int]) -> None:
        """Write one bulk; refused as a whole, it is halved until the bad record stands alone."""
        if failure := self._unsendable(operation, places):
            self._result.failures[places[0]] = failure
            return
        if self._stop is not None:
            unsent = msgspec.structs.replace(self._stop.failure, ambiguous=False)
            self._keep_back(places, unsent)
            return
        try:
            await self._call(operation, places)
            self._unanswered = 0
        except RefusedError as error:
            await self._refused(operation, places, error)
        except FailureError as error:
            self._unanswered += 1
            failure = error.failure
            if (
                not failure.ambiguous
                or self._unanswered == PATIENCE
                or len(places) == len(self._batch.payloads)
            ):
                self._stop = error
                self._keep_back(places, failure)
            else:
                self._fail(places, failure)

    async def _refused(self, operation: WriteCall, places: list[int], error: RefusedError) -> None:
        """Take an answer that is no success."""
        alone = len(places) == 1
        updates = operation is self._target.update
        failure = refusal_of_call(self._target, error.failure, error.status, updates=updates)
        transient = failure.category is Category.TRANSIENT
        if alone and failure.code == "exists":
            self._leave(places)
        elif (alone and failure.code == PARENT_MISSING) or (
            alone and failure.code in GONE and updates
        ):
            self._fail(places, failure)
        elif error.status in _BUSY or (failure.retry_after and transient):
            self._stop = error_of(failure)
            self._fail(places, failure)
        elif (
            failure.category is Category.PERMANENT
            and failure.code != PARENT_MISSING
            and self._is_of_all(operation, error)
        ):
            self._stop = ConnectorError(failure)
            self._keep_back(places, failure)
        elif not alone and not transient and not failure.ambiguous:
            middle = len(places) // 2
            await self._bulk(operation, places[:middle])
            await self._bulk(operation, places[middle:])
        else:
            if error.status == 403:  # it may turn out to be everybody's: to be tried again
                failure = msgspec.structs.replace(failure, category=Category.UNKNOWN)
            self._fail(places, failure)

    def _is_of_all(self, operation: WriteCall, error: RefusedError) -> bool:
        """Tell whether a refusal would meet every record."""
        status = error.status
        if error.of_all:
            return True
        if status in (404, 410) and (operation is self._target.update or "{" in operation.endpoint):
            return False
        return self._evidence.concerns_all(call_name(operation), status)

    async def _call(self, operation: WriteCall, places: list[int]) -> None:
        batch, left_out = self._batch, self._left_out(operation)
        payloads = [results.without(batch.payloads[p], left_out) for p in places]
        keys = [batch.keys[p] for p in places] if batch.keys else []
        records = results.records_to_send(operation, payloads, [self._ids[p] for p in places], keys)
        values = self._requests.values(operation, places[0], self._ids[places[0]])
        records = self._requests.enveloped(operation, records, keys, places)
        answer = await self._requests.send(operation, records, keys, values)
        self._take(operation, places, records, answer)
        for place in places if self._target.then is not None else ():
            await self._follow(operation, place)

    def _left_out(self, operation: WriteCall) -> tuple[str, ...]:
        """Return the fields that a call does not send."""
        then = (self._target.then.field,) if self._target.then else ()
        return (*then, *(self._batch.on_create if operation is self._target.update else ()))

    async def _follow(self, operation: WriteCall, place: int) -> None:
        """Make the second call of a record whose first one was taken."""
        failures, then = self._result.failures, self._second.of(operation, place)
        target_id = self._result.target_ids[place]
        if then is None or place in failures:
            return
        if target_id is None:
            failures[place] = results.WITHOUT_ID
            return
        error = self._stop
        if error is None:
            error = await self._second.make(then, place, target_id)
            self._stop_behind(then, error)
        if error is not None:
            behind = second_calls.failure_behind(error.failure, then, target_id)
            self._keep_back([place], behind)

    def _stop_behind(self, then: WriteCall, error: FailureError | None) -> None:
        """Begin nothing more where a second call was refused or lost for no record's fault."""
        if isinstance(error, RefusedError):
            if error.status in _BUSY:
                self._stop = error_of(error.failure)
            elif error.failure.category is Category.PERMANENT and self._is_of_all(then, error):
                self._stop = ConnectorError(error.failure)
        elif error is None:
            self._evidence.accepted(call_name(then))
        elif not error.failure.ambiguous or self._second.lost == PATIENCE:
            self._stop = error

    def _take(
        self, operation: WriteCall, places: list[int], records: Sequence[bytes], answer: Answer
    ) -> None:
        """Take over what an answer says became of each record."""
        document = self._requests.document(operation, answer)
        self._evidence.accepted(call_name(operation))
        result = results.read_results(operation, document, records, self._api.settings.errors)
        for place, target_id in zip(places, result.target_ids, strict=True):
            self._result.target_ids[place] = target_id or self._ids[place]
        for index, failure in result.failures.items():
            self._take_failure(operation, places[index], failure)
        self._result.unkept |= {places[index]: why for index, why in result.unkept.items()}
        self._check_ids(operation, places)

    def _take_failure(self, operation: WriteCall, place: int, failure: Failure) -> None:
        updates = operation is self._target.update
        if is_one_of(self._target.parent_missing, failure):
            failure = without_parent(failure)
        elif updates and is_one_of(self._target.gone, failure):
            failure = msgspec.structs.replace(failure, code="gone")
        elif not updates and is_one_of(self._target.exists, failure):
            self._leave([place])
            return
        elif not updates and failure.code == "missing_in_answer":
            # It may have been created all the same: the target is asked before it is sent again.
            failure = msgspec.structs.replace(failure, category=Category.UNKNOWN, ambiguous=True)
        self._result.failures[place] = failure

    def _check_ids(self, operation: WriteCall, places: Sequence[int]) -> None:
        """Fail records that were created without an ID by which they could be changed later."""
        target = self._target
        if target.update is None or target.lookup is not None or operation.answer.id is None:
            return
        for place in places:
            taken = place not in self._result.failures and place not in self._result.existing
            if taken and self._result.target_ids[place] is None:
                self._result.failures[place] = results.WITHOUT_ID

    def _unsendable(self, operation: WriteCall, places: Sequence[int]) -> Failure | None:
        """Say why a record's ID or key cannot stand in a path."""
        values = self._requests.values(operation, places[0], self._ids[places[0]])
        for name, value in values.items():
            if value in ("", ".", ".."):
                message = f"{value!r} cannot stand for {{{name}}} in {operation.endpoint}"
                return Failure(Category.PERMANENT, "invalid_id", message)
        return None

    def _fail(self, places: Sequence[int], failure: Failure) -> None:
        self._result.failures |= dict.fromkeys(places, failure)

    def _keep_back(self, places: Sequence[int], failure: Failure) -> None:
        """Leave records unwritten because of what stopped the call."""
        if isinstance(self._stop, ConnectorError) and failure.category is Category.PERMANENT:
            self._result.stopped |= dict.fromkeys(places, failure)
        else:
            self._fail(places, failure)
