"""Published lists: whoever has the key's public half finds every change, and every ranking that
does not follow from its facts.
"""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import (
    AnsweredOffer,
    LineLeaf,
    ListLeaf,
    SeatingLeaf,
    VacancyLeaf,
    leaf_bytes,
)
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.list_stream import open_list
from services.ranking.proofs.domain.merkle_tree import (
    inclusion_path_indices,
    tree_levels,
)
from services.ranking.proofs.domain.reading import read
from services.ranking.proofs.domain.receipt_file import (
    InclusionProof,
    Receipt,
    check_receipt,
    write_receipt,
)
from services.ranking.publication.domain.verification import (
    check_contents,
    check_signed,
)
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import Policy, bundled_ids, load
from tests.unit.services.ranking.published import Vacancy, as_file, check_list, composed, signed

KEY = SigningKey.of(
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
    "-----END PRIVATE KEY-----\n"
)


def verify(data: bytes) -> ListFile | Receipt:
    """What `terang verify` does with a file's bytes."""
    found = read(data)
    if isinstance(found, Receipt):
        check_receipt(found, KEY.public.accepts, KEY.public.id)
    else:
        check_list(found, KEY.public.accepts, KEY.public.id)
    return found


def verify_leaf_by_leaf(data: bytes) -> None:
    """The same for a list that is too large to be read at once."""
    found = open_list(BytesIO(data))
    if found is None:
        raise ProofFault("the file", "not written as a list")
    check_signed(found.head, found.signature, KEY.public.accepts, KEY.public.id)
    check_contents(found.head, found.policy, found.leaves)


def person(
    number: int,
    skd: tuple[int, int, int] | Outcome,
    skb: str | Outcome | None,
    /,
    vacancy: int = 1,
    **known: Any,
) -> Candidate:
    """Someone verified, with the results of both tests."""
    results = {}
    names = ("TWK", "TIU", "TKP")
    results["skd"] = (
        StageResult(skd, {})
        if isinstance(skd, Outcome)
        else StageResult(Outcome.SCORED, dict(zip(names, map(Decimal, skd), strict=True)))
    )
    if skb is not None:
        results["skb"] = (
            StageResult(skb, {})
            if isinstance(skb, Outcome)
            else StageResult(Outcome.SCORED, {"SKB": Decimal(skb)})
        )
    known.setdefault("verified", True)
    return Candidate(f"{vacancy:04d}-{number:06d}", results=results, **known)


@lru_cache
def policy() -> Policy:
    return load("national-cpns-2024")


def small_round() -> list[Vacancy]:
    """Every outcome; a tie that marks decided, one that age did, and one that an officer did."""
    same: tuple[int, int, int] = (100, 100, 200)
    born = date(1999, 5, 17)
    return [
        Vacancy(
            "UMUM",
            2,
            [
                person(1, same, "80", gpa=Decimal("3.90"), birth_date=born),
                person(2, same, "80", gpa=Decimal("3.90"), birth_date=date(1990, 1, 1)),
                person(3, same, "80", gpa=Decimal("3.20"), birth_date=born),
                person(4, same, "79.999"),
                person(5, same, Outcome.MISSED),
                person(6, (150, 60, 200), None),
                person(7, Outcome.MISSED, None),
                person(8, Outcome.DISQUALIFIED, None),
                person(9, same, None, withdrawn=True),
            ],
        ),
        Vacancy(
            "DISABILITAS",
            1,
            [
                person(
                    1, (70, 80, 170), "70", 2, gpa=Decimal(3), birth_date=born, decided={"final": 2}
                ),
                person(
                    2, (70, 80, 170), "70", 2, gpa=Decimal(3), birth_date=born, decided={"final": 1}
                ),
            ],
        ),
    ]


@lru_cache
def small() -> tuple[ListFile, tuple[Opening, ...]]:
    leaves, openings = composed(policy(), small_round())
    return signed(policy().as_json(), leaves, KEY), tuple(openings)


def proven(published: ListFile) -> list[InclusionProof]:
    """Every leaf with its way to the root."""
    texts = [*map(leaf_bytes, published.leaves)]
    hashes = [hash_.hex() for level in tree_levels(texts) for hash_ in level]
    return [
        InclusionProof(
            index=index,
            leaf=leaf,
            path=[hashes[place] for place in inclusion_path_indices(index, len(texts))],
        )
        for index, leaf in enumerate(published.leaves)
    ]


