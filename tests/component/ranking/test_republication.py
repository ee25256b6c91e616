"""A round is published again after a corrected list was adopted: version 2 follows version 1, which
stays; anyone can verify both, and that.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.ranking.proofs.domain.leaves import ListLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.proofs.domain.receipt_file import Receipt
from services.ranking.publication.storage.signing import SigningKey
from shared.contracts.ranking import StandingsPublished
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_adoption import REASON, adopt, newest, problem
from tests.component.ranking.test_closing import FINAL
from tests.component.ranking.test_other_policies import Under, pppk
from tests.component.ranking.test_publication import (
    PUBLICATION,
    RECEIPT,
    closed_round,
    published,
    ran_verify,
)
from tests.component.ranking.test_revisions import LISTS, get

FACTS = Facts({"v1": 1, "v2": 1}, {"v2": "DISABILITAS"})


@pytest.fixture
async def ranking(service_app: Callable[..., Awaitable[ServiceApp]], tmp_path: Path) -> ServiceApp:
    """Ranking with a signing key, whose public half lies beside it."""
    key = SigningKey.new()
    key.keep(tmp_path / "key.pem")
    (tmp_path / "public.pem").write_text(key.public.pem)
    return await service_app("ranking", TERANG_RANKING_SIGNING_KEY=str(tmp_path / "key.pem"))


async def corrected(ranking: ServiceApp) -> dict[str, Any]:
    """The first vacancy's last list counts in a corrected version: the third, who was first for
    being the elder, is behind the first now.
    """
    await ranking.hear(FACTS.skb("v1", 1, "85", corrected=True))
    version = await newest(ranking)
    answer = await adopt(ranking, version)
    assert answer.status_code == 200, answer.text
    return version


async def twice_published(ranking: ServiceApp, folder: Path) -> tuple[bytes, bytes]:
    """Both files, which lie in the folder too."""
    await closed_round(ranking)
    await published(ranking)
    await corrected(ranking)
    ranking.clock.advance(days=2)
    await published(ranking)
    files = []
    for version in (1, 2):
        answer = await ranking.http.get(PUBLICATION, params={"version": version})
        assert answer.status_code == 200
        (folder / f"list-{version}.json").write_bytes(answer.content)
        files.append(answer.content)
    return files[0], files[1]


async def test_version_2_follows_version_1(ranking: ServiceApp, tmp_path: Path) -> None:
    """It names the root of the first, holds the adopted list, and verifies, alone and with the
    first, which has not changed by a byte.
    """
    await closed_round(ranking)
    await published(ranking)
    first = (await ranking.http.get(PUBLICATION)).content
    version = await corrected(ranking)
    await published(ranking)
    second = (await ranking.http.get(PUBLICATION)).content
    assert (await ranking.http.get(PUBLICATION, params={"version": 1})).content == first
    (tmp_path / "list-1.json").write_bytes(first)
    (tmp_path / "list-2.json").write_bytes(second)
    one, two = read(first), read(second)
    assert isinstance(one, ListFile)
    assert isinstance(two, ListFile)
    assert (two.head.version, two.head.previous) == (2, one.head.root)
    lists = {
        (leaf.vacancy_id, leaf.list): leaf.version
        for leaf in two.leaves
        if isinstance(leaf, ListLeaf)
    }
    assert lists["v1", "final"] == version["version"]
    events = await ranking.stated(StandingsPublished)
    assert [(event.version, event.root) for event in events] == [
        (1, one.head.root),
        (2, two.head.root),
    ]

    alone = ran_verify(tmp_path, "list-2.json")
    assert alone.exit_code == 0, alone.output
    assert f"It follows version 1 with the root {one.head.root}" in alone.stdout
    both = ran_verify(tmp_path, "list-2.json", "--previous", str(tmp_path / "list-1.json"))
    assert both.exit_code == 0, both.output
    assert "It follows version 1, published" in both.stdout
    assert "3 lines differ" in both.stdout
    assert (
        "v1, final, 0001-000001: rank 3, score 77.091, code P -> rank 1, score 80.091, code L"
        in both.stdout
    )

    again = await ranking.http.post(PUBLICATION, headers=ranking.who("officer-1", "officer"))
    assert problem(again) == (409, "already-published")


async def test_a_tampered_version_2_is_refused(ranking: ServiceApp, tmp_path: Path) -> None:
    """A changed line, a `previous` that is another's, an earlier file that is not the one before,
    or was changed: each with the file and the fault.
    """
    first, second = await twice_published(ranking, tmp_path)
    root = json.loads(first)["head"]["root"].encode()
    for name, data, previous, fault in [
        (
            "line",
            second.replace(b'"80.091"', b'"80.092"'),
            "list-1.json",
            "expected 80.091, published 80.092",
        ),
        (
            "previous",
            second.replace(root, b"0" * 64),
            "list-1.json",
            "it does not belong to this head",
        ),
        ("itself", second, "list-2.json", "list-2.json: head, version: this is version 2, but"),
        (
            "backwards",
            first,
            "list-2.json",
            "list-2.json: head, version: this is version 2, newer than version 1",
        ),
    ]:
        (tmp_path / f"{name}.json").write_bytes(data)
        ran = ran_verify(tmp_path, f"{name}.json", "--previous", str(tmp_path / previous))
        assert ran.exit_code == 1, name
        assert fault in ran.stderr, ran.stderr
    (tmp_path / "changed.json").write_bytes(first.replace(b'"77.091"', b'"77.092"', 1))
    ran = ran_verify(tmp_path, "list-2.json", "--previous", str(tmp_path / "changed.json"))
    assert ran.exit_code == 1
    assert "changed.json: " in ran.stderr
    assert "published 77.092" in ran.stderr


async def test_receipts_of_both_versions(ranking: ServiceApp, tmp_path: Path) -> None:
    """By default of version 2; of version 1 by its number, with what opens its commitments to the
    person.
    """
    await twice_published(ranking, tmp_path)
    for asked, version in (({}, 2), ({"version": 1}, 1), ({"version": 2}, 2)):
        answer = await ranking.http.get(
            RECEIPT, params=asked, headers=ranking.who("applicant-2", "applicant")
        )
        receipt = read(answer.content)
        assert isinstance(receipt, Receipt)
        assert receipt.head.version == version
        assert receipt.openings[-1].facts == {"birth_date": "1999-05-17", "gpa": "3.90"}
        (tmp_path / "receipt.json").write_bytes(answer.content)
        ran = ran_verify(tmp_path, "receipt.json")
        assert ran.exit_code == 0, ran.output
    missing = await ranking.http.get(RECEIPT, params={"version": 3})
    assert problem(missing) == (404, "no-receipt")


async def test_a_proposal_that_no_longer_counts_is_not_signed(ranking: ServiceApp) -> None:
    """Proposed, then a version is adopted: the second officer can't sign what counts no more."""
    await closed_round(ranking)
    proposed = await ranking.http.post(PUBLICATION, headers=ranking.who("officer-1", "officer"))
    await corrected(ranking)
    signed = await ranking.http.post(
        f"{PUBLICATION}/signature",
        headers=ranking.who("officer-2", "officer"),
        json={"digest": proposed.json()["digest"]},
    )
    assert problem(signed) == (404, "nothing-proposed")


