"""Judges a chapter: what is lost, what is doubled, what is stuck.

It knows the rules of the platform from its documents alone (docs/subscribing.md, the descriptions
of the events), and shares no code with the product. All that it is given is `Evidence`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.fault.campaign.evidence import SERVICES, Evidence, Record

Kind = Literal["lost", "doubled", "stuck"]

CONSUMERS: dict[str, tuple[str, ...]] = {
    "terang.applications": ("exams", "ranking", "feedback"),
    "terang.applications.restricted": ("exams", "ranking"),
    "terang.exams": ("ranking",),
    "terang.ranking": ("applications", "exams"),
}
"""Who reads a topic."""

ONCE: dict[str, tuple[str, ...]] = {
    "ApplicationSubmitted": ("vacancy_id", "participant_no"),
    "ApplicationVerified": ("vacancy_id", "participant_no"),
    "ApplicationRejected": ("vacancy_id", "participant_no"),
    "ApplicationWithdrawn": ("vacancy_id", "participant_no"),
    "RegistrationClosed": ("vacancy_id",),
    "VacancyPublished": ("vacancy_id",),
    "RoundOpened": ("round_id",),
    "SeatAccepted": ("vacancy_id", "participant_no"),
    "SeatDeclined": ("vacancy_id", "participant_no"),
    "ExamScheduled": ("sitting_id", "vacancy_id"),
    "ExamScored": ("sitting_id", "participant_no"),
    "ExamMissed": ("sitting_id", "participant_no"),
    "CandidateDisqualified": ("sitting_id", "participant_no"),
    "SittingClosed": ("sitting_id", "vacancy_id"),
    "StageClosed": ("vacancy_id", "list"),
    "StandingsRecomputed": ("vacancy_id", "list", "version"),
    "StandingsPublished": ("round_id", "version"),
    "SeatOffered": ("vacancy_id", "participant_no"),
    "ComplaintFiled": ("complaint_id",),
    "ComplaintResolved": ("complaint_id",),
}
"""By what a fact is known that is stated once, as long as nobody corrects anything of it by hand.
The rounds of the campaign correct points once, which has an event of its own."""


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Event:
    """An event of the platform as a subscriber sees it."""

    topic: str
    partition: int
    offset: int
    sequence: int
    id: str
    type: str
    data: dict[str, Any]

    def name(self, *fields: str) -> tuple[Any, ...]:
        return tuple(self.data.get(field) for field in fields)

    @property
    def words(self) -> str:
        return f"{self.type} {self.id} ({self.topic}/{self.partition}, number {self.sequence})"


class Court:
    """One chapter's evidence, put in order."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.planted = set(evidence.planted) | {
            record.place for record in evidence.log if "planted" in record.headers
        }
        self.records = [record for record in evidence.log if record.place not in self.planted]
        self.events = list(_as_subscribers_see(self.records))
        self.by_type: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            self.by_type[event.type].append(event)

    def rows(self, service: str, table: str) -> list[dict[str, Any]]:
        return self.evidence.rows(service, table)

    def newest(self, *types: str, by: tuple[str, ...]) -> dict[tuple[Any, ...], Event]:
        """The newest event of these types by the named fields; they share a partition."""
        found: dict[tuple[Any, ...], Event] = {}
        for event in self.events:
            if event.type in types:
                found[event.name(*by)] = event
        return found


def judge(evidence: Evidence) -> list[Finding]:
    """All that is wrong."""
    court = Court(evidence)
    return [finding for check in CHECKS for finding in check(court)]


def _as_subscribers_see(records: Iterable[Record]) -> Iterator[Event]:
    """Events in the order of their partitions, each number once."""
    last: dict[tuple[str, int], int] = defaultdict(int)
    for record in records:
        sequence, value = record.headers.get("ce_sequence"), record.value
        if sequence is None or value is None or record.topic.endswith(".dead-letters"):
            continue
        place = (record.topic, record.partition)
        if int(sequence) > last[place]:
            last[place] = int(sequence)
            yield Event(
                record.topic,
                record.partition,
                record.offset,
                int(sequence),
                record.headers["ce_id"],
                record.headers["ce_type"].removeprefix("terang."),
                json.loads(value),
            )


