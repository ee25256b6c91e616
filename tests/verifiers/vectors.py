"""Writes docs/vectors: files that are genuine or lie, and what a verifier says of each.

`python -m tests.verifiers.vectors` makes them anew, always the same: the builders of the tests, a
key that everyone knows, no chance and no clock.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.receipt_file import write_receipt
from shared.policies import load
from tests.unit.services.ranking.publication.test_verification import (
    a_receipt,
    person,
    small,
)
from tests.unit.services.ranking.published import Vacancy, composed
from tests.verifiers.files import TEST_KEY, File, Json
from tests.verifiers.tampering import redone

FOLDER = Path(__file__).parents[2] / "docs/vectors"
LAW = "national-cpns-2024"


@dataclass(frozen=True)
class Vector:
    """A file, what is tried with it, and what a verifier must say.

    `line`: of the file, where a leaf is wrong; None for what stands before the leaves. `names`:
    what both name in the fault; empty where they have no word in common.
    """

    file: str
    what: str
    data: bytes
    status: int
    policy: str | None = LAW
    line: int | None = None
    names: str = ""

    def expected(self) -> Json:
        """As it stands in expected.json."""
        return {
            "file": self.file,
            "what": self.what,
            "policy": self.policy,
            "status": self.status,
            "line": self.line,
            "names": self.names,
        }


@dataclass
class Lie:
    """How a genuine list is made to lie; the right key signs it."""

    name: str
    what: str
    change: Callable[[File], None]
    names: str
    line: int | None = None
    other: dict[str, Any] = field(default_factory=dict)


def the_list() -> File:
    """A round of two vacancies in which everything happens."""
    published, _ = small()
    return File(dict(published.policy), [leaf.model_dump() for leaf in published.leaves], {})


def older_list() -> File:
    """The same as it was published before everyone who applied stood in the file."""
    file = the_list()
    file.format = "terang-list-1"
    kinds = {"administration", "applicant"}
    file.leaves = [leaf for leaf in file.leaves if leaf["kind"] not in kinds]
    return file


def line_of(file: File, list_code: str, number: str) -> Json:
    """Somebody's line."""
    return next(
        leaf
        for leaf in file.leaves
        if (leaf.get("list"), leaf.get("participant_no")) == (list_code, number)
    )


def heading_of(file: File, list_code: str, vacancy: str = "v1") -> Json:
    """A list's heading."""
    return next(
        leaf
        for leaf in file.leaves
        if (leaf["kind"], leaf.get("list"), leaf["vacancy_id"]) == ("list", list_code, vacancy)
    )


# ------------------------------------------------------------------------------------------ lies


def _softened(file: File) -> None:
    file.policy = deepcopy(file.policy)
    for threshold in file.policy["stages"][0]["thresholds"]:
        threshold["minimum"] = "1"


def _softened_otherwise(file: File) -> None:
    _softened(file)
    file.policy["version"] = "3"
    people = [person(1, (5, 100, 200), "80"), person(2, (100, 100, 180), "70")]
    soft = type(load(LAW)).model_validate(file.policy)
    file.leaves = [leaf.model_dump() for leaf in composed(soft, [Vacancy("UMUM", 1, people)])[0]]


def _officer_where_all_go_on(file: File) -> None:
    numbers = [f"0001-{number:06d}" for number in (1, 2, 3, 4, 5)]
    heading_of(file, "skd")["decided"] = {name: at for at, name in enumerate(numbers, 1)}
    for at, number in enumerate(numbers, 1):
        line_of(file, "skd", number).update(rank=at, equals=1, place=at)
    lines = [leaf for leaf in file.leaves if leaf.get("participant_no") in numbers]
    first = [leaf for leaf in lines if leaf.get("list") == "skd"]
    start = file.leaves.index(first[0])
    file.leaves[start : start + 5] = sorted(first, key=lambda leaf: leaf["participant_no"])


def _half_an_order(file: File) -> None:
    del heading_of(file, "final", "v2")["decided"]["0002-000001"]


def _undecided(file: File) -> None:
    heading_of(file, "final", "v2")["decided"] = {}
    for number in ("0002-000001", "0002-000002"):
        line_of(file, "final", number).update(rank=1, equals=2, code="UNDECIDED")


