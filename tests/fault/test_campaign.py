"""The campaign's oracle: it finds nothing after a few faults, and whatever is doctored."""

import copy
import time
from collections.abc import Callable

import pytest

from tests.fault.campaign.chapter import Chapter, Told
from tests.fault.campaign.evidence import Evidence, Record
from tests.fault.campaign.oracle import judge
from tests.fault.campaign.remedies import commands

pytestmark = pytest.mark.timeout(900)
Played = tuple[Told, Evidence]


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A chapter of a few faults: what it came to, and its evidence."""
    folder = tmp_path_factory.mktemp("campaign")
    chapter = Chapter(folder, seed=7, number=1, faults=5, deadline=time.monotonic() + 300)
    return await chapter.play(), Evidence.load(folder / "evidence.json.gz")


async def test_nothing_is_lost_doubled_or_stuck_after_a_few_faults(played: Played) -> None:
    """Processes were killed and stopped while rounds went on, and each event took effect once."""
    told, evidence = played
    assert told.findings == []
    assert told.faults >= 5
    assert told.rounds >= 3
    assert {record.headers.get("ce_type", "") for record in evidence.log} >= {
        "terang.ExamScoreCorrected",
        "terang.StandingsPublished",
        "terang.SeatDeclined",
        "terang.ClosedListCorrected",
        "terang.ComplaintFiled",
    }


def last(evidence: Evidence, type_: str) -> Record:
    """The last record of a type."""
    return [record for record in evidence.log if record.headers["ce_type"].endswith(type_)][-1]


def without_event(evidence: Evidence) -> None:
    evidence.log.remove(last(evidence, ".ExamScored"))


def without_last_number(evidence: Evidence) -> None:
    """An event that was the last of its partition: no number is missing behind it."""
    record = last(evidence, ".StandingsPublished")
    for other in [other for other in evidence.log if other.offset >= record.offset]:
        if (other.topic, other.partition) == (record.topic, record.partition):
            evidence.log.remove(other)


def stated_twice(evidence: Evidence) -> None:
    """The same fact under another id and the next number."""
    twin = copy.deepcopy(last(evidence, ".SeatDeclined"))
    numbers = [
        int(record.headers["ce_sequence"])
        for record in evidence.log
        if (record.topic, record.partition) == (twin.topic, twin.partition)
    ]
    twin.offset += 10_000
    twin.headers |= {"ce_sequence": str(max(numbers) + 1), "ce_id": "another"}
    evidence.log.append(twin)


def number_used_twice(evidence: Evidence) -> None:
    twin = copy.deepcopy(last(evidence, ".ExamScored"))
    twin.offset += 10_000
    twin.headers["ce_id"] = "another"
    evidence.log.append(twin)


def row_gone(table: str) -> Callable[[Evidence], None]:
    def doctor(evidence: Evidence) -> None:
        evidence.tables[table].pop()

    return doctor


def row_twice(table: str) -> Callable[[Evidence], None]:
    def doctor(evidence: Evidence) -> None:
        evidence.tables[table].append(evidence.tables[table][-1])

    return doctor


def column(table: str, name: str, value: object) -> Callable[[Evidence], None]:
    def doctor(evidence: Evidence) -> None:
        evidence.tables[table][-1][name] = value

    return doctor


def behind(evidence: Evidence) -> None:
    """A reader that is short of one event."""
    rows = evidence.tables["exams.messaging.position"]
    next(row for row in rows if row["sequence"] > 0)["sequence"] -= 1


def rejected(evidence: Evidence) -> None:
    record = last(evidence, ".ExamScored")
    evidence.tables["ranking.messaging.dead_letter"].append(
        {
            "topic": record.topic,
            "partition": record.partition,
            "record_offset": record.offset,
            "reason": "invalid",
        }
    )


def answered_for_nothing(evidence: Evidence) -> None:
    evidence.answers.append(
        {
            "path": "/applications/vacancies/v/applications",
            "body": {},
            "answer": {"participant_no": "0009-000001"},
        }
    )


@pytest.mark.parametrize(
    ("doctor", "kind", "says"),
    [
        (without_event, "lost", "has no number"),
        (without_event, "lost", "of the outbox is not on its log"),
        (without_last_number, "lost", "StandingsPublished of"),
        (stated_twice, "doubled", "SeatDeclined of"),
        (number_used_twice, "doubled", "is of ["),
        (row_gone("exams.public.result"), "lost", "exams public.result lacks"),
        (row_gone("ranking.projections.result"), "lost", "ranking projections.result lacks"),
        (row_gone("applications.projections.seat_offers"), "lost", "seat_offers lacks"),
        (row_gone("feedback.public.complaint"), "lost", "feedback public.complaint lacks"),
        (row_gone("ranking.messaging.outbox"), "lost", "of its log is not in the outbox"),
        (row_twice("ranking.public.seat_offer"), "doubled", "ranking public.seat_offer has"),
        (row_twice("exams.projections.admission"), "doubled", "exams projections.admission has"),
        (column("ranking.projections.result", "points", "{}"), "lost", "projections.result has"),
        (column("ranking.public.caught_up", "change", 0), "stuck", "owes the standings"),
        (column("exams.messaging.outbox_partitions", "acknowledged", 0), "stuck", "not sent"),
        (behind, "stuck", "exams stands at"),
        (rejected, "lost", "ranking rejected"),
        (answered_for_nothing, "lost", "answered, and not on the log"),
    ],
)
async def test_what_is_doctored_is_found(
    played: Played, doctor: Callable[[Evidence], None], kind: str, says: str
) -> None:
    """The oracle can fail: one thing is changed in what it is shown, and it says which."""
    _, evidence = played
    doctored = copy.deepcopy(evidence)
    doctor(doctored)
    assert [finding for finding in judge(doctored) if finding.kind == kind and says in finding.text]


BRAKE = (
    "consumer stopped (brake): Remedy: terang dead-letters release ranking terang.exams/3 --through"
    " 59; terang dead-letters release ranking terang.exams/4 --through 9 (only if these records are"
    " to become dead letters), then start again"
)
OUTBOX = (
    "worker stopped (outbox): 1. Remedy: terang recover ranking after a restored backup; or, if it"
    " never wrote the record, `terang ignore ranking terang.ranking/2 7 --event-id 019b-7c"
    " --reason TEXT`, and the same in each service that reads the topic"
)
IGNORE = "terang ignore ranking terang.ranking/2 7 --event-id 019b-7c --reason TEXT"


@pytest.mark.parametrize(
    ("said", "fitting", "found"),
    [
        (
            BRAKE,
            "nothing",
            [
                "terang dead-letters release ranking terang.exams/3 --through 59",
                "terang dead-letters release ranking terang.exams/4 --through 9",
            ],
        ),
        (OUTBOX, "terang ignore", [IGNORE]),
        (OUTBOX, "terang recover", ["terang recover ranking"]),
        (OUTBOX, "nothing", []),
        ("consumer stopped (gap): 1. Remedy: put the log back as it was", "terang recover", []),
    ],
)
def test_commands_are_read_as_they_are_printed(said: str, fitting: str, found: list[str]) -> None:
    """All commands of the way that fits; none where several ways are open and none fits."""
    text = f"{said}\nThen start this worker again."
    assert commands(text, lambda command: command.startswith(fitting)) == found
