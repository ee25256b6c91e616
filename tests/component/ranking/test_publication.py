"""Two officers publish a round; everyone fetches the files and verifies them without a server; only
the person gets what opens commitments.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from services.ranking.proofs.domain.leaves import LineLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.proofs.domain.receipt_file import Receipt
from services.ranking.publication.storage.signing import SigningKey
from services.ranking.publication.views import show_page
from shared.contracts.applications import RejectionReasonsStated
from shared.contracts.ranking import StandingsPublished
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_seats_page import Page

PUBLICATION = f"/ranking/rounds/{ROUND}/publication"
RECEIPT = "/ranking/vacancies/v1/candidates/0001-000002/receipt"


async def closed_round(ranking: ServiceApp) -> None:
    """Two vacancies: in the first marks and age decide, in the second an officer does.

    The fourth applicant of the first was rejected.
    """
    facts = Facts({"v1": 1, "v2": 1}, {"v2": "DISABILITAS"})
    officer = ranking.who("officer-1", "officer")
    await ranking.hear(*facts.opened())
    for candidate, (gpa, born) in enumerate(
        [("3.10", None), ("3.90", date(1999, 5, 17)), ("3.90", date(1988, 8, 8))], 1
    ):
        submitted, stated = facts.applied("v1", candidate, gpa=gpa, born=born)
        account = ranking.account(ROUND, f"applicant-{candidate}")
        await ranking.hear(
            submitted,
            stated.model_copy(update={"account": account}),
            facts.verified("v1", candidate),
        )
    submitted, stated = facts.applied("v1", 4)
    account = ranking.account(ROUND, "applicant-4")
    reasons = ("education-differs", "documents-missing")
    await ranking.hear(
        submitted,
        stated.model_copy(update={"account": account}),
        facts.rejected("v1", 4),
        RejectionReasonsStated(**facts.who("v1", 4), reasons=reasons),
    )
    await ranking.hear(*facts.people("v2", 2), facts.registered("v1", 4))
    for vacancy, count in (("v1", 3), ("v2", 2)):
        await ranking.hear(facts.scheduled(vacancy, "skd"))
        await ranking.hear(
            *(facts.skd(vacancy, candidate, 100, 100, 200) for candidate in range(1, count + 1))
        )
        await ranking.hear(facts.closed(vacancy, "skd", count))
    closed = await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/skd/close", headers=officer)
    assert closed.status_code == 200, closed.text
    for vacancy, count in (("v1", 3), ("v2", 2)):
        await ranking.hear(facts.scheduled(vacancy, "skb"))
        await ranking.hear(
            *(facts.skb(vacancy, candidate, "80") for candidate in range(1, count + 1))
        )
        await ranking.hear(facts.closed(vacancy, "skb", count))
    tie = {
        "list": "final",
        "order": ["0002-000002", "0002-000001"],
        "reason": "Undian di hadapan saksi",
    }
    assert (await ranking.decide("/ranking/vacancies/v2/ties", tie)).status_code == 200
    closed = await ranking.http.post(f"/ranking/rounds/{ROUND}/close", headers=officer)
    assert closed.status_code == 200, closed.text


@pytest.fixture
async def ranking(service_app: Callable[..., Awaitable[ServiceApp]], tmp_path: Path) -> ServiceApp:
    """Ranking with a signing key."""
    SigningKey.new().keep(tmp_path / "key.pem")
    return await service_app("ranking", TERANG_RANKING_SIGNING_KEY=str(tmp_path / "key.pem"))


async def published(ranking: ServiceApp) -> None:
    """Officer 1 proposes, officer 2 signs."""
    proposed = await ranking.http.post(PUBLICATION, headers=ranking.who("officer-1", "officer"))
    assert proposed.status_code == 201, proposed.text
    signed = await ranking.http.post(
        f"{PUBLICATION}/signature",
        headers=ranking.who("officer-2", "officer"),
        json={"digest": proposed.json()["digest"]},
    )
    assert signed.status_code == 201, signed.text


def ran_verify(
    folder: Path, name: str, *options: str, policy: str = "national-cpns-2024"
) -> Result:
    """`terang verify` as a person runs it."""
    key = ("--key", str(folder / "public.pem"))
    return CliRunner().invoke(
        app, ["verify", str(folder / name), *key, "--policy", policy, *options]
    )


def verify(folder: Path, name: str, data: bytes) -> str:
    """What `terang verify` says of these bytes under the key in `folder`; it must accept them."""
    (folder / name).write_bytes(data)
    done = ran_verify(folder, name)
    assert done.exit_code == 0, done.output
    return done.output


async def test_a_round_is_published_and_verified_by_anyone(
    ranking: ServiceApp, tmp_path: Path
) -> None:
    """Preview, second officer, event, files; the list and the receipt verify with the public key
    alone; personal facts stand in neither.
    """
    await closed_round(ranking)
    first, second = ranking.who("officer-1", "officer"), ranking.who("officer-2", "officer")
    proposed = await ranking.http.post(PUBLICATION, headers=first)
    assert proposed.status_code == 201, proposed.text
    seen = proposed.json()
    assert seen["codes"] == {"skd": {"P/L": 5}, "final": {"L": 2, "P": 3}}
    assert (seen["version"], seen["vacancies"], seen["lines"], seen["committed"]) == (1, 2, 10, 5)
    whole = (await ranking.http.get(f"{PUBLICATION}/proposal", headers=second)).json()
    assert whole["digest"] == seen["digest"]
    assert (await ranking.http.get(PUBLICATION)).status_code == 404
    signed = await ranking.http.post(
        f"{PUBLICATION}/signature", headers=second, json={"digest": seen["digest"]}
    )
    assert signed.status_code == 201, signed.text

    pem = (await ranking.http.get("/ranking/keys/public.pem")).content
    (tmp_path / "public.pem").write_bytes(pem)
    file = (await ranking.http.get(PUBLICATION)).content
    assert "10 lines of 2 vacancies recomputed" in verify(tmp_path, "list.json", file)
    for secret in (b"1988-08-08", b"1999-05-17", b"3.90", b"officer-1", b"officer-2"):
        assert secret not in file
    found = read(file)
    assert isinstance(found, ListFile)
    final = [leaf for leaf in found.leaves if isinstance(leaf, LineLeaf) and leaf.list == "final"]
    assert [(leaf.participant_no, leaf.rank, leaf.code, leaf.order) for leaf in final] == [
        ("0001-000003", 1, "L", 1),
        ("0001-000002", 2, "P", 2),
        ("0001-000001", 3, "P", 3),
        ("0002-000002", 1, "L", 1),
        ("0002-000001", 2, "P", 1),
    ]
    (event,) = await ranking.stated(StandingsPublished)
    assert (event.root, event.signature, event.lines) == (found.head.root, found.signature, 10)
    assert event.head.encode() == found.head.signed()
    keys = (await ranking.http.get("/ranking/keys")).json()["keys"]
    assert [key["kid"] for key in keys] == [event.key_id]
    trail = await ranking.pool.fetch(
        "SELECT subject, action FROM audit WHERE action LIKE 'publication.%' ORDER BY id"
    )
    assert [tuple(row) for row in trail] == [
        ("officer-1", "publication.proposed"),
        ("officer-2", "publication.signed"),
    ]


async def test_only_the_person_gets_what_opens_the_commitment(
    ranking: ServiceApp, tmp_path: Path
) -> None:
    """Nobody, another applicant and an officer get the lines and their proof; the person also the
    facts. Every receipt verifies.
    """
    await closed_round(ranking)
    await published(ranking)
    (tmp_path / "public.pem").write_bytes(
        (await ranking.http.get("/ranking/keys/public.pem")).content
    )
    askers = [
        {},
        ranking.who("applicant-1", "applicant"),
        ranking.who("officer-1", "officer"),
        ranking.who("applicant-2", "applicant"),
    ]
    opened = []
    for number, headers in enumerate(askers):
        answer = await ranking.http.get(RECEIPT, headers=headers)
        assert answer.status_code == 200, answer.text
        verify(tmp_path, f"{number}.json", answer.content)
        receipt = read(answer.content)
        assert isinstance(receipt, Receipt)
        assert [one.leaf.kind for one in receipt.leaves] == [
            "vacancy",
            "applicant",
            "line",
            "line",
        ]
        opened.append([opening.facts for opening in receipt.openings])
    assert opened == [[], [], [], [{"birth_date": "1999-05-17", "gpa": "3.90"}]]
    missing = await ranking.http.get("/ranking/vacancies/v1/candidates/0001-000099/receipt")
    assert missing.json()["type"] == "/problems/ranking/no-receipt"


async def test_a_rejected_applicant_has_a_line_and_alone_learns_the_reasons_from_it(
    ranking: ServiceApp, tmp_path: Path
) -> None:
    """The file says TMS of everyone's number; the own token opens the reasons."""
    await closed_round(ranking)
    await published(ranking)
    (tmp_path / "public.pem").write_bytes(
        (await ranking.http.get("/ranking/keys/public.pem")).content
    )
    file = (await ranking.http.get(PUBLICATION)).content
    assert b"education-differs" not in file
    said = verify(tmp_path, "list.json", file)
    assert "Everyone who applied is in it, 6 by number: 5 MS, 1 TMS, 0 APS." in said
    receipt = RECEIPT.replace("000002", "000004")
    openings = []
    for who in ("applicant-1", "applicant-4"):
        answer = await ranking.http.get(receipt, headers=ranking.who(who, "applicant"))
        said = verify(tmp_path, f"{who}.json", answer.content)
        assert "0001-000004, administration: TMS" in said
        found = read(answer.content)
        assert isinstance(found, Receipt)
        openings.append([(opening.list, opening.facts) for opening in found.openings])
    assert openings == [
        [],
        [("administration", {"reasons": "education-differs,documents-missing"})],
    ]


