"""Records that can't take effect, read from a real log, are rejected.

With their reason and bytes; what follows takes effect.
"""

from hashlib import sha256
from typing import Any

import pytest

from shared.messaging import dead_letters
from shared.messaging.failures import Permanent
from shared.messaging.outbox import headers_from_text, partition_of
from shared.messaging.reference import Reference
from shared.postgres.pool import create_pool
from shared.refusals import Refusal
from tests.component.messaging.conftest import NOW, DispatchStage
from tests.fault.tally import PARTITIONS, UNLUCKY, Added, Stage, exactly_once


async def replayed(stage: DispatchStage, letter: dead_letters.DeadLetter, *, dry_run: bool) -> None:
    """Hands the dead letter to the use cases of the stage."""
    await dead_letters.replay(
        stage.pool,
        stage.catalogue.subscriptions(stage.catalogue.outbox()),
        letter.id,
        origins=stage.catalogue.origins(),
        bootstrap_servers="",
        at=NOW,
        dry_run=dry_run,
    )


KEY = "key-0"
FOREIGN: list[tuple[list[tuple[str, bytes | None]], bytes | None, str]] = [
    ([], b"{}", "headers-not-ours"),
    ([], b"", "headers-not-ours"),
    ([], None, "headers-not-ours"),
    ([], b"x" * 1_000_000, "headers-not-ours"),
    ([("any", None)], b"{}", "headers-not-ours"),
    ([("\u0000", b"\x00"), ("\u2028\x1b[31m", b"\xed\xa0\x80")], b"\x00", "headers-not-ours"),
    ([("any", b"\xff\xfe")], b"{}", "headers-not-ours"),
    ([("ce_id", None), ("ce_sequence", b"9")], b"{}", "header-null"),
    ([("ce_id", b"\xff\xfe"), ("ce_sequence", b"9")], b"{}", "header-not-text"),
    ([("ce_id", b"any"), ("ce_sequence", b"9")], b"{}", "header-invalid"),
    ([("ce_id", b"0" * 32), ("ce_sequence", b"-1")], b"{}", "header-invalid"),
    ([("ce_id", b"0" * 32)], b"{}", "header-missing"),
]
OURS: list[tuple[dict[str, Any], str]] = [
    ({"value": b"{not json"}, "not-json"),
    ({"value": b""}, "not-json"),
    ({"value": b'{"key": "key-0"}'}, "data-invalid"),
    ({"value": b'{"key": "\\u0000", "n": 1}'}, "failed"),
    ({"value": b'{"key": "\\ud800", "n": 1}'}, "not-json"),
    ({"value": b'{"key": "key-0", "n": {"\\u0000": 1}}'}, "data-invalid"),
    ({"value": b'{"key": "key-0", "n": 1}, {"key": "key-0", "n": 1}'}, "not-json"),
    ({"type": None}, "header-null"),
    ({"type": b"\xff"}, "header-invalid"),
    ({"subject": b"\xff"}, "header-not-text"),
    ({"time": b"yesterday"}, "header-invalid"),
    ({"time": b"2026-08-20T03:00:00"}, "header-invalid"),
    ({"correlationid": b"\xff"}, "header-not-text"),
]


async def test_whatever_stands_on_the_log(stage: Stage) -> None:
    """Foreign records take no number, unreadable events of ours take theirs.

    Both are rejected byte for byte, and good events between take effect.
    """
    written = [stage.log.record(Added(key=KEY, n=1))]
    expected: list[tuple[str, bytes | None, int | None]] = []
    topic, partition = written[0][:2]
    for headers, value, reason in FOREIGN:
        written += [
            (topic, partition, b"any", value, headers),
            stage.log.record(Added(key=KEY, n=1)),
        ]
        expected.append((reason, value, None))
    for broken, reason in OURS:
        written.append(stage.log.record(Added(key=KEY, n=1), **broken))
        _, _, sequence, _ = stage.log.sent.pop()
        expected.append((reason, written[-1][3], sequence))
        written.append(stage.log.record(Added(key=KEY, n=1)))
    bare = stage.log.record(Added(key=KEY, n=1))
    expected.append(("no-data", None, stage.log.sent.pop()[2]))
    await stage.log.write(
        [*written, (*bare[:3], None, bare[4]), stage.log.record(Added(key=KEY, n=1))]
    )
    stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
    rows = await stage.fetch(
        "SELECT reason, value, sequence FROM messaging.dead_letter ORDER BY record_offset"
    )
    assert [tuple(row) for row in rows] == expected


OVERSIZED: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
    (b"any", bytes(3_000_000), []),
    (b"any", b"{}", [("h", b"")] * 95_000),
    (b"any", None, [("long" * 500_000, b"x"), ("null", None)]),
    (bytes(3_000_000), b"{}", [("any", bytes(3_000_000))]),
    (None, None, [("\u0000", b"\x00"), ("\ud7ff", None)] * 60_000),
]
"""Key, value and headers that a broker takes, compressed, and that no dead letter holds whole."""


