"""Seats that were filled with consent are published once all is answered.

Anyone can check that nobody was passed over.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import AnsweredOffer, Leaf, SeatingLeaf, VacancyLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.publication.storage.signing import SigningKey
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND
from tests.component.ranking.test_publication import PUBLICATION, published, verify
from tests.component.ranking.test_seats import (
    PEOPLE,
    begin,
    closed,
    crowd,
    everyone_answers,
    gives_up,
    round_of_three,
    says,
)
from tests.unit.services.ranking.published import check_list, signed

Ranking = Callable[[], Awaitable[ServiceApp]]


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    """Its public half lies in the folder."""
    key = SigningKey.new()
    key.keep(tmp_path / "key.pem")
    (tmp_path / "public.pem").write_text(key.public.pem)
    return key


@pytest.fixture
def another(
    service_app: Callable[..., Awaitable[ServiceApp]], tmp_path: Path, key: SigningKey
) -> Ranking:
    """Ranking with that key, each time with a database of its own."""
    return lambda: service_app("ranking", TERANG_RANKING_SIGNING_KEY=str(tmp_path / "key.pem"))


async def file_of(ranking: ServiceApp) -> bytes:
    answer = await ranking.http.get(PUBLICATION)
    assert answer.status_code == 200, answer.text
    return answer.content


def seatings(data: bytes) -> dict[str, SeatingLeaf]:
    found = read(data)
    assert isinstance(found, ListFile)
    return {leaf.vacancy_id: leaf for leaf in found.leaves if isinstance(leaf, SeatingLeaf)}


async def test_the_seating_follows_the_lists(another: Ranking, tmp_path: Path) -> None:
    """The lists are published first, without it, also while offers are open.

    Once all is answered the next version holds it, verifies, and shows it in the table and on
    paper; there is nothing more to publish then.
    """
    ranking = await another()
    await closed(ranking, round_of_three(), PEOPLE)
    await published(ranking)
    await begin(ranking)
    officer = ranking.who("officer-1", "officer")
    again = await ranking.http.post(PUBLICATION, headers=officer)
    assert again.json()["type"] == "/problems/ranking/already-published"
    await ranking.hear(await says(ranking, "v1", "0002-000002", "declined"))
    await ranking.hear(await says(ranking, "v1", "0002-000003"))
    await ranking.hear(await says(ranking, "v1", "0003-000002", "lapsed"))
    first = await file_of(ranking)
    assert seatings(first) == {}
    proposed = await ranking.http.post(PUBLICATION, headers=officer)
    assert (proposed.status_code, proposed.json()["seated"]) == (201, 1), proposed.text
    await published(ranking)
    second = await file_of(ranking)
    told = seatings(second)
    assert [
        (offer.participant_no, offer.applied_for, offer.move, offer.code, offer.answer)
        for offer in told["v1"].offers
    ] == [
        ("0002-000002", "v2", 1, "L-1", "declined"),
        ("0002-000003", "v2", 1, "L-1", "accepted"),
        ("0003-000002", "v3", 3, "L-2", "lapsed"),
    ]
    assert "1 seat filled, 1 left empty" in verify(tmp_path, "list.json", second)
    again = await ranking.http.post(PUBLICATION, headers=officer)
    assert again.json()["type"] == "/problems/ranking/already-published"
    table = (await ranking.http.get(f"{PUBLICATION}.csv")).text
    assert "v1,seating,,0002-000003,,L-1" in table
    page = (await ranking.http.get(f"{PUBLICATION}.html", params={"lang": "en"})).text
    assert "0002-000003" in page
    assert "1 seat left empty" in page


async def test_a_receipt_tells_of_seats(another: Ranking, tmp_path: Path) -> None:
    """A receipt proves what somebody was offered, and what they answered, by the same root.

    Also at another vacancy. Of the version before only the lines are proven, and of whom no seat
    concerned nothing more.
    """
    ranking = await another()
    await closed(ranking, round_of_three(), PEOPLE)
    await published(ranking)
    await begin(ranking)
    await ranking.hear(await says(ranking, "v1", "0002-000002", "declined"))
    await ranking.hear(await says(ranking, "v1", "0002-000003"))
    await ranking.hear(await says(ranking, "v1", "0003-000002", "lapsed"))
    await published(ranking)

    async def receipt(vacancy_id: str, participant_no: str, **which: int) -> str:
        path = f"/ranking/vacancies/{vacancy_id}/candidates/{participant_no}/receipt"
        answer = await ranking.http.get(path, params=which)
        assert answer.status_code == 200, answer.text
        return verify(tmp_path, "receipt.json", answer.content)

    for vacancy_id, participant_no, answered in (
        ("v2", "0002-000002", "offered as L-1, declined"),
        ("v2", "0002-000003", "offered as L-1, accepted"),
        ("v3", "0003-000002", "offered as L-2, lapsed"),
    ):
        assert f"{participant_no}, a seat of v1: {answered}" in await receipt(
            vacancy_id, participant_no
        )
        assert "a seat of" not in await receipt(vacancy_id, participant_no, version=1)
    assert "a seat of" not in await receipt("v2", "0002-000001")


async def test_whatever_people_answer_it_verifies(another: Ranking) -> None:
    """Whatever people answer, anyone can check what the filling did.

    Rounds with many empty seats, special needs and units, answered at random, seats given up.
    """
    for seed in (3, 5, 11):
        chance = random.Random(seed)
        facts, people = crowd(chance)
        ranking = await another()
        await closed(ranking, facts, people)
        if seed == 5:
            await ranking.hear(gives_up("v1", 1))
        await begin(ranking)
        await everyone_answers(ranking, chance, at_once=2)
        await published(ranking)
        assert sum(len(seating.offers) for seating in seatings(await file_of(ranking)).values()) > 3


def changed(leaves: Sequence[Leaf], vacancy_id: str, **values: Any) -> list[Leaf]:
    """The leaves with one seating changed."""
    return [
        leaf.model_copy(update=values)
        if isinstance(leaf, SeatingLeaf) and leaf.vacancy_id == vacancy_id
        else leaf
        for leaf in leaves
    ]


async def test_a_seating_that_the_policy_does_not_give_is_refused(
    another: Ranking, key: SigningKey
) -> None:
    """A seating that the policy does not give is refused, signed or not.

    A move that isn't the policy's, a wrong code, somebody from elsewhere, two seats for one, more
    people than seats, somebody passed over, an empty seat where somebody could have come, a vacancy
    without its seating.
    """
    ranking = await another()
    await closed(ranking, round_of_three(), PEOPLE)
    await begin(ranking)
    await ranking.hear(await says(ranking, "v1", "0002-000002", "declined"))
    await ranking.hear(await says(ranking, "v1", "0002-000003"))
    await ranking.hear(await says(ranking, "v1", "0003-000002", "lapsed"))
    await published(ranking)
    good = read(await file_of(ranking))
    assert isinstance(good, ListFile)
    declined, accepted, lapsed = next(
        leaf.offers
        for leaf in good.leaves
        if isinstance(leaf, SeatingLeaf) and leaf.vacancy_id == "v1"
    )

    def fault(leaves: list[Leaf]) -> str:
        again = signed(
            good.policy, leaves, key, round_id=ROUND, decreed_seats=good.head.decreed_seats
        )
        with pytest.raises(ProofFault) as found:
            check_list(again, key.public.accepts, key.public.id)
        return str(found.value)

    def offers(*those: AnsweredOffer) -> str:
        return fault(changed(good.leaves, "v1", offers=list(those)))

    check_list(
        signed(good.policy, good.leaves, key, decreed_seats=good.head.decreed_seats),
        key.public.accepts,
        key.public.id,
    )
    assert "move 2 brings nobody from v2 here" in offers(
        declined, accepted.model_copy(update={"move": 2}), lapsed
    )
    assert "expected the code L-1" in offers(
        declined, accepted.model_copy(update={"code": "L-2"}), lapsed
    )
    assert "had a seat by the list" in offers(
        declined, accepted.model_copy(update={"participant_no": "0002-000001"}), lapsed
    )
    assert "expected someone whom the last list of v3 ranks" in offers(
        declined, accepted, lapsed.model_copy(update={"participant_no": "0003-000009"})
    )
    assert "was offered a seat here twice" in offers(declined, accepted, lapsed, lapsed)
    assert "expected someone of the vacancy's own list" in offers(
        declined, accepted.model_copy(update={"move": None, "code": "L"}), lapsed
    )
    # the second of v2 was never asked, the third was
    assert "0002-000002 of v2 could have come and was never asked" in offers(accepted, lapsed)
    # a seat stays empty though the second of v3 could have had it
    assert (
        "0003-000002 of v3 could have come and was never asked, but a seat of v1 is empty"
        in offers(declined, accepted)
    )
    assert "v3 could have come" not in offers(accepted, lapsed)
    assert "had no seat by the list" in fault(
        changed(good.leaves, "v1", gave_up={"0002-000001": "declined"})
    )
    twice = AnsweredOffer(
        participant_no="0002-000003", applied_for="v2", move=None, code="L", answer="accepted"
    )
    assert "accepted 2 seats" in fault(
        changed(
            changed(good.leaves, "v2", offers=[twice], gave_up={"0002-000001": "declined"}),
            "v1",
            offers=[declined, accepted, lapsed],
        )
    )
    assert "2 people have seats, expected at most 1" in fault(
        changed(good.leaves, "v2", offers=[twice])
    )
    without = [
        leaf
        for leaf in good.leaves
        if not (isinstance(leaf, SeatingLeaf) and leaf.vacancy_id == "v3")
    ]
    assert "2 have a seating, expected all or none" in fault(without)
    first = next(at for at, leaf in enumerate(good.leaves) if isinstance(leaf, SeatingLeaf))
    assert "expected the vacancy's seating after all of its lists" in fault(
        [
            *good.leaves[: first - 1],
            good.leaves[first],
            good.leaves[first - 1],
            *good.leaves[first + 1 :],
        ]
    )
    assert isinstance(good.leaves[0], VacancyLeaf)
