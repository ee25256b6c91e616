"""The events that exams subscribes to, and the use case of each."""

from services.exams.sittings.usecases.learn_admissions import (
    learn_revocations,
    learn_shortlists,
    learn_verifications,
)
from services.exams.sittings.usecases.learn_closed_lists import learn_closed_lists
from services.exams.sittings.usecases.learn_rounds import learn_rounds
from services.exams.sittings.usecases.learn_vacancies import learn_vacancies
from services.exams.sittings.usecases.learn_withdrawals import learn_withdrawals
from shared.candidacy import learn_accounts
from shared.contracts.applications import (
    ApplicantFactsStated,
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
        Subscription(BY_MODEL[RoundOpened], learn_rounds),
        Subscription(BY_MODEL[VacancyPublished], learn_vacancies),
        Subscription(BY_MODEL[ApplicantFactsStated], learn_accounts),
        Subscription(BY_MODEL[ApplicationVerified], learn_verifications),
        Subscription(BY_MODEL[ApplicationWithdrawn], learn_withdrawals),
        Subscription(BY_MODEL[CandidateShortlisted], learn_shortlists),
        Subscription(BY_MODEL[StageClosed], learn_closed_lists),
        Subscription(BY_MODEL[AdmissionRevoked], learn_revocations),
        Subscription(BY_MODEL[ClosedListCorrected], learn_closed_lists),
    ]
