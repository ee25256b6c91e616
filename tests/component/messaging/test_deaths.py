"""A record at which a worker ends: the third end stops it, in words, and one command passes it."""

import re

import pytest
from aiokafka import TopicPartition

from shared.messaging import dead_letters
from shared.messaging.deadly_records import MOST_DEATHS, set_aside
from shared.messaging.failures import Cause, OperatorNeeded
from tests.component.messaging.conftest import NOW, DispatchStage
from tests.fault.tally import UNLUCKY, Added, Stage, exactly_once

FAILS = """
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key IS NOT NULL OR NEW.value IS NOT NULL THEN
        RAISE EXCEPTION 'NIK 3171234567890123' USING ERRCODE = '22021';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fails BEFORE INSERT ON messaging.dead_letter
    FOR EACH ROW EXECUTE FUNCTION fails();
"""
"""A fault of ours: no dead letter can be kept that holds anything of its record."""


async def test_the_third_end_at_one_record_stops(dispatch_stage: DispatchStage) -> None:
    """What stands before it takes effect; another record counts from the start; set aside, it is
    kept by its place.
    """
    await dispatch_stage.pool.execute(FAILS)
    batch = dispatch_stage.records(
        [dispatch_stage.log.record(Added(key="key-0", n=n)) for n in (1, 1, 1, UNLUCKY, 1, 1)]
    )
    for _ in range(MOST_DEATHS - 1):
        with pytest.raises(Exception, match="NIK"):
            await dispatch_stage.take(batch)
        batch = batch[-3:]
        assert len(await dispatch_stage.effects()) == 3
    with pytest.raises(OperatorNeeded) as stop:
        await dispatch_stage.take(batch)
    assert stop.value.cause is Cause.RECORD
    topic, partition = dispatch_stage.catalogue.added.topic, dispatch_stage.partition
    assert f"3 times at {topic}/{partition}, offset 3, by CharacterNotIn" in stop.value.reason
    assert "NIK" not in str(stop.value)
    async with dispatch_stage.pool.acquire() as connection:
        assert await set_aside(connection, TopicPartition(topic, partition), 4) is None
        assert await set_aside(connection, TopicPartition(topic, partition), 3) == MOST_DEATHS
    await dispatch_stage.take(batch)
    bad = dispatch_stage.log.sent.pop(3)
    exactly_once(dispatch_stage.log.sent, await dispatch_stage.effects())
    (letter,) = await dead_letters.list_all(dispatch_stage.pool)
    shown = await dead_letters.show(dispatch_stage.pool, letter.id)
    assert shown is not None
    assert shown.record is not None
    assert (shown.reason, shown.event_id, shown.at) == ("set-aside", bad[3], NOW)
    assert (shown.record.key, shown.record.value, shown.record.headers) == (None, None, ())
    assert shown.reference is not None
    later = dispatch_stage.records([dispatch_stage.log.record(Added(key="key-0", n=UNLUCKY))])
    with pytest.raises(Exception, match="NIK"):
        await dispatch_stage.take(later)


async def test_restarts_do_not_forget(stage: Stage) -> None:
    """Two workers end; the third stands still, says where, and quotes nothing of the record."""
    await stage.fetch_script(FAILS)
    await stage.log.say([Added(key="key-0", n=n) for n in (1, 1, UNLUCKY, 1)])
    topic, partition, *_ = stage.log.sent.pop(2)
    for _ in range(MOST_DEATHS - 1):
        assert await stage.worker().ended() == 1
    said = await stage.worker().stands_still("record")
    assert f"{topic}/{partition}, offset 2" in said
    assert re.search(rf"terang dead-letters set-aside \S+ {topic}/{partition} 2 ", said)
    assert "NIK" not in said
    assert len(await stage.effects()) == 2
    stage.workers[-1].kill()
    async with stage.connected() as connection:
        assert await set_aside(connection, TopicPartition(topic, partition), 2) == MOST_DEATHS
    await stage.worker().ready()
    exactly_once(stage.log.sent, await stage.drained())
