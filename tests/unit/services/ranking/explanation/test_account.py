"""Why this rank: worked accounts, and that each is the engine's own arithmetic."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ranking.explanation.domain.account import Explanation, explain
from services.ranking.explanation.domain.comparison import (
    Comparison,
    ListedCandidate,
    PlaceOnList,
)
from services.ranking.explanation.domain.sentences import sentences
from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.merit.domain.standing import CandidateStanding, Gate
from shared.languages import Language
from shared.policies import Policy, bundled_ids, load, read_file
from tests.unit.services.ranking.merit.test_golden import FOLDER as GOLDEN

SEED = "5e" * 32
LANGUAGES = get_args(Language)


@lru_cache
def policy(rounding: str = "each-step") -> Policy:
    values = load("national-cpns-2024").model_dump(mode="json")
    values["lists"][1]["score"]["rounding"] = rounding
    return Policy.model_validate(values)


def rules(list_code: str, rounding: str = "each-step") -> ListRules:
    return rules_of(policy(rounding).model_dump_json(), "UMUM", SEED)[list_code]


def person(
    number: int, skd: tuple[int, int, int], skb: str | None = None, **known: Any
) -> Candidate:
    results = {
        "skd": StageResult(
            Outcome.SCORED, dict(zip(("TWK", "TIU", "TKP"), map(Decimal, skd), strict=True))
        ),
        **({} if skb is None else {"skb": StageResult(Outcome.SCORED, {"SKB": Decimal(skb)})}),
    }
    return Candidate(
        f"0001-{number:06d}",
        verified=True,
        results=results,
        admitted_by=frozenset({"skd"} if skb else ()),
        **known,
    )


def standing(candidate: Candidate, list_code: str) -> CandidateStanding:
    found = rules(list_code).standing_of(candidate)
    assert found is not None
    return found


def other(candidate: Candidate, rank: int, list_code: str = "final") -> ListedCandidate:
    return ListedCandidate(candidate, rank, standing(candidate, list_code))


def account(
    candidate: Candidate,
    list_code: str = "final",
    code: str = "P",
    rank: int | None = 2,
    **near: Any,
) -> Explanation:
    place = PlaceOnList(
        rank=rank,
        of=3,
        equals=near.pop("equals", 1),
        code=code,
        goes_on=code in {"L", "P/L"},
        within=1,
        **near,
    )
    return explain(
        policy(), rules(list_code), "UMUM", 1, candidate, standing(candidate, list_code), place
    )


def test_each_step_of_an_integrated_score() -> None:
    """400 of 550 and 80.005 of 100: r3(400 / 5.5) = 72.727, r3(72.727 x 0.4) = 29.091, r3(80.005 x
    0.6) = 48.003; 77.094.
    """
    told = account(person(1, (100, 100, 200), "80.005"))
    assert told.score == "77.094"
    assert [
        (term.of, term.points, term.divided, term.weighted, term.rounded) for term in told.terms
    ] == [
        ("skd", "400", "72.727", "29.091", True),
        ("skb", "80.005", "80.005", "48.003", False),
    ]
    said = sentences(told, policy(), "en")
    assert "Basic competence test: 400 ÷ 5.5 = 72.727; × 40 % = 29.091." in said
    assert (
        "Your score: 29.091 + 48.003 = 77.094 (each step rounded to 3 digits "
        "after the point, a half goes up)." in said
    )


def test_who_is_below_a_threshold_reads_which_and_by_how_much() -> None:
    """Points and minimum of each threshold; no score, no neighbours, no distance."""
    told = account(person(1, (60, 80, 225)), "skd", code="TL", rank=None)
    assert (told.gate, told.outcome, told.score, told.above, told.distance) == (
        Gate.BELOW,
        "below",
        None,
        None,
        None,
    )
    assert [
        (result.of, result.points, result.minimum, result.lacking, result.passed)
        for result in told.thresholds
    ] == [
        ("TWK", "60", "65", "5", False),
        ("TIU", "80", "80", "0", True),
        ("TKP", "225", "166", "0", True),
    ]
    said = sentences(told, policy(), "id")
    assert (
        said[0] == "Pada daftar Hasil SKD Anda tidak lolos: nilai Anda di bawah ambang batas (TL)."
    )
    assert (
        "Tes Wawasan Kebangsaan (TWK): 60 poin; ambang batas 65 tidak terpenuhi, kurang 5." in said
    )


def test_the_tie_that_decided_is_named_with_both_sides_points() -> None:
    """Equal totals: TKP goes first, and everyone's points are public."""
    own = person(2, (100, 105, 195))
    told = account(
        own,
        "skd",
        above=other(person(1, (100, 100, 200)), 1, "skd"),
        below=other(person(3, (105, 100, 195)), 3, "skd"),
    )
    assert told.above == Comparison("0001-000001", 1, "400", "TKP", "195", "200")
    assert told.below == Comparison("0001-000003", 3, "400", "TIU", "105", "100")
    said = sentences(told, policy(), "en")
    assert (
        "Just above you: 0001-000001 (rank 1) with the same score, 400; "
        "Personal characteristics (TKP) decided: 200"
        " against your 195." in said
    )