# The log by itself


def numbers(court: Court) -> Iterator[Finding]:
    """Numbers are dense from 1 in each partition; a number has one event, an event one number."""
    ids: dict[tuple[str, int], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    places: dict[str, set[tuple[str, int, int]]] = defaultdict(set)
    for record in court.records:
        if "ce_sequence" in record.headers:
            number, event_id = int(record.headers["ce_sequence"]), record.headers["ce_id"]
            ids[record.topic, record.partition][number].add(event_id)
            places[event_id].add((record.topic, record.partition, number))
    for (topic, partition), by_number in ids.items():
        for number in sorted(set(range(1, max(by_number) + 1)) - set(by_number)):
            yield Finding("lost", f"{topic}/{partition} has no number {number}")
        for number, events in by_number.items():
            if len(events) > 1:
                yield Finding(
                    "doubled", f"{topic}/{partition}: number {number} is of {sorted(events)}"
                )
    for event_id, where in places.items():
        if len(where) > 1:
            yield Finding("doubled", f"event {event_id} stands at {sorted(where)}")


def once(court: Court) -> Iterator[Finding]:
    """What is stated once is stated once."""
    for type_, fields in ONCE.items():
        counts = Counter(event.name(*fields) for event in court.by_type[type_])
        for name, count in counts.items():
            if count > 1:
                yield Finding("doubled", f"{type_} of {name} was stated {count} times")


def versions(court: Court) -> Iterator[Finding]:
    """Standings' versions are dense from 1 for each list of a vacancy."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for event in court.by_type["StandingsRecomputed"]:
        found[event.name("vacancy_id", "list")].append(event.data["version"])
    for name, stated in found.items():
        if stated != list(range(1, len(stated) + 1)):
            yield Finding("lost", f"versions of {name}: {stated}")


# The log and what its owner has


def outbox(court: Court) -> Iterator[Finding]:
    """What a service decided to state is on its log, and the log has nothing else."""
    owners = {
        topic: service
        for service in SERVICES
        for topic in (
            [f"terang.{service}", f"terang.{service}.dead-letters"]
            + (["terang.applications.restricted"] if service == "applications" else [])
        )
    }
    on_log: dict[str, set[str]] = defaultdict(set)
    for record in court.records:
        if "ce_id" in record.headers:
            on_log[owners[record.topic]].add(record.headers["ce_id"])
    for service in SERVICES:
        rows = {str(row["event_id"]) for row in court.rows(service, "messaging.outbox")}
        for event_id in sorted(rows - on_log[service]):
            yield Finding("lost", f"{service}: event {event_id} of the outbox is not on its log")
        for event_id in sorted(on_log[service] - rows):
            yield Finding("lost", f"{service}: event {event_id} of its log is not in the outbox")
        for row in court.rows(service, "messaging.outbox_partitions"):
            if row["numbered"] != row["acknowledged"]:
                yield Finding("stuck", f"{service}: {row} was not sent to its end")


def positions(court: Court) -> Iterator[Finding]:
    """Every consumer has read every partition of its topics to the end."""
    last: dict[tuple[str, int], int] = defaultdict(int)
    for event in court.events:
        last[event.topic, event.partition] = event.sequence
    for topic, consumers in CONSUMERS.items():
        for service in consumers:
            stands = {
                (row["topic"], row["partition"]): row["sequence"]
                for row in court.rows(service, "messaging.position")
            }
            for place, number in last.items():
                if place[0] == topic and stands.get(place, 0) != number:
                    yield Finding(
                        "stuck",
                        f"{service} stands at {stands.get(place, 0)} of {number} in {place}",
                    )


def dead_letters(court: Court) -> Iterator[Finding]:
    """No event of the platform was rejected; what was planted was rejected at most once."""
    for service in SERVICES:
        counts: Counter[str] = Counter()
        for row in court.rows(service, "messaging.dead_letter"):
            place = f"{row['topic']}/{row['partition']}/{row['record_offset']}"
            counts[place] += 1
            if place not in court.planted:
                yield Finding("lost", f"{service} rejected {place}: {row['reason']}")
        for place, count in counts.items():
            if count > 1:
                yield Finding("doubled", f"{service} rejected {place} {count} times")


# The log and what its readers have made of it


@dataclass(frozen=True)
class Effect:
    """Rows of a consumer that follow from events: the same names on both sides."""

    service: str
    table: str
    expected: Callable[[Court], Iterable[Hashable]]
    row: Callable[[dict[str, Any]], Hashable]
    counts: Callable[[dict[str, Any]], bool] = lambda row: True


def _named(court: Court, type_: str, *fields: str) -> set[Hashable]:
    return {event.name(*fields) for event in court.by_type[type_]}


def _of(*fields: str) -> Callable[[dict[str, Any]], Hashable]:
    return lambda row: tuple(row[field] for field in fields)


_person = ("vacancy_id", "participant_no")


def _admissions(court: Court) -> set[Hashable]:
    verified = {
        (*event.name("round_id", "participant_no"), "MS")
        for event in court.by_type["ApplicationVerified"]
    }
    listed = court.newest(
        "CandidateShortlisted", "AdmissionRevoked", by=("round_id", "participant_no", "list")
    )
    return verified | {
        name for name, event in listed.items() if event.type == "CandidateShortlisted"
    }


def _results(court: Court) -> set[Hashable]:
    listed = court.newest(
        "CandidateShortlisted", "CandidateSelected", "AdmissionRevoked", by=(*_person, "list")
    )
    return {
        (*name, event.type == "CandidateSelected")
        for name, event in listed.items()
        if event.type != "AdmissionRevoked"
    }


OUTCOMES = {
    "ExamScored": 0,
    "ExamScoreCorrected": 0,
    "ExamMissed": 1,
    "CandidateDisqualified": 2,
}


def _points(points: Any) -> str:
    """Points by component, comparable."""
    said = json.loads(points) if isinstance(points, str) else points
    return "" if not said else json.dumps({key: float(said[key]) for key in sorted(said)})


def _exam_results(court: Court) -> set[Hashable]:
    newest = court.newest(*OUTCOMES, by=(*_person, "stage", "sitting_id"))
    return {
        (*name, OUTCOMES[event.type], _points(event.data.get("points")))
        for name, event in newest.items()
    }


def _verdicts(court: Court) -> set[Hashable]:
    newest = court.newest("ApplicationVerified", "ApplicationRejected", by=_person)
    gone = _named(court, "ApplicationWithdrawn", *_person)
    return {
        (*name, event.type == "ApplicationVerified", name in gone) for name, event in newest.items()
    }


def _answers(court: Court) -> set[Hashable]:
    return {(*event.name(*_person), "accepted") for event in court.by_type["SeatAccepted"]} | {
        (*event.name(*_person), event.data["reason"]) for event in court.by_type["SeatDeclined"]
    }


EFFECTS = (
    Effect(
        "exams",
        "projections.round",
        lambda court: _named(court, "RoundOpened", "round_id"),
        _of("round_id"),
    ),
    Effect(
        "exams",
        "projections.vacancy",
        lambda court: _named(court, "VacancyPublished", "vacancy_id"),
        _of("vacancy_id"),
    ),
    Effect(
        "exams",
        "projections.admission",
        _admissions,
        _of("round_id", "participant_no", "basis"),
        lambda row: not row["revoked"],
    ),
    Effect(
        "exams",
        "projections.withdrawal",
        lambda court: _named(court, "ApplicationWithdrawn", "round_id", "participant_no"),
        _of("round_id", "participant_no"),
    ),
    Effect(
        "exams",
        "projections.closed_list",
        lambda court: _named(court, "StageClosed", "vacancy_id", "list"),
        _of("vacancy_id", "list"),
    ),
    Effect(
        "exams",
        "projections.candidate_account",
        lambda court: _named(court, "ApplicantFactsStated", *_person),
        _of(*_person),
    ),
    Effect(
        "ranking",
        "projections.round",
        lambda court: _named(court, "RoundOpened", "round_id"),
        _of("round_id"),
    ),
    Effect(
        "ranking",
        "projections.vacancy",
        lambda court: _named(court, "VacancyPublished", "vacancy_id"),
        _of("vacancy_id"),
    ),
    Effect(
        "ranking",
        "projections.registration",
        lambda court: _named(court, "RegistrationClosed", "vacancy_id", "submitted"),
        _of("vacancy_id", "submitted"),
    ),
    Effect(
        "ranking",
        "projections.candidate",
        lambda court: _named(court, "ApplicationSubmitted", *_person),
        _of(*_person),
        lambda row: bool(row["submitted"]),
    ),
    Effect(
        "ranking",
        "projections.candidate",
        _verdicts,
        _of(*_person, "verified", "withdrawn"),
        lambda row: row["verified"] is not None,
    ),
    Effect(
        "ranking",
        "projections.applicant_facts",
        lambda court: _named(court, "ApplicantFactsStated", *_person),
        _of(*_person),
    ),
    Effect(
        "ranking",
        "projections.sitting",
        lambda court: {
            (*name, event.type == "SittingClosed")
            for name, event in court.newest(
                "ExamScheduled", "SittingClosed", by=("vacancy_id", "sitting_id")
            ).items()
        },
        _of("vacancy_id", "sitting_id", "closed"),
    ),
    Effect(
        "ranking",
        "projections.result",
        _exam_results,
        lambda row: (
            row["vacancy_id"],
            row["participant_no"],
            row["stage"],
            row["sitting_id"],
            row["outcome"],
            _points(row["points"]),
        ),
    ),
    Effect(
        "ranking",
        "projections.seat_answer",
        _answers,
        _of(*_person, "answer"),
    ),
    Effect(
        "applications",
        "projections.results",
        _results,
        _of(*_person, "list", "selected"),
        lambda row: not row["revoked"],
    ),
    Effect(
        "applications",
        "projections.closed_lists",
        lambda court: _named(court, "StageClosed", "vacancy_id", "list"),
        _of("vacancy_id", "list"),
    ),
    Effect(
        "applications",
        "projections.seat_offers",
        lambda court: _named(court, "SeatOffered", "offer_id", *_person),
        _of("offer_id", *_person),
    ),
    Effect(
        "feedback",
        "projections.unit",
        lambda court: {
            event.name("unit_id", "path", "staff")
            for event in court.newest("UnitRegistered", by=("unit_id",)).values()
        },
        _of("unit_id", "path", "staff"),
    ),
)


# What a service's own tables hold, and what it stated of it
OWN = (
    Effect(
        "applications",
        "public.applications",
        lambda court: _named(court, "ApplicationSubmitted", *_person),
        _of(*_person),
    ),
    Effect(
        "applications",
        "public.applications",
        lambda court: _named(court, "ApplicationWithdrawn", *_person),
        _of(*_person),
        lambda row: row["status"] == "withdrawn",
    ),
    Effect(
        "applications",
        "public.seat_answers",
        _answers,
        lambda row: (row["vacancy_id"], row["participant_no"], row["answer"]),
    ),
    Effect(
        "exams",
        "public.result",
        lambda court: {
            (*name, OUTCOMES[event.type], _points(event.data.get("points")))
            for name, event in court.newest(*OUTCOMES, by=(*_person, "stage")).items()
        },
        lambda row: (
            row["vacancy_id"],
            row["participant_no"],
            row["stage"],
            {"scored": 0, "missed": 1, "disqualified": 2}[row["state"]],
            _points(row["points"]),
        ),
    ),
    Effect(
        "ranking",
        "public.seat_offer",
        lambda court: _named(court, "SeatOffered", "offer_id", *_person),
        _of("offer_id", *_person),
    ),
    Effect(
        "ranking",
        "public.closing_version",
        lambda court: _named(court, "StageClosed", "vacancy_id", "list", "version"),
        _of("vacancy_id", "list", "version"),
        lambda row: row["follows"] is None,
    ),
    Effect(
        "ranking",
        "public.closing_version",
        lambda court: _named(court, "ClosedListCorrected", "vacancy_id", "list", "version"),
        _of("vacancy_id", "list", "version"),
        lambda row: row["follows"] is not None,
    ),
    Effect(
        "ranking",
        "public.publication",
        lambda court: _named(court, "StandingsPublished", "round_id", "version"),
        _of("round_id", "version"),
        lambda row: row["signed_at"] is not None,
    ),
    Effect(
        "feedback",
        "public.complaint",
        lambda court: _named(court, "ComplaintFiled", "complaint_id", "unit_id"),
        _of("complaint_id", "unit_id"),
    ),
    Effect(
        "feedback",
        "public.complaint",
        lambda court: _named(court, "ComplaintResolved", "complaint_id", "outcome"),
        _of("complaint_id", "outcome"),
        lambda row: row["outcome"] is not None,
    ),
)


def effects(court: Court) -> Iterator[Finding]:
    """Each event took effect at each of its readers, once; owners have what they stated."""
    for effect in (*EFFECTS, *OWN):
        there = Counter(
            effect.row(row)
            for row in court.rows(effect.service, effect.table)
            if effect.counts(row)
        )
        expected = set(effect.expected(court))
        where = f"{effect.service} {effect.table}"
        for name in sorted(expected - set(there), key=str):
            yield Finding("lost", f"{where} lacks {name}, which the log has")
        for name in sorted(set(there) - expected, key=str):
            yield Finding("lost", f"{where} has {name}, of which the log knows nothing")
        for name, count in there.items():
            if count > 1:
                yield Finding("doubled", f"{where} has {name} {count} times")


def owed(court: Court) -> Iterator[Finding]:
    """All standings were stated after their last change."""
    stated = {row["vacancy_id"]: row["change"] for row in court.rows("ranking", "public.caught_up")}
    for row in court.rows("ranking", "projections.vacancy_lock"):
        if stated.get(row["vacancy_id"], 0) < row["change"]:
            yield Finding("stuck", f"ranking owes the standings of {row['vacancy_id']}")


def seats(court: Court) -> Iterator[Finding]:
    """A person accepts one seat; a vacancy gives no more seats than it has."""
    numbers = {
        event.data["vacancy_id"]: event.data["seats"] for event in court.by_type["VacancyPublished"]
    }
    selected = court.newest("CandidateSelected", "AdmissionRevoked", by=(*_person, "list"))
    taken = Counter(
        event.data["vacancy_id"] for event in selected.values() if event.type == "CandidateSelected"
    )
    taken += Counter(event.data["vacancy_id"] for event in court.by_type["SeatAccepted"])
    given_up = Counter(
        event.data["vacancy_id"]
        for event in court.by_type["SeatDeclined"]
        if event.data.get("offer_id") is None
    )
    for vacancy_id, count in taken.items():
        if count - given_up[vacancy_id] > numbers[vacancy_id]:
            yield Finding(
                "doubled", f"{vacancy_id}: {count} people for {numbers[vacancy_id]} seats"
            )


# What clients were told


def acknowledged(court: Court) -> Iterator[Finding]:
    """Each command that was answered stands on the log."""
    stated = {
        type_: Counter(event.name(*fields) for event in events)
        for type_, events in court.by_type.items()
        if (fields := ONCE.get(type_, ("vacancy_id", "participant_no", "sitting_id")))
    }
    for command in court.evidence.answers:
        for type_, name in _promised(command):
            if stated.get(type_, Counter())[name] == 0:
                yield Finding("lost", f"{type_} of {name}: answered, and not on the log")


def _promised(command: dict[str, Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Which facts an answer promises: (type of event, name as in ONCE)."""
    parts = command["path"].strip("/").split("/")
    promise = PROMISES.get((parts[0], parts[-1]))
    if promise is not None:
        yield from promise(parts, command.get("body") or {}, command["answer"])


Promise = Callable[[list[str], dict[str, Any], Any], Iterable[tuple[str, tuple[Any, ...]]]]


def _applied(parts: list[str], _: dict[str, Any], answer: Any) -> Iterable[Any]:
    name = (parts[2], answer["participant_no"])
    return [("ApplicationSubmitted", name)]


def _decided(parts: list[str], body: dict[str, Any], _: Any) -> Iterable[Any]:
    type_ = "ApplicationVerified" if body["decision"] == "MS" else "ApplicationRejected"
    return [(type_, (parts[2], parts[4]))]


def _withdrawn(parts: list[str], _: dict[str, Any], __: Any) -> Iterable[Any]:
    return [("ApplicationWithdrawn", (parts[2], parts[4]))]


def _given_up(parts: list[str], _: dict[str, Any], __: Any) -> Iterable[Any]:
    return [("SeatDeclined", (parts[2], parts[4]))]


def _recorded(type_: str) -> Promise:
    def promise(parts: list[str], body: dict[str, Any], _: Any) -> Iterable[Any]:
        return [(type_, (parts[2], body["participant_no"]))]

    return promise


def _corrected(parts: list[str], body: dict[str, Any], answer: Any) -> Iterable[Any]:
    if "vacancy_id" not in answer:
        return []  # in a closed sitting it waits for a second officer
    name = (answer["vacancy_id"], body["participant_no"], parts[2])
    return [("ExamScoreCorrected", name)]


def _filed(_: list[str], __: dict[str, Any], answer: Any) -> Iterable[Any]:
    return [("ComplaintFiled", (answer["complaint_id"],))]


def _resolved(parts: list[str], _: dict[str, Any], __: Any) -> Iterable[Any]:
    return [("ComplaintResolved", (parts[2],))]


def _signed(parts: list[str], _: dict[str, Any], answer: Any) -> Iterable[Any]:
    return [("StandingsPublished", (parts[2], answer["version"]))]


PROMISES: dict[tuple[str, str], Promise] = {
    ("applications", "applications"): _applied,
    ("applications", "verification"): _decided,
    ("applications", "withdrawal"): _withdrawn,
    ("applications", "decline"): _given_up,
    ("exams", "scores"): _recorded("ExamScored"),
    ("exams", "absences"): _recorded("ExamMissed"),
    ("exams", "corrections"): _corrected,
    ("feedback", "complaints"): _filed,
    ("feedback", "resolution"): _resolved,
    ("ranking", "signature"): _signed,
}
"""By the service and the last part of a command's path."""


def imported(court: Court) -> Iterator[Finding]:
    """Every row of a file of scores that was answered stands on the log."""
    scored = _named(court, "ExamScored", "sitting_id", "participant_no")
    for command in court.evidence.answers:
        if command["path"].endswith("/scores/import"):
            sitting = command["path"].split("/")[3]
            for line in command["csv"].splitlines()[1:]:
                if (name := (sitting, line.split(",")[0])) not in scored:
                    yield Finding("lost", f"ExamScored of {name}: imported, and not on the log")


def decided(court: Court) -> Iterator[Finding]:
    """Every closing and every decision of two officers that was answered stands on the log."""
    closed = {("sitting", event.data["sitting_id"]) for event in court.by_type["SittingClosed"]}
    stated = closed | {
        (what, *event.name(*fields))
        for what, type_, fields in (
            ("registration", "RegistrationClosed", ("round_id",)),
            ("disqualified", "CandidateDisqualified", ("sitting_id", "participant_no")),
            ("corrected", "ExamScoreCorrected", ("sitting_id", "participant_no")),
            ("adopted", "ClosedListCorrected", ("vacancy_id", "list", "version")),
            ("list", "StageClosed", ("round_id", "list")),
        )
        for event in court.by_type[type_]
    }
    for command in court.evidence.answers:
        for name in _decisions(command):
            if name not in stated:
                yield Finding("lost", f"{name}: answered, and not on the log")


def _decisions(command: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What a command that closes or confirms something has decided, by the names of `decided`."""
    parts = command["path"].strip("/").split("/")
    outcome = command["answer"].get("outcome") or {}
    match parts[0], parts[-1]:
        case "applications", "confirm":
            yield "registration", outcome["round_id"]
        case "exams", "confirm":
            what = "disqualified" if outcome["state"] == "disqualified" else "corrected"
            yield what, outcome["sitting_id"], outcome["participant_no"]
        case "exams", "close":
            yield "sitting", parts[2]
        case "ranking", "confirm" if "follows" in outcome:
            yield "adopted", outcome["vacancy_id"], outcome["list"], outcome["version"]
        case "ranking", "close":
            yield "list", parts[2], "skd" if "stages" in parts else "final"
        case _:
            pass


CHECKS: tuple[Callable[[Court], Iterator[Finding]], ...] = (
    numbers,
    once,
    versions,
    outbox,
    positions,
    dead_letters,
    effects,
    owed,
    seats,
    acknowledged,
    imported,
    decided,
)