def a_receipt() -> Receipt:
    """Of one whom personal facts put in order."""
    published, openings = small()
    mine = [
        proof
        for proof in proven(published)
        if getattr(proof.leaf, "participant_no", "") == "0001-000002"
    ]
    own = [opening for opening in openings if opening.participant_no == "0001-000002"]
    return Receipt(published.head, published.signature, mine, own)


def lines(published: ListFile, vacancy_id: str, code: str) -> list[LineLeaf]:
    return [
        leaf
        for leaf in published.leaves
        if isinstance(leaf, LineLeaf) and (leaf.vacancy_id, leaf.list) == (vacancy_id, code)
    ]


def test_a_published_round_verifies_and_shows_no_personal_fact() -> None:
    """Order and codes are the engine's; where marks or age decided there is an order and a
    commitment; neither fact stands in the file.
    """
    published, openings = small()
    data = as_file(published)
    assert verify(data) == published
    final = lines(published, "v1", "final")
    assert [(leaf.participant_no[-1], leaf.rank, leaf.code, leaf.order) for leaf in final] == [
        ("2", 1, "L", 1),
        ("1", 2, "L", 2),
        ("3", 3, "P", 3),
        ("4", 4, "P", None),
        ("5", None, "TH", None),
    ]
    assert [leaf.code for leaf in lines(published, "v2", "final")] == ["L", "P"]
    assert {leaf.code for leaf in lines(published, "v1", "skd")} == {
        "P/L",
        "TL",
        "TH",
        "DIS",
        "APS",
    }
    assert {opening.participant_no for opening in openings} == {
        "0001-000001", "0001-000002", "0001-000003", "0002-000001", "0002-000002",
    }  # fmt: skip
    for secret in (
        b"1990-01-01",
        b"1999-05-17",
        b"3.90",
        b"3.20",
        *(opening.salt.encode() for opening in openings),
    ):
        assert secret not in data


def test_a_receipt_opens_the_commitment_to_the_person() -> None:
    """It verifies alone; the facts that decided are in it."""
    receipt = a_receipt()
    assert verify(write_receipt(receipt)) == receipt
    assert [(opening.list, opening.facts) for opening in receipt.openings] == [
        ("final", {"gpa": "3.90", "birth_date": "1990-01-01"})
    ]


@lru_cache
def tiny() -> ListFile:
    """Three people for one seat, two of them told apart by marks, under the national policy less
    what they don't need of it.
    """
    whole = policy().as_json()
    stages = [dict(stage, longer=[]) for stage in whole["stages"]]
    for stage in stages:
        stage["thresholds"] = [
            threshold for threshold in stage.get("thresholds", []) if threshold["needs"] == ["UMUM"]
        ]
        stage["longer"] = []
    kept = {"id", "version", "name", "lists", "publication"}
    part = {name: whole[name] for name in kept} | {
        "needs": {"UMUM": whole["needs"]["UMUM"]},
        "stages": stages,
    }
    text = json.dumps(part)
    part["authorities"] = {
        name: authority for name, authority in whole["authorities"].items() if f'"{name}"' in text
    }
    smaller = Policy.model_validate(part)
    people = [
        person(1, (100, 100, 200), "80", gpa=Decimal("3.9")),
        person(2, (100, 100, 200), "80", gpa=Decimal("3.1")),
        person(3, (60, 100, 200), None),
    ]
    leaves, _ = composed(smaller, [Vacancy("UMUM", 1, people)])
    return signed(smaller.as_json(), leaves, KEY)


@pytest.mark.parametrize("file", ["list", "receipt"])
def test_whatever_byte_is_changed_the_file_is_refused(file: str) -> None:
    """Each byte of the file in turn, changed to another; each seventh also taken out, doubled, and
    made a digit.
    """
    data = as_file(tiny()) if file == "list" else write_receipt(a_receipt())
    verify(data)
    if file == "list":
        verify_leaf_by_leaf(data)
    for at, byte in enumerate(data):
        changed = [data[:at] + bytes((byte ^ 1,)) + data[at + 1 :]]
        if at % 7 == 0:
            digit = b"1" if byte == ord("0") else b"0"
            changed += [
                data[:at] + data[at + 1 :],
                data[: at + 1] + data[at:],
                data[:at] + digit + data[at + 1 :],
            ]
        for wrong in changed:
            with pytest.raises(ProofFault):
                verify(wrong)
            if file == "list":
                with pytest.raises(ProofFault):
                    verify_leaf_by_leaf(wrong)