@pytest.mark.parametrize(
    ("known", "step", "words"),
    [
        (
            {"gpa": Decimal("3.91"), "birth_date": date(1999, 5, 17)},
            "gpa",
            "the rule of the grade point average",
        ),
        ({"gpa": Decimal("3.25"), "birth_date": date(1988, 8, 8)}, "birth_date", "the rule of age"),
    ],
)
def test_a_personal_fact_that_decided_is_not_told(
    known: dict[str, Any], step: str, words: str
) -> None:
    """Only which rule it was: nobody's mark or birth date stands anywhere in the account or its
    sentences.
    """
    own = person(2, (100, 100, 200), "80", gpa=Decimal("3.25"), birth_date=date(1999, 5, 17))
    first = other(person(1, (100, 100, 200), "80", **known), 1)
    told = account(own, above=first, last_within=first)
    assert told.above == Comparison("0001-000001", 1, "77.091", step, None, None)
    assert told.decided_at_the_cut == step
    for language in LANGUAGES:
        text = repr(told) + " ".join(sentences(told, policy(), language))
        assert not [
            secret
            for secret in ("3.91", "3.25", "1999", "1988", "Decimal", "date(")
            if secret in text
        ]
    assert words in " ".join(sentences(told, policy(), "en"))


def test_equals_and_the_distance_to_the_cut() -> None:
    """Who shares a rank is told how many do; the distance is the score's, signed."""
    twin = {"gpa": Decimal(3), "birth_date": date(1999, 5, 17)}
    own = person(2, (100, 100, 200), "80", **twin)
    told = account(
        own,
        above=other(person(1, (100, 100, 200), "80", **twin), 2),
        equals=2,
        last_within=other(person(4, (100, 100, 200), "80.5"), 1),
    )
    assert told.above is not None
    assert told.above.decided_by is None
    assert told.distance == "-0.300"
    said = sentences(told, policy(), "en")
    assert "You share this rank with 1 others who are equal in score and every rule." in said
    assert "The last score within the cut is 77.391; yours is 0.300 short of it." in said


def ranked_by_priority(
    need: str, *people: Candidate
) -> tuple[Policy, ListRules, list[ListedCandidate]]:
    """People on the one list of the rules for contracts, best first."""
    law = load("national-pppk-2024")
    rules_ = rules_of(law.model_dump_json(), need, SEED)["final"]
    stands = sorted(
        ((rules_.standing_of(candidate), candidate) for candidate in people),
        key=lambda pair: pair[0].merit_key if pair[0] else b"",
    )
    return (
        law,
        rules_,
        [
            ListedCandidate(candidate, rank, standing)
            for rank, (standing, candidate) in enumerate(stands, 1)
            if standing is not None
        ],
    )