async def test_facts_of_each_version_are_its_own(ranking: ServiceApp, tmp_path: Path) -> None:
    """A mark corrected after the first version decides in the second, and in the person's receipt
    of it alone.
    """
    await closed_round(ranking)
    await published(ranking)
    facts = FACTS.applied("v1", 2, gpa="3.95")[1]
    account = ranking.account(ROUND, "applicant-2")
    await ranking.hear(facts.model_copy(update={"account": account}))
    assert (await adopt(ranking, await newest(ranking))).status_code == 200
    await published(ranking)
    (tmp_path / "list-2.json").write_bytes((await ranking.http.get(PUBLICATION)).content)
    assert ran_verify(tmp_path, "list-2.json").exit_code == 0
    marks = []
    for version in (1, 2):
        answer = await ranking.http.get(
            RECEIPT, params={"version": version}, headers=ranking.who("applicant-2", "applicant")
        )
        marks.append([opening["facts"]["gpa"] for opening in answer.json()["openings"]])
    assert marks == [["3.90"], ["3.95"]]
    lines = (await get(ranking, "/ranking/vacancies/v1/standings"))["items"]
    assert [line["participant_no"][-1] for line in lines] == ["2", "3", "1"]


async def test_who_left_the_list_is_in_no_decision(ranking: ServiceApp, tmp_path: Path) -> None:
    """An officer put two equals in order, then one was found not to meet the requirements: what is
    published verifies, and holds no order: nobody is equal any more.
    """
    facts = Under({"v1": 1})
    officer = ranking.who("officer-1", "officer")
    await ranking.hear(*facts.opened(), *facts.people("v1", 3), facts.scheduled("v1", "kompetensi"))
    await ranking.hear(
        *(facts.stated("v1", n, birth_date=date(1990, 1, 1)) for n in (1, 2, 3)),
        *(facts.scored("v1", "kompetensi", n, **pppk(400 if n < 3 else 300)) for n in (1, 2, 3)),
        facts.closed("v1", "kompetensi", 3),
    )
    tie = {
        "list": "final",
        "order": ["0001-000002", "0001-000001"],
        "reason": "Undian, berita acara 1",
    }
    assert (await ranking.decide("/ranking/vacancies/v1/ties", tie)).status_code == 200
    await ranking.hear(facts.rejected("v1", 2))
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    await published(ranking)
    file = (await ranking.http.get(PUBLICATION)).content
    (tmp_path / "list.json").write_bytes(file)
    ran = ran_verify(tmp_path, "list.json", policy="national-pppk-2024")
    assert ran.exit_code == 0, ran.output
    found = read(file)
    assert isinstance(found, ListFile)
    assert [leaf.decided for leaf in found.leaves if isinstance(leaf, ListLeaf)] == [{}]


