"""Plays a whole round with generated clients, as a program of somebody else's would.

It knows nothing of Terang but the packages that were generated of the OpenAPI documents, and runs
in an environment without it: `play_round.py GENERATOR DOOR`. What it saw is printed as JSON.
"""

import csv
import io
import json
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

PATIENCE_S = 90
NOT_YET = {404, 409, 422, 503}
"""What a service answers while events of another are still on their way to it."""


@dataclass(frozen=True)
class Answer:
    """Status, the model into which the client parsed the body, its fields, its headers."""

    status: int
    model: str
    fields: Any
    headers: Mapping[str, str]


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their names in small letters."""
    return {name.lower(): value for name, value in headers.items()}


Send = Callable[[str, str, str, str | None, dict[str, Any]], Answer]
"""Takes service, tag, operation, token, parameters; `body` is a CSV text or (model, fields)."""


def with_openapi_python_client(door: str) -> Send:
    """Sends with the packages `<service>_client`."""

    def body_of(package: str, body: Any) -> Any:
        if isinstance(body, str):
            return import_module(f"{package}.types").File(payload=io.BytesIO(body.encode()))
        model, fields = body
        return getattr(import_module(f"{package}.models"), model).from_dict(fields)

    def send(
        service: str, tag: str, operation: str, token: str | None, given: dict[str, Any]
    ) -> Answer:
        package = f"{service}_client"
        client = import_module(f"{package}.client")
        ours = client.Client(door) if token is None else client.AuthenticatedClient(door, token)
        if "body" in given:
            given = {**given, "body": body_of(package, given["body"])}
        function = import_module(f"{package}.api.{tag}.{operation}").sync_detailed
        answer = function(client=ours, **given)
        parsed = answer.parsed
        fields = parsed.to_dict() if hasattr(parsed, "to_dict") else parsed
        return Answer(answer.status_code, type(parsed).__name__, fields, _lower(answer.headers))

    return send


def with_openapi_generator(door: str) -> Send:
    """Sends with the packages `terang_<service>`."""

    def send(
        service: str, tag: str, operation: str, token: str | None, given: dict[str, Any]
    ) -> Answer:
        package = import_module(f"terang_{service}")
        parameters = dict(given)
        body = parameters.pop("body", None)
        if isinstance(body, str):
            parameters["body"] = body.encode()
        elif body is not None:
            model, fields = body
            name = "".join(f"_{c.lower()}" if c.isupper() else c for c in model)[1:]
            parameters[name] = getattr(package, model).from_dict(fields)
        client = package.ApiClient(package.Configuration(host=door, access_token=token))
        api = "".join(part.capitalize() for part in tag.split("_")) + "Api"
        function = getattr(getattr(package, api)(client), f"{operation}_with_http_info")
        try:
            answer = function(**parameters)
        except package.exceptions.ApiException as refused:
            return _answer(refused.status, refused.data, refused.headers)
        return _answer(answer.status_code, answer.data, answer.headers)

    def _answer(status: int, parsed: Any, headers: Mapping[str, str]) -> Answer:
        fields = json.loads(parsed.to_json()) if hasattr(parsed, "to_json") else parsed
        return Answer(status, type(parsed).__name__, fields, _lower(headers))

    return send


GENERATORS = {
    "openapi-python-client": with_openapi_python_client,
    "openapi-generator": with_openapi_generator,
}


class Player:
    """Sends requests in people's names, by the tokens of the demonstration's issuer."""

    def __init__(self, door: str, send: Send) -> None:
        self._door = door
        self._send = send
        self._tokens: dict[str, str] = {}

    def ask(self, who: str | None, service: str, tag: str, operation: str, **given: Any) -> Answer:
        """Sends once. `who` is `name:role`, or nobody."""
        return self._send(service, tag, operation, who and self._token(who), given)

    def do(self, who: str | None, service: str, tag: str, operation: str, **given: Any) -> Any:
        """Sends until it is done, while what it needs is on its way; gives what was answered."""
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self.ask(who, service, tag, operation, **given)
            if answer.status in (200, 201):
                return answer.fields
            assert answer.status in NOT_YET, answer
            assert time.monotonic() < until, answer
            time.sleep(0.3)

    def refused(
        self, who: str | None, service: str, tag: str, operation: str, **given: Any
    ) -> Answer:
        """Sends what must be refused: the client has to parse it as problem details."""
        answer = self.ask(who, service, tag, operation, **given)
        assert answer.status >= 400, answer
        assert answer.model == "ProblemDetails", answer
        assert answer.fields["status"] == answer.status, answer
        return answer

    def now(self) -> datetime:
        """What the deployment takes for the present."""
        return datetime.fromisoformat(self._issuer("/clock")["now"])

    def let_pass(self, hours: int) -> None:
        """Moves the clock of the demonstration ahead."""
        self._issuer("/clock", json.dumps({"hours": hours}).encode(), "application/json")

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            name, role = who.split(":")
            form = {"grant_type": "client_credentials", "client_id": name, "scope": role}
            data = urllib.parse.urlencode(form).encode()
            answer = self._issuer("/token", data, "application/x-www-form-urlencoded")
            self._tokens[who] = answer["access_token"]
        return self._tokens[who]

    def _issuer(self, path: str, data: bytes | None = None, type_: str = "") -> Any:
        headers = {"Content-Type": type_} if data else {}
        request = urllib.request.Request(f"{self._door}/issuer{path}", data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def csv_text(*rows: Sequence[object]) -> str:
    """A CSV file as its text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