@pytest.mark.parametrize("place", range(len(OVERSIZED)))
async def test_oversized_records_are_kept_by_reference(
    dispatch_stage: DispatchStage, place: int
) -> None:
    """Its place, hash and sizes, and its beginning; what follows takes effect."""
    key, value, headers = OVERSIZED[place]
    topic, partition = dispatch_stage.catalogue.added.topic, partition_of(b"key-0", PARTITIONS)
    good = dispatch_stage.log.record(Added(key=KEY, n=1))
    await dispatch_stage.take(
        dispatch_stage.records([(topic, partition, key, value, headers), good])
    )
    assert len(await dispatch_stage.effects()) == 1
    (letter,) = await dead_letters.list_all(dispatch_stage.pool)
    shown = await dead_letters.show(dispatch_stage.pool, letter.id)
    assert shown is not None
    assert shown.record is not None
    assert shown.reference == Reference(
        sha256(value or b"").digest(),
        None if key is None else len(key),
        None if value is None else len(value),
        len(headers),
        sum(len(name.encode()) + len(value or b"") for name, value in headers),
    )
    assert (value or b"").startswith(shown.record.value or b"")
    (row,) = await dispatch_stage.pool.fetch("SELECT key, headers, data FROM messaging.outbox")
    assert len(row["headers"]) + len(row["data"] or b"") + len(row["key"] or b"") < 100_000
    said = dict(headers_from_text(row["headers"]))
    assert said["dead_value_sha256"] == sha256(value or b"").hexdigest().encode()


async def test_an_oversized_event_is_replayed_from_the_log(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is read where it stands, and compared; once it has expired, that is said."""
    padded = b'{"key": "key-0", "n": 666, "later": "' + b"0" * 3_000_000 + b'"}'
    await stage.log.write(
        [stage.log.record(Added(key=KEY, n=1)) for _ in range(2)]
        + [stage.log.record(Added(key=KEY, n=UNLUCKY), value=padded)]
        + [stage.log.record(Added(key=KEY, n=1))],
        compression_type="gzip",
        max_request_size=8_000_000,
    )
    oversized = stage.log.sent.pop(2)
    stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
    monkeypatch.setenv("TALLY_FIXED", "1")
    pool = await create_pool(stage.database, application="test", size=2)
    (letter,) = await dead_letters.list_all(pool)
    assert (letter.reason, letter.event_id) == ("refused", oversized[3])

    async def replay(*, dry_run: bool) -> None:
        await dead_letters.replay(
            pool,
            stage.catalogue.subscriptions(stage.catalogue.outbox()),
            letter.id,
            origins=stage.catalogue.origins(),
            bootstrap_servers=stage.servers.bootstrap,
            at=NOW,
            dry_run=dry_run,
        )

    await replay(dry_run=True)
    await pool.execute("UPDATE messaging.dead_letter SET value_sha256 = sha256('other')")
    with pytest.raises(Permanent, match="holds another record now"):
        await replay(dry_run=False)
    await pool.execute(
        "UPDATE messaging.dead_letter SET value_sha256 = $1", sha256(padded).digest()
    )
    await replay(dry_run=False)
    assert await pool.fetchval("SELECT total FROM tally") == 3 + UNLUCKY
    await pool.execute(
        "UPDATE messaging.dead_letter SET settled_at = NULL, headers = '[]', key = 'k'"
    )
    await stage.cut(oversized[0], before=4, partition=oversized[1])
    with pytest.raises(Permanent, match="has expired"):
        await replay(dry_run=True)
    await pool.close()


async def test_replay_takes_effect_once(
    dispatch_stage: DispatchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replayed dead letter takes effect past the position, once.

    It is not published again, and its bytes go.
    """
    await dispatch_stage.add(1, UNLUCKY, 1)
    (letter,) = await dead_letters.list_all(dispatch_stage.pool)
    monkeypatch.setenv("TALLY_FIXED", "1")
    outbox_rows, position = (
        await dispatch_stage.pool.fetchval("SELECT count(*) FROM messaging.outbox"),
        await dispatch_stage.position(),
    )
    await replayed(dispatch_stage, letter, dry_run=False)
    assert await dispatch_stage.pool.fetchval("SELECT total FROM tally") == 2 + UNLUCKY
    with pytest.raises(Permanent, match="waits to be settled"):
        await replayed(dispatch_stage, letter, dry_run=False)
    assert await dispatch_stage.pool.fetchval("SELECT total FROM tally") == 2 + UNLUCKY
    assert (
        await dispatch_stage.pool.fetchval("SELECT count(*) FROM messaging.outbox") == outbox_rows
    )
    assert await dispatch_stage.position() == position
    settled = await dead_letters.show(dispatch_stage.pool, letter.id)
    assert settled is not None
    assert (settled.settled_at, settled.record) == (NOW, None)


async def test_dry_run_changes_nothing(
    dispatch_stage: DispatchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run says whether a replay would succeed, and leaves all as it was."""
    await dispatch_stage.add(UNLUCKY)
    (letter,) = await dead_letters.list_all(dispatch_stage.pool)
    with pytest.raises(Refusal, match="unlucky"):
        await replayed(dispatch_stage, letter, dry_run=True)
    monkeypatch.setenv("TALLY_FIXED", "1")
    await replayed(dispatch_stage, letter, dry_run=True)
    assert not await dispatch_stage.effects()
    assert [waiting.id for waiting in await dead_letters.list_all(dispatch_stage.pool)] == [
        letter.id
    ]


async def test_no_replay_during_a_rebuild(
    dispatch_stage: DispatchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a rebuild runs no dead letter is replayed: its effect would be lost at the swap."""
    await dispatch_stage.add(UNLUCKY)
    (letter,) = await dead_letters.list_all(dispatch_stage.pool)
    monkeypatch.setenv("TALLY_FIXED", "1")
    async with dispatch_stage.pool.acquire() as connection:
        await connection.fetchval("SELECT pg_advisory_lock($1)", dead_letters.REPLAYING)
        with pytest.raises(Permanent, match="rebuild is running"):
            await replayed(dispatch_stage, letter, dry_run=False)
        await connection.fetchval("SELECT pg_advisory_unlock($1)", dead_letters.REPLAYING)