async def test_a_version_because_of_seats_says_so(ranking: ServiceApp, tmp_path: Path) -> None:
    """No list was corrected between the two: the second was made to tell of seats."""
    await closed_round(ranking)
    await published(ranking)
    officer = ranking.who("officer-1", "officer")
    assert (
        await ranking.http.post(f"/ranking/rounds/{ROUND}/filling", headers=officer)
    ).status_code == 201
    await published(ranking)
    items = (await get(ranking, f"{PUBLICATION}/versions"))["items"]
    assert [(one["seats"], one["because"]) for one in items] == [(False, []), (True, [])]
    page = (await ranking.http.get(f"{PUBLICATION}.html", params={"version": 1, "lang": "en"})).text
    assert "empty seats were offered and answered" in page
    for version in (1, 2):
        file = (await ranking.http.get(PUBLICATION, params={"version": version})).content
        (tmp_path / f"list-{version}.json").write_bytes(file)
    ran = ran_verify(tmp_path, "list-2.json", "--previous", str(tmp_path / "list-1.json"))
    assert ran.exit_code == 0, ran.output
    assert "0 lines differ" in ran.stdout


async def test_a_publication_that_was_overtaken_says_so(ranking: ServiceApp) -> None:
    """Between the adoption of a corrected list and the next publication the page says that
    something else counts, why, and who moved.
    """
    path = f"{PUBLICATION}.html"
    await closed_round(ranking)
    await published(ranking)
    assert (
        "Since this was published" not in (await ranking.http.get(path, params={"lang": "en"})).text
    )
    version = await corrected(ranking)
    for query in ({}, {"vacancy": "v2"}):
        page = (await ranking.http.get(path, params={"lang": "en", **query})).text
        assert "Since this was published an officer has adopted a corrected version" in page
        assert (
            f'{REASON} <span class="quiet">(PENATA LAYANAN OPERASIONAL,'
            " Kota Serang | Kecamatan Kasemen, <a" in page
        )
        assert (
            f"/ranking/vacancies/v1/changes?list=final&amp;version={version['version']}&amp;lang=en"
            in page
        )
    assert "Sesudah terbitan ini" in (await ranking.http.get(path)).text
    await published(ranking)
    for number in (1, 2):
        assert (
            "Since this was"
            not in (await ranking.http.get(path, params={"lang": "en", "version": number})).text
        )


