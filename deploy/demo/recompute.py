"""An independent account of what the lists must be, straight from the rules and from what was sent.

It shares no code with the services on purpose: sort the people, walk down the list, compare with
what was published. Rules: KepmenPANRB 321/2024 (thresholds), PermenPANRB 6/2024 (cut of three times
the seats, ties), and the steps of rounding that published results show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from deploy.demo.people import SKB, TIU, TKP, TWK, Applicant, Points

GENERAL = {TWK: 65, TIU: 80, TKP: 166}
BEST = {"TOTAL": 311, TIU: 85}
SPECIAL = {"TOTAL": 286, TIU: 60}
THRESHOLDS = {"UMUM": GENERAL, "LULUSAN TERBAIK": BEST, "PENYANDANG DISABILITAS": SPECIAL}
CUT = 3
"""The first list lets go on as many as have a rank within so many times the seats."""

Row = tuple[str, str, str, str, str, str]
"""vacancy (listing id), stage, rank, participant number, score, code; rank and score empty where
the code has none."""


@dataclass(frozen=True)
class Participant:
    """An applicant who was verified, under the participant number that the service gave."""

    participant_no: str
    applicant: Applicant
    withdrawn: bool


def thousandth(value: Decimal) -> Decimal:
    """Rounded half up to three decimals."""
    return value.quantize(Decimal("0.001"), ROUND_HALF_UP)


def total(points: Points) -> Decimal:
    """The points of the basic test together."""
    return points[TWK] + points[TIU] + points[TKP]


def passes(need: str, points: Points) -> bool:
    """Whether the points reach every threshold of this kind of need."""
    return all(
        (total(points) if component == "TOTAL" else points[component]) >= minimum
        for component, minimum in THRESHOLDS[need].items()
    )


def ranked(
    people: list[Participant], key: Callable[[Participant], tuple[object, ...]]
) -> list[tuple[int, Participant]]:
    """(rank, person), best first; equals by `key` share a rank, and their lines stand by number."""
    order = sorted(people, key=lambda participant: (key(participant), participant.participant_no))
    lines: list[tuple[int, Participant]] = []
    for place, participant in enumerate(order, 1):
        equal = bool(lines) and key(lines[-1][1]) == key(participant)
        lines.append((lines[-1][0] if equal else place, participant))
    return lines


def skd_points(participant: Participant) -> Points:
    """The points of the basic test. Raises ValueError for who didn't sit it."""
    if participant.applicant.skd is None:
        raise ValueError(f"{participant.participant_no} did not sit SKD")
    return participant.applicant.skd


def skd_key(participant: Participant) -> tuple[object, ...]:
    """Sorts by the total, then TKP, TIU, TWK; the best first."""
    points = skd_points(participant)
    return (-total(points), -points[TKP], -points[TIU], -points[TWK])


def final_score(participant: Participant) -> Decimal:
    """40 % SKD of 100 and 60 % SKB, each rounded. Raises ValueError for who didn't sit both."""
    if participant.applicant.skb is None:
        raise ValueError(f"{participant.participant_no} did not sit SKB")
    skd = thousandth(thousandth(total(skd_points(participant)) / Decimal("5.5")) * Decimal("0.4"))
    return skd + thousandth(participant.applicant.skb[SKB] * Decimal("0.6"))


def final_key(participant: Participant) -> tuple[object, ...]:
    """Sorts by the final score, then as the first list, grade point average, oldest."""
    applicant = participant.applicant
    skd = skd_key(participant)
    return (-final_score(participant), *skd, -applicant.gpa, applicant.birth_date)


def skd_list(
    listing_id: str, seats: int, people: list[Participant]
) -> tuple[list[Row], list[Participant]]:
    """The rows of the first list, and who goes on: the cut, with all who tie at the limit."""
    rows: list[Row] = []
    passed: list[Participant] = []
    for participant in people:
        code = _code_without_rank(participant)
        if code is None:
            passed.append(participant)
        else:
            rows.append((listing_id, "skd", "", participant.participant_no, "", code))
    shortlisted: list[Participant] = []
    for rank, participant in ranked(passed, skd_key):
        score = str(total(skd_points(participant)))
        if rank <= CUT * seats:
            shortlisted.append(participant)
            rows.append((listing_id, "skd", str(rank), participant.participant_no, score, "P/L"))
        else:
            rows.append((listing_id, "skd", str(rank), participant.participant_no, score, "P"))
    return rows, shortlisted


def _code_without_rank(participant: Participant) -> str | None:
    """Why a participant has no rank on the first list; None for who has one."""
    applicant = participant.applicant
    if participant.withdrawn:
        return "APS"
    if applicant.skd is None:
        return "TH"
    if applicant.disqualified:
        return "DIS"
    return None if passes(applicant.listing.need, applicant.skd) else "TL"


def final_list(listing_id: str, seats: int, people: list[Participant]) -> list[Row]:
    """The rows of the last list: the seats go to the first, the others passed without one."""
    rows: list[Row] = []
    came = [participant for participant in people if participant.applicant.skb is not None]
    for rank, participant in ranked(came, final_key):
        score = f"{final_score(participant):.3f}"
        code = "L" if rank <= seats else "P"
        rows.append((listing_id, "final", str(rank), participant.participant_no, score, code))
    rows.extend(
        (listing_id, "final", "", participant.participant_no, "", "TH")
        for participant in people
        if participant.applicant.skb is None
    )
    return rows