SAME = {"TWK": "100", "TIU": "100", "TKP": "200"}


def remade(published: ListFile, index: int, **changed: Any) -> ListFile:
    """The same with one leaf changed, and everything signed anew with the right key."""
    leaves = [*published.leaves]
    leaves[index] = leaves[index].model_copy(update=changed)
    return signed(published.policy, leaves, KEY)


@pytest.mark.parametrize(
    ("vacancy_id", "code", "place", "changed", "field"),
    [
        ("v1", "final", 4, {"score": "90.000"}, "score"),
        ("v1", "final", 1, {"rank": 2}, "rank"),
        ("v1", "final", 3, {"code": "L"}, "code"),
        ("v1", "final", 4, {"points": {**SAME, "SKB": "99"}}, "participant_no"),
        ("v1", "final", 4, {"points": SAME}, "points"),
        ("v1", "final", 4, {"points": {**SAME, "SKB": "79.9999"}}, "points"),
        ("v1", "final", 1, {"order": 2}, "order"),
        ("v1", "final", 1, {"order": None}, "order"),
        ("v1", "final", 4, {"order": 1}, "order"),
        ("v1", "final", 1, {"commitment": None}, "commitment"),
        ("v1", "final", 4, {"commitment": "00" * 32}, "commitment"),
        ("v1", "skd", 1, {"equals": 1}, "equals"),
        ("v1", "skd", 6, {"code": "P"}, "code"),
        ("v1", "skd", 5, {"code": "P"}, "place"),
        ("v2", "final", 1, {"participant_no": "0002-000009"}, "decided"),
        ("v1", "final", 4, {"participant_no": "0001-000009"}, "admitted"),
        ("v2", "skd", 1, {"priority": "R2"}, "priority"),
    ],
)  # fmt: skip
def test_a_wrong_ranking_is_refused_even_if_the_right_key_signed_it(
    vacancy_id: str, code: str, place: int, changed: dict[str, Any], field: str
) -> None:
    """One line changed, hashes and signature made anew: recomputing finds it, and says which line
    and field.
    """
    published, _ = small()
    index = published.leaves.index(lines(published, vacancy_id, code)[place - 1])
    with pytest.raises(ProofFault) as fault:
        verify(as_file(remade(published, index, **changed)))
    if field != "place":
        assert field in str(fault.value)


def test_what_stands_around_the_lines_is_recomputed_too() -> None:
    """Seats, digests, officers' decisions, the order of vacancies, a list left out, a line left
    out, a head that says otherwise.
    """
    published, _ = small()
    leaves = [*published.leaves]
    heads = {leaf.list: index for index, leaf in enumerate(leaves) if isinstance(leaf, ListLeaf)}
    vacancies = [index for index, leaf in enumerate(leaves) if isinstance(leaf, VacancyLeaf)]
    wrong = [
        remade(published, heads["final"], digest="00" * 32),
        remade(published, heads["final"], decided={}),
        remade(published, heads["final"], decided={"0002-000001": 1, "0002-000002": 2}),
        remade(published, heads["final"], decided={"0002-000077": 1}),
        remade(published, vacancies[0], seats=1),
        remade(published, vacancies[0], need="KALIMANTANG"),
        signed(published.policy, leaves[vacancies[1] :] + leaves[: vacancies[1]], KEY),
        signed(published.policy, leaves[: heads["final"]], KEY),
        signed(published.policy, leaves[:-1], KEY),
        signed(published.policy, leaves[1:], KEY),
        signed(published.policy, leaves, KEY, decreed_seats=4),
        signed(published.policy, leaves, KEY, lines=3),
        signed(published.policy, leaves, KEY, policy_hash="00" * 32),
        signed(published.policy, leaves, KEY, policy_id="other"),
        signed(published.policy, leaves, KEY, seed="00" * 32),
        signed({**published.policy, "lists": []}, leaves, KEY),
        signed({**published.policy, "quotas": 1}, leaves, KEY),
        signed(published.policy, leaves, SigningKey.new()),
    ]
    for file in wrong:
        with pytest.raises(ProofFault):
            verify(as_file(file))
    other = SigningKey.new()
    forged = signed(published.policy, leaves, other, key_id=KEY.public.id)
    with pytest.raises(ProofFault, match="signature"):
        verify(as_file(forged))


