"""Finding records at the target by their match key; nothing is created on a guess.

What an answer leaves out is not there only where the answer surely is whole: an API may cut it at
its own page size, or ignore the question and answer its first page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer, is_one_of, key_text
from syncline.connectors.http.client.api import (
    JSON,
    Api,
    RefusedError,
    error_of,
    fill_parameter,
)
from syncline.connectors.http.settings.bodies import filled
from syncline.connectors.http.settings.fields import Read, quoted
from syncline.connectors.http.settings.graphql import page_info
from syncline.connectors.http.settings.lookup import Lookup
from syncline.connectors.port import WriteBatch
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.errors import Category, Failure, FailureError, RetriableError
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record

_decode = decoder_of(Record).decode
_TOTALS = ("total", "total_count", "totalCount", "totalResults")
_MORE = ("next", "nextLink", "@odata.nextLink", "odata.nextLink", "has_more", "hasMore")


def own_key(batch: WriteBatch) -> Read:
    """Return what reads the match key of a payload, or of a record that is shown like one."""
    if not batch.match_key:
        message = "the mapping has no `transformation.matchKey`, which lookup and {key} stand on"
        raise refusal("no_match_key", message)
    return reader(parse_path(batch.match_key[0]))


def keys_of(batch: WriteBatch, places: Sequence[int]) -> list[str]:
    """Return the match keys of some records as text, "" where there is none."""
    read = own_key(batch)
    return [key_text(read(_decode(batch.payloads[place]))) for place in places]


class Match(msgspec.Struct):
    """A record that the target has, or why it cannot be told which; `record` is as it shows it."""

    id: str
    failure: Failure | None = None
    record: object = None


class _LookupAnswer(msgspec.Struct):
    """What one answer holds; `whole` and `cut` say themselves that this is all, or is not."""

    records: list[object]
    whole: bool = False
    cut: bool = False


async def find_records(
    api: Api, lookup: Lookup, keys: Sequence[str], own_key: Read | None = None
) -> dict[str, Match]:
    """Return what the target has, by match key; a key that is not in there surely has no record.

    `own_key` reads the match key of a record that is shown as it was sent. Raises RetriableError or
    ConnectorError where the API cannot be asked, or its answer is not understood.
    """
    search = _Search(api, lookup, own_key)
    wanted = list(dict.fromkeys(key for key in keys if key))
    if lookup.has("{keys}") and lookup.method == "GET":
        for key in wanted:
            if lookup.separator in key:
                failure = _failure("key_not_searchable", _UNSEARCHABLE, key, lookup.separator)
                search.found[key] = Match("", failure)
        wanted = [key for key in wanted if key not in search.found]
    for start in range(0, len(wanted), lookup.keys_per_call):
        await search.ask(wanted[start : start + lookup.keys_per_call])
    return search.found


class _Search(msgspec.Struct):
    """One search, and what was found so far."""

    api: Api
    lookup: Lookup
    own_key: Read | None
    found: dict[str, Match] = {}

    async def ask(self, keys: list[str]) -> None:
        """Ask for some keys, until it is certain of each whether there is a record."""
        while keys:
            looked = await _look_up(self.api, self.lookup, keys)
            strangers = self._sort(looked.records, keys)
            missing = [key for key in keys if key not in self.found]
            if not missing or looked.whole or self.lookup.complete:
                return
            if strangers:
                self._fail(missing, _failure("lookup_incomplete", _IGNORED, strangers[0]))
                return
            if len(missing) == len(keys):
                if looked.cut:  # else it is not there
                    await self._ask_halves(keys)
                return
            keys = missing  # the answer may have been cut: a whole one leaves them out again

    async def _ask_halves(self, keys: list[str]) -> None:
        if len(keys) == 1:
            self._fail(keys, _failure("lookup_incomplete", _CUT))
            return
        middle = len(keys) // 2
        await self.ask(keys[:middle])
        await self.ask(keys[middle:])

    def _sort(self, records: Sequence[object], keys: Sequence[str]) -> list[str]:
        """Note the records that were asked for; return the keys of the others."""
        alike: dict[str, list[tuple[str, object]]] = defaultdict(list)
        folded = {_fold(key): key for key in keys}
        strangers = []
        for record in records:
            key = self._key_of(record, keys)
            if key in keys:
                self._add(key, record)
            elif _fold(key) in folded:
                alike[folded[_fold(key)]].append((key, record))
            else:
                strangers.append(key)
        for key, others in alike.items():
            if key not in self.found:
                self._take_alike(key, others)
        return strangers

    def _key_of(self, record: object, keys: Sequence[str]) -> str:
        if self.lookup.key is not None:
            return key_text(self.lookup.key(record))
        shown = key_text(self.own_key(record)) if self.own_key else ""
        return shown or keys[0]

    def _take_alike(self, key: str, others: Sequence[tuple[str, object]]) -> None:
        """Take a record whose key differs in case or outer blanks, where the mapping says so."""
        if self.lookup.ignore_case:
            for _, record in others:
                self._add(key, record)
        elif self.lookup.ignore_case is None:
            self._fail([key], _failure("lookup_ambiguous", _ALIKE, key, others[0][0]))

    def _add(self, key: str, record: object) -> None:
        target_id = key_text(self.lookup.id(record))
        before = self.found.get(key)
        if not target_id:
            self._fail([key], _failure("lookup_without_id", _NAMELESS, key))
        elif before is None:
            self.found[key] = Match(target_id, record=record)
        elif before.failure is None and before.id != target_id:
            before.failure = _failure("match_not_unique", _NOT_UNIQUE, key, before.id, target_id)

    def _fail(self, keys: Sequence[str], failure: Failure) -> None:
        self.found |= {key: Match("", failure) for key in keys}


def _fold(key: str) -> str:
    return key.strip().casefold()


async def _look_up(api: Api, lookup: Lookup, keys: Sequence[str]) -> _LookupAnswer:
    try:
        answer = await _asked(api, lookup, keys)
        document = api.decoded(answer)
    except FailureError as error:
        status = error.status if isinstance(error, RefusedError) else None
        not_there = error.failure.code == "not_found" and "{key}" in lookup.endpoint
        if not_there or is_one_of(lookup.absent, error.failure, status):
            return _LookupAnswer([], whole=True)
        # nothing was written by it
        raise error_of(msgspec.structs.replace(error.failure, ambiguous=False)) from error
    if document is None:
        if answer.status == 204:
            return _LookupAnswer([], whole=True)
        raise RetriableError(
            f"{answer.where} answered {answer.status} with nothing", code="unexpected_answer"
        )
    records = _records(lookup, document)
    total = lookup.total(document) if lookup.total else None
    if isinstance(total, int):
        return _LookupAnswer(records, whole=total <= len(records), cut=total > len(records))
    cut = _says_more(answer, document)
    if lookup.query is not None:  # which gives null for a key that it does not know
        records = [record for record in records if record is not None]
        cut = reader(page_info(lookup.records.path, "hasNextPage"))(document) is True
    return _LookupAnswer(records, _says_all(document, len(records)), cut)


async def _asked(api: Api, lookup: Lookup, keys: Sequence[str]) -> Answer:
    shown = [quoted(key, double_quotes=lookup.double_quotes) for key in keys]
    values = {
        "{keysJson}": msgspec.json.encode(list(keys)).decode(),
        "{keys}": lookup.separator.join(shown),
        "{key}": shown[0],
    }
    if lookup.query is not None:
        sent = lookup.graphql_body(values, {"{keys}": list(keys)})
        url = api.url(lookup.endpoint, (), {})
        return await api.send("POST", url, JSON, encode(sent), graphql=True)
    query = []
    for name, value in lookup.parameters:
        repeated = keys if "{eachKey}" in value else keys[:1]
        query += [(name, fill_parameter(value, {**values, "{eachKey}": each})) for each in repeated]
    url = api.url(lookup.endpoint, query, {"key": shown[0]})
    if lookup.method == "GET":
        return await api.read(url)
    body = encode(filled(lookup.body, values, {"{keys}": list(keys)}))
    return await api.send("POST", url, JSON, body)


def _records(lookup: Lookup, document: object) -> list[object]:
    """Return the records of an answer. Raises ConnectorError where it has no place for them."""
    found = lookup.records.read(document)
    if isinstance(found, list):
        return found
    if found is not None:
        return [found]
    name = lookup.records.path[0].key if lookup.records.path else None
    if isinstance(document, dict) and document and name not in (None, *document):
        message = (
            f"the look-up's answer has nothing at `lookup.records` ({name}); it "
            f"has: {', '.join(sorted(map(str, document)))[:200]}"
        )
        raise refusal("lookup_unreadable", message)
    return []


def _says_all(document: object, count: int) -> bool:
    """Tell whether an answer names a total that it holds."""
    if not isinstance(document, dict):
        return False
    totals = [document[name] for name in _TOTALS if type(document.get(name)) is int]
    return bool(totals) and max(totals) <= count


def _says_more(answer: Answer, document: object) -> bool:
    if "rel=next" in answer.headers.get("link", "").lower().replace('"', "").replace("'", ""):
        return True
    return isinstance(document, dict) and any(document.get(name) for name in _MORE)


_CUT = (
    "the target's answer to the look-up holds no record and says that there are more: whether this "
    "one is there cannot be told; correct `lookup` so that one key fits into one answer"
)
_IGNORED = (
    "the target answered the look-up with what was not asked for ({!r}), and whether the rest is "
    "there cannot be told: it may ignore the question. Correct `lookup.parameters`, or tell by "
    "`lookup.total` or `complete: true` when an answer is whole"
)
_ALIKE = (
    "asked for {!r}, the target answered with {!r}: tell by `lookup.ignoreCase` whether that is "
    "the same record"
)
_NAMELESS = "the record found for {!r} shows no ID: correct `lookup.id`"
_NOT_UNIQUE = (
    "the target has more than one record with the match key {!r}, such as {} and {}: leave one "
    "there"
)
_UNSEARCHABLE = (
    "the match key {!r} holds {!r}, which separates keys in the lookup: use {{keysJson}}, "
    "{{eachKey}}, {{key}} or another separator"
)


def _failure(code: str, words: str, *values: str) -> Failure:
    return Failure(Category.PERMANENT, code, words.format(*(value[:100] for value in values)))
