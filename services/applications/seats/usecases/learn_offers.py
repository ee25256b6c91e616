"""Learns which seats ranking offers, for applicants to see and to answer."""

from services.applications.seats.storage import SEATS
from shared.contracts.ranking import SeatOffered
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_offers(connection: Connection, events: list[Event[SeatOffered]]) -> None:
    """Keeps the offers."""
    await SEATS.keep_offers(
        connection,
        offer_ids=[event.data.offer_id for event in events],
        vacancy_ids=[event.data.vacancy_id for event in events],
        participant_nos=[event.data.participant_no for event in events],
        applied_for=[event.data.applied_for for event in events],
        round_ids=[event.data.round_id for event in events],
        codes=[event.data.code for event in events],
        ats=[event.time for event in events],
    )
