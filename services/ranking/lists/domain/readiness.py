"""What must have arrived before a list may be fixed.

The log says how many there are; nobody guesses.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrived:
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
class Missing:
    """One thing that a vacancy still lacks, in both languages."""

    en: str
    id: str


def missing(state: Arrived) -> Iterator[Missing]:
    """Everything that a vacancy's list still lacks; nothing when it may be fixed."""
    if not state.need_known:
        yield Missing(
            "the policy does not know its kind of need", "jenis kebutuhannya tidak dikenal aturan"
        )
    if not state.opened:
        yield Missing("the list before is not closed", "daftar sebelumnya belum ditutup")
    if state.announced is None:
        yield Missing("RegistrationClosed has not arrived", "penutupan pendaftaran belum tiba")
    elif state.submitted != state.announced:
        yield Missing(
            f"{state.submitted} of {state.announced} applications have arrived",
            f"{state.submitted} dari {state.announced} pendaftaran sudah tiba",
        )
    if state.undecided:
        yield Missing(
            f"{state.undecided} not verified yet", f"{state.undecided} belum diverifikasi"
        )
    if state.without_facts:
        yield Missing(
            f"facts of {state.without_facts} candidates have not arrived",
            f"data {state.without_facts} peserta belum tiba",
        )
    if state.active and not state.sittings:
        yield Missing("no sitting has been scheduled", "belum ada jadwal ujian")
    if state.open_sittings:
        yield Missing(
            f"SittingClosed has not arrived for {state.open_sittings} of {state.sittings} sittings",
            f"penutupan {state.open_sittings} dari {state.sittings} sesi ujian belum tiba",
        )
    if state.arrived < state.counted:
        yield Missing(
            f"{state.arrived} of {state.counted} results have arrived",
            f"{state.arrived} dari {state.counted} hasil sudah tiba",
        )
    if state.waiting:
        yield Missing(
            f"results of {state.waiting} candidates are missing",
            f"hasil {state.waiting} peserta belum ada",
        )