async def test_pages_say_what_replaced_what_and_why(ranking: ServiceApp, tmp_path: Path) -> None:
    """Version 1 of the published lists and of the vacancy's list say by what they were replaced,
    when and why; the later ones what they follow; and a page tells who moved. Both languages.
    """
    await twice_published(ranking, tmp_path)
    versions = (await get(ranking, f"{PUBLICATION}/versions"))["items"]
    assert [(one["version"], one["replaced_by"], len(one["because"])) for one in versions] == [
        (1, 2, 0),
        (2, None, 1),
    ]
    assert [one["seats"] for one in versions] == [False, False]
    assert versions[1]["previous"] == versions[0]["root"]
    assert (versions[1]["because"][0]["list"], versions[1]["because"][0]["reason"]) == (
        "final",
        REASON,
    )
    fixed, adopted = (await get(ranking, LISTS))["items"]
    vacancy = "/ranking/vacancies/v1"
    for language, replaced, follows in (
        ("en", "Replaced by version {}", "Takes the place of version {}"),
        ("id", "Digantikan versi {}", "Menggantikan versi {}"),
    ):
        for path, number, says in [
            (f"{PUBLICATION}.html", 1, replaced.format(2)),
            (f"{PUBLICATION}.html", 2, follows.format(1)),
            (f"{vacancy}?list=final", fixed["version"], replaced.format(adopted["version"])),
            (f"{vacancy}?list=final", adopted["version"], follows.format(fixed["version"])),
            (f"{vacancy}/changes?list=final", adopted["version"], follows.format(fixed["version"])),
        ]:
            page = await ranking.http.get(
                f"{path}{'&' if '?' in path else '?'}version={number}&lang={language}"
            )
            assert page.status_code == 200, page.text
            assert says in page.text, (path, number)
            assert REASON in page.text
    newest_page = (await ranking.http.get(f"{vacancy}?list=final&lang=en")).text
    assert f"Takes the place of version {fixed['version']}" in newest_page
    assert "Replaced" not in newest_page
    changes = (
        await ranking.http.get(f"{vacancy}/changes?list=final&version={adopted['version']}&lang=en")
    ).text
    assert "score corrected (SKB)" in changes
    for said in (
        "PENATA LAYANAN OPERASIONAL",
        "Kota Serang | Kecamatan Kasemen",
        "CPNS 2024",
        "Final result",
    ):
        assert said in changes
    title = f"From version {fixed['version']} to version {adopted['version']}"
    assert f"<title>{title} · " in changes
    assert f"version {fixed['version']} was fixed 2026-" in changes
    assert f"version {adopted['version']} was made 2026-" in changes
    assert "others moved" in changes
    await ranking.hear(FACTS.skb("v1", 1, "80", corrected=True))
    beside = await newest(ranking)
    current = (await ranking.http.get(f"{vacancy}?list=final&lang=en")).text
    assert f"Version {beside['version']}, " in current
    assert "no officer has adopted it" in current
    not_counting = (
        await ranking.http.get(f"{vacancy}/changes?list=final&version={beside['version']}&lang=en")
    ).text
    assert "This version does not count" in not_counting
    for path in (f"{vacancy}/changes?list=final&version=99", f"{vacancy}?list=final&version=99"):
        assert (await ranking.http.get(path)).status_code == 404
