"""Judges a healed history.

Every stated event took effect exactly once and in its aggregate's order, or a stop says why not.

It looks only at what people and subscribers would see: what committed, the logs, the consumer's
tables, who was paged.
"""

from collections import Counter

from aiokafka import TopicPartition

from tests.fault.simulator.consumer import DeadLetter, Fact
from tests.fault.simulator.kafka import Record
from tests.fault.simulator.platform import Paged, Platform, Service


def judge(platform: Platform, *, quiet: bool) -> list[str]:
    """What is wrong, in sentences; empty when nothing is."""
    stopped = {
        process.service.name + "/" + kind(process.name)
        for process in platform.processes
        if process.state == "paged"
    }
    found = sorted(platform.hidden)
    found += [
        f"unjustified stop of {paged.process}: {paged.reason}"
        for paged in platform.paged
        if not justified(platform, paged)
    ]
    if not quiet and not stopped:
        found.append("never came to rest")
    if stopped and {what for _, what, _ in platform.destroyed} == {"forged"}:
        found.append(f"{', '.join(sorted(stopped))} stands still after what its remedy names")
    if platform.effects_to_undo and not stopped and not platform.retained:
        found.append("the effects of forged events were not undone")
    views = {
        service.name: {
            partition: view(platform, partition, found) for partition in service.partitions
        }
        for service in platform.services
    }
    for service in platform.services:
        anew = {whose for _, what, whose in platform.destroyed if what == "made anew"}
        # What a log made anew lacks or has at a wrong place (a zombie's batch), its relay or those
        # who hear it have stopped for.
        told = (
            anew
            if any(
                paged.service == service.name or paged.kind == "consumer"
                for paged in platform.paged
            )
            else set()
        )
        if f"{service.name}/relay" not in stopped:
            found += lost_on_the_way(
                service, views[service.name], told, accepted=service.name in platform.accepted
            )
    sources_stopped = {"a/relay", "e/relay", "r/consumer"} & stopped
    for service in (platform.a, platform.e):
        found += effects(
            platform, service, complete=not {f"{service.name}/relay", "r/consumer"} & stopped
        )
    if "r/consumer" not in stopped:
        found += strangers(platform)
    if "r/relay" not in stopped and not platform.forged:
        # what was stated because of a forged event stands: a person sees to that
        found += decisions(
            platform, views["r"], complete=not sources_stopped and "r" not in platform.accepted
        )
    return found


def kind(process: str) -> str:
    return "relay" if "relay" in process else "consumer" if "worker" in process else "other"


def justified(platform: Platform, paged: Paged) -> bool:
    """A stop names its remedy and follows a destruction that this process can't make good."""
    if not paged.remedy:
        return False
    before = [(what, whose) for tick, what, whose in platform.destroyed if tick <= paged.tick]
    if paged.kind == "consumer":
        looked_back = ("restored", "r") in before and bool(platform.retained & {"a", "e"})
        return looked_back or any(
            what in ("cut", "made anew", "forged") and whose in ("a", "e") for what, whose in before
        )
    topics = {
        partition.topic
        for service in platform.services
        if service.name == paged.service
        for partition in service.partitions
    }
    expired = platform.retained
    return any(
        (what == "restored" and whose == paged.service)
        or (what in ("made anew", "forged") and whose in topics)
        or (
            # what would be sent again is below the log's start, or nothing was left of a log
            what == "cut" and whose in topics and (whose in expired or "holds none" in paged.reason)
        )
        for what, whose in before
    )


def view(platform: Platform, partition: TopicPartition, found: list[str]) -> list[Record]:
    """What an outside subscriber takes from the whole log.

    It skips what is not above the last sequence that it saw.
    """
    taken: list[Record] = []
    numbers: dict[int, int | None] = {}
    seen = begins_after(platform, partition)
    anew = ("made anew", partition.topic) in {
        (what, whose) for _, what, whose in platform.destroyed
    }
    for offset, record in [
        *platform.expired.get(partition, ()),
        *platform.kafka.logs[partition].read(0),
    ]:
        if record.sequence is None or record.foreign or record.event in platform.forged:
            continue
        where = f"{partition.topic}/{partition.partition}@{offset}"
        if numbers.setdefault(record.sequence, record.event) != record.event and not anew:
            found.append(f"{where}: number {record.sequence} stands for two events")
        if (
            record in taken if anew else record.sequence <= seen
        ):  # a log made anew may begin with a zombie's batch
            continue
        if record.sequence > seen + 1 and not anew:
            found.append(f"{where}: number {record.sequence} follows {seen}")
        seen = record.sequence
        taken.append(record)
    twice = [
        event for event, count in Counter(record.event for record in taken).items() if count > 1
    ]
    found += [
        f"{partition.topic}/{partition.partition}: event {event} stands under two numbers"
        for event in twice
    ]
    last: dict[int, int] = {}
    for record in taken:
        if record.type == "DeadLetter" or anew:
            continue
        if last.get(record.aggregate, 0) >= record.version:
            found.append(
                f"{partition.topic}/{partition.partition}: aggregate {record.aggregate}'s version"
                f" {record.version} stands too late"
            )
        last[record.aggregate] = record.version
    return taken


