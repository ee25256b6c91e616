"""Shows to anyone how each kind of need fared on a round's fixed lists."""

from pydantic import BaseModel, ConfigDict, Field

from services.ranking.lists.domain.fairness import LEAST, count_need, shown_groups
from services.ranking.lists.storage import SQL
from services.ranking.rounds.storage import load_round
from shared.contracts.fields import RoundId, StageCode
from shared.policies import List
from shared.postgres.pool import Connection


class _FromDomain(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PassRateView(_FromDomain):
    """A share of those who were tested."""

    count: int = Field(description="How many they are")
    share: str = Field(description="Decimal of four digits")
    low: str = Field(description="Lower end of the 95 % Wilson interval")
    high: str = Field(description="Its upper end")


class NeedGroupView(_FromDomain):
    """A kind of need, or several together that are too small to be shown alone."""

    needs: tuple[str, ...] = Field(
        description="Kinds of need (jenis kebutuhan), by the policy's code"
    )
    tested: int = Field(description="Have a whole result, or were disqualified")
    passed: PassRateView = Field(description="Met every threshold")
    within: PassRateView = Field(
        description="Came within the cut; on the last list: within the seats"
    )


class ListFairness(BaseModel):
    """One list of the round."""

    list: StageCode
    fixed: bool = Field(
        description="Figures are shown once an officer fixed the list in every vacancy of the round"
    )
    groups: tuple[NeedGroupView, ...] = Field(
        description="The largest first; nobody is left out of them. None while the list is open,"
        " or where fewer than `least` were tested"
    )


class Validity(BaseModel):
    """Whether the tests told who would work well."""

    available: bool = Field(
        description="Whether it can be told; false while no event says how people work"
    )
    needs: str = Field(description="What would have to be known, and by which event it would come")


class Fairness(BaseModel):
    """Did selection treat kinds of need alike, and did it work?"""

    round_id: RoundId
    least: int = Field(description="People in the smallest group that is shown")
    lists: tuple[ListFairness, ...] = Field(description="In the order in which they are closed")
    validity: Validity


NO_RATINGS = Validity(
    available=False,
    needs=(
        "Sub-scores can be set against first-year performance ratings once these are stated by"
        " participant number."
        " No service states them, so nothing is said about it here."
        " · Nilai dapat dibandingkan dengan penilaian kinerja tahun pertama setelah penilaian itu"
        " dinyatakan per nomor peserta."
        " Belum ada layanan yang menyatakannya, jadi hal itu tidak disebut di sini."
    ),
)


async def show_fairness(connection: Connection, round_id: str) -> Fairness:
    """The figures of the round's fixed lists. Raises Refusal `unknown-round`."""
    round_ = await load_round(connection, round_id)
    lists = [
        await _of_list(connection, round_id, policy_list) for policy_list in round_.policy.lists
    ]
    return Fairness(round_id=round_id, least=LEAST, lists=tuple(lists), validity=NO_RATINGS)


async def _of_list(connection: Connection, round_id: str, policy_list: List) -> ListFairness:
    code = policy_list.code
    rows = [row async for row in SQL.candidates_by_code(connection, round_id=round_id, list=code)]
    if not rows or len(rows) != rows[0]["vacancies"]:
        return ListFairness(list=code, fixed=False, groups=())
    counts = [count_need(row["need"], policy_list.codes, row["codes"]) for row in rows]
    return ListFairness(
        list=code,
        fixed=True,
        groups=tuple(NeedGroupView.model_validate(group) for group in shown_groups(counts)),
    )
