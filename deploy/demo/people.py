"""The made-up people of a demonstration: a seed gives the same ones on every machine, whatever
order they act in.

Real: the vacancies. Made up: every applicant, score, complaint, count of services and size of
staff.
"""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib.resources import files

EXTRA_UNITS = (
    "Pemerintah Kota Serang | KECAMATAN KASEMEN",
    "Pemerintah Kota Pekanbaru | KECAMATAN SENAPELAN",
    "Pemerintah Kota Pekanbaru | KECAMATAN TENAYAN RAYA",
)
"""The sub-districts that the product was first asked for: units with citizens, though no vacancy of
2024 names them."""

UNITS_WITH_COMPLAINTS = 60
HOT_SHARE = 10
"""The contested vacancy draws one applicant in so many."""

TWK, TIU, TKP, SKB = "TWK", "TIU", "TKP", "SKB"
Points = dict[str, Decimal]


@dataclass(frozen=True)
class Listing:
    """One vacancy of the real list."""

    listing_id: str
    agency: str
    need: str
    post: str
    unit_path: str
    seats: int
    level: str
    programme: str


@dataclass(frozen=True)
class Candidate:
    """One made-up applicant and all that will happen to them; `skd` or `skb` is none for who
    doesn't come.
    """

    listing: Listing
    order: int
    subject: str
    gpa: Decimal
    birth_date: str
    experience_months: int
    meets_requirements: bool
    withdraws: bool
    skd: Points | None
    skd_first_recorded: Points | None
    disqualified: bool
    skb: Points | None


@dataclass(frozen=True)
class Unit:
    """A unit with its made-up staff and yearly work; `trouble` is what citizens will say of it."""

    unit_id: str
    path: str
    staff: int
    services_a_month: int
    trouble: str | None


@dataclass(frozen=True)
class Complaint:
    """One made-up complaint."""

    number: int
    unit_id: str
    category: str
    text: str
    named: bool
    resolved: bool


WORDS = {
    "slow-service": "Sudah tiga kali datang, berkas saya belum juga selesai.",
    "conduct": "Petugas melayani dengan kasar dan menyuruh saya pulang.",
    "competence": "Petugas tidak tahu syarat yang berlaku; saya diberi formulir yang salah.",
    "requirements": "Diminta fotokopi yang tidak ada dalam daftar persyaratan.",
    "facilities": "Ruang tunggu tidak punya tempat duduk untuk lansia.",
    "other": "Jam buka di papan berbeda dengan jam buka sebenarnya.",
}
TROUBLES = ("overloaded", "slow", "rude", "untrained")
"""What is plainly wrong with the first units: too much work for the staff; slow without that;
conduct; competence."""


