"""What the exams service hears, and what it does about each."""

from services.exams.usecases.admit_candidates import (
    admit_shortlisted,
    admit_verified,
    revoke_admissions,
)
from services.exams.usecases.keep_rounds import keep_rounds
from services.exams.usecases.keep_vacancies import keep_vacancies
from services.exams.usecases.note_closed_lists import note_closed_lists
from services.exams.usecases.note_withdrawals import note_withdrawals
from shared.contracts.applications import (
    ApplicationVerified,
    ApplicationWithdrawn,
    RoundOpened,
    VacancyPublished,
)
from shared.contracts.catalogue import BY_MODEL
from shared.contracts.ranking import (
    AdmissionRevoked,
    CandidateShortlisted,
    ClosedListCorrected,
    StageClosed,
)
from shared.messaging.dispatch import Hears
from shared.messaging.outbox import Outbox


def hears(_: Outbox) -> list[Hears]:
    """One row for each event. It states nothing in answer."""
    return [
        Hears(BY_MODEL[RoundOpened], keep_rounds),
        Hears(BY_MODEL[VacancyPublished], keep_vacancies),
        Hears(BY_MODEL[ApplicationVerified], admit_verified),
        Hears(BY_MODEL[ApplicationWithdrawn], note_withdrawals),
        Hears(BY_MODEL[CandidateShortlisted], admit_shortlisted),
        Hears(BY_MODEL[StageClosed], note_closed_lists),
        Hears(BY_MODEL[AdmissionRevoked], revoke_admissions),
        Hears(BY_MODEL[ClosedListCorrected], note_closed_lists),
    ]