def test_a_number_is_one_candidates() -> None:
    """Somebody on the lists of two vacancies is found, however well both fit together.

    In files of version 1; in others numbers belong to the vacancy by which they begin.
    """
    first, second = small_round()
    second.people = [
        *second.people,
        *(person for person in first.people if person.participant_no == "0001-000001"),
    ]
    leaves, _ = composed(policy(), [first, second])
    with pytest.raises(ProofFault, match="0001-000001: stands on the first list and never applied"):
        verify(as_file(signed(policy().as_json(), leaves, KEY)))
    older = [leaf for leaf in leaves if leaf.kind not in {"administration", "applicant"}]
    with pytest.raises(ProofFault, match="participant_no: 0001-000001 is a candidate of v1 too"):
        verify(as_file(signed(policy().as_json(), older, KEY, format="terang-list-1")))


def test_the_fault_names_line_and_field() -> None:
    """The line of the file, as an editor counts, the participant, the field, what was expected and
    what was published.
    """
    published, _ = small()
    wrong = lines(published, "v1", "final")[3]
    data = as_file(remade(published, published.leaves.index(wrong), score="90.000"))
    number = next(at for at, text in enumerate(data.splitlines(), 1) if b'"90.000"' in text)
    with pytest.raises(ProofFault) as fault:
        verify(data)
    assert (
        str(fault.value)
        == f"line {number} (list final, 0001-000004), score: expected 77.090, published 90.000"
    )


def test_a_policy_that_publishes_scores_only_hides_points_from_all_but_the_person() -> None:
    """Kasemen's: no points in the file, order and codes out of the scores, ties by the points
    unseen; the opening has them. A score changed by the right key's holder moves the line, and is
    refused.
    """
    law = load("local-kasemen")
    need = min(law.needs)
    people = []
    for number, least in enumerate((1, 2, 2), 1):
        results = {
            stage.code: StageResult(
                Outcome.SCORED,
                {
                    component.code: component.maximum - component.step * (least if at == 0 else 0)
                    for at, component in enumerate(stage.stated)
                },
            )
            for stage in law.stages
        }
        decided = {law.lists[-1].code: number}
        people.append(
            Candidate(f"0001-{number:06d}", verified=True, results=results, decided=decided)
        )
    leaves, openings = composed(law, [Vacancy(need, 1, people)])
    published = signed(law.as_json(), leaves, KEY)
    verify(as_file(published))
    last = lines(published, "v1", law.lists[-1].code)
    assert [(leaf.participant_no, leaf.points, leaf.commitment is not None) for leaf in last] == [
        ("0001-000001", {}, True),
        ("0001-000002", {}, True),
        ("0001-000003", {}, True),
    ]
    assert all(opening.facts for opening in openings)
    index = published.leaves.index(last[2])
    for changed in (
        {"score": "100.00000"},
        {"score": last[0].score},
        {"points": {"X": "1"}},
        {"commitment": None},
    ):
        with pytest.raises(ProofFault):
            verify(as_file(remade(published, index, **changed)))


def test_a_change_by_someone_without_the_key_is_named_too() -> None:
    """The line where recomputing finds it; where only hashes can, that a line was changed."""
    published, _ = small()
    wrong = lines(published, "v1", "final")[3]
    index = published.leaves.index(wrong)
    leaves = [*published.leaves]
    leaves[index] = wrong.model_copy(update={"code": "L"})
    with pytest.raises(ProofFault, match=r"0001-000004\), code: expected P, published L"):
        verify(as_file(ListFile(published.head, published.signature, published.policy, leaves)))
    leaves[index] = wrong.model_copy(update={"salt": "00" * 16})
    with pytest.raises(ProofFault, match="a line was changed, moved or taken out"):
        verify(as_file(ListFile(published.head, published.signature, published.policy, leaves)))


