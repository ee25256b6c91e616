"""What every answer of every service carries, and how errors read to people and to programs."""

from collections.abc import Awaitable, Callable

import pytest

from shared.contracts.catalogue import SERVICES
from tests.component.conftest import ServiceApp

StartApp = Callable[..., Awaitable[ServiceApp]]
NONE = "0191e7a0-7b3c-7d2e-9f1a-2b3c4d5e6f70"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_answer_is_taken_as_what_it_is(service: str, service_app: StartApp) -> None:
    """No type is guessed and nothing of it is run: data, pages, files and errors."""
    http = (await service_app(service)).http
    paths = ["operations", "nothing/here", "docs", "openapi.json", "static/terang.css", "me", ""]
    for path in [f"/{service}/{path}".rstrip("/") for path in paths] + ["/live", "/elsewhere"]:
        for asked in ({}, BROWSER):
            answer = await http.get(path, headers=asked)
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert "default-src 'none'" in answer.headers["content-security-policy"], path
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
            assert "unsafe" not in answer.headers["content-security-policy"].split("style-src")[0]


@pytest.mark.parametrize(
    ("method", "path", "who", "kept"),
    [
        ("GET", "/applications/rounds", {}, "no-cache"),
        ("GET", "/applications/rounds", {"Cookie": "lang=en"}, "no-cache"),
        ("GET", "/applications/rounds", {"Cookie": "session=1"}, "no-store"),
        ("GET", "/applications/rounds", "officer", "no-store"),
        ("GET", "/applications/me", "applicant", "no-store"),
        ("GET", "/applications/me", {}, "no-store"),
        ("GET", "/applications/nothing", {}, "no-store"),
        ("POST", "/applications/rounds", {}, "no-store"),
    ],
)
async def test_nothing_personal_is_kept_by_a_cache(
    method: str, path: str, who: dict[str, str] | str, kept: str, service_app: StartApp
) -> None:
    """What is asked with a token or a cookie, a change or an error is stored by nobody."""
    running = await service_app("applications")
    headers = running.who("ana", who) if isinstance(who, str) else who
    answer = await running.http.request(method, path, headers=headers)
    assert answer.headers["cache-control"] == kept


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER["Accept"], "text/html"),
        ("text/html", "text/html"),
        ("*/*", "application/problem+json"),
        ("", "application/problem+json"),
        ("application/json, text/html;q=0.9", "application/problem+json"),
        ("text/html;q=0, */*", "application/problem+json"),
        ("text/html;q=x", "application/problem+json"),
    ],
)
async def test_an_error_is_a_page_where_a_browser_asks(
    accept: str, kind: str, service_app: StartApp
) -> None:
    """Also at addresses of the API, and at wrong ones: browsers were shown raw JSON."""
    http = (await service_app("applications")).http
    for path, status in [
        ("/applications", 404),
        ("/applications/nothing/here", 404),
        ("/applications/me", 401),
        ("/applications/rounds?limit=0", 422),
        ("/applications/rounds/Wrong%20Name", 422),
    ]:
        answer = await http.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
            status,
            kind,
        ), path
        assert ("<h1>" in answer.text) == (kind == "text/html")


async def test_a_page_of_faults_is_of_one_language(service_app: StartApp) -> None:
    """An Indonesian page named the faults in English, as in "Input should be a valid decimal"."""
    http = (await service_app("applications")).http
    indonesian = (await http.get("/applications/rounds?limit=many", headers=BROWSER)).text
    assert '<html lang="id">' in indonesian
    assert "limit: Tulis bilangan bulat" in indonesian
    english = (await http.get("/applications/rounds?limit=many&lang=en", headers=BROWSER)).text
    assert '<html lang="en">' in english
    assert "limit: Write a whole number" in english


@pytest.mark.parametrize(("language", "word"), [("id", "wajib"), ("en", "required")])
async def test_a_fault_names_its_field(language: str, word: str, service_app: StartApp) -> None:
    """What is wrong in a request is a field; a column is a file's."""
    running = await service_app("applications")
    officer = running.who("officer", "officer") | {"Accept-Language": language}
    answer = await running.http.post("/applications/rounds", json={"name": 1}, headers=officer)
    faults = {fault["field"]: fault["reason"] for fault in answer.json()["errors"]}
    assert word in faults["round_id"]
    assert not any("column" in fault for fault in answer.json()["errors"])


async def test_a_file_s_faults_are_of_one_language(service_app: StartApp) -> None:
    """Rows of a file are refused in the reader's language, too."""
    running = await service_app("applications")
    officer = running.who("officer", "officer") | {"Content-Type": "text/csv"}
    for language, word in [("id", "bilangan bulat"), ("en", "whole number")]:
        answer = await running.http.post(
            "/applications/units/import",
            content=b"unit_id,path,staff\nU-1,Kota,many\n",
            headers=officer | {"Accept-Language": language},
        )
        [fault] = answer.json()["errors"]
        assert (fault["line"], fault["column"]) == (2, "staff")
        assert word in fault["reason"]


@pytest.mark.parametrize(
    ("service", "path", "role", "said"),
    [
        (
            "applications",
            "vacancies/a-general/applications/0009-000001",
            "verifier",
            "Tidak ada lamaran 0009-000001 untuk formasi a-general di sini.",
        ),
        ("applications", "rounds/none", "officer", "Tidak ada seleksi none di sini."),
        ("applications", "policies/none", "officer", "Tidak ada kebijakan none di sini."),
        ("exams", f"sittings/{NONE}", "officer", "Tidak ada sesi ujian seperti itu di sini."),
        ("exams", f"proposals/{NONE}", "officer", f"Tidak ada usulan {NONE} di sini."),
        ("ranking", f"proposals/{NONE}", "officer", f"Tidak ada usulan {NONE} di sini."),
    ],
)
async def test_what_is_not_found_is_named_in_the_reader_s_language(
    service: str, path: str, role: str, said: str, service_app: StartApp
) -> None:
    """An Indonesian sentence said "Tidak ada application … for vacancy … di sini"."""
    running = await service_app(service)
    who = running.who("somebody", role) | {"Accept-Language": "id"}
    answer = await running.http.get(f"/{service}/{path}", headers=who)
    assert (answer.status_code, answer.json()["type"]) == (404, f"/problems/{service}/not-found")
    assert answer.json()["detail"].startswith(said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xff\xfe", "Baris 1 bukan UTF-8."),
        (b"unit_id,path\n", "Baris judulnya `unit_id,path`."),
        (b'unit_id,path,staff\n"A"x,b,1\n', "Baris 2: ada tanda kutip yang kurang"),
    ],
)
async def test_why_a_file_can_not_be_read_is_of_one_language(
    body: bytes, said: str, service_app: StartApp
) -> None:
    """An Indonesian sentence began with "Line 1 is not UTF-8"."""
    running = await service_app("applications")
    officer = running.who("officer", "officer") | {"Accept-Language": "id"}
    answer = await running.http.post(
        "/applications/units/import", content=body, headers=officer | {"Content-Type": "text/csv"}
    )
    assert answer.json()["type"] == "/problems/applications/file-unreadable"
    assert answer.json()["detail"].startswith(said)


async def test_a_field_s_name_has_no_control_characters(service_app: StartApp) -> None:
    """The name of a field of points came back with NUL in it, and `[key]` behind it."""
    running = await service_app("exams")
    examiner = running.who("examiner", "examiner")
    answer = await running.http.post(
        f"/exams/sittings/{NONE}/scores",
        json={"participant_no": "0001-000001", "points": {"\u0000": "1"}},
        headers=examiner,
    )
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"points.\\u0000"}
