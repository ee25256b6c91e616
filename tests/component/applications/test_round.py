"""From units to a published round, over HTTP."""

import pytest

from shared.contracts.applications import RoundOpened, UnitRegistered, VacancyPublished
from shared.policies import Policy, load
from tests.component.applications.conftest import (
    CUMLAUDE,
    GENERAL,
    HEADER,
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    all_at_once,
    ok,
    real_list,
    refused,
    units_of,
)


async def import_vacancies(
    office: Office, file: str = VACANCIES, round_id: str = ROUND
) -> dict[str, object]:
    path = f"/rounds/{round_id}/vacancies/import"
    return ok(await office.post(path, office.officer(), file))  # type: ignore[no-any-return]


async def prepared(office: Office, **round_: object) -> None:
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(**round_), 201)  # type: ignore[arg-type]


async def test_real_list(office: Office) -> None:
    """The real list of 2024 is imported whole and published, numbered in order of listing id."""
    ok(await office.post("/units/import", office.officer(), units_of(real_list())))
    ok(await office.open(seats=144), 201)
    imported = await import_vacancies(office, real_list())
    assert imported == {
        "rows": 175,
        "vacancies": 98,
        "added": 98,
        "changed": 0,
        "removed": 0,
        "draft_vacancies": 98,
        "seats": 144,
        "decreed_seats": 144,
    }
    assert ok(await office.publish())["published_at"] is not None
    published = await office.service.stated(VacancyPublished)
    assert [vacancy.number for vacancy in published] == list(range(1, 99))
    assert [vacancy.listing_id for vacancy in published] == sorted(
        vacancy.listing_id for vacancy in published
    )
    assert sum(len(vacancy.education) for vacancy in published) == 175


async def test_units_stated_when_new_or_changed(office: Office) -> None:
    """A unit is stated when it is new or when its path or staff changed, and not otherwise."""
    assert ok(await office.post("/units/import", office.officer(), UNITS)) == {
        "rows": 3,
        "changed": 3,
    }
    assert ok(await office.post("/units/import", office.officer(), UNITS)) == {
        "rows": 3,
        "changed": 0,
    }
    changed = UNITS.replace("34", "35")
    assert ok(await office.post("/units/import", office.officer(), changed)) == {
        "rows": 3,
        "changed": 1,
    }
    stated = await office.service.stated(UnitRegistered)
    assert [(unit.unit_id, unit.staff) for unit in stated] == [
        ("U-1", 34),
        ("U-2", 120),
        ("U-3", 80),
        ("U-1", 35),
    ]


async def test_units_may_swap_their_paths(office: Office) -> None:
    """Two units of one file may take over each other's path."""
    ok(
        await office.post(
            "/units/import", office.officer(), "unit_id,path,staff\nU-1,A | B,1\nU-2,A | C,1\n"
        )
    )
    ok(
        await office.post(
            "/units/import", office.officer(), "unit_id,path,staff\nU-1,A | C,1\nU-2,A | B,1\n"
        )
    )
    units = ok(await office.get("/units"))["items"]
    assert [(unit["unit_id"], unit["path"]) for unit in units] == [
        ("U-1", "A | C"),
        ("U-2", "A | B"),
    ]


async def test_bad_units_change_nothing(office: Office) -> None:
    """Every bad row is named by line, column and reason, and none of the file is kept."""
    ok(await office.post("/units/import", office.officer(), "unit_id,path,staff\nU-9,A | B,1\n"))
    file = (
        "unit_id,path,staff\n"
        "U-1,Fine,1\n"
        "U-1,Other,2\n"
        "U-2,  FINE ,3\n"
        "U-3,a|b,4\n"
        "U 4,Blank in the id,5\n"
        "U-5,Staff,few\n"
        "U-6,,7\n"
    )
    problem = refused(
        await office.post("/units/import", office.officer(), file), 422, "rows-refused"
    )
    assert [(fault["line"], fault["column"]) for fault in problem["errors"]] == [
        (3, "unit_id"),
        (4, "path"),
        (5, "path"),
        (6, "unit_id"),
        (7, "staff"),
        (8, "path"),
    ]
    assert (
        problem["errors"][0]["reason"]
        == "“U-1” stands in line 2 already. Leave one of the two out."
    )
    assert problem["errors"][2]["reason"].startswith("The unit U-9 has this path.")
    assert [unit["unit_id"] for unit in ok(await office.get("/units"))["items"]] == ["U-9"]