POINTS = st.tuples(
    st.sampled_from([65, 100, 105]), st.sampled_from([80, 100]), st.sampled_from([165, 170, 200])
)


SKB: list[str | Outcome] = ["70", "70.5", "99.999", Outcome.MISSED]


@st.composite
def rounds(draw: st.DrawFn) -> list[Vacancy]:
    """One to three vacancies of up to twelve people with few different points, so that ties abound;
    nobody equal at the last seat is left to chance.
    """
    made = []
    for vacancy in range(1, draw(st.integers(1, 3)) + 1):
        people = []
        for number in range(1, draw(st.integers(1, 12)) + 1):
            skd = draw(
                st.one_of(
                    POINTS, POINTS, POINTS, st.sampled_from([Outcome.MISSED, Outcome.DISQUALIFIED])
                )
            )
            skb = draw(st.sampled_from(SKB))
            people.append(
                person(
                    number,
                    skd,
                    skb,
                    vacancy,
                    gpa=draw(st.sampled_from([None, Decimal("3.1"), Decimal("3.9")])),
                    birth_date=draw(st.sampled_from([None, date(1990, 2, 3), date(1999, 5, 17)])),
                    withdrawn=draw(st.integers(0, 9)) == 0,
                    decided={"final": number},
                )
            )
        made.append(
            Vacancy(
                draw(st.sampled_from(["UMUM", "CUMLAUDE", "DISABILITAS"])),
                draw(st.integers(1, 3)),
                people,
            )
        )
    return made


@settings(max_examples=40, deadline=None)
@given(rounds())
def test_any_round_verifies(vacancies: list[Vacancy]) -> None:
    """Whatever the points, ties and outcomes: published, it verifies, and its file is read back as
    it was.
    """
    leaves, openings = composed(policy(), vacancies)
    published = signed(policy().as_json(), leaves, KEY)
    assert verify(as_file(published)) == published
    committed = {leaf.commitment for leaf in leaves if isinstance(leaf, LineLeaf)} - {None}
    assert {opening.commitment() for opening in openings} == committed


@pytest.mark.parametrize("policy_id", bundled_ids())
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_round_of_any_policy_verifies(policy_id: str, data: st.DataObject) -> None:
    """Evidence, bonuses, priority groups, education, experience: the points as they counted are
    published, the facts behind them only as commitments.
    """
    law = load(policy_id)
    need = data.draw(st.sampled_from(sorted(law.needs)))
    people = []
    for number in range(1, data.draw(st.integers(2, 9)) + 1):
        results = {}
        for stage in law.stages:
            points = {
                component.code: component.step
                * data.draw(
                    st.sampled_from(
                        [
                            int(component.maximum / component.step * part / 20)
                            for part in (10, 17, 18, 20)
                        ]
                    )
                )
                for component in stage.stated
            }
            missed = data.draw(st.integers(0, 9)) == 0
            results[stage.code] = (
                StageResult(Outcome.MISSED, {}) if missed else StageResult(Outcome.SCORED, points)
            )
        facts: dict[str, Any] = {
            "gpa": data.draw(st.sampled_from([None, Decimal("3.10"), Decimal("3.9")])),
            "birth_date": data.draw(st.sampled_from([None, date(1990, 2, 3), date(1999, 5, 17)])),
            "relevant_experience_months": data.draw(st.sampled_from([None, 0, 40, 200])),
            "education": data.draw(
                st.sampled_from([None, "?", *(level.code for level in law.education)])
            ),
            "priority": data.draw(
                st.sampled_from([None, *(group.code for group in law.priority_groups)])
            ),
        }
        decided = {law.lists[-1].code: number}
        people.append(
            Candidate(
                f"0001-{number:06d}", verified=True, results=results, decided=decided, **facts
            )
        )
    leaves, openings = composed(law, [Vacancy(need, data.draw(st.integers(1, 3)), people)])
    published = signed(law.as_json(), leaves, KEY)
    assert verify(as_file(published)) == published
    committed = {leaf.commitment for leaf in leaves if isinstance(leaf, LineLeaf)} - {None}
    assert {opening.commitment() for opening in openings} == committed


