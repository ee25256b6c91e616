"""The events that exams subscribes to, and the use case of each."""

from services.exams.sittings.usecases.learn_admissions import (
    admit_shortlisted,
    admit_verified,
    revoke_admissions,
)
from services.exams.sittings.usecases.learn_closed_lists import note_closed_lists
from services.exams.sittings.usecases.learn_rounds import keep_rounds
from services.exams.sittings.usecases.learn_vacancies import keep_vacancies
from services.exams.sittings.usecases.learn_withdrawals import note_withdrawals
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
from shared.messaging.outbox import Outbox
from shared.messaging.subscription import Subscription


def subscriptions(_: Outbox) -> list[Subscription]:
    """One row for each event. None of them makes it state anything."""
    return [
        Subscription(BY_MODEL[RoundOpened], keep_rounds),
        Subscription(BY_MODEL[VacancyPublished], keep_vacancies),
        Subscription(BY_MODEL[ApplicationVerified], admit_verified),
        Subscription(BY_MODEL[ApplicationWithdrawn], note_withdrawals),
        Subscription(BY_MODEL[CandidateShortlisted], admit_shortlisted),
        Subscription(BY_MODEL[StageClosed], note_closed_lists),
        Subscription(BY_MODEL[AdmissionRevoked], revoke_admissions),
        Subscription(BY_MODEL[ClosedListCorrected], note_closed_lists),
    ]
