"""The national policy as its sources have it, and what is said of inconsistent policies."""

import tomllib
from decimal import Decimal
from typing import Any

import pytest

from shared.policies import POLICIES_FOLDER, Policy, PolicyError, load, read_policy
from shared.refusals import Refusal


def national() -> dict[str, Any]:
    return tomllib.loads((POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8"))


def thresholds(need: str) -> dict[str, Decimal]:
    stage = load("national-cpns-2024").stage("skd")
    assert stage is not None
    return {one.of: one.minimum for one in stage.thresholds if need in one.needs}


@pytest.mark.parametrize(
    ("need", "expected"),
    [
        ("UMUM", {"TWK": 65, "TIU": 80, "TKP": 166}),
        ("KALIMANTAN", {"TWK": 65, "TIU": 80, "TKP": 166}),
        ("CUMLAUDE", {"total": 311, "TIU": 85}),
        ("DIASPORA", {"total": 311, "TIU": 85}),
        ("DISABILITAS", {"total": 286, "TIU": 60}),
        ("PAPUA", {"total": 286, "TIU": 60}),
        ("DAERAH_TERTINGGAL", {"total": 286, "TIU": 60}),
    ],
)
def test_thresholds_are_those_of_the_decree(need: str, expected: dict[str, int]) -> None:
    """Each kind of need has exactly the passing grades that KepmenPANRB 321/2024 gives it."""
    assert thresholds(need) == expected


def test_the_basic_test_has_550_points() -> None:
    """TWK 150, TIU 175 and TKP 225 sum to 550, and the final list divides by 5.5."""
    policy = load("national-cpns-2024")
    stage, final = policy.stage("skd"), policy.list_called("final")
    assert stage is not None
    assert final is not None
    assert stage.maximum == 550
    assert stage.maximum / final.score.terms[0].divisor == 100


def test_a_policy_comes_back_from_its_json_with_the_same_hash() -> None:
    """What RoundOpened carries is the policy itself: nothing is lost, and decimals are strings."""
    policy = load("national-cpns-2024")
    again = Policy.model_validate(policy.as_json())
    assert again == policy
    assert again.hash() == policy.hash()
    assert policy.as_json()["stages"][0]["components"][0]["maximum"] == "150"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("UMUM", "UMUM"),
        ("Lulusan  Terbaik", "CUMLAUDE"),
        ("PENYANDANG DISABILITAS", "DISABILITAS"),
        ("OAP", None),
    ],
)
def test_labels_of_the_national_list_name_kinds_of_need(label: str, code: str | None) -> None:
    """The national list's words lead to our codes; a word without a rule leads nowhere."""
    assert load("national-cpns-2024").need_code(label) == code


@pytest.mark.parametrize(
    ("points", "faults"),
    [
        ({"TWK": "150", "TIU": "0", "TKP": "225"}, []),
        ({"TWK": "155", "TIU": "0", "TKP": "225"}, ["TWK: 155 is above the maximum 150"]),
        ({"TWK": "64", "TIU": "0", "TKP": "225"}, ["TWK: 64 is no multiple of 5"]),
        ({"TWK": "-5", "TIU": "NaN", "TKP": "0"}, ["TWK: -5 is below 0", "TIU: NaN is below 0"]),
        ({"TWK": "5", "TIU": "5"}, ["TKP: points are missing"]),
    ],
)
def test_points_outside_maxima_and_steps_are_named(
    points: dict[str, str], faults: list[str]
) -> None:
    """Every fault of a candidate's points is a sentence of its own."""
    found = load("national-cpns-2024").point_faults(
        "skd", {code: Decimal(value) for code, value in points.items()}
    )
    assert [f"{component}: {fault.told('en')}" for component, fault in found] == faults


@pytest.mark.parametrize(
    ("need", "simulation", "faults"),
    [
        ("ADMINISTRASI", False, ["SIMULASI: points are missing"]),
        ("ADMINISTRASI", True, []),
        ("UMUM", True, ["SIMULASI: vacancies for UMUM have no such component"]),
        ("UMUM", False, []),
        (None, True, []),
        (None, False, []),
    ],
)
def test_a_component_of_some_needs_is_asked_of_these(
    need: str | None, simulation: bool, faults: list[str]
) -> None:
    """And of nobody else; while the need is not known it may be there or not."""
    points = {"WAWANCARA": Decimal(80), "PSIKOLOGI": Decimal(75)} | (
        {"SIMULASI": Decimal(90)} if simulation else {}
    )
    found = load("local-kasemen").point_faults("lanjutan", points, need)
    assert [f"{component}: {fault.told('en')}" for component, fault in found] == faults


def test_an_unknown_policy_is_refused() -> None:
    """Whoever names a policy that is not there hears which are."""
    with pytest.raises(Refusal) as refused:
        load("national-cpns-1924")
    assert refused.value.code == "unknown-policy"
    assert "national-cpns-2024" in str(refused.value.facts["known"])