@settings(max_examples=80, deadline=None)
@given(rounds(), st.data())
def test_no_changed_line_passes(vacancies: list[Vacancy], data: st.DataObject) -> None:
    """A line's rank, score, code, equals or order changed, or two lines exchanged: refused when an
    attacker makes the hashes anew, and when the right key signs it.
    """
    leaves, _ = composed(policy(), vacancies)
    published = signed(policy().as_json(), leaves, KEY)
    places = [index for index, leaf in enumerate(leaves) if isinstance(leaf, LineLeaf)]
    index = data.draw(st.sampled_from(places))
    leaf = leaves[index]
    assert isinstance(leaf, LineLeaf)
    fields: dict[str, list[Any]] = {
        "rank": [None, 1, 2, (leaf.rank or 0) + 1],
        "score": [None, "1", "99.999", "400"],
        "code": ["L", "P", "P/L", "TL", "TH", "DIS", "APS", "TMS", "WAIT"],
        "equals": [leaf.equals + 1],
        "order": [None, 1, 2, 9],
        "place": [leaf.place + 1],
    }
    field = data.draw(st.sampled_from(sorted(fields)))
    value = data.draw(
        st.sampled_from([value for value in fields[field] if value != getattr(leaf, field)])
    )
    changed = [*leaves]
    changed[index] = leaf.model_copy(update={field: value})
    attacked = signed(policy().as_json(), changed, KEY)
    keeps_signature = ListFile(attacked.head, published.signature, attacked.policy, changed)
    keeps_head = ListFile(published.head, published.signature, attacked.policy, changed)
    for wrong in (attacked, keeps_signature, keeps_head):
        with pytest.raises(ProofFault):
            verify(as_file(wrong))


def test_what_is_no_file_of_ours_is_told_so() -> None:
    """Not JSON, another JSON, a float, a nest without end: a fault, never a failure."""
    for data in (
        b"",
        b"\xff",
        b"[]",
        b'{"format":"terang-list-2"}',
        b"[" * 100_000,
        b'{"a":1.5}',
        b'{"a":NaN}',
        b"null",
    ):
        with pytest.raises(ProofFault):
            verify(data)


def changed_at(data: bytes, place: tuple[str | int, ...], value: object) -> bytes:
    """The JSON with something else, or something more, at a place; at none: another JSON."""
    whole = json.loads(data)
    inside = whole
    for step in place[:-1]:
        inside = inside[step]
    if place:
        inside[place[-1]] = value
    return json.dumps(whole if place else value).encode()


KINDS = (
    "line 6: expected one of the kinds "
    "'vacancy', 'administration', 'applicant', 'list', 'line', 'seating'"
)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ((), [], "the file: expected an object"),
        (
            ("format",),
            "terang-list-3",
            "the file, format: expected 'terang-list-1' or 'terang-list-2'",
        ),
        (("format",), "terang-list-1", "head, format: expected terang-list-1, as the file's"),
        (("head",), [], "the file, head: expected an object"),
        (("head",), {}, "the file, head.format: it is missing"),
        (("head", "version"), "1", "the file, head.version: expected an integer"),
        (("head", "root"), "ab", "the file, head.root: expected a text like ^[0-9a-f]{64}$"),
        (("more",), 1, "the file, more: nothing is called so here"),
        (("policy",), 1, "the file, policy: expected an object"),
        (("leaves",), {}, "the file, leaves: expected a list"),
        (("leaves", 0), 1, "line 6: expected an object"),
        (("leaves", 0), {}, "line 6: expected an object that says of which kind it is"),
        (
            ("leaves", 0, "kind"),
            "x",
            KINDS,
        ),
        (
            ("head", "root"),
            "\ud800",
            "the file, head.root: half a character (a lone surrogate) is no text",
        ),
        (("leaves", 0, "post"), None, "line 6, vacancy.post: expected a text"),
    ],
)
def test_what_a_file_should_hold_is_said_in_plain_words(
    place: tuple[str | int, ...], value: object, says: str
) -> None:
    """What is missing, too much or of another kind: where, and what was expected; no word of the
    library that reads it.
    """
    with pytest.raises(ProofFault) as fault:
        verify(changed_at(as_file(small()[0]), place, value))
    assert str(fault.value) == says