def contract(number: int, points: tuple[int, int, int, int], priority: str | None) -> Candidate:
    codes = ("TEKNIS", "MANAJERIAL", "SOSIOKULTURAL", "WAWANCARA")
    (stage,) = load("national-pppk-2024").stages
    result = StageResult(Outcome.SCORED, dict(zip(codes, map(Decimal, points), strict=True)))
    return Candidate(
        f"0001-{number:06d}", verified=True, results={stage.code: result}, priority=priority
    )


def test_a_priority_group_that_decided_at_the_cut_is_named() -> None:
    """Whoever has more points than the last within the cut reads that the group decided, and so
    does that one.
    """
    law, rules_, (first, second) = ranked_by_priority(
        "UMUM", contract(1, (450, 100, 80, 40), None), contract(2, (300, 60, 40, 20), "R2")
    )
    assert first.candidate.participant_no == "0001-000002"
    for own, code, goes_on in ((second, "P", False), (first, "L", True)):
        place = PlaceOnList(own.rank, 2, 1, code, goes_on=goes_on, within=1, last_within=first)
        said = sentences(
            explain(law, rules_, "UMUM", 1, own.candidate, own.standing, place), law, "en"
        )
        assert said[-1] == (
            "The last score within the cut is yours, 420."
            if goes_on
            else "The last score within the cut is 420; what puts that one before you is the rule "
            "of priority groups."
        )
    ahead = PlaceOnList(1, 2, 1, "L", goes_on=True, within=2, last_within=second)
    said = sentences(
        explain(law, rules_, "UMUM", 2, first.candidate, first.standing, ahead), law, "en"
    )
    assert (
        said[-1]
        == "The last score within the cut is 670; what puts you before that one is the rule of "
        "priority groups."
    )


def test_whom_an_officer_has_to_decide_about_is_told_no_distance() -> None:
    """Nothing was decided yet, so there is nothing that one could be short of."""
    twin = {"gpa": Decimal(3), "birth_date": date(1999, 5, 17)}
    own, same = (person(number, (100, 100, 200), "80", **twin) for number in (1, 2))
    told = account(
        own, code="UNDECIDED", rank=1, equals=2, below=other(same, 1), last_within=other(same, 1)
    )
    assert (told.outcome, told.distance, told.decided_at_the_cut) == ("undecided", None, None)
    assert sentences(told, policy(), "en")[-1] == "There is room for 1; within: 1."


def test_below_an_undecided_limit_it_is_said_that_an_officer_decides() -> None:
    """Nobody is within yet where all who could be are equal: the score at the limit is theirs,
    whomever the officer chooses.
    """
    twins = [other(person(number, (100, 100, 200), "80"), 1) for number in (1, 2)]
    place = PlaceOnList(
        rank=3,
        of=3,
        equals=1,
        code="P",
        goes_on=False,
        within=0,
        above=twins[1],
        last_within=twins[1],
    )
    own = person(3, (100, 100, 200), "70")
    told = explain(policy(), rules("final"), "UMUM", 1, own, standing(own, "final"), place)
    assert (told.within, told.undecided_at_the_limit, told.distance) == (0, True, "-6.000")
    said = sentences(told, policy(), "en")
    assert (
        said[-1]
        == "The score at the limit, where an officer has yet to decide, is 77.091; yours is 6.000 "
        "short of it."
    )


def test_more_than_fit_are_within_by_being_equal() -> None:
    """It is said that all equals at the limit go on; and of a list that is not fixed, that all of
    it may change.
    """
    own = person(1, (100, 100, 200), "80")
    place = PlaceOnList(
        rank=1, of=4, equals=1, code="L", goes_on=True, within=4, last_within=other(own, 1)
    )
    told = explain(policy(), rules("skd"), "UMUM", 1, own, standing(own, "skd"), place)
    assert "All who are equal in everything at the limit are within." in sentences(
        told, policy(), "en"
    )
    assert (
        sentences(told, policy(), "en", live=True)[0]
        == "This is how it stands now; others' results may still change it."
    )