OFFICER, SECOND, VERIFIER, EXAMINER = (
    "client-officer:officer",
    "client-second:officer",
    "client-verifier:verifier",
    "client-examiner:examiner",
)
LEVEL, PROGRAMME = "S-1/Sarjana", "S-1 ILMU PEMERINTAHAN"
POINTS = {"atas": ("90", "80"), "tengah": ("80", "70"), "bawah": ("60", "70")}
"""Of each applicant in the two components of the policy's one stage."""


@dataclass(frozen=True)
class Round:
    """A round, its one vacancy at one unit, and who has which participant number."""

    round_id: str
    vacancy_id: str
    unit_id: str
    numbers: dict[str, str]

    def applicant(self, name: str) -> str:
        """The account of an applicant."""
        return f"{self.round_id}-{name}:applicant"


def open_round(player: Player) -> Round:
    """A unit, a round and its vacancy, by files of CSV."""
    mark = uuid4().hex[:8]
    round_id, unit_id, unit = f"r-{mark}", f"C-{mark}", f"KECAMATAN {mark}"
    units = csv_text(("unit_id", "path", "staff"), (unit_id, unit, 20))
    imported = player.do(OFFICER, "applications", "units", "import_units", body=units)
    assert imported == {"rows": 1, "changed": 1}, imported
    created = player.ask(
        OFFICER,
        "applications",
        "rounds",
        "open_round",
        body=("OpenRound", _round(round_id, player.now())),
        idempotency_key=uuid4().hex,
    )
    assert created.status == 201, created
    assert created.headers["location"] == f"/applications/rounds/{round_id}"
    place = {"round_id": round_id}
    file = _vacancies(unit)
    player.do(OFFICER, "applications", "vacancies", "import_vacancies", body=file, **place)
    player.do(OFFICER, "applications", "rounds", "publish_vacancies", **place)
    listed = player.do(None, "applications", "vacancies", "list_vacancies", **place)
    assert listed["next"] is None
    (vacancy,) = listed["items"]
    assert vacancy["education"] == [{"level": LEVEL, "programme": PROGRAMME}]
    return Round(round_id, vacancy["vacancy_id"], unit_id, {})


def _round(round_id: str, now: datetime) -> dict[str, Any]:
    """A round in which people may register for less than a day."""
    return {
        "round_id": round_id,
        "name": "Uji klien",
        "policy_id": "local-senapelan",
        "decreed_seats": 1,
        "calendar": {
            "registration_opens": (now - timedelta(days=1)).isoformat(),
            "registration_closes": (now + timedelta(hours=20)).isoformat(),
        },
    }


def _vacancies(unit: str) -> str:
    """The file of one vacancy, as the national portal has it."""
    row = {
        "formasi_id": str(uuid4()),
        "ins_nm": "Pemerintah Kota",
        "jp_nama": "CPNS",
        "formasi_nm": "UMUM",
        "jabatan_nm": "PENATA LAYANAN",
        "lokasi_nm": unit,
        "jumlah_formasi": 1,
        "disable": 1,
        "gaji_min": 1,
        "gaji_max": 2,
        "jenjang_studi": LEVEL,
        "program_studi": PROGRAMME,
    }
    return csv_text(tuple(row), tuple(row.values()))


def register(player: Player, round_: Round) -> None:
    """People apply, a verifier goes through the queue, registration ends."""
    place = {"vacancy_id": round_.vacancy_id}
    stated = {
        "education_level": LEVEL,
        "education_programme": PROGRAMME,
        "gpa": "3.50",
        "birth_date": "1998-05-01",
        "relevant_experience_months": 12,
    }
    for name in POINTS:
        receipt = player.do(
            round_.applicant(name),
            "applications",
            "applications",
            "submit_application",
            body=("SubmitApplication", stated),
            **place,
        )
        round_.numbers[name] = receipt["participant_no"]
    queue = player.do(
        VERIFIER, "applications", "applications", "list_applications", status="submitted", **place
    )
    assert [each["participant_no"] for each in queue["items"]] == sorted(round_.numbers.values())
    for each in queue["items"]:
        player.do(
            VERIFIER,
            "applications",
            "applications",
            "verify_application",
            participant_no=each["participant_no"],
            body=("VerifyApplication", {"decision": "MS"}),
            **place,
        )
    own = player.do(
        round_.applicant("atas"), "applications", "applications", "list_own_applications"
    )
    assert [each["status"] for each in own["items"]] == ["verified"], own
    player.let_pass(hours=24)
    player.do(OFFICER, "applications", "rounds", "close_registration", round_id=round_.round_id)