class Cast:
    """Everybody of one demonstration.

    `applicants` ≥ 1 people over all vacancies; `seed` any integer.
    """

    def __init__(self, applicants: int, seed: int) -> None:
        self.applicants = applicants
        self.seed = seed

    def _dice(self, *name: object) -> random.Random:
        return random.Random("/".join(map(str, (self.seed, *name))))  # noqa: S311 - a play, not a secret

    @cached_property
    def vacancies_csv(self) -> str:
        """The real list, as the officer sends it."""
        return (files("deploy.demo") / "vacancies-2024.csv").read_text("utf-8")

    @cached_property
    def listings(self) -> list[Listing]:
        """The vacancies by listing id; of several programmes accepted, the first."""
        found: dict[str, Listing] = {}
        for row in csv.DictReader(io.StringIO(self.vacancies_csv)):
            found.setdefault(
                row["formasi_id"],
                Listing(
                    row["formasi_id"],
                    row["ins_nm"],
                    row["formasi_nm"],
                    row["jabatan_nm"],
                    row["lokasi_nm"],
                    int(row["jumlah_formasi"]),
                    row["jenjang_studi"],
                    row["program_studi"],
                ),
            )
        return [found[listing_id] for listing_id in sorted(found)]

    @cached_property
    def hot(self) -> Listing:
        """The vacancy that most want: the first general one with two seats."""
        return next(
            listing for listing in self.listings if listing.seats == 2 and listing.need == "UMUM"
        )

    def _crowd(self) -> dict[str, int]:
        """Applicants by listing: a tenth for the contested one, the rest spread unevenly, all of
        them placed.
        """
        weights = {
            listing.listing_id: self._dice("wanted", listing.listing_id).randint(2, 10)
            for listing in self.listings
        }
        total = sum(weights.values())
        hot = self.applicants // HOT_SHARE
        crowd = {key: (self.applicants - hot) * weight // total for key, weight in weights.items()}
        crowd[self.hot.listing_id] += self.applicants - sum(crowd.values())
        return crowd

    @cached_property
    def candidates(self) -> dict[str, list[Candidate]]:
        """Who applies for each listing, in the order in which they register for it."""
        crowd = self._crowd()
        return {
            listing.listing_id: [
                self._candidate(listing, order) for order in range(1, crowd[listing.listing_id] + 1)
            ]
            for listing in self.listings
        }

    def _candidate(self, listing: Listing, order: int) -> Candidate:
        dice = self._dice("candidate", listing.listing_id, order)
        ability = dice.randint(35, 95)

        def near(low: int, high: int) -> int:
            return max(0, min(100, ability + dice.randint(low, high)))

        skd = {
            TWK: Decimal(5 * (30 * near(-20, 15) // 100)),
            TIU: Decimal(5 * (35 * near(-20, 15) // 100)),
            TKP: Decimal(225 * near(0, 20) // 100),
        }
        misread = {**skd, TWK: max(Decimal(0), skd[TWK] - 5)}
        skb = {SKB: Decimal(1000 * near(-15, 5) + dice.randrange(0, 1000)) / 1000}
        skb = {SKB: min(skb[SKB], Decimal(100))}
        return Candidate(
            listing=listing,
            order=order,
            subject=f"demo-{self.seed}-{listing.listing_id[:8]}-{order:06d}",
            gpa=Decimal(dice.randint(275, 400)) / 100,
            birth_date=f"{dice.randint(1990, 2002)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
            experience_months=dice.randint(0, 72),
            meets_requirements=dice.randrange(100) >= 6,
            withdraws=dice.randrange(100) == 0,
            skd=None if dice.randrange(100) < 4 else skd,
            skd_first_recorded=misread if dice.randrange(200) == 0 else None,
            disqualified=dice.randrange(400) == 0,
            skb=None if dice.randrange(100) < 3 else skb,
        )

    def takes_seat(self, candidate: Candidate) -> bool:
        """What somebody says who is offered an empty seat: four of five take it."""
        return self._dice("seat", candidate.subject).randrange(5) > 0

    @cached_property
    def units(self) -> list[Unit]:
        """The units of the list and the three sub-districts, some of them in plain trouble."""
        paths = {
            " ".join(listing.unit_path.split()).casefold(): listing.unit_path
            for listing in self.listings
        }
        ordered = [*EXTRA_UNITS, *(paths[key] for key in sorted(paths))]
        return [self._unit(index, path) for index, path in enumerate(ordered)]

    def _unit(self, index: int, path: str) -> Unit:
        dice = self._dice("unit", index)
        trouble = TROUBLES[index] if index < len(TROUBLES) else None
        staff = dice.randint(10, 40)
        load = 140 if trouble == "overloaded" else dice.randint(50, 70)
        return Unit(f"U-{index + 1:03d}", path, staff, staff * load, trouble)

    @cached_property
    def complaints(self) -> list[Complaint]:
        """Ten complaints for each unit on average, two fifths of them about the few that are in
        trouble.
        """
        return list(self._complaints())

    def _complaints(self) -> Iterator[Complaint]:
        units = self.units[:UNITS_WITH_COMPLAINTS]
        troubled = [unit for unit in units if unit.trouble]
        main = {
            "overloaded": "slow-service",
            "slow": "slow-service",
            "rude": "conduct",
            "untrained": "competence",
        }
        for number in range(1, 10 * UNITS_WITH_COMPLAINTS + 1):
            dice = self._dice("complaint", number)
            if number % 5 < 2:
                unit = troubled[number // 5 % len(troubled)]
                category = main[str(unit.trouble)]
            else:
                unit = units[dice.randrange(len(units))]
                category = sorted(WORDS)[dice.randrange(len(WORDS))]
            yield Complaint(
                number,
                unit.unit_id,
                category,
                WORDS[category],
                named=number % 10 == 0,
                resolved=dice.randrange(4) == 0,
            )