def test_what_a_bonus_added_is_told() -> None:
    """The points before and with it, and its name; for everyone, not where the condition is a fact
    of the person.
    """
    law = read_file(GOLDEN / "teachers-2022.policy.toml")
    rules_ = rules_of(law.model_dump_json(), "DISABILITAS", SEED)["final"]
    (stage,) = law.stages
    own = Candidate(
        "0001-000001",
        verified=True,
        results={
            stage.code: StageResult(
                Outcome.SCORED, {"SERTIFIKAT": Decimal(0), "TEKNIS": Decimal(200)}
            )
        },
    )
    found = rules_.standing_of(own)
    assert found is not None
    told = explain(
        law, rules_, "DISABILITAS", 1, own, found, PlaceOnList(1, 1, 1, "L", goes_on=True, within=1)
    )
    assert [(lift.of, lift.before, lift.after) for lift in told.lifts] == [("TEKNIS", "200", "250")]
    assert "Technical (TEKNIS): 200 points; the bonus (disability) makes them 250." in sentences(
        told, law, "en"
    )
    values = law.model_dump(mode="json")
    values["stages"][0]["bonuses"][1] |= {"of": "relevant_experience_months", "at_least": "12"}
    own.relevant_experience_months = 12
    personal = Policy.model_validate(values)
    rules_ = rules_of(personal.model_dump_json(), "DISABILITAS", SEED)["final"]
    place = PlaceOnList(1, 1, 1, "L", goes_on=True, within=1)
    assert explain(personal, rules_, "DISABILITAS", 1, own, found, place).lifts
    assert not explain(
        personal, rules_, "DISABILITAS", 1, own, found, place, for_everyone=True
    ).lifts


def test_a_fixed_order_that_todays_facts_contradict_is_said_to_rest_on_corrected_ones() -> None:
    """A mark corrected after the list was fixed: the account names no rule that would be wrong."""
    own = person(2, (100, 100, 200), "80", gpa=Decimal("3.9"))
    told = account(own, above=other(person(1, (100, 100, 200), "80", gpa=Decimal("3.1")), 1))
    assert told.above is not None
    assert told.above.decided_by == "since-corrected"
    gone = explain(
        policy(),
        rules("final"),
        "UMUM",
        1,
        own,
        CandidateStanding(Gate.RANKED, 77091, b""),
        PlaceOnList(2, 3, 1, "P", goes_on=False, within=1),
    )
    assert (gone.terms, gone.thresholds, gone.score) == ((), (), "77.091")
    assert any(
        "corrected after the list was fixed" in sentence
        for sentence in sentences(gone, policy(), "en")
    )


@given(
    skd=st.tuples(st.integers(13, 30), st.integers(16, 35), st.integers(166, 225)),
    skb=st.integers(0, 100_000),
    rounding=st.sampled_from(["each-step", "end"]),
)
def test_the_parts_make_the_score(skd: tuple[int, int, int], skb: int, rounding: str) -> None:
    """Whatever the points, the parts that are told add up to the score that the engine gives;
    rounded at the end, to within the last digit.
    """
    candidate = person(1, (5 * skd[0], 5 * skd[1], skd[2]), str(Decimal(skb) / 1000))
    rules_ = rules("final", rounding)
    stands = rules_.standing_of(candidate)
    assert stands is not None
    told = explain(
        policy(rounding),
        rules_,
        "UMUM",
        1,
        candidate,
        stands,
        PlaceOnList(1, 1, 1, "L", goes_on=True, within=1),
    )
    assert told.score is not None
    total = sum(Decimal(term.weighted.rstrip("…")) for term in told.terms)
    if rounding == "each-step":
        assert total == Decimal(told.score)
    else:
        assert abs(total - Decimal(told.score)) <= Decimal("0.000502")


