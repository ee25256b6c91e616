"""One token in every role, in the running platform: its applicant decides nothing in the round."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.client import Client, DemoError
from deploy.local.state import StackStatus
from tests.e2e.small_round import SmallRound

pytestmark = pytest.mark.timeout(300)
EVERY_ROLE = "applicant verifier examiner proctor officer"


async def test_a_candidate_with_every_role_is_refused_by_all_services(
    client: Client, stack: StackStatus
) -> None:
    """Whose application it is, exams and ranking learn from Kafka, by a hash alone."""
    small = await SmallRound.open(client, "national-cpns-2024", "KECAMATAN TAKTAKAN")
    for name in ("calon", "lawan"):
        await small.apply(name)
    sitting = await small.schedule("skd")
    async with Client(stack.door) as attacker:

        async def refusal(path: str, body: Any = None) -> str:
            """What the candidate's token is told."""
            who = f"{small.round_id}-calon"
            with pytest.raises(DemoError) as refused:
                await attacker.post(path, who=who, role=EVERY_ROLE, key=uuid4().hex, body=body)
            return str(refused.value)

        async def until_refused(path: str) -> None:
            """Results are missing, so what is sent here is refused in any case."""
            while "403" not in (said := await refusal(path)):
                assert "409" in said
                await asyncio.sleep(0.25)

        await until_refused(f"/exams/sittings/{sitting}/close")
        await until_refused(f"/ranking/rounds/{small.round_id}/close")
        points = {"TWK": "150", "TIU": "175", "TKP": "225"}
        own = {"participant_no": small.numbers["calon"], "points": points}
        rival = {"participant_no": small.numbers["lawan"], "reason": "Membawa ponsel"}
        closing = f"/applications/rounds/{small.round_id}/registration/close"
        said = [
            await refusal(closing, None),
            await refusal(f"/exams/sittings/{sitting}/scores", own),
            await refusal(f"/exams/sittings/{sitting}/disqualifications", rival),
        ]
        assert all("403" in sentence and small.round_id in sentence for sentence in said), said
    await small.score(sitting, "calon", {"TWK": "100", "TIU": "100", "TKP": "200"})