async def test_reasons_of_a_rejection_owe_no_standings(ranking: ServiceApp) -> None:
    """Nobody is ranked by them: what set a vacancy's standings stays what names their cause."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.applied("v1", 1), facts.rejected("v1", 1))
    owed = "SELECT vacancy_id, change, changed_by FROM vacancy_lock"
    before = await ranking.pool.fetch(owed)
    await ranking.hear(RejectionReasonsStated(**facts.who("v1", 1), reasons=("education-differs",)))
    assert await ranking.pool.fetch(owed) == before
    assert await ranking.pool.fetchval("SELECT reasons FROM rejection") == ["education-differs"]


async def test_who_may_publish_and_when(ranking: ServiceApp) -> None:
    """Not before all is closed, not by one officer alone, not with another digest, not twice the
    same.
    """
    officer, second = ranking.who("officer-1", "officer"), ranking.who("officer-2", "officer")
    unknown = await ranking.http.post(PUBLICATION, headers=officer)
    assert unknown.json()["type"] == "/problems/ranking/unknown-round"
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened())
    early = await ranking.http.post(PUBLICATION, headers=officer)
    assert early.json()["type"] == "/problems/ranking/round-not-closed"
    assert (
        await ranking.http.post(PUBLICATION, headers=ranking.who("a", "applicant"))
    ).status_code == 403
    nothing = await ranking.http.post(
        f"{PUBLICATION}/signature", headers=second, json={"digest": "0" * 64}
    )
    assert nothing.json()["type"] == "/problems/ranking/nothing-proposed"


async def test_one_officer_alone_publishes_nothing(ranking: ServiceApp) -> None:
    """The proposer may not sign; a digest that is not the waiting proposal's is refused; a later
    proposal takes the place of one that nobody signed; what is published stays, and is not
    published again.
    """
    await closed_round(ranking)
    officer, second = ranking.who("officer-1", "officer"), ranking.who("officer-2", "officer")
    old = (await ranking.http.post(PUBLICATION, headers=officer)).json()["digest"]
    new = (await ranking.http.post(PUBLICATION, headers=officer)).json()["digest"]
    own = await ranking.http.post(f"{PUBLICATION}/signature", headers=officer, json={"digest": new})
    assert (own.status_code, own.json()["type"]) == (403, "/problems/ranking/second-officer")
    other = await ranking.http.post(
        f"{PUBLICATION}/signature", headers=second, json={"digest": old}
    )
    assert other.json()["type"] == "/problems/ranking/another-proposal"
    assert (
        await ranking.http.post(f"{PUBLICATION}/signature", headers=second, json={"digest": new})
    ).status_code == 201
    file = (await ranking.http.get(PUBLICATION)).content
    again = await ranking.http.post(PUBLICATION, headers=officer)
    assert again.json()["type"] == "/problems/ranking/already-published"
    facts = Facts({"v1": 1, "v2": 1})
    await ranking.hear(facts.skb("v1", 1, "99", corrected=True))
    assert (await ranking.http.get(PUBLICATION)).content == file
    assert (await ranking.http.get(PUBLICATION, params={"version": 2})).status_code == 404


async def test_facts_are_those_of_the_closing(ranking: ServiceApp, tmp_path: Path) -> None:
    """A mark that is corrected after the list was fixed changes nothing of what is published from
    it.
    """
    await closed_round(ranking)
    facts = Facts({"v1": 1, "v2": 1})
    await ranking.hear(facts.applied("v1", 1, gpa="4.00")[1])
    await published(ranking)
    (tmp_path / "public.pem").write_bytes(
        (await ranking.http.get("/ranking/keys/public.pem")).content
    )
    verify(tmp_path, "list.json", (await ranking.http.get(PUBLICATION)).content)


async def test_lists_that_parted_from_their_facts_are_not_proposed(ranking: ServiceApp) -> None:
    """What would not verify is never put before a second officer."""
    await closed_round(ranking)
    await ranking.pool.execute(
        "UPDATE closed_line SET score = '90.000' WHERE list = 'final' AND place = 1"
    )
    refused = await ranking.http.post(PUBLICATION, headers=ranking.who("officer-1", "officer"))
    assert refused.json()["type"] == "/problems/ranking/does-not-verify"
    assert "expected 77.091, published 90.000" in refused.json()["detail"]


async def test_table_and_page(ranking: ServiceApp) -> None:
    """The same lines as CSV, and on a page with codes and proof in both languages, to which the
    vacancies' pages lead once it is there.
    """
    await closed_round(ranking)
    link = f"{PUBLICATION}.html?version=1&amp;lang=id"
    assert link not in (await ranking.http.get("/ranking/vacancies/v1")).text
    await published(ranking)
    assert link in (await ranking.http.get("/ranking/vacancies/v1")).text
    table = (await ranking.http.get(f"{PUBLICATION}.csv")).text.splitlines()
    assert table[0] == "vacancy_id,list,rank,participant_no,score,code,TWK,TIU,TKP,SKB"
    assert "v1,final,1,0001-000003,77.091,L,100,100,200,80" in table
    assert "v1,administration,,0001-000004,,TMS,,,," in table
    assert len(table) == 1 + 6 + 10
    page = await ranking.http.get(f"{PUBLICATION}.html", params={"lang": "en"})
    assert page.status_code == 200
    assert "0001-000003" in page.text
    assert "passed, has a seat" in page.text
    assert "Applicants: 4 (MS 3, TMS 1, APS 0)" in page.text
    indonesian = (await ranking.http.get(f"{PUBLICATION}.html")).text
    assert "Tanda tangan" in indonesian
    assert "Pelamar: 4 (MS 3, TMS 1, APS 0)" in indonesian
    assert (await ranking.http.get("/ranking/rounds/other/publication.html")).status_code == 404


async def test_the_page_says_where_all_of_it_is(ranking: ServiceApp) -> None:
    """In the province's time; an index of vacancies, each table named by number, post and unit;
    where an officer put equals in order; that the list before stands in the files; and links to the
    files and the key, of this version.
    """
    await closed_round(ranking)
    await published(ranking)
    page = (await ranking.http.get(f"{PUBLICATION}.html", params={"lang": "en"})).text
    shown = Page(page)
    assert ">2026-08-20 10:00 WIB</time>" in page
    links = [link["href"] for link in shown.every("a")]
    assert {"#v-v1", "#v-v2", "/ranking/vacancies/v1?lang=en", "?version=1&vacancy=v2&lang=en"} <= {
        *links
    }
    names = [one["aria-labelledby"] for one in shown.every("div") if one.get("role") == "region"]
    assert names == ["v-v1 unit-v1", "v-v2 unit-v2"]
    ids = [attributes["id"] for _, attributes in shown.tags if "id" in attributes]
    assert len(ids) == len({*ids})
    assert {*" ".join(map(str, names)).split(), "proof"} <= {*ids}
    assert page.count("order decided by an officer") == 2
    assert "Those before it (Basic competence test, results) stand in the signed JSON file" in page
    for path in links:
        if path and path.startswith(("/ranking/keys", PUBLICATION)):
            assert (await ranking.http.get(path)).status_code == 200
    assert [link for link in links if link and "?version=1" in link and PUBLICATION in link] == [
        f"{PUBLICATION}?version=1",
        f"{PUBLICATION}.csv?version=1",
    ]
    assert (
        len(
            [link for link in links if link and link.startswith("/ranking/keys/public.pem?key_id=")]
        )
        == 1
    )


async def test_one_vacancy_of_a_publication(
    ranking: ServiceApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, with a way to all; where all are too many for one page, the page has the index
    alone; what the publication doesn't hold is unknown.
    """
    await closed_round(ranking)
    await published(ranking)
    path = f"{PUBLICATION}.html"
    one = (await ranking.http.get(path, params={"vacancy": "v2", "lang": "en"})).text
    assert "0002-000002" in one
    assert "0001-000003" not in one
    assert '<a href="?version=1&amp;lang=en">All vacancies</a>' in one
    assert "order decided by an officer" in one
    unknown = await ranking.http.get(path, params={"vacancy": "v9", "lang": "en"})
    assert unknown.status_code == 404
    assert f'href="{path}?lang=en">Back' in unknown.text
    monkeypatch.setattr(show_page, "MOST_LEAVES", 15)
    whole = (await ranking.http.get(path, params={"lang": "en"})).text
    assert "too large for one page" in whole
    assert '<a href="?version=1&amp;vacancy=v2&amp;lang=en">PENATA LAYANAN OPERASIONAL' in whole
    assert "0002-000002" not in whole
    assert (await ranking.http.get(path, params={"vacancy": "v2", "lang": "en"})).text == one


async def test_without_a_key_nothing_is_published(
    service_app: Callable[..., Awaitable[ServiceApp]],
) -> None:
    """The problem says how to get one."""
    ranking = await service_app("ranking")
    refused = await ranking.http.post(PUBLICATION, headers=ranking.who("officer-1", "officer"))
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "/problems/ranking/no-signing-key",
    )
    assert (await ranking.http.get("/ranking/keys")).json() == {"keys": []}
    assert (await ranking.http.get("/ranking/keys/public.pem")).status_code == 404