def test_points_that_the_policy_does_not_publish_are_told_to_nobody_else() -> None:
    """For everyone: the score, the rank and the rule that decided; no points on either side."""
    values = policy().model_dump(mode="json")
    values["publication"] = {"level": "scores", "authority": "seats"}
    quiet = Policy.model_validate(values)
    quiet_rules = rules_of(quiet.model_dump_json(), "UMUM", SEED)["skd"]
    own, first = person(2, (100, 105, 195)), person(1, (100, 100, 200))
    places = [quiet_rules.standing_of(candidate) for candidate in (own, first)]
    assert places[0] is not None
    assert places[1] is not None
    place = PlaceOnList(
        2, 2, 1, "P/L", goes_on=True, within=2, above=ListedCandidate(first, 1, places[1])
    )
    told = explain(quiet, quiet_rules, "UMUM", 1, own, places[0], place, for_everyone=True)
    assert (told.terms, told.thresholds, told.score) == ((), (), "400")
    assert told.above == Comparison("0001-000001", 1, "400", "TKP", None, None)
    text = " ".join(sentences(told, quiet, "en"))
    assert "Points by component are not published" in text
    assert not [points for points in ("195", "105", "200") if points in text]
    assert explain(quiet, quiet_rules, "UMUM", 1, own, places[0], place).terms


def anybody(law: Policy, need: str, draw: st.DrawFn) -> Candidate:
    """Somebody with points in every stage of a policy, and facts that may be unknown."""
    results = {
        stage.code: StageResult(
            Outcome.SCORED,
            {
                part.code: str(part.step * draw(st.integers(0, int(part.maximum / part.step))))
                for part in stage.stated
                if part.of_need(need)
            },
        )
        for stage in law.stages
    }
    return Candidate(
        f"0001-{draw(st.integers(1, 999_999)):06d}",
        verified=True,
        results=results,
        gpa=draw(st.none() | st.decimals(0, 4, places=2)),
        birth_date=draw(st.none() | st.dates(date(1965, 1, 1), date(2005, 1, 1))),
        relevant_experience_months=draw(st.none() | st.integers(0, 400)),
        admitted_by=frozenset(policy_list.code for policy_list in law.lists),
        education=draw(st.sampled_from([None, *(level.code for level in law.education)])),
        priority=draw(st.sampled_from([None, *(group.code for group in law.priority_groups)])),
    )


@pytest.mark.parametrize("policy_id", bundled_ids())
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_policy_is_explained_as_it_ranks(policy_id: str, data: st.DataObject) -> None:
    """Of any two people on any list of any policy: the parts make the score, the step that decided
    is the engine's, and all of it has words.
    """
    law = load(policy_id)
    need = data.draw(st.sampled_from(sorted(law.needs)))
    list_code = data.draw(st.sampled_from([policy_list.code for policy_list in law.lists]))
    rules_ = rules_of(law.model_dump_json(), need, SEED)[list_code]
    people = [data.draw(st.composite(lambda draw: anybody(law, need, draw))()) for _ in range(2)]
    stands = [(candidate, rules_.standing_of(candidate)) for candidate in people]
    ranked = sorted(
        (
            (candidate, found)
            for candidate, found in stands
            if found is not None and found.gate is Gate.RANKED
        ),
        key=lambda pair: pair[1].merit_key,
    )
    for candidate, found in stands:
        assert found is not None
        rank = next(
            (place for place, (person_, _) in enumerate(ranked, 1) if person_ is candidate), None
        )
        near = [
            ListedCandidate(person_, place, at) for place, (person_, at) in enumerate(ranked, 1)
        ]
        place = PlaceOnList(
            rank=rank,
            of=len(ranked),
            equals=1,
            code="L",
            goes_on=rank is not None,
            within=len(ranked),
            above=near[0] if rank == 2 else None,
            below=near[1] if rank == 1 and len(near) > 1 else None,
            last_within=near[-1] if near else None,
        )
        told = explain(law, rules_, need, 1, candidate, found, place)
        if found.score is not None and told.rounding == "each-step":
            assert sum(Decimal(term.weighted) for term in told.terms) == Decimal(str(told.score))
        if told.above is not None and told.above.decided_by not in {
            None,
            "score",
            "since-corrected",
        }:
            assert told.above.decided_by == rules_.deciding_field(
                ranked[0][1].merit_key, found.merit_key
            )
        for language in LANGUAGES:
            assert all("{" not in sentence for sentence in sentences(told, law, language))
