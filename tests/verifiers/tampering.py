"""Lists that lie: something is changed, and whoever has the key signed it anew."""

import random
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from typing import Any

from tests.verifiers.files import File, Json

VALUES: list[Any] = [
    None, 0, 1, 2, 3, -1, 10**6, 2**60, "", "0", "1", "00", "145.0", "79.9999", "1e3", "-1",
    "4.000",
    "L", "P", "P/L", "TL", "TH", "DIS", "APS", "TMS", "MS", "R1", "UNDECIDED", "00" * 32, "ab" * 16,
    "0001-000001", "0001-000003", "0002-000001", "00001-000001", "2026-10-01T02:03:04Z",
    "2026-11-01T02:00:00Z", "2026-11-01T02:00:00.000000Z", "2026-11-02T02:00:00.000001Z",
    "2026-02-30T00:00:00Z", "1999-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2024-12-31T23:59:60Z",
    "2026-01-01T24:00:00Z", "é\u2028", "\x00", "\U0001f600", True, False, [], {}, "v1", "v2",
    {"X": "1"}, {"0001-000001": 1}, {"0001-000001": 1, "0001-000002": 2}, "UMUM", "skd", "final",
]  # fmt: skip


def _field(file: File, chance: random.Random) -> None:
    """Another value in a field of a leaf."""
    leaf = chance.choice(file.leaves)
    name = chance.choice(sorted(leaf))
    like = [other[name] for other in file.leaves if name in other]
    leaf[name] = deepcopy(chance.choice([*VALUES, *like, *like]))


def _number(file: File, chance: random.Random) -> None:
    """A number in a leaf, one more or less."""
    places = [
        (leaf, name)
        for leaf in file.leaves
        for name, value in leaf.items()
        if isinstance(value, int)
    ]
    leaf, name = chance.choice(places)
    leaf[name] += chance.choice((-1, 1))


def _points(file: File, chance: random.Random) -> None:
    """Points of a line written otherwise, more, less, left out, or of another component."""
    lines = [leaf for leaf in file.leaves if leaf.get("points")]
    if not lines:
        return
    points = chance.choice(lines)["points"]
    name = chance.choice(sorted(points))
    value = points.pop(name)
    written = [value + ".0", value + ".000000", "0" + value, "0", "1000", "65", "30", "50.5", None]
    other = chance.choice(written)
    if other is not None:
        points[chance.choice([name] * 9 + ["X"])] = other


def _all_points(file: File, chance: random.Random) -> None:
    """Somebody's points of a component on all lists, so that scores no longer follow."""
    lines = [leaf for leaf in file.leaves if leaf.get("points")]
    if not lines:
        return
    chosen = chance.choice(lines)
    name = chance.choice(sorted(chosen["points"]))
    for line in lines:
        if line["participant_no"] == chosen["participant_no"] and name in line["points"]:
            line["points"][name] = chance.choice(("5", "10", "60", "100"))


def _order(file: File, chance: random.Random) -> None:
    """The order among equals by a personal fact, on some lines."""
    lines = [leaf for leaf in file.leaves if leaf.get("order")]
    for line in lines:
        if chance.random() < 0.5:
            line["order"] = chance.choice((1, 1, 2, 3, None))


def _decided(file: File, chance: random.Random) -> None:
    """An officer's order on some list, of whoever stands there."""
    heading = chance.choice([leaf for leaf in file.leaves if leaf["kind"] == "list"])
    people = [
        leaf["participant_no"]
        for leaf in file.leaves
        if leaf["kind"] == "line" and leaf["list"] == heading["list"]
    ]
    chosen = chance.sample(people, min(len(people), chance.randint(0, 3)))
    heading["decided"] = {name: at for at, name in enumerate(chosen, 1)}


def _decided_otherwise(file: File, chance: random.Random) -> None:
    """Another order of those whom an officer ordered, their lines exchanged to suit."""
    headings = [leaf for leaf in file.leaves if len(leaf.get("decided", ())) > 1]
    if not headings:
        return
    decided = chance.choice(headings)["decided"]
    places = list(decided.values())
    chance.shuffle(places)
    decided.update(zip(decided, places, strict=True))


def _taken_out(file: File, chance: random.Random) -> None:
    """A leaf taken out, doubled, or moved."""
    at = chance.randrange(len(file.leaves))
    leaf = file.leaves[at]
    what = chance.randint(1, 3)
    if what != 2:
        del file.leaves[at]
    if what != 1:
        file.leaves.insert(chance.randint(0, len(file.leaves)), deepcopy(leaf))


def _person_taken_out(file: File, chance: random.Random) -> None:
    """All leaves of somebody taken out; sometimes with one less who applied."""
    people = sorted({leaf["participant_no"] for leaf in file.leaves if "participant_no" in leaf})
    if not people:
        return
    gone = chance.choice([*people, people[-1]])
    file.leaves = [leaf for leaf in file.leaves if leaf.get("participant_no") != gone]
    if chance.random() < 0.5:
        fewer = next(leaf for leaf in file.leaves if leaf["kind"] == "administration")
        fewer["submitted"] -= 1


