"""What must have arrived before a list may be fixed.

The log says how many there are; nobody guesses.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.languages import Language


@dataclass(frozen=True, slots=True)
class ArrivalCounts:
    """What is known of a vacancy, for one list.

    `announced` applications by RegistrationClosed, none while it hasn't come; `active` candidates
    on the list who neither withdrew nor were rejected; `counted` results by SittingClosed;
    `opened`: the list before is fixed.
    """

    announced: int | None
    submitted: int
    undecided: int
    active: int
    waiting: int
    without_facts: int
    sittings: int
    open_sittings: int
    counted: int
    arrived: int
    need_known: bool
    opened: bool


@dataclass(frozen=True, slots=True)
class MissingItem:
    """One thing that a vacancy still lacks, in both languages."""

    en: str
    id: str

    def told(self, language: Language) -> str:
        """The same in one language."""
        return self.en if language == "en" else self.id


def missing_items(counts: ArrivalCounts) -> Iterator[MissingItem]:
    """Everything that a vacancy's list still lacks; nothing when it may be fixed."""
    yield from _before_the_list(counts)
    yield from _of_applications(counts)
    yield from _of_results(counts)


def _before_the_list(counts: ArrivalCounts) -> Iterator[MissingItem]:
    if not counts.need_known:
        yield MissingItem(
            "the policy does not know its kind of need", "jenis kebutuhannya tidak dikenal aturan"
        )
    if not counts.opened:
        yield MissingItem("the list before is not closed", "daftar sebelumnya belum ditutup")


def _of_applications(counts: ArrivalCounts) -> Iterator[MissingItem]:
    if counts.announced is None:
        yield MissingItem("RegistrationClosed has not arrived", "penutupan pendaftaran belum tiba")
    elif counts.submitted != counts.announced:
        yield MissingItem(
            f"{counts.submitted} of {counts.announced} applications have arrived",
            f"{counts.submitted} dari {counts.announced} pendaftaran sudah tiba",
        )
    if counts.undecided:
        yield MissingItem(
            f"{counts.undecided} not verified yet", f"{counts.undecided} belum diverifikasi"
        )
    if counts.without_facts:
        yield MissingItem(
            f"facts of {counts.without_facts} candidates have not arrived",
            f"data {counts.without_facts} peserta belum tiba",
        )


def _of_results(counts: ArrivalCounts) -> Iterator[MissingItem]:
    if counts.active and not counts.sittings:
        yield MissingItem("no sitting has been scheduled", "belum ada jadwal ujian")
    if counts.open_sittings:
        yield MissingItem(
            f"SittingClosed has not arrived for {counts.open_sittings}"
            f" of {counts.sittings} sittings",
            f"penutupan {counts.open_sittings} dari {counts.sittings} sesi ujian belum tiba",
        )
    if counts.arrived < counts.counted:
        yield MissingItem(
            f"{counts.arrived} of {counts.counted} results have arrived",
            f"{counts.arrived} dari {counts.counted} hasil sudah tiba",
        )
    if counts.waiting:
        yield MissingItem(
            f"results of {counts.waiting} candidates are missing",
            f"hasil {counts.waiting} peserta belum ada",
        )
