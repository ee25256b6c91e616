"""Each service's worker removes the answers that it kept for requests sent again, once they are
old.
"""

from importlib import import_module

import pytest

from shared.contracts.catalogue import SERVICES
from shared.postgres.pool import create_pool
from shared.settings import DEMO_PROVINCE_KEY, read_settings
from tests.servers import Servers

KEEP = """
INSERT INTO public.idempotency (subject, key, request, created_at)
SELECT $1, 'key-' || n, '', now() - $2::text::interval FROM generate_series(1, $3) AS n
"""
KEEP_ANONYMOUS = """
INSERT INTO public.idempotency (subject, key, request, created_at)
SELECT '', 'key-' || $1::int || '-' || n, '',
       date_trunc('day', now(), 'UTC') - $1::int * interval '1 day'
  FROM generate_series(1, $2) AS n
"""


KEEP_LETTERS = """
INSERT INTO messaging.dead_letter (id, at, reason, detail, handler, topic, partition, record_offset,
                                   record_timestamp, settled_at)
SELECT gen_random_uuid(), now() - interval '900 days', 'refused', '', 'none', 'topic', 0, n, 0,
       now() - $1::text::interval
  FROM generate_series(1, $2) AS n
"""


async def test_settled_dead_letters_are_forgotten(servers: Servers) -> None:
    """Those that were settled longer ago than the setting says go; one that waits never does."""
    database = servers.service_database("feedback")
    settings = read_settings(
        import_module("services.feedback.settings").Settings,
        "feedback",
        {
            "TERANG_PROVINCE": "99",
            "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
            "DATABASE_URL_FEEDBACK": database,
            "TERANG_ISSUER": "http://test",
            "TERANG_AUDIENCE": "terang",
            "TERANG_DEAD_LETTERS_KEPT_DAYS": "30",
        },
    )
    worker = import_module("services.feedback.worker").create_worker(settings)
    (duty,) = [duty for duty in worker._duties if duty.name == "forget_settled"]
    pool = await create_pool(database, application="test", size=2)
    try:
        await pool.execute(KEEP_LETTERS, "31 days", 2_500)
        await pool.execute(KEEP_LETTERS, "29 days", 10)
        await pool.execute(KEEP_LETTERS, None, 3)
        await duty.run(pool)
        rows = await pool.fetch("SELECT count(*), count(settled_at) FROM messaging.dead_letter")
        assert [tuple(row) for row in rows] == [(13, 10)]
    finally:
        await pool.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_old_answers_are_forgotten(servers: Servers, service: str) -> None:
    """More than a batch of those that are older than the setting says go; the others stay. Nobody's
    stay for their day (in UTC) and the next.
    """
    database = servers.service_database(service)
    settings = read_settings(
        import_module(f"services.{service}.settings").Settings,
        service,
        {
            "TERANG_PROVINCE": "99",
            "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
            f"DATABASE_URL_{service.upper()}": database,
            "TERANG_ISSUER": "http://test",
            "TERANG_AUDIENCE": "terang",
            "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
            "TERANG_IDEMPOTENCY_KEPT_DAYS": "3",
        },
    )
    worker = import_module(f"services.{service}.worker").create_worker(settings)
    (duty,) = [duty for duty in worker._duties if duty.name == "forget_answers"]
    pool = await create_pool(database, application="test", size=2)
    try:
        await pool.execute(KEEP, "old", "73 hours", 2_500)
        await pool.execute(KEEP, "young", "71 hours", 10)
        await pool.execute(KEEP_ANONYMOUS, 2, 10)
        await pool.execute(KEEP_ANONYMOUS, 1, 2)
        await pool.execute(KEEP_ANONYMOUS, 0, 3)
        await duty.run(pool)
        rows = await pool.fetch(
            "SELECT subject, count(*) FROM public.idempotency GROUP BY 1 ORDER BY 1"
        )
        assert [tuple(row) for row in rows] == [("", 5), ("young", 10)]
    finally:
        await pool.close()