def _exchanged(file: File, chance: random.Random) -> None:
    """Two lines exchanged, with their places, or all but the participant numbers."""
    lines = [at for at, leaf in enumerate(file.leaves) if leaf["kind"] == "line"]
    if len(lines) < 2:
        return
    at = chance.randrange(len(lines) - 1)
    one, two = file.leaves[lines[at]], file.leaves[lines[at + 1]]
    if chance.random() < 0.5:
        file.leaves[lines[at]], file.leaves[lines[at + 1]] = two, one
        one["place"], two["place"] = two["place"], one["place"]
    else:
        numbers = (two["participant_no"], one["participant_no"])
        one["participant_no"], two["participant_no"] = numbers


def _head(file: File, chance: random.Random) -> None:
    """Another value in the head."""
    name = chance.choice(
        ["version", "previous", "policy_id", "policy_version", "seed", "decreed_seats", "vacancies",
         "lines", "leaves", "root", "proposed_at", "published_at", "key_id", "proposed_by", "more",
         "round_name", "policy_hash", "format"]
    )  # fmt: skip
    file.head[name] = deepcopy(chance.choice(VALUES))


def _law(file: File, chance: random.Random) -> None:
    """Another figure in the policy, under a name of its own or its old one."""
    if chance.random() < 0.7:
        file.policy["id"] = "softened"
    stage = chance.choice(file.policy["stages"])
    listed = chance.choice(file.policy["lists"])
    place, name, value = chance.choice(
        [
            (listed["score"], "decimals", 4),
            (listed["score"], "rounding", "end"),
            (listed["codes"], "within", "X"),
            (listed.get("cut", {}), "multiple", 2),
            (listed.get("cut", {}), "equals_at_the_limit", "all-admitted"),
            (listed, "by_priority", True),
            (listed, "ties", []),
            (listed["score"]["terms"][0], "divisor", "2"),
            (chance.choice([*stage.get("thresholds", []), {}]), "minimum", "1"),
            (chance.choice(stage["components"]), "step", "0.5"),
            (chance.choice(stage["components"]), "knock_out", "60"),
            (file.policy["publication"], "level", "scores"),
            (file.policy, "more", 1),
        ]
    )
    place[name] = value


def _older(file: File, chance: random.Random) -> None:
    """The same as a file of version 1, which has no applicants; then something else."""
    file.format = "terang-list-1"
    if chance.random() < 0.9:
        kinds = {"administration", "applicant"}
        file.leaves = [leaf for leaf in file.leaves if leaf["kind"] not in kinds]
    if chance.random() < 0.7:
        chance.choice((_field, _number, _taken_out, _exchanged))(file, chance)


def _outcome(file: File, chance: random.Random) -> None:
    """An applicant's outcome, or the code of the line, and what goes with it."""
    leaf = chance.choice(
        [one for one in file.leaves if one["kind"] in ("applicant", "line")] or [{}]
    )
    if leaf.get("kind") == "applicant":
        leaf["outcome"] = chance.choice(("MS", "TMS", "APS"))
        leaf["commitment"] = "00" * 32 if leaf["outcome"] == "TMS" else None
    elif leaf:
        leaf |= {"code": chance.choice(("TH", "DIS", "APS", "TMS", "TL")), "rank": None}
        leaf |= {"score": None, "equals": 1, "order": None}
        leaf |= chance.choice([{"points": {}, "commitment": None}, {}])


def redone(file: File) -> None:
    """The digests anew, so that what they would show is found elsewhere or not at all."""
    lines = [leaf for leaf in file.leaves if leaf.get("kind") == "line"]
    lines.sort(key=lambda line: str(line.get("participant_no")))
    texts: dict[str, str] = defaultdict(str)
    for line in lines:
        texts[_of(line)] += ",".join(map(_told, (line.get(name) for name in IN_DIGEST))) + "\n"
    for heading in [leaf for leaf in file.leaves if leaf.get("kind") == "list"]:
        heading["digest"] = sha256(texts[_of(heading)].encode("utf-8", "replace")).hexdigest()


IN_DIGEST = ("participant_no", "rank", "score", "code")


def _of(leaf: Json) -> str:
    return f"{leaf.get('vacancy_id')} {leaf.get('list')}"


def _told(value: object) -> str:
    return "" if value is None else str(value)


CHANGES: list[Callable[[File, random.Random], None]] = [
    _points, _all_points, _order, _decided, _decided_otherwise, _taken_out, _person_taken_out,
    _exchanged, _head, _law, _outcome,
]  # fmt: skip


def tampered(file: File, chance: random.Random) -> bytes:
    """The file with something changed, signed anew; or with other bytes and the old signature."""
    if chance.random() < 0.1:
        return _other_bytes(file.written(), chance)
    changed = replace(file, policy=deepcopy(file.policy), leaves=deepcopy(file.leaves), head={})
    count = chance.choice((0, 1, 1, 1, 1, 2))
    for change in chance.sample(CHANGES, count):
        change(changed, chance)
    if not count or chance.random() < 0.05:  # what may be of any type comes last
        chance.choice((_field, _field, _number, _older))(changed, chance)
    if chance.random() < 0.7:
        redone(changed)
    return changed.written()


def _other_bytes(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return chance.choice(
        [
            data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :],
            data[:at] + data[at + 1 :],
            data[:at],
            data + b"\n",
            data[:at] + chance.choice((b" ", b"\n", b"0", b",", b"\r\n")) + data[at:],
            data.replace(b"0001-", b"0002-", 1),
        ]
    )
