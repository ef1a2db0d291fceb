"""What Execute relies on of the write ledger, in the database and in memory."""

from __future__ import annotations

import pytest

from syncline.contracts.run_ref import RunRef
from syncline.domain.ledger import Acknowledgements, LedgerEntry, WriteIntents
from syncline_execute.ports import RowNameStore, WriteLedger

OWNER, OTHER = "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a01", "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a02"
ONE, TWO, ROW = "1" * 32, "2" * 32, "3" * 32
MANY = 600


def intents(
    payload_hash: str = ONE, owner: str = OWNER, version: int = 0, seen: str | None = None
) -> WriteIntents:
    return WriteIntents(owner, ["a"], [payload_hash], [version], [True], [seen])


def new_records(name: str, version: int) -> Acknowledgements:
    """Acknowledge so many that the ledger did not know that they are worth a COPY."""
    places = range(MANY)
    return Acknowledgements(
        [f"{name}{place}" for place in places],
        [ONE] * MANY,
        [ROW if place else None for place in places],
        [f"T{place}" if place else None for place in places],
        [version] * MANY,
        new=True,
    )


def written(version: int, payload_hash: str = ONE, owner: str | None = OWNER) -> Acknowledgements:
    return Acknowledgements(["a"], [payload_hash], [ROW], ["T1"], [version], [owner])


