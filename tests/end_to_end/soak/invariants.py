"""What must hold whatever happened, one function each: what clients were told against what lies there.

Nothing of the gateway's own code judges here, but for its verifier, whose verdict is one of many.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gateway.audit.verdict import LogReport
from gateway.usecases.log.verify import Verdict
from tests.end_to_end.soak.ledger import Ledger
from tests.end_to_end.soak.sight import Sight, roots, signed

MARKS = re.compile(rb"canary|\+49 ?30 ?231257", re.IGNORECASE)
"""Any name, address or phone number that was sent."""

_LATEST = timedelta(days=90) // timedelta(microseconds=1)
_HELD = 300
"""Served checkpoints that the trees are held against; each was seen by an auditor."""


@dataclass
class Evidence:
    """The clients' ledger, a sight of what is there, and what was seen while it ran."""

    ledger: Ledger
    sight: Sight
    places: list[Path]
    listening: set[str]
    vkey: str
    verdicts: list[Verdict]

    def permitted(self) -> dict[str, dict[str, object]]:
        """Releases on record, by id."""
        found = [it for it in self.sight.entries if it["action"] == "contact.released"]
        return {it["id"]: it for it in found}

    def subjects(self) -> dict[str, str]:
        """Order numbers by their names in the log."""
        return {it["subject"]: number for number, it in self.sight.orders.items() if it["subject"]}


# ---- CONTRACT, "Rules that hold whatever else happens" ------------------------------------------


def no_contact_leaves_before_its_entry_is_durable(seen: Evidence) -> None:
    """Each contact that a client got has an entry, where the receipt says."""
    on_record, subjects = seen.permitted(), seen.subjects()
    for released in seen.ledger.released:
        entry = on_record[released["release_id"]]
        assert entry["index"] == released["receipt"]["log_index"]
        assert entry["carrier"] == "dachser"
        assert set(entry["fields"]) == {"name", "phone", "email"}
        number = subjects.get(entry["subject"])
        assert number in {released["order_number"], None}
        assert number or released["order_number"] in seen.ledger.erasing


def only_the_policy_permits(seen: Evidence) -> None:
    """Every release on record is for the one purpose, to the carrier that has the order, by a policy."""
    subjects, carriers = seen.subjects(), _carriers(seen)
    for entry in seen.permitted().values():
        assert entry["outcome"] == "permitted"
        assert entry["purpose"] == "delivery-appointment"
        assert entry["actor"]["role"] == "carrier"
        assert entry["policy"]
        assert entry["reasons"] == []
        number = subjects.get(entry["subject"])
        assert number is None or carriers[number] == {entry["carrier"]}


def contact_data_is_in_the_clear_nowhere(seen: Evidence) -> None:
    """Not in the database, its journal, logs, backups, or any other file; it did reach its carrier."""
    assert all(MARKS.search(json.dumps(it).encode()) for it in seen.ledger.released)
    for place in seen.places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                found = MARKS.search(path.read_bytes())
                assert found is None, (path, found)


def nothing_accepted_is_lost(seen: Evidence) -> None:
    """What was acknowledged is there, and what is there was sent."""
    ledger, orders, contacts = seen.ledger, seen.sight.orders, seen.sight.contacts
    assert ledger.stored <= orders.keys() <= ledger.sent.keys()
    carriers = _carriers(seen)
    for number in ledger.assigned:
        assert carriers[number] == {"dachser"}, number
    for number in orders.keys() - ledger.going():
        assert {(number, "freight"), (number, "shop")} <= contacts.keys(), number


def nothing_is_half_stored(seen: Evidence) -> None:
    """An order has its piece, its name in the log and both envelopes with their digests, or was erased."""
    sight = seen.sight
    told = {it["subject"] for it in sight.entries if it["action"] == "order.stored"}
    digests = defaultdict(list)
    for row in sight.rows("SELECT order_number, digest FROM contact_digests"):
        digests[row["order_number"]].append(bytes(row["digest"]))
    assert _carriers(seen).keys() == sight.orders.keys()
    for number, order in sight.orders.items():
        there = {kind for kind in ("freight", "shop") if (number, kind) in sight.contacts}
        if order["erased_at"] is None:
            assert there == {"freight", "shop"}
            assert order["subject"] in told
            assert sorted(digests[number]) == _digests(seen, number, digests[number])
        else:
            assert not there
            assert not digests[number]
            assert number in seen.ledger.going()
    assert {number for number, _ in sight.contacts} <= sight.orders.keys()


def it_listens_on_loopback_alone(seen: Evidence) -> None:
    """As the kernel tells: 127.0.0.1 and nothing else."""
    assert seen.listening == {"0100007F"}


# ---- CONTRACT, the outward surface --------------------------------------------------------------


def every_answer_was_one_that_may_be(seen: Evidence) -> None:
    """No other status, nothing after an erasure, no refusal without a reason, nothing to be cached."""
    assert seen.ledger.wrong == [], seen.ledger.wrong


def every_refusal_is_on_record(seen: Evidence) -> None:
    """With the reasons and the purpose that the client was told, the weightiest first."""
    by_id = {it["id"]: it for it in seen.sight.entries if it["action"] == "contact.refused"}
    for refused in seen.ledger.refused:
        entry = by_id[refused["decision_id"]]
        assert entry["reasons"] == [it["code"] for it in refused["reasons"]] != []
        assert entry["purpose"] == refused["purpose"]
        assert entry["outcome"] == "refused"


