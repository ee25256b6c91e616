"""The policies that a round can be opened under, for everyone."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from shared.languages import Language
from shared.phrases import Phrase
from shared.policies import Policy, bundled_ids, load
from shared.policies.sentences import sentences
from shared.refusals import Refusal
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

PolicyId = Annotated[
    str, Path(pattern=r"^[a-z0-9-]{1,40}$", description="Name of the policy, as rounds name it")
]


class PolicyName(BaseModel):
    """A policy as a list names it."""

    policy_id: str = Field(description="Its name, as `open_round` takes it")
    version: str = Field(description="Its version")
    policy_hash: str = Field(
        description="SHA-256 of its canonical JSON, which a round opened under it states"
    )
    name: dict[Language, str] = Field(description="What people call it, by language")


class Policies(BaseModel):
    """The policies that a round can be opened under, by name."""

    items: list[PolicyName] = Field(description="All of them")


class PolicyView(PolicyName):
    """A policy whole: in plain sentences, and as programs read it."""

    sentences: dict[Language, list[str]] = Field(
        description="Its rules in plain sentences with their sources, by language"
    )
    policy: dict[str, Any] = Field(
        description="Its canonical JSON; decimals are texts, what stands at its default is left out"
    )


def show_policies() -> Policies:
    """The policies by name."""
    return Policies(items=[PolicyName(**_named(load(policy_id))) for policy_id in bundled_ids()])


def show_policy(policy_id: str) -> PolicyView:
    """One policy. Raises Refusal `not-found`."""
    if policy_id not in bundled_ids():
        raise Refusal("not-found", what=Phrase("policy", policy_id=policy_id))
    policy = load(policy_id)
    languages: tuple[Language, ...] = ("id", "en")
    said = {language: sentences(policy, language) for language in languages}
    return PolicyView(**_named(policy), sentences=said, policy=policy.as_json())


def _named(policy: Policy) -> dict[str, Any]:
    return {
        "policy_id": policy.id,
        "version": policy.version,
        "policy_hash": policy.hash(),
        "name": {"id": policy.name.id, "en": policy.name.en},
    }


router = APIRouter(tags=["policies"], prefix="/policies")


@router.get(
    "",
    operation_id="list_policies",
    summary="Policies that a round can be opened under, in order of name",
)
async def all_policies() -> Policies:
    """Those that the platform brings along; a round keeps the version that it was opened under."""
    return show_policies()


@router.get(
    "/{policy_id}",
    operation_id="get_policy",
    responses=problem_responses(404),
    summary="One policy, in plain sentences and as programs read it",
)
async def one_policy(policy_id: PolicyId) -> PolicyView:
    """`terang policy show` says the same."""
    return show_policy(policy_id)
