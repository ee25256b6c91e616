"""The demonstration's own account of the lists: who is ranked, who ties, who goes on."""

from dataclasses import replace
from decimal import Decimal

from deploy.demo.people import Applicant, Population
from deploy.demo.recompute import Participant, final_list, skd_list

APPLICANT = next(
    applicant
    for applicant in Population(98, 1).everyone
    if applicant.listing.need == "UMUM" and not applicant.disqualified
)


def participant(number: int, *points: int, skb: int | None = 80) -> Participant:
    """A participant with these points of TWK, TIU and TKP, in a general vacancy."""
    skd = {code: Decimal(value) for code, value in zip(("TWK", "TIU", "TKP"), points, strict=True)}
    applicant: Applicant = replace(
        APPLICANT, skd=skd, skb=None if skb is None else {"SKB": Decimal(skb)}, disqualified=False
    )
    return Participant(f"{number:06d}", applicant, withdrawn=False)


def test_all_who_tie_at_the_cut_go_on() -> None:
    """Of five for one seed, the third and the fourth are equal: four go on."""
    people = [
        participant(1, 100, 120, 200),
        participant(2, 95, 120, 200),
        participant(3, 90, 120, 200),
        participant(4, 90, 120, 200),
        participant(5, 85, 120, 200),
    ]
    rows, shortlisted = skd_list("V", 1, people)
    assert [row[2] for row in rows] == ["1", "2", "3", "3", "5"]
    assert [row[5] for row in rows] == ["P/L", "P/L", "P/L", "P/L", "P"]
    assert shortlisted == people[:4]


def test_who_has_no_rank_has_a_code() -> None:
    """Withdrawn, absent, disqualified, below a threshold."""
    came = participant(1, 100, 120, 200)
    people = [
        replace(came, withdrawn=True),
        replace(came, applicant=replace(came.applicant, skd=None)),
        replace(came, applicant=replace(came.applicant, disqualified=True)),
        participant(2, 60, 120, 200),
    ]
    rows, shortlisted = skd_list("V", 1, people)
    assert [row[5] for row in rows] == ["APS", "TH", "DIS", "TL"]
    assert shortlisted == []


def test_the_final_score_is_rounded_at_each_step() -> None:
    """The seat goes to the first; who missed the field test is on the list without a rank."""
    people = [participant(1, 100, 120, 200, skb=None), participant(2, 100, 120, 201, skb=81)]
    rows = final_list("V", 1, people)
    assert rows[0][2:] == ("1", "000002", "79.218", "L")
    assert rows[1][2:] == ("", "000001", "", "TH")