def each_log_is_whole(seen: Evidence) -> None:
    """Entries without a gap, no id twice, time that never runs backwards, whatever the clock did."""
    entries = seen.sight.entries
    assert len({it["id"] for it in entries}) == len(entries)
    for log in seen.sight.rows('SELECT log, merchant, size, "integrated" FROM logs'):
        own = [it for it in entries if it["log"] == log["log"]]
        assert [it["index"] for it in own] == list(range(log["size"]))
        assert log["integrated"] <= log["size"]
        assert {it["merchant"] for it in own} == {log["merchant"]}
        times = [it["time"] for it in own]
        assert times == sorted(times)


def no_signed_checkpoint_is_broken(seen: Evidence) -> None:
    """Those stored, held and served: each is the root of what its log has at that size today."""
    sight = seen.sight
    by_origin = {it["origin"]: it["log"] for it in sight.rows("SELECT log, origin FROM logs")}
    notes = [bytes(it["note"]) for it in sight.rows("SELECT note FROM checkpoints")]
    notes += [path.read_bytes() for path in (sight.data / "held").glob("*.checkpoint")]
    served = seen.ledger.notes
    notes += served[:: len(served) // _HELD + 1] + served[-1:]
    assert notes
    for origin, log in by_origin.items():
        own = [it for it in (signed(note, seen.vkey) for note in notes) if it.origin == origin]
        leaves = [bytes(it["leaf"]) for it in sight.entries if it["log"] == log]
        at = roots(leaves, {it.size for it in own})
        assert all(at[it.size] == it.root for it in own)
    assert {signed(note, seen.vkey).origin for note in notes} <= by_origin.keys()


def entries_name_nobody(seen: Evidence) -> None:
    """No order number in the clear, and every one with salt of its own."""
    numbers = re.compile(rb"\bt\d{9}\b")
    assert not [it for it in seen.sight.entries if numbers.search(bytes(it["leaf"]))]
    salts = {it["salt"] for it in seen.sight.entries}
    assert len(salts) == len(seen.sight.entries)


def the_verifier_agrees(seen: Evidence) -> None:
    """The gateway's own finds every log in order."""
    origins = {it["origin"] for it in seen.sight.rows("SELECT origin FROM logs")}
    assert {it.origin for it in seen.verdicts} == origins
    assert [it for it in seen.verdicts if not isinstance(it.outcome, LogReport)] == []


# ---- Erasure, retention and keys ----------------------------------------------------------------


def what_was_erased_is_gone_for_good(seen: Evidence) -> None:
    """Contact and name in the log; and the list that a restore goes by tells of each."""
    gone = [it for it in seen.sight.entries if it["action"] == "subject.erased"]
    assert {it["subject"] for it in gone} <= seen.sight.buried
    assert len(gone) >= len(seen.ledger.erased)
    for number in seen.ledger.erased:
        order = seen.sight.orders[number]
        assert (order["subject"], order["subject_key"], order["fingerprint"]) == (None, None, None)
        assert order["erased_at"] is not None
    for number in seen.ledger.cancelled:
        assert seen.sight.orders[number]["erased_at"] is not None


def no_clock_erased_anything(seen: Evidence) -> None:
    """Time that jumped took no contact and no key; and none is to stay beyond 90 days."""
    expired = [it for it in seen.sight.entries if it["action"] == "contact.expired"]
    assert len(expired) <= len(seen.ledger.cancelling)
    assert not [
        it
        for it in seen.sight.entries
        if it["action"] == "key.destroyed" and it["detail"]["reason"] != "revoked"
    ]
    for (number, _), contact in seen.sight.contacts.items():
        assert contact["delete_by"] <= seen.sight.orders[number]["imported_at"] + _LATEST


def every_contact_opens_to_what_was_sent(seen: Evidence) -> None:
    """Whatever was rotated, rewrapped and revoked meanwhile; and it is what the carrier got."""
    for (number, kind), contact in seen.sight.contacts.items():
        opened, sent = seen.sight.opened(contact), seen.ledger.sent[number]
        if kind == "freight":
            assert (opened["name"], opened["phone"], opened["email"]) == (
                *(sent.name, sent.phone),
                sent.email,
            )
        else:
            assert MARKS.search(opened["email"].encode()) is None
    for released in seen.ledger.released:
        sent = seen.ledger.sent[released["order_number"]]
        wanted = {"name": sent.name, "phone": sent.phone, "email": sent.email}
        assert released["contact"] == wanted


INVARIANTS: tuple[Callable[[Evidence], None], ...] = (
    no_contact_leaves_before_its_entry_is_durable,
    only_the_policy_permits,
    contact_data_is_in_the_clear_nowhere,
    nothing_accepted_is_lost,
    nothing_is_half_stored,
    it_listens_on_loopback_alone,
    every_answer_was_one_that_may_be,
    every_refusal_is_on_record,
    each_log_is_whole,
    no_signed_checkpoint_is_broken,
    entries_name_nobody,
    the_verifier_agrees,
    what_was_erased_is_gone_for_good,
    no_clock_erased_anything,
    every_contact_opens_to_what_was_sent,
)


def _carriers(seen: Evidence) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = defaultdict(set)
    for row in seen.sight.rows("SELECT order_number, carrier FROM items"):
        found[row["order_number"]].add(row["carrier"])
    return found


def _digests(seen: Evidence, number: str, found: list[bytes]) -> list[bytes]:
    """What the index should have for an order, under the version that its digests name."""
    sent, [version] = seen.ledger.sent[number], {int.from_bytes(it[:2], "big") for it in found}
    return sorted(
        seen.sight.digest(version, "default", kind, value)
        for kind, value in (("phone", sent.phone), ("email", sent.email))
    )
