"""Officers fix the lists and publish them; everyone reads them."""

from decimal import Decimal

from deploy.demo.demonstration import OFFICER, SECOND_OFFICER, Demonstration
from deploy.demo.recompute import Row


async def close_list(demo: Demonstration, name: str, path: str) -> None:
    """Fix a list: refused until ranking has all that was counted, and asked again."""
    async with demo.step(name, 1):
        await demo.command(OFFICER, path, name, waits=True)


async def publish(demo: Demonstration, name: str) -> None:
    """One officer proposes what everyone will see, a second signs it."""
    path = f"/ranking/rounds/{demo.round_id}/publication"
    async with demo.step(name, 1):
        proposal = await demo.command(OFFICER, path, name, "propose")
        await demo.command(
            SECOND_OFFICER, f"{path}/signature", name, "sign", body={"digest": proposal["digest"]}
        )


async def read_lists(demo: Demonstration) -> list[Row]:
    """Every line of every fixed list, by vacancy, stage, rank, number."""
    rows: list[Row] = []
    async with demo.step("read the lists", 2 * len(demo.people.listings)) as done:
        for listing in demo.people.listings:
            for stage in ("skd", "final"):
                rows += await _read_list(demo, listing.listing_id, stage)
                done()
    return rows


async def _read_list(demo: Demonstration, listing_id: str, stage: str) -> list[Row]:
    path = f"/ranking/vacancies/{demo.vacancy_ids[listing_id]}/standings"
    return [
        (
            listing_id,
            stage,
            str(line["rank"] or ""),
            line["participant_no"],
            "" if line["score"] is None else str(Decimal(line["score"])),
            line["code"],
        )
        async for line in demo.client.items(path, list=stage)
    ]
