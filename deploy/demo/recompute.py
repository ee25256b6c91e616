"""An independent account of what the lists must be, straight from the rules and from what was sent.

It shares no code with the services on purpose: sort the people, walk down the list, compare with
what was published. Rules: KepmenPANRB 321/2024 (thresholds), PermenPANRB 6/2024 (cut of three times
the seats, ties), and the steps of rounding that published results show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from deploy.demo.people import SKB, TIU, TKP, TWK, Candidate, Points

GENERAL = {TWK: 65, TIU: 80, TKP: 166}
BEST = {"TOTAL": 311, TIU: 85}
SPECIAL = {"TOTAL": 286, TIU: 60}
THRESHOLDS = {"UMUM": GENERAL, "LULUSAN TERBAIK": BEST, "PENYANDANG DISABILITAS": SPECIAL}
Row = tuple[str, str, str, str, str, str]
"""vacancy (listing id), stage, rank, participant number, score, code; rank and score empty where
the code has none."""


@dataclass(frozen=True)
class Sat:
    """A candidate who was verified, under the participant number that the service gave."""

    participant_no: str
    candidate: Candidate
    withdrawn: bool


def thousandth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.001"), ROUND_HALF_UP)


def total(points: Points) -> Decimal:
    return points[TWK] + points[TIU] + points[TKP]


def passes(need: str, points: Points) -> bool:
    return all(
        (total(points) if what == "TOTAL" else points[what]) >= least
        for what, least in THRESHOLDS[need].items()
    )


def ranked(people: list[Sat], key: Callable[[Sat], tuple[object, ...]]) -> list[tuple[int, Sat]]:
    """(rank, person), best first; equals by `key` share a rank, and their lines stand by number."""
    order = sorted(people, key=lambda sat: (key(sat), sat.participant_no))
    lines: list[tuple[int, Sat]] = []
    for place, sat in enumerate(order, 1):
        equal = bool(lines) and key(lines[-1][1]) == key(sat)
        lines.append((lines[-1][0] if equal else place, sat))
    return lines


def skd_points(sat: Sat) -> Points:
    if sat.candidate.skd is None:
        raise ValueError(f"{sat.participant_no} did not sit SKD")
    return sat.candidate.skd


def skd_key(sat: Sat) -> tuple[object, ...]:
    points = skd_points(sat)
    return (-total(points), -points[TKP], -points[TIU], -points[TWK])


def final_score(sat: Sat) -> Decimal:
    if sat.candidate.skb is None:
        raise ValueError(f"{sat.participant_no} did not sit SKB")
    skd = thousandth(thousandth(total(skd_points(sat)) / Decimal("5.5")) * Decimal("0.4"))
    return skd + thousandth(sat.candidate.skb[SKB] * Decimal("0.6"))


def final_key(sat: Sat) -> tuple[object, ...]:
    return (-final_score(sat), *skd_key(sat), -sat.candidate.gpa, sat.candidate.birth_date)


def skd_list(listing_id: str, seats: int, people: list[Sat]) -> tuple[list[Row], list[Sat]]:
    """The rows of the first list, and who goes on: within three times the seats, with all who tie
    at the limit.
    """
    rows: list[Row] = []
    through: list[Sat] = []
    able: list[Sat] = []
    for sat in people:
        if sat.withdrawn:
            rows.append((listing_id, "skd", "", sat.participant_no, "", "APS"))
        elif sat.candidate.skd is None:
            rows.append((listing_id, "skd", "", sat.participant_no, "", "TH"))
        elif sat.candidate.disqualified:
            rows.append((listing_id, "skd", "", sat.participant_no, "", "DIS"))
        elif not passes(sat.candidate.listing.need, sat.candidate.skd):
            rows.append((listing_id, "skd", "", sat.participant_no, "", "TL"))
        else:
            able.append(sat)
    for rank, sat in ranked(able, skd_key):
        within = rank <= 3 * seats
        rows.append(
            (
                listing_id,
                "skd",
                str(rank),
                sat.participant_no,
                str(total(skd_points(sat))),
                "P/L" if within else "P",
            )
        )
        if within:
            through.append(sat)
    return rows, through


def final_list(listing_id: str, seats: int, people: list[Sat]) -> list[Row]:
    """The rows of the last list: the seats go to the first, the others passed without one."""
    rows: list[Row] = []
    sat_skb = [sat for sat in people if sat.candidate.skb is not None]
    for rank, sat in ranked(sat_skb, final_key):
        rows.append(
            (
                listing_id,
                "final",
                str(rank),
                sat.participant_no,
                f"{final_score(sat):.3f}",
                "L" if rank <= seats else "P",
            )
        )
    rows.extend(
        (listing_id, "final", "", sat.participant_no, "", "TH")
        for sat in people
        if sat.candidate.skb is None
    )
    return rows