async def test_faults_in_indonesian(office: Office) -> None:
    """Who asks for no other language reads problem and faults in Indonesian."""
    who = {**office.officer(), "Accept-Language": "id-ID,id;q=0.9"}
    problem = (
        await office.post("/units/import", who, "unit_id,path,staff\nU-1,A,1\nU-1,B,1\n")
    ).json()
    assert problem["title"] == "Ada baris yang salah"
    assert problem["errors"][0]["reason"] == "“U-1” sudah ada di baris 2. Hapus salah satunya."
    assert problem["errors"][0]["code"] == "twice"


@pytest.mark.parametrize(
    ("file", "why"),
    [("", "header"), ("path,staff\nA,1\n", "header"), ('unit_id,path,staff\nU-1,"A,1\n', "Line")],
)
async def test_what_is_no_such_file(office: Office, file: str, why: str) -> None:
    """No CSV file with these columns: refused as a whole, with the header that is wanted."""
    problem = refused(
        await office.post("/units/import", office.officer(), file), 422, "file-unreadable"
    )
    assert why in problem["detail"]
    assert "unit_id,path,staff" in problem["detail"]


async def test_round_states_its_whole_policy(office: Office) -> None:
    """RoundOpened holds the whole policy with its hash, and a seed of its own."""
    ok(await office.open(), 201)
    ok(await office.open("cpns-2027"), 201)
    first, second = await office.service.stated(RoundOpened)
    policy = Policy.model_validate(first.policy)
    assert policy == load("national-cpns-2024")
    assert (first.policy_id, first.policy_version, first.policy_hash) == (
        policy.id,
        policy.version,
        policy.hash(),
    )
    assert first.seed != second.seed
    assert first.calendar.registration_opens.isoformat() == "2026-08-19T17:00:00+00:00"
    shown = ok(await office.get(f"/rounds/{ROUND}"))
    assert (shown["seed"], shown["vacancies"], shown["published_at"]) == (first.seed, 0, None)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"policy_id": "../national-cpns-2024"}, 422, "unknown-policy"),
        ({"decreed_seats": 0}, 422, "invalid-request"),
        ({"round_id": "Nama Panjang"}, 422, "invalid-request"),
        ({"name": "nul \x00"}, 422, "invalid-request"),
        ({"extra": 1}, 422, "invalid-request"),
        ({"calendar": {"registration_opens": "2026-09-02T00:00:00"}}, 422, "invalid-request"),
        (
            {
                "calendar": {
                    "registration_opens": "2026-09-02T00:00:00Z",
                    "registration_closes": "2026-09-01T00:00:00Z",
                }
            },
            422,
            "calendar-reversed",
        ),
        (
            {
                "calendar": {
                    "registration_opens": "2026-08-01T00:00:00Z",
                    "registration_closes": "2026-08-02T00:00:00Z",
                }
            },
            422,
            "calendar-past",
        ),
    ],
)
async def test_rounds_that_cannot_be(
    office: Office, change: dict[str, object], status: int, code: str
) -> None:
    """A round that nobody could use is refused, and nothing is stated."""
    refused(await office.open(**change), status, code)  # type: ignore[arg-type]
    assert await office.service.stated() == []


async def test_round_id_is_taken_once(office: Office) -> None:
    """Of two that open a round with one id at the same time, one is refused."""
    assert sorted(await all_at_once(office.open(), office.open())) == [201, 409]
    refused(await office.open(), 409, "round-exists")
    assert len(await office.service.stated(RoundOpened)) == 1


