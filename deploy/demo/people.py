"""The made-up people of a demonstration: a seed gives the same ones on every machine.

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
CONTESTED_SHARE = 10
"""One applicant in so many applies for the contested vacancy."""

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
class Applicant:
    """One made-up applicant and all that will happen to them.

    `skd` or `skb` is None for who doesn't come; `skd_first_recorded` is a mistake that is corrected
    later, None where there is none.
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


TEXTS = {
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


class Population:
    """Everybody of one demonstration, of its vacancies and of its units."""

    def __init__(self, size: int, seed: int) -> None:
        """Of `size` ≥ 1 applicants over all vacancies; `seed` is any integer."""
        self._size = size
        self._seed = seed

    def _chance(self, *name: object) -> random.Random:
        """The same numbers for the same seed and name, whatever was drawn for others."""
        seed = "/".join(map(str, (self._seed, *name)))
        return random.Random(seed)  # noqa: S311 - a play, not a secret

    @cached_property
    def vacancies_csv(self) -> str:
        """The real list, as the officer sends it."""
        return (files("deploy.demo") / "vacancies-2024.csv").read_text("utf-8")

    @cached_property
    def listings(self) -> list[Listing]:
        """The vacancies by listing id; of several programmes accepted, the first."""
        listings: dict[str, Listing] = {}
        for row in csv.DictReader(io.StringIO(self.vacancies_csv)):
            listings.setdefault(
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
        return [listings[listing_id] for listing_id in sorted(listings)]

    @cached_property
    def contested(self) -> Listing:
        """The vacancy that most apply for: the first general one with two seats."""
        return next(
            listing for listing in self.listings if listing.seats == 2 and listing.need == "UMUM"
        )

    def _counts(self) -> dict[str, int]:
        """Applicants by listing id: a tenth for the contested one, the rest spread unevenly."""
        weights = {
            listing.listing_id: self._chance("wanted", listing.listing_id).randint(2, 10)
            for listing in self.listings
        }
        total = sum(weights.values())
        spread = self._size - self._size // CONTESTED_SHARE
        counts = {key: spread * weight // total for key, weight in weights.items()}
        counts[self.contested.listing_id] += self._size - sum(counts.values())
        return counts

    @cached_property
    def applicants(self) -> dict[str, list[Applicant]]:
        """Who applies, by listing id, in the order in which they register for it."""
        counts = self._counts()
        return {
            listing.listing_id: [
                self._applicant(listing, order)
                for order in range(1, counts[listing.listing_id] + 1)
            ]
            for listing in self.listings
        }

    @cached_property
    def everyone(self) -> list[Applicant]:
        """All applicants, by listing id and order of registration."""
        return [applicant for applicants in self.applicants.values() for applicant in applicants]

    def _applicant(self, listing: Listing, order: int) -> Applicant:
        chance = self._chance("candidate", listing.listing_id, order)
        ability = chance.randint(35, 95)

        def near(low: int, high: int) -> int:
            return max(0, min(100, ability + chance.randint(low, high)))

        skd = {
            TWK: Decimal(5 * (30 * near(-20, 15) // 100)),
            TIU: Decimal(5 * (35 * near(-20, 15) // 100)),
            TKP: Decimal(225 * near(0, 20) // 100),
        }
        misread = {**skd, TWK: max(Decimal(0), skd[TWK] - 5)}
        skb = {SKB: Decimal(1000 * near(-15, 5) + chance.randrange(0, 1000)) / 1000}
        skb = {SKB: min(skb[SKB], Decimal(100))}
        return Applicant(
            listing=listing,
            order=order,
            subject=f"demo-{self._seed}-{listing.listing_id[:8]}-{order:06d}",
            gpa=Decimal(chance.randint(275, 400)) / 100,
            birth_date=_birth_date(chance),
            experience_months=chance.randint(0, 72),
            meets_requirements=chance.randrange(100) >= 6,
            withdraws=chance.randrange(100) == 0,
            skd=None if chance.randrange(100) < 4 else skd,
            skd_first_recorded=misread if chance.randrange(200) == 0 else None,
            disqualified=chance.randrange(400) == 0,
            skb=None if chance.randrange(100) < 3 else skb,
        )

    def takes_seat(self, applicant: Applicant) -> bool:
        """Whether somebody who is offered an empty seat takes it: four of five do."""
        return self._chance("seat", applicant.subject).randrange(5) > 0

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
        chance = self._chance("unit", index)
        trouble = TROUBLES[index] if index < len(TROUBLES) else None
        staff = chance.randint(10, 40)
        load = 140 if trouble == "overloaded" else chance.randint(50, 70)
        return Unit(f"U-{index + 1:03d}", path, staff, staff * load, trouble)

    @cached_property
    def complaints(self) -> list[Complaint]:
        """Ten for each unit on average, two fifths of them about the few that are in trouble."""
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
            chance = self._chance("complaint", number)
            if number % 5 < 2:
                unit = troubled[number // 5 % len(troubled)]
                category = main[str(unit.trouble)]
            else:
                unit = units[chance.randrange(len(units))]
                category = sorted(TEXTS)[chance.randrange(len(TEXTS))]
            yield Complaint(
                number,
                unit.unit_id,
                category,
                TEXTS[category],
                named=number % 10 == 0,
                resolved=chance.randrange(4) == 0,
            )


def _birth_date(chance: random.Random) -> str:
    """A day from 1990 to 2002, as YYYY-MM-DD."""
    year, month, day = chance.randint(1990, 2002), chance.randint(1, 12), chance.randint(1, 28)
    return f"{year}-{month:02d}-{day:02d}"