class WriteLedgerSuite:
    """Subclasses give the fixtures `ledger` and `run`."""

    async def test_what_was_never_written_is_not_known(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        assert await ledger.entries(run.stream, ["a"]) == {}

    async def test_an_acknowledgement_is_known_and_ends_its_intent(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        assert await ledger.intend(run, intents(), 60.0) == {"a"}
        intent = (await entry(ledger, run)).intent
        assert intent is not None
        assert (intent.payload_hash, intent.owner, intent.creates) == (ONE, OWNER, True)
        assert 50 < intent.under_way <= 60

        await ledger.acknowledge(run, written(7))

        assert await entry(ledger, run) == LedgerEntry(ONE, ROW, "T1", run.id, 7)

    async def test_an_older_version_and_a_missing_target_id_overwrite_nothing(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.acknowledge(run, written(7, owner=None))
        await ledger.acknowledge(run, Acknowledgements(["a"], [TWO], [None], [None], [6]))
        assert await entry(ledger, run) == LedgerEntry(ONE, ROW, "T1", run.id, 7)
        await ledger.acknowledge(run, Acknowledgements(["a"], [TWO], [None], [None], [8]))
        assert await entry(ledger, run) == LedgerEntry(TWO, None, "T1", run.id, 8)

    async def test_of_two_calls_one_has_a_record_in_hand(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        assert await ledger.intend(run, intents(), 60.0) == {"a"}
        assert await ledger.intend(run, intents(TWO, OTHER), 60.0) == set()
        await ledger.withdraw(run.stream, ["a"], OTHER)
        assert await ledger.renew(run.stream, ["a"], OTHER, 0.0) == set()
        assert await ledger.intend(run, intents(TWO, OTHER), 60.0) == set()
        assert await ledger.renew(run.stream, ["a", "b"], OWNER, 0.0) == {"a"}
        assert await ledger.renew(run.stream, ["a"], OWNER, 60.0) == set()  # it has run out
        assert await ledger.intend(run, intents(TWO, OTHER, seen=OWNER), 60.0) == {"a"}
        assert await ledger.renew(run.stream, ["a"], OWNER, 60.0) == set()

    async def test_a_withdrawn_intent_leaves_nothing(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.intend(run, intents(), 60.0)
        await ledger.withdraw(run.stream, ["a"], OWNER)
        assert (await entry(ledger, run)).intent is None
        assert await ledger.intend(run, intents(TWO, OTHER), 60.0) == {"a"}

    async def test_a_doubted_write_forgets_what_the_target_held(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.acknowledge(run, written(5, owner=None))
        await ledger.intend(run, intents(TWO, version=5), 60.0)
        await ledger.doubt(run.stream, ["a"], OWNER, None)
        doubted = await entry(ledger, run)
        assert (doubted.payload_hash, doubted.row_hash, doubted.target_id) == (None, None, "T1")
        assert doubted.intent is not None
        assert doubted.intent.under_way > 50
        await ledger.doubt(run.stream, ["a"], OWNER, 20.0)
        shortly = (await entry(ledger, run)).intent
        assert shortly is not None
        assert 10 < shortly.under_way <= 20
        await ledger.doubt(run.stream, ["a"], OWNER, 0.0)
        ended = (await entry(ledger, run)).intent
        assert ended is not None
        assert ended.under_way == 0

    async def test_a_write_in_place_of_a_lost_one_leaves_open_what_the_target_holds(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.acknowledge(run, written(5, owner=None))
        await ledger.intend(run, intents(TWO, version=5), 0.0)
        assert await ledger.intend(run, intents(TWO, OTHER, version=5, seen=OWNER), 60.0) == {"a"}
        await ledger.withdraw(run.stream, ["a"], OTHER)
        assert await entry(ledger, run) == LedgerEntry(None, None, "T1", run.id, 5)

    async def test_a_call_that_others_have_taken_over_doubts_nothing_of_theirs(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.intend(run, intents(), 0.0)
        await ledger.intend(run, intents(ONE, OTHER, seen=OWNER), 60.0)
        await ledger.acknowledge(run, written(5, owner=OTHER))
        await ledger.doubt(run.stream, ["a"], OWNER, 0.0)
        assert await entry(ledger, run) == LedgerEntry(ONE, ROW, "T1", run.id, 5)

    async def test_a_call_without_intents_doubts_what_others_have_written(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.acknowledge(run, written(5, owner=None))
        await ledger.doubt(run.stream, ["a"], None, None)
        assert (await entry(ledger, run)).payload_hash is None

    async def test_a_write_that_was_decided_on_an_older_one_is_not_begun(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.acknowledge(run, written(5, owner=None))
        assert await ledger.intend(run, intents(TWO), 60.0) == set()
        assert await ledger.intend(run, intents(TWO, version=5), 60.0) == {"a"}

    @pytest.mark.parametrize("seen", [None, "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a03"])
    async def test_a_write_that_was_decided_on_before_another_one_began_is_not_begun(
        self, ledger: WriteLedger, run: RunRef, seen: str | None
    ) -> None:
        """Though that has ended: its answer may be lost, and nobody has looked into it."""
        await ledger.intend(run, intents(), 60.0)
        await ledger.doubt(run.stream, ["a"], OWNER, 0.0)
        assert await ledger.intend(run, intents(ONE, OTHER, seen=seen), 60.0) == set()
        assert await ledger.intend(run, intents(ONE, OTHER, seen=OWNER), 60.0) == {"a"}

    async def test_a_write_of_an_intent_that_is_gone_is_not_begun(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        assert await ledger.intend(run, intents(ONE, OTHER, seen=OWNER), 60.0) == set()
        assert await ledger.entries(run.stream, ["a"]) == {}

    async def test_an_acknowledgement_leaves_the_intent_of_another_call(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.intend(run, intents(), 0.0)
        await ledger.intend(run, intents(TWO, OTHER, seen=OWNER), 60.0)
        await ledger.acknowledge(run, written(5))
        kept = await entry(ledger, run)
        assert (kept.payload_hash, kept.version) == (ONE, 5)
        assert kept.intent is not None
        assert kept.intent.owner == OTHER

    async def test_a_newer_row_that_leads_to_the_same_payload_is_noted(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        await ledger.acknowledge(run, written(5, owner=None))
        await ledger.refresh(run.stream, ["a", "unknown"], [TWO, TWO])
        assert (await entry(ledger, run)).row_hash == TWO
        assert await ledger.entries(run.stream, ["unknown"]) == {}

    async def test_a_first_load_is_known(self, ledger: WriteLedger, run: RunRef) -> None:
        await ledger.acknowledge(run, new_records("a", 7))
        found = await ledger.entries(run.stream, ["a0", "a1", f"a{MANY - 1}", f"a{MANY}"])
        assert found == {
            "a0": LedgerEntry(ONE, None, None, run.id, 7),
            "a1": LedgerEntry(ONE, ROW, "T1", run.id, 7),
            f"a{MANY - 1}": LedgerEntry(ONE, ROW, f"T{MANY - 1}", run.id, 7),
        }

    @pytest.mark.parametrize("odd", ["tab\there", "line\nhere", "back\\slash", "\\N", "cr\r", ""])
    async def test_a_first_load_may_have_odd_ids(
        self, ledger: WriteLedger, run: RunRef, odd: str
    ) -> None:
        written = new_records("a", 7)
        written.source_ids[1], written.target_ids[2] = odd, odd + "x"
        await ledger.acknowledge(run, written)
        found = await ledger.entries(run.stream, [odd, "a2"])
        assert (found[odd].target_id, found["a2"].target_id) == ("T1", odd + "x")

    @pytest.mark.parametrize("odd", ['quo"te', "back\\slash", "null", "{a,b}", " ", ""])
    async def test_odd_ids_are_known(self, ledger: WriteLedger, run: RunRef, odd: str) -> None:
        ids = [odd, "a", odd + "2"]
        written = Acknowledgements(ids, [ONE] * 3, [None] * 3, ["1" + odd, None, "3"], [1] * 3)
        await ledger.acknowledge(run, written)
        found = await ledger.entries(run.stream, ids)
        assert {i: entry.target_id for i, entry in found.items()} == {
            odd: "1" + odd,
            "a": None,
            odd + "2": "3",
        }
        assert set(await ledger.entries(run.stream, [odd])) == {odd}

    @pytest.mark.parametrize("version", [6, 8])
    async def test_what_was_thought_new_and_is_not_keeps_the_newer_version(
        self, ledger: WriteLedger, run: RunRef, version: int
    ) -> None:
        await ledger.acknowledge(run, Acknowledgements(["a5"], [TWO], [None], ["T"], [version]))
        await ledger.acknowledge(run, new_records("a", 7))
        found = await ledger.entries(run.stream, ["a5", "a6"])
        assert found["a5"].payload_hash == (TWO if version == 8 else ONE)
        assert found["a6"].payload_hash == ONE

    async def test_what_was_thought_new_and_is_not_ends_its_intent(
        self, ledger: WriteLedger, run: RunRef
    ) -> None:
        begun = WriteIntents(OWNER, ["a1"], [ONE], [0], [False], [None])
        await ledger.intend(run, begun, 60.0)
        written = new_records("a", 7)
        written.owners = [OWNER] * MANY
        await ledger.acknowledge(run, written)
        assert (await ledger.entries(run.stream, ["a1"]))["a1"].intent is None


class RowNameSuite:
    """Subclasses give the fixtures `ledger`, `names` and `run`."""

    async def test_records_that_share_a_row_are_named_in_both_directions(
        self, ledger: WriteLedger, names: RowNameStore, run: RunRef
    ) -> None:
        both = Acknowledgements(["a", "b"], [ONE, TWO], [None, None], ["T1", "T1"], [1, 2])
        await ledger.acknowledge(run, both)
        await ledger.acknowledge(run, Acknowledgements(["c"], [ONE], [None], ["T2"], [3]))
        assert await names.shared(run.stream, ["a"], ["T1"]) == [("a", "b", "T1")]
        assert await names.shared(run.stream, ["c"], ["T2"]) == []
        assert await names.shared(run.stream + 1, ["a"], ["T1"]) == []

    async def test_a_run_that_is_not_known_names_nothing(
        self, names: RowNameStore, run: RunRef
    ) -> None:
        assert await names.runs_alike(run, [OWNER]) == set()


async def entry(ledger: WriteLedger, run: RunRef) -> LedgerEntry:
    return (await ledger.entries(run.stream, ["a"]))["a"]