async def test_a_draft_is_hidden(office: Office) -> None:
    """Until it is published officers alone see it."""
    await prepared(office)
    shorter = (
        "\n".join(line for line in VACANCIES.splitlines() if not line.startswith("c-school")) + "\n"
    )
    await import_vacancies(office, shorter)
    path = f"/rounds/{ROUND}/vacancies"
    assert ok(await office.get(path))["items"] == []
    drafts = ok(await office.get(path, office.officer()))["items"]
    assert [(draft["listing_id"], draft["number"]) for draft in drafts] == [
        (GENERAL, 1),
        (CUMLAUDE, 2),
    ]
    assert await office.service.stated(VacancyPublished) == []


async def test_publishing_needs_the_decreed_seats(office: Office) -> None:
    """Vacancies become public all at once, for good, when their seats equal the decreed seats."""
    await prepared(office, seats=5)
    refused(await office.publish(), 409, "nothing-to-publish")
    await import_vacancies(office)
    problem = refused(await office.publish(), 409, "seats-differ")
    assert "4" in problem["detail"]
    assert "5" in problem["detail"]
    assert ok(await office.get(f"/rounds/{ROUND}/vacancies"))["items"] == []
    await import_vacancies(office, VACANCIES.replace("SEKRETARIAT,1,", "SEKRETARIAT,2,"))
    view = ok(await office.publish())
    assert (view["vacancies"], view["seats"]) == (3, 5)
    again = await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES)
    refused(again, 409, "round-published")


async def test_publishing_twice_is_once(office: Office) -> None:
    """Two officers who publish at the same time, and again later, have one effect."""
    await prepared(office)
    await import_vacancies(office)
    assert await all_at_once(office.publish(), office.publish()) == [200, 200]
    office.service.clock.advance(hours=1)
    assert ok(await office.publish())["published_at"] == "2026-08-20T03:00:00Z"
    assert len(await office.service.stated(VacancyPublished)) == 3


async def test_what_is_published(open_round: Office) -> None:
    """A vacancy is stated with its unit, need, seats and all programmes that it accepts."""
    general, cumlaude, school = await open_round.service.stated(VacancyPublished)
    assert (general.vacancy_id, general.listing_id, general.number) == (GENERAL, GENERAL, 1)
    assert (general.unit_id, general.unit_path) == (
        "U-1",
        "Pemerintah Kota Serang | KECAMATAN KASEMEN",
    )
    assert [(accepted.level, accepted.programme) for accepted in general.education] == [
        ("S-1/Sarjana", "S-1 ILMU PEMERINTAHAN"),
        ("Diploma IV", "D-IV ADMINISTRASI PUBLIK"),
    ]
    assert (cumlaude.need, cumlaude.unit_id, cumlaude.post) == (
        "CUMLAUDE",
        general.unit_id,
        general.post,
    )
    assert (school.seats, school.pay_min, school.pay_max, school.open_to_disabled) == (
        1,
        1747200,
        1921920,
        False,
    )


async def test_bad_rows_change_nothing(office: Office) -> None:
    """Every bad row of a list is named by line, column and reason; the draft before stays."""
    await prepared(office)
    await import_vacancies(office)
    row = "{id},Pemkot,CPNS,{need},POST,{unit},{seats},{disable},{low},{high},{level},{programme}"
    good = {
        "id": "x",
        "need": "UMUM",
        "unit": "Pemerintah Kota Medan | SEKRETARIAT",
        "seats": 1,
        "disable": 1,
        "low": 1,
        "high": 2,
        "level": "S-1",
        "programme": "A",
    }
    rows = [
        good,
        good | {"programme": "B", "seats": 2},
        good,
        good | {"id": "y", "unit": "Nowhere"},
        good | {"id": "z", "need": "SIAPA SAJA"},
        good | {"id": "s", "seats": 0},
        good | {"id": "p", "low": 3},
        good | {"id": "d", "disable": 2},
        good | {"id": "e", "low": "1.5"},
        good | {"id": "b c"},
    ]
    file = "\n".join([HEADER, *(row.format(**values) for values in rows)])
    answer = await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), file)
    faults = refused(answer, 422, "rows-refused")["errors"]
    assert [(fault["line"], fault["column"], fault.get("code")) for fault in faults] == [
        (3, "jumlah_formasi", "rows-differ"),
        (4, "program_studi", "twice"),
        (5, "lokasi_nm", "unknown-unit"),
        (6, "formasi_nm", "unknown-need"),
        (7, "jumlah_formasi", None),
        (8, "", None),
        (9, "disable", None),
        (10, "gaji_min", None),
        (11, "formasi_id", None),
    ]
    assert len(ok(await office.get(f"/rounds/{ROUND}/vacancies", office.officer()))["items"]) == 3