@pytest.mark.parametrize(
    "text",
    ["cpns-2024", "CPNS 2024", "kind", "final", "0001-000002", "gpa", "TWK", "terang-list-1"],
)
def test_half_a_character_is_no_text(text: str) -> None:
    """A lone surrogate escaped in a text or a name, wherever it stands in a list or a receipt: a
    fault that can be printed, never a failure.
    """
    for data in (as_file(small()[0]), write_receipt(a_receipt())):
        changed = data.replace(text.encode(), text.encode() + rb"\ud800")
        if changed != data:
            with pytest.raises(ProofFault) as fault:
                verify(changed)
            str(fault.value).encode()


def test_a_nest_at_the_edge_is_a_fault() -> None:
    """Reading and writing give up at different depths: whatever the depth of what stands in the
    policy, a fault, never a failure.
    """
    data = as_file(small()[0])
    for depth in range(700, 1000):
        nest = b'{"a":' * depth + b"1" + b"}" * depth
        with pytest.raises(ProofFault):
            verify(data.replace(b'"policy":{', b'"policy":{"a":' + nest + b",", 1))


def test_a_receipt_of_two_people_or_with_somebody_elses_opening_is_refused() -> None:
    """One candidate, own openings."""
    published, openings = small()
    receipt = a_receipt()
    others = [opening for opening in openings if opening.participant_no == "0001-000001"]
    with pytest.raises(ProofFault, match="opens no line"):
        verify(write_receipt(Receipt(receipt.head, receipt.signature, receipt.leaves, others)))
    with pytest.raises(ProofFault, match="one candidate"):
        verify(write_receipt(Receipt(receipt.head, receipt.signature, [], [])))
    assert json.loads(write_receipt(receipt))["head"] == published.head.model_dump()


@pytest.mark.parametrize(
    ("added", "says"),
    [
        (
            ("v1", "final", "0001-000001"),
            "leaf 4: a second line of the list final, expected one candidate's",
        ),
        (("v1", "final", "0001-000002"), "leaf 4: it stands in the receipt twice"),
        (("v2", None, None), "leaf 4: it is about v2, expected v1"),
        (("v2", "skd", None), "leaf 4: it is about v2, expected v1"),
    ],
)
def test_a_receipt_is_about_one_candidate(
    added: tuple[str, str | None, str | None], says: str
) -> None:
    """Another's line of the same list, a leaf once more, another vacancy or its list: each stands
    on the list, and is refused beside one's own lines. The own vacancy and its lists may stand
    there.
    """
    published, _ = small()
    receipt = a_receipt()
    every = {
        (
            proof.leaf.vacancy_id,
            getattr(proof.leaf, "list", None),
            getattr(proof.leaf, "participant_no", None),
        ): proof
        for proof in proven(published)
    }
    with pytest.raises(ProofFault) as fault:
        verify(write_receipt(replace(receipt, leaves=[*receipt.leaves, every[added]])))
    assert str(fault.value) == says
    around = [every["v1", None, None], every["v1", "skd", None], every["v1", "final", None]]
    verify(write_receipt(replace(receipt, leaves=[*around, *receipt.leaves])))


def test_a_receipt_holds_a_seating_only_where_it_names_the_candidate() -> None:
    """A seat that was offered is proven to who was offered it; beside anybody else's lines it is
    refused.
    """
    published, _ = small()
    goes = AnsweredOffer(
        participant_no="0001-000003", applied_for="v1", move=None, code="L", answer="declined"
    )
    seating = SeatingLeaf(
        kind="seating", salt="5a" * 16, vacancy_id="v2", education=[], gave_up={},
        not_asked=["0002-000001"], decided=[], offers=[goes],
    )  # fmt: skip
    whole = signed(published.policy, [*published.leaves, seating], KEY)
    every = proven(whole)

    def receipt(number: str) -> bytes:
        lines = [proof for proof in every if getattr(proof.leaf, "participant_no", "") == number]
        return write_receipt(Receipt(whole.head, whole.signature, [*lines, every[-1]], []))

    verify(receipt("0001-000003"))
    verify(receipt("0002-000001"))
    for other in ("0001-000002", "0002-000002"):
        with pytest.raises(ProofFault, match=f"it says nothing of {other}"):
            verify(receipt(other))