def sit(player: Player, round_: Round) -> None:
    """The one stage: scheduled, its scores imported from a file, closed."""
    sitting = {
        "round_id": round_.round_id,
        "stage": "seleksi",
        "site": "Gedung A",
        "starts_at": (player.now() - timedelta(hours=1)).replace(microsecond=0).isoformat(),
        "vacancy_ids": [round_.vacancy_id],
    }
    scheduled = player.do(
        OFFICER, "exams", "sittings", "schedule_sitting", body=("ScheduleSitting", sitting)
    )
    place = {"sitting_id": scheduled["sitting_id"]}
    rows = [(round_.numbers[name], *points) for name, points in POINTS.items()]
    file = csv_text(("participant_no", "KOMPETENSI", "FORUM"), *rows)
    recorded = player.do(EXAMINER, "exams", "results", "import_scores", body=file, **place)
    assert recorded["recorded"] == len(POINTS), recorded
    queue = player.do(EXAMINER, "exams", "sittings", "list_sitting_candidates", limit=2, **place)
    assert (len(queue["items"]), queue["next"] is None) == (2, False), queue
    player.do(OFFICER, "exams", "sittings", "close_sitting", **place)


def rank(player: Player, round_: Round) -> dict[str, str]:
    """The final list is fixed, published by two officers; gives result codes by name."""
    place = {"round_id": round_.round_id}
    player.do(OFFICER, "ranking", "rounds", "close_round", **place)
    listed = player.do(None, "ranking", "standings", "get_standings", vacancy_id=round_.vacancy_id)
    assert listed["state"] == "closed"
    told = player.do(
        None,
        "ranking",
        "standings",
        "explain_place",
        vacancy_id=round_.vacancy_id,
        participant_no=round_.numbers["atas"],
    )
    assert told["participant_no"] == round_.numbers["atas"]
    proposed = player.do(OFFICER, "ranking", "published_lists", "propose_publication", **place)
    signed = player.do(
        SECOND,
        "ranking",
        "published_lists",
        "sign_publication",
        body=("SignPublication", {"digest": proposed["digest"]}),
        **place,
    )
    keys = player.do(None, "ranking", "published_lists", "list_keys")
    assert (signed["version"], len(keys["keys"]) > 0) == (1, True)
    names = {number: name for name, number in round_.numbers.items()}
    return {names[line["participant_no"]]: line["code"] for line in listed["items"]}


def complain(player: Player, round_: Round) -> None:
    """Services are reported in a file; somebody without a token complains, and is answered."""
    unit = {"unit_id": round_.unit_id}
    services = csv_text(
        ("unit_id", "month", "services"), (round_.unit_id, f"{player.now():%Y-%m}", 900)
    )
    imported = player.do(OFFICER, "feedback", "units", "import_services", body=services)
    assert imported["rows"] == 1, imported
    complaint = {**unit, "category": "slow-service", "text": "Izin belum selesai juga."}
    filed = player.do(
        None, "feedback", "complaints", "file_complaint", body=("FileComplaint", complaint)
    )
    resolution = {"outcome": "not-upheld", "text": "Berkas belum lengkap saat diajukan."}
    player.do(
        OFFICER,
        "feedback",
        "complaints",
        "resolve_complaint",
        complaint_id=filed["complaint_id"],
        body=("ResolveComplaint", resolution),
    )
    tracked = player.do(
        None,
        "feedback",
        "complaints",
        "track_complaint",
        body=("TrackComplaint", {"tracking_code": filed["tracking_code"]}),
    )
    assert (tracked["outcome"], tracked["happened_on"]) == ("not-upheld", None), tracked


def be_refused(player: Player, round_: Round) -> dict[str, int]:
    """What is refused is parsed, whatever the reason; gives each problem's type and status."""
    units = ("applications", "units", "import_units")
    wrong = csv_text(("unit_id", "path", "staff"), ("C-1", "X", "many"), ("C-2", "Y", "-1"))
    faults = player.refused(OFFICER, *units, body=wrong)
    assert [each["line"] for each in faults.fields["errors"]] == [2, 3], faults
    refusals = [
        player.refused(None, *units, body=wrong),
        player.refused(round_.applicant("atas"), *units, body=wrong),
        faults,
        player.refused(None, "applications", "rounds", "get_round", round_id="none-of-this"),
        player.refused(OFFICER, "ranking", "rounds", "close_round", round_id=round_.round_id),
        player.refused(None, "feedback", "units", "list_units", cursor="not-ours"),
    ]
    return {refusal.fields["type"]: refusal.status for refusal in refusals}


def main(generator: str, door: str) -> None:
    player = Player(door, GENERATORS[generator](door))
    round_ = open_round(player)
    register(player, round_)
    sit(player, round_)
    codes = rank(player, round_)
    complain(player, round_)
    print(json.dumps({"codes": codes, "refused": be_refused(player, round_)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