def _exchanged_equals(file: File) -> None:
    one, two = (line_of(file, "skd", f"0001-00000{number}") for number in (2, 1))
    one["participant_no"], two["participant_no"] = two["participant_no"], one["participant_no"]


def _left_out(file: File) -> None:
    file.leaves = [leaf for leaf in file.leaves if leaf.get("participant_no") != "0001-000006"]


def _wrong_number(file: File) -> None:
    for leaf in file.leaves:
        if leaf.get("participant_no") == "0001-000006":
            leaf["participant_no"] = "0002-000006"


def _lower_above_higher(file: File) -> None:
    one, two = (line_of(file, "final", f"0001-00000{number}") for number in (3, 4))
    at = file.leaves.index(one)
    one.update(place=4, rank=4)
    two.update(place=3, rank=3)
    file.leaves[at : at + 2] = [two, one]


def _updates(list_code: str, number: str, **changed: Any) -> Callable[[File], None]:
    return lambda file: line_of(file, list_code, number).update(changed)


def _head(**changed: Any) -> Callable[[File], None]:
    return lambda file: file.head.update(changed)


def _first(kind: str, **changed: Any) -> Callable[[File], None]:
    return lambda file: next(leaf for leaf in file.leaves if leaf["kind"] == kind).update(changed)


LIES = [
    Lie("softened-thresholds", "softer thresholds under the name and version of the law",
        _softened, "policy_hash", other={"policy": None}),
    Lie("officer-where-all-go-on", "an officer's order where the law admits all equals",
        _officer_where_all_go_on, "decided", 17),
    Lie("officer-orders-some", "an officer's order of some of the equals only",
        _half_an_order, "decided", 40),
    Lie("undecided", "UNDECIDED at the last seat", _undecided, "equal at the last seat", 41),
    Lie("applicant-left-out", "a person without any line", _left_out, "0001-000006", 13),
    Lie("wrong-participant-number", "a participant number of another vacancy",
        _wrong_number, "0001-000006", 13),
    Lie("equals-exchanged", "two equals of a list in another order than their lots",
        _exchanged_equals, "participant_no", 18),
    Lie("lower-above-higher", "a lower score above a higher one",
        _lower_above_higher, "participant_no", 30),
    Lie("score", "a better score than the points make",
        _updates("final", "0001-000004", score="90.000"), "score", 31),
    Lie("code", "a seat for somebody below the seats",
        _updates("final", "0001-000003", code="L"), "code", 30),
    Lie("below-a-threshold", "somebody below a threshold who goes on",
        _updates("skd", "0001-000006", code="P"), "code", 23),
    Lie("points-off-the-step", "points that no test can give",
        _updates("final", "0001-000004",
                 points={"SKB": "79.9999", "TIU": "100", "TKP": "200", "TWK": "100"}),
        "points", 31),
    Lie("fact-without-commitment", "a personal fact decided, and nothing commits to it",
        _updates("final", "0001-000002", commitment=None), "commitment", 28),
    Lie("accepted-as-rejected", "an applicant who stands on the list, as TMS",
        _first("applicant", outcome="TMS", commitment="00" * 32), "TMS", 8),
    Lie("more-seats-than-decreed", "more seats than the decree has",
        _head(decreed_seats=2), "decreed"),
    Lie("published-in-1999", "published before it was proposed",
        _head(published_at="1999-01-01T00:00:00Z"), "published_at"),
    Lie("another-root", "the root of another list", _head(root="00" * 32), "root"),
    Lie("no-such-day", "proposed on a day that no month has",
        _head(proposed_at="2026-02-30T02:00:00Z"), "proposed_at"),
    Lie("follows-none", "a second version that follows none", _head(version=2), "previous"),
    Lie("below-an-earlier-threshold", "a seat for somebody below a threshold of the first test",
        _updates("final", "0001-000004", score="74.181",
                 points={"SKB": "79.999", "TIU": "100", "TKP": "200", "TWK": "60"}), "final", 31),
    Lie("no-seats", "a vacancy without seats", _first("vacancy", seats=0), "seats", 6),
]  # fmt: skip