async def test_listing_ids_of_a_later_round(open_round: Office) -> None:
    """A listing id that another round used gives an id of its own, the same on every import."""
    ok(await open_round.open("cpns-2027"), 201)
    ids = []
    for _ in range(2):
        await import_vacancies(open_round, round_id="cpns-2027")
        items = ok(await open_round.get("/rounds/cpns-2027/vacancies", open_round.officer()))[
            "items"
        ]
        ids.append([item["vacancy_id"] for item in items])
        assert [item["listing_id"] for item in items] == ["a-general", "b-cumlaude", "c-school"]
    assert ids[0] == ids[1]
    assert "a-general" not in ids[0]


async def test_lists_page(office: Office) -> None:
    """Units, rounds and vacancies page by cursor, each item once.

    A cursor that isn't one is refused.
    """
    ok(await office.post("/units/import", office.officer(), units_of(real_list())))
    ok(await office.open("r-1", seats=144), 201)
    ok(await office.open("r-2"), 201)
    await import_vacancies(office, real_list(), "r-1")
    ok(await office.publish("r-1"))
    for path, key, count in (
        ("/units", "unit_id", 64),
        ("/rounds", "round_id", 2),
        ("/rounds/r-1/vacancies", "number", 98),
    ):
        seen, cursor = [], None
        while True:
            page = ok(await office.get(path, limit=10, **({"cursor": cursor} if cursor else {})))
            seen += [item[key] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == sorted(set(seen))
        assert len(seen) == count
        refused(await office.get(path, cursor="x"), 400, "bad-cursor")
    refused(await office.get("/rounds/r-1/vacancies", cursor="WyJhIl0"), 400, "bad-cursor")
    refused(await office.get("/units", cursor="WzFd"), 400, "bad-cursor")


@pytest.mark.parametrize(
    "path",
    [
        "/units/import",
        "/rounds",
        f"/rounds/{ROUND}/vacancies/import",
        f"/rounds/{ROUND}/publish",
        f"/rounds/{ROUND}/registration/close",
    ],
)
async def test_officers_alone(office: Office, path: str) -> None:
    """Nobody but an officer prepares a round."""
    refused(await office.post(path, office.verifier(), {}), 403, "not-your-role")
    refused(await office.post(path, {"Accept-Language": "en"}, {}), 401, "unauthenticated")


async def test_unknown_round(office: Office) -> None:
    """What is asked of a round that isn't there is answered 404."""
    refused(await office.get("/rounds/none"), 404, "not-found")
    refused(await office.get("/rounds/none/vacancies"), 404, "not-found")
    refused(await office.publish("none"), 404, "not-found")
    refused(await office.close("none"), 404, "not-found")
    refused(
        await office.post("/rounds/none/vacancies/import", office.officer(), VACANCIES),
        404,
        "not-found",
    )


async def test_decisions_leave_a_trail(open_round: Office) -> None:
    """Each decision about a round is kept with who took it and when."""
    rows = await open_round.service.pool.fetch(
        "SELECT action, object, subject FROM audit ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        *(("unit.registered", f"U-{n}", "officer-1") for n in (1, 2, 3)),
        ("round.opened", ROUND, "officer-1"),
        ("vacancies.imported", ROUND, "officer-1"),
        ("vacancies.published", ROUND, "officer-1"),
    ]
