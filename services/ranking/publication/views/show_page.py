"""Shows a published version as people read and print it."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from services.ranking.proofs.domain.head import Head
from services.ranking.publication.storage.publications import PUBLICATION, load_published
from services.ranking.publication.views.show_versions import (
    PublishedCorrection,
    PublishedVersion,
    adopted_since,
    show_versions,
)
from shared.policies import List, Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal

MOST_LEAVES = 10_000
"""Of a version that goes on one page, as a few megabytes; of a larger one a page shows a vacancy at
a time."""


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """What a page of a published version says.

    `components`: codes of those that the last list's score counts. `index`: the leaf of each
    vacancy. `posts`: post and unit by vacancy id. `vacancies`: those that are shown, with the lines
    of the last list. `adopted_since`: corrected lists that count and no published version holds
    yet.
    """

    head: Head
    signature: str
    policy: Policy
    components: list[str]
    index: list[Any]
    posts: dict[str, str]
    vacancies: list[Any]
    follows: PublishedVersion | None
    this: PublishedVersion
    replaced_by: PublishedVersion | None
    adopted_since: list[PublishedCorrection]

    @property
    def last_list(self) -> List:
        """The list whose lines are shown."""
        return self.policy.lists[-1]


async def show_page(
    connection: Connection, round_id: str, version: int | None, vacancy_id: str | None
) -> PublishedPage:
    """A version, by default the newest: of one vacancy, or of all unless these are too many.

    Raises Refusal `not-published`, `unknown-vacancy`.
    """
    row = await load_published(connection, round_id, version)
    version = row["version"]
    policy = Policy.model_validate(row["policy"])
    index = [
        json.loads(leaf["content"])
        async for leaf in PUBLICATION.vacancies_of(connection, round_id=round_id, version=version)
    ]
    if vacancy_id is not None and vacancy_id not in {leaf["vacancy_id"] for leaf in index}:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    vacancies: list[Any] = []
    if vacancy_id is not None or row["head"]["leaves"] <= MOST_LEAVES:
        vacancies = await _vacancies(connection, round_id, version, policy.lists[-1], vacancy_id)
    versions = {item.version: item for item in (await show_versions(connection, round_id)).items}
    newest = versions[version].replaced_by is None
    return PublishedPage(
        Head(**row["head"]),
        row["signature"],
        policy,
        _components(policy),
        index,
        {leaf["vacancy_id"]: f"{leaf['post']}, {leaf['unit_path']}" for leaf in index},
        vacancies,
        versions.get(version - 1),
        versions[version],
        versions.get(version + 1),
        await adopted_since(connection, round_id, version) if newest else [],
    )


def _components(policy: Policy) -> list[str]:
    """Codes of the components of all stages that the last list's score counts."""
    stages = [policy.stage(term.stage) for term in policy.lists[-1].score.terms]
    return list(dict.fromkeys(part.code for stage in stages if stage for part in stage.components))


async def _vacancies(
    connection: Connection, round_id: str, version: int, last: List, vacancy_id: str | None
) -> list[Any]:
    """Vacancies as a page shows them.

    With how many applied by outcome, the lines of the last list, whom an officer put in order, and
    the seating.
    """
    vacancies: list[Any] = []
    async for row in PUBLICATION.leaves_on_paper(
        connection, round_id=round_id, version=version, list=last.code, vacancy_id=vacancy_id
    ):
        leaf = json.loads(row["content"])
        if leaf["kind"] == "vacancy":
            applicants: Counter[str] = Counter()
            parts: dict[str, Any] = {
                "applicants": applicants,
                "lines": [],
                "decided": {},
                "seating": None,
            }
            vacancies.append(leaf | parts)
        elif leaf["kind"] == "applicant":
            vacancies[-1]["applicants"][leaf["outcome"]] += 1
        elif leaf["kind"] == "list":
            vacancies[-1]["decided"] = leaf["decided"] if len(leaf["decided"]) > 1 else {}
        elif leaf["kind"] == "line":
            vacancies[-1]["lines"].append(leaf)
        elif leaf["kind"] == "seating":
            vacancies[-1]["seating"] = _seating(leaf, vacancies[-1], last)
    return vacancies


def _seating(leaf: dict[str, Any], vacancy: dict[str, Any], last: List) -> dict[str, Any]:
    """A seating with its accepted offers, and how many seats are left empty."""
    accepted = [offer for offer in leaf["offers"] if offer["answer"] == "accepted"]
    selected = sum(last.goes_on(line["code"]) for line in vacancy["lines"])
    taken = selected - len(leaf["gave_up"]) + len(accepted)
    return {**leaf, "accepted": accepted, "left_empty": vacancy["seats"] - taken}