def vectors() -> Iterator[Vector]:
    """All of them."""
    yield from _genuine()
    for lie in LIES:
        file = the_list()
        lie.change(file)
        redone(file)
        yield Vector(
            f"{lie.name}.json", lie.what, file.written(), 1,
            line=lie.line, names=lie.names, **lie.other,
        )  # fmt: skip
    yield _no_step()
    yield from _without_the_key()


def _genuine() -> Iterator[Vector]:
    data = the_list().written()
    yield Vector("list-2.json", "a genuine list, the law named", data, 0)
    yield Vector("list-2.json", "a genuine list, no law named", data, 3, None)
    yield Vector(
        "list-2.json", "a genuine list, another law named", data, 1, "local-jambi",
        names="policy_hash",
    )  # fmt: skip
    yield Vector("list-1.json", "a genuine list of version 1", older_list().written(), 0)
    yield Vector("receipt-2.json", "a genuine receipt", write_receipt(a_receipt()), 0, None)
    file = the_list()
    _softened_otherwise(file)
    softer = "softer thresholds under a version of their own"
    yield Vector("softened-version.json", softer, file.written(), 3, None)
    yield Vector(
        "softened-version.json", f"{softer}, the law named", file.written(), 1,
        names="policy_hash",
    )  # fmt: skip
    empty = File(
        load(LAW).as_json(),
        [leaf.model_dump() for leaf in composed(load(LAW), [Vacancy("UMUM", 1, [])])[0]],
        {},
    )
    yield Vector("nobody-applied.json", "a vacancy that nobody applied for", empty.written(), 0)


def _no_step() -> Vector:
    """Points that no months of experience give."""
    law = load("local-medan")
    points = {
        "tes": {"TES": Decimal(80)},
        "penilaian": {"INTERPERSONAL": Decimal(50), "REKAM_JEJAK": Decimal(50)},
    }
    results = {name: StageResult(Outcome.SCORED, given) for name, given in points.items()}
    someone = Candidate(
        "0001-000001",
        verified=True,
        results=results,
        education="S1",
        relevant_experience_months=40,
    )
    leaves = composed(law, [Vacancy("UMUM", 1, [someone])])[0]
    file = File(law.as_json(), [leaf.model_dump() for leaf in leaves], {})
    line = line_of(file, "final", "0001-000001")
    line["points"]["PENGALAMAN"] = "30"
    line["score"] = "59.500"
    redone(file)
    return Vector(
        "no-step.json", "points of experience between two steps", file.written(), 1,
        law.id, 12, "PENGALAMAN",
    )  # fmt: skip


def _without_the_key() -> Iterator[Vector]:
    """Files that were changed after they were signed."""
    data = the_list().written()
    at = data.index(b'"salt":"') + len(b'"salt":"')
    other = b"0" if data[at : at + 1] != b"0" else b"1"
    changed = data[:at] + other + data[at + 1 :]
    yield Vector("changed-byte.json", "a byte of a salt changed", changed, 1, names="root")
    changed = data.replace(b'"round_name":"CPNS 2024"', b'"round_name":"CPNS 2025"')
    yield Vector("changed-head.json", "another name in the head", changed, 1, names="signature")
    receipt = write_receipt(a_receipt())
    changed = receipt.replace(b'"1990-01-01"', b'"1980-01-01"')
    yield Vector("receipt-other-fact.json", "a fact that was never bound", changed, 1, None)
    changed = receipt.replace(b'"rank":1', b'"rank":2', 1)
    yield Vector(
        "receipt-other-rank.json", "a rank that does not stand on the list", changed, 1, None
    )
    yield Vector("list-blanks.json", "the same in other words of JSON", b" " + data, 1)


def files() -> dict[str, bytes]:
    """Everything that stands in the folder, by name."""
    all_vectors = [*vectors()]
    expected = json.dumps([vector.expected() for vector in all_vectors], indent=1) + "\n"
    return {vector.file: vector.data for vector in all_vectors} | {
        "expected.json": expected.encode(),
        "public.pem": TEST_KEY.public.pem.encode(),
    }


def main() -> None:
    """Writes them."""
    FOLDER.mkdir(exist_ok=True)
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
