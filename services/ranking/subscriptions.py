"""The events that ranking subscribes to, and the use case of each."""

from collections.abc import Callable
from datetime import datetime

from services.ranking.lists.usecases.learn_corrections import (
    learn_corrections,
    learn_rejections_after_verification,
    learn_restated_facts,
)
from services.ranking.seats.usecases.learn_seat_answers import learn_seat_answers
from services.ranking.standings.usecases.learn_candidates import (
    learn_applicant_facts,
    learn_rejections,
    learn_submissions,
    learn_verifications,
    learn_withdrawals,
)
from services.ranking.standings.usecases.learn_results import (
    learn_closed_sittings,
    learn_results,
    learn_sittings,
)
from services.ranking.standings.usecases.learn_rounds import (
    learn_registrations,
    learn_rounds,
    learn_vacancies,
)
from services.ranking.standings.usecases.recompute import (
    recompute,
    recompute_vacancies,
    vacancies_to_recompute,
)
from shared.candidacy import learn_accounts
from shared.clock import utc_now
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationVerified,
    ApplicationWithdrawn,
    RegistrationClosed,
    RejectionReasonsStated,
    RoundOpened,
    SeatAccepted,
    SeatDeclined,
    VacancyPublished,
)
from shared.contracts.catalogue import BY_MODEL
from shared.contracts.exams import (
    CandidateDisqualified,
    ExamMissed,
    ExamScheduled,
    ExamScoreCorrected,
    ExamScored,
    SittingClosed,
)
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox
from shared.messaging.subscription import Derived, Subscription
from shared.postgres.pool import Connection

STANDINGS = Derived(recompute, vacancies_to_recompute, recompute_vacancies)
"""Where candidates stand, vacancy by vacancy."""


def subscriptions(outbox: Outbox, clock: Callable[[], datetime] = utc_now) -> list[Subscription]:
    """One row for each event.

    Only answers about seats make it state something at once, the next offers; what follows from
    the others is owed, and stated by a duty. Where an event concerns several rooms, the room of the
    standings comes last: the others compare the event with what was known before.
    """

    async def learn_answers(
        connection: Connection, events: list[Event[SeatAccepted]] | list[Event[SeatDeclined]]
    ) -> None:
        await learn_seat_answers(connection, events, outbox, clock())

    return [
        Subscription(BY_MODEL[RoundOpened], learn_rounds, derived=STANDINGS),
        Subscription(BY_MODEL[VacancyPublished], learn_vacancies, derived=STANDINGS),
        Subscription(BY_MODEL[ApplicationSubmitted], learn_submissions),
        Subscription(
            BY_MODEL[ApplicantFactsStated],
            learn_restated_facts,
            learn_accounts,
            learn_applicant_facts,
            derived=STANDINGS,
        ),
        Subscription(BY_MODEL[ApplicationVerified], learn_verifications, derived=STANDINGS),
        Subscription(
            BY_MODEL[ApplicationRejected],
            learn_rejections_after_verification,
            learn_verifications,
            derived=STANDINGS,
        ),
        Subscription(BY_MODEL[RejectionReasonsStated], learn_rejections),
        Subscription(
            BY_MODEL[ApplicationWithdrawn], learn_corrections, learn_withdrawals, derived=STANDINGS
        ),
        Subscription(BY_MODEL[RegistrationClosed], learn_registrations),
        Subscription(BY_MODEL[ExamScheduled], learn_sittings),
        Subscription(BY_MODEL[ExamScored], learn_results, derived=STANDINGS),
        Subscription(
            BY_MODEL[ExamScoreCorrected], learn_corrections, learn_results, derived=STANDINGS
        ),
        Subscription(BY_MODEL[ExamMissed], learn_results, derived=STANDINGS),
        Subscription(
            BY_MODEL[CandidateDisqualified], learn_corrections, learn_results, derived=STANDINGS
        ),
        Subscription(BY_MODEL[SittingClosed], learn_closed_sittings),
        Subscription(BY_MODEL[SeatAccepted], learn_answers),
        Subscription(BY_MODEL[SeatDeclined], learn_answers),
    ]