FAULTS: list[tuple[tuple[str | int, ...], object, str]] = [
    (
        ("lists", 1, "score", "terms", 0, "weight"),
        "41",
        "list final, score: the weights sum to 101 %, not 100 %",
    ),
    (("lists", 0, "ties", 0, "by"), "TKX", "list skd, ties: nothing is called TKX"),
    (
        ("stages", 0, "thresholds", 0, "minimum"),
        "151",
        "threshold on TWK: 151 is above the maximum 150",
    ),
    (
        ("stages", 0, "thresholds", 7, "needs"),
        ["CUMLAUDE", "PAPUA"],
        "two thresholds on TIU for PAPUA",
    ),
    (("lists", 0, "cut", "authority"), "hearsay", "no authority hearsay"),
    (("authorities", "skb-scale", "remark"), "", "confidence D needs a `remark`"),
    (("lists", 1, "score", "terms", 0, "divisor"), 5.5, "a float is not exact"),
    (("lists", 0, "cut", "at_most"), 3, "lists.0.cut.at_most: there is no such key"),
    (("lists", 0, "after"), "final", "list skd: after final, but no list before it has that code"),
    (("stages", 0, "components", 0, "step"), "7", "TWK: the maximum 150 is no multiple of 7"),
    (("lists", 0, "codes", "passed"), "TL", "list skd, codes: TL stands for two outcomes"),
    (("needs", "PAPUA", "labels"), ["umum"], "label umum names two kinds of need"),
    (("stages", 1, "code"), "score", "stage score: the name stands for something else"),
    (("lists", 1, "by_priority"), True, "list final: the policy has no priority groups"),
    (("lists", 1, "ties", 0, "by"), "TKP+TKP", "TKP+TKP counts a component twice"),
    (("seat_moves", 0, "to_needs"), ["OAP"], "seat_moves.0.to_needs.0: no kind of need OAP"),
    (
        ("seat_moves", 0, "from_needs"),
        ["UMUM"],
        "seat move 1: UMUM at the same unit is the vacancy itself",
    ),
    (
        ("seat_moves", 2, "to_needs"),
        ["UMUM"],
        "seat move 3: the same need on both sides, but the two sides name",
    ),
    (
        ("seat_moves", 1, "code"),
        "TL",
        "seat move 2: the code TL reads like the last list's own TL (below)",
    ),
    (
        ("seat_moves", 1, "code"),
        "L",
        "seat move 2: the code L reads like the last list's own L (within)",
    ),
    (
        ("seat_moves", 1, "code"),
        "R2/L",
        "seat move 2: the code R2/L reads like the last list's own L (within)",
    ),
    (
        ("stages", 0, "longer", 0, "minutes"),
        100,
        "longer time: 100 minutes are not more than the stage's own 100",
    ),
    (
        ("stages", 0, "longer", 0, "minutes"),
        90,
        "longer time: 90 minutes are not more than the stage's own 100",
    ),
    (("objections", 0, "days"), 61, "objections.0.days: it must be at most 60"),
    (("objections", 1, "answer_days"), 30000, "objections.1.answer_days: it must be at most 60"),
    (
        ("lists", 0, "cut", "multiple"),
        True,
        "lists.0.cut.multiple: a whole number without quotes is asked for",
    ),
    (
        ("lists", 0, "score", "decimals"),
        False,
        "lists.0.score.decimals: a whole number without quotes is asked for",
    ),
    (
        ("stages", 0, "minutes"),
        True,
        "stages.0.minutes: a whole number without quotes is asked for",
    ),
    (
        ("stages", 0, "components", 0, "items"),
        True,
        "stages.0.components.0.items: a whole number without quotes is asked for",
    ),
    (("stages", 0, "thresholds", 0, "minimum"), True, "minimum: a number in quotes is asked for"),
    (("stages", 1, "components", 0, "step"), True, "step: a number in quotes is asked for"),
    (("stages", 0, "off_site"), 1, "stages.0.off_site: it must be true or false"),
    (("seat_moves", 1, "authority"), "hearsay", "no authority hearsay"),
    (
        ("needs", "OAP"),
        {"name": {"id": "OAP", "en": "OAP"}, "labels": ["OAP"]},
        "stage skd: no threshold for OAP",
    ),
]


@pytest.mark.parametrize(("place", "value", "says"), FAULTS)
def test_a_policy_that_does_not_hold_together_is_told_why(
    place: tuple[str | int, ...], value: object, says: str
) -> None:
    """A policy is checked as a whole when it is read, and the fault is named with its place."""
    values = national()
    inner: Any = values
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(PolicyError, match=r"policy\.toml is no policy") as error:
        read_policy("policy.toml", values)
    assert says in str(error.value)


def test_a_misnamed_stage_brings_no_faults_of_the_names_in_it() -> None:
    """Its components are there, under a stage that is called otherwise: that alone is told."""
    values = national()
    values["stages"][0]["code"] = "skx"
    with pytest.raises(PolicyError) as error:
        read_policy("policy.toml", values)
    told = [fault.told("en") for fault in error.value.faults]
    assert told
    assert all("no stage skd" in says for says in told)


def test_what_is_published_must_be_said() -> None:
    """A policy without [publication] is none: what a list shows of people is nobody's default."""
    values = national()
    del values["publication"]
    with pytest.raises(PolicyError, match="publication: it must be there"):
        read_policy("policy.toml", values)


def test_empty_seats_are_filled_at_the_same_unit_before_others() -> None:
    """Empty seats are filled at the same unit first (L-1), then from other units (L-2).

    The last step meets the general passing grades.
    """
    moves = load("national-cpns-2024").seat_moves
    assert [(move.where, move.code) for move in moves] == [
        ("same-unit", "L-1"),
        ("same-unit", "L-1"),
        ("other-unit", "L-2"),
        ("other-unit", "L-2"),
    ]
    assert moves[0].to_needs == ("UMUM",)
    assert all("education" in move.same and "post" in move.same for move in moves)
    assert [move.thresholds_of for move in moves] == ["UMUM", "UMUM", None, "UMUM"]