def begins_after(platform: Platform, partition: TopicPartition) -> int:
    """The number behind which a log begins that was recovered, by its owner's database."""
    owner = next(service for service in platform.services if partition in service.partitions)
    sent = owner.database.table("sent").get(partition)
    return sent.begins_after if sent else 0


def lost_on_the_way(
    service: Service, views: dict[TopicPartition, list[Record]], told: set[str], *, accepted: bool
) -> list[str]:
    """Events that were stated and are not on the log, unless that was told.

    By a stop of those who consume these topics, or by the service's recovery.
    """
    kept = {row.event for row in service.database.table("outbox").values()}
    on_log = {
        partition: {record.event for record in records} for partition, records in views.items()
    }
    return [
        f"event {event} of {service.name} was stated and is not on"
        f" {stated.row.partition.topic}/{stated.row.partition.partition}"
        for event, stated in service.stated.items()
        if event not in on_log[stated.row.partition]
        and stated.row.partition.topic not in told
        and not (accepted and event not in kept)
    ]


def effects(platform: Platform, service: Service, *, complete: bool) -> list[str]:
    """Each event once, in order, nothing lost, nothing made up."""
    found: list[str] = []
    table = platform.r.database.table("fact")
    known = {
        stated.row.version: stated.row.aggregate
        for stated in [*service.stated.values(), *service.shaken.values()]
    }
    on_log = {
        record.version
        for partition in service.partitions
        for record in platform.kafka.logs[partition].records
    }
    kept = {row.version for row in service.database.table("outbox").values()}
    required = {stated.row.version for stated in service.stated.values()}
    if service.name in platform.accepted:  # its recovery said that some are lost for good
        required &= kept | on_log
    required |= {stated.row.version for stated in service.shaken.values()} & on_log
    for aggregate in range(platform.aggregates):
        facts: tuple[Fact, ...] = table.get((service.name, aggregate)) or ()
        counts = Counter(fact.version for fact in facts)
        found += [
            f"version {version} took effect {count} times"
            for version, count in counts.items()
            if count > 1
        ]
        found += [
            f"version {version} took effect and was never stated"
            for version in counts
            if known.get(version) != aggregate
        ]
        in_order = [fact.version for fact in facts if not fact.late]
        if in_order != sorted(in_order):
            found.append(
                f"aggregate {aggregate} of {service.name}: effects in the order {in_order}"
            )
        if complete:
            lost = sorted(
                version
                for version in required
                if known[version] == aggregate and version not in counts
            )
            found += [
                f"version {version} of {service.name} was stated and took no effect"
                for version in lost
            ]
    return found


def strangers(platform: Platform) -> list[str]:
    """Each foreign record is rejected once."""
    letters: list[DeadLetter] = list(platform.r.database.table("dead_letter").values())
    rejected = Counter((letter.partition, letter.offset) for letter in letters)
    anew = {whose for _, what, whose in platform.destroyed if what in ("made anew", "cut")}
    return [
        f"foreign record {partition.topic}/{partition.partition}@{offset} was rejected"
        f" {rejected[(partition, offset)]} times"
        for partition in platform.subscribed
        for offset, record in platform.kafka.logs[partition].read(0)
        if not record.ours
        and rejected[(partition, offset)] != 1
        # what stands between two forged events is read again when the first is ignored
        and not (platform.forged and rejected[(partition, offset)] > 1)
        and partition.topic not in anew
    ]


def decisions(
    platform: Platform, views: dict[TopicPartition, list[Record]], *, complete: bool
) -> list[str]:
    """Each aggregate has one decision, over the whole set.

    And a last Recomputed that tells the last state.
    """
    found: list[str] = []
    restored = {whose for _, what, whose in platform.destroyed if what == "restored"}
    table = platform.r.database.table("fact")
    for aggregate in range(platform.aggregates):
        told = [
            record
            for partition in platform.r.partitions[:2]
            for record in views[partition]
            if record.aggregate == aggregate
        ]
        decided = [record for record in told if record.type == "Decided"]
        if len(decided) > 1:
            found.append(f"aggregate {aggregate} was decided {len(decided)} times")
        if not complete:
            continue
        count = sum(len(table.get((topic, aggregate)) or ()) for topic in ("a", "e"))
        last = next((record.data[0] for record in reversed(told) if record.type == "Recomputed"), 0)
        if last != count:
            found.append(
                f"aggregate {aggregate} has {count} facts, and the last that was stated of it"
                f" tells {last}"
            )
        if (restored | platform.accepted) & {"a", "e"}:
            continue
        rows = [
            s.row
            for service in (platform.a, platform.e)
            for s in service.stated.values()
            if s.row.aggregate == aggregate
        ]
        if sum(row.type == "Closed" for row in rows) == 2:
            whole = tuple(sorted(row.version for row in rows))
            if not decided:
                found.append(f"aggregate {aggregate} is complete and was never decided")
            elif decided[0].data != whole:
                found.append(f"aggregate {aggregate} was decided on {decided[0].data}, not {whole}")
    return found
