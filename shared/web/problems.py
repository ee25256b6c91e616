"""Errors as problem details (RFC 9457), in the reader's language.

Every sentence stands in a problems.toml.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from typing_extensions import override

from shared.languages import Language
from shared.phrases import fact_told, facts_told
from shared.refusals import Refusal, ValueFault

OF_EVERY_SERVICE = Path(__file__).parent / "problems.toml"


FAULT_SENTENCES: Mapping[str, Mapping[Language, str]] = tomllib.loads(
    Path(__file__).with_name("faults.toml").read_text("utf-8")
)
"""What is wrong with a value, by kind of fault and language."""

SHOWN_FAULTS = 20
"""Faults that an answer names; more are not read at once, and a hostile request makes thousands."""


class ProblemError(BaseModel):
    """One of several errors: in a field of the request, or in a row of a file."""

    line: int | None = Field(None, description="Line of the file, the header being line 1")
    column: str | None = Field(None, description="Column of the file")
    field: str | None = Field(
        None, description="Field of the request's body, its path from the top, or parameter"
    )
    about: str | None = Field(
        None, description="What it is about, where it is no field: a vacancy, part of a policy"
    )
    code: str | None = Field(None, description="Stable name of the kind of fault, where it has one")
    reason: str = Field(description="What is wrong, and what would be right")


class ProblemDetails(BaseModel):
    """What went wrong, why, and what to do next (RFC 9457)."""

    type: str = Field(
        description="Stable name of the kind of problem",
        examples=["/problems/ranking/stage-incomplete"],
    )
    title: str = Field(description="The kind of problem in a few words")
    status: int = Field(description="The HTTP status", ge=400, le=599)
    detail: str = Field(description="What failed here, why, and what to do next")
    errors: list[ProblemError] | None = Field(
        None, description=f"The single faults, where there are several: the first {SHOWN_FAULTS}"
    )
    more_errors: int | None = Field(None, description="How many more there are")


@dataclass(frozen=True, slots=True)
class ProblemWording:
    """What a problem is called and said, in both languages, and its HTTP status."""

    status: int
    title: Mapping[Language, str]
    detail: Mapping[Language, str]


def reader_language(request: Request) -> Language:
    """Indonesian, unless the reader asked for English.

    By `?lang=en`, the cookie `lang`, or Accept-Language.
    """
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    if asked is None:
        asked = _first_accepted(request.headers.get("accept-language", ""))
    return "en" if asked == "en" else "id"


def _first_accepted(header: str) -> str:
    """The first of our languages that an Accept-Language header names; else Indonesian."""
    offers = [part.split(";")[0].strip()[:2].lower() for part in header.split(",")]
    return next((offer for offer in offers if offer in {"id", "en"}), "id")


class ProblemResponse(JSONResponse):
    """Problem details; half a character, which UTF-8 can't write, is spelled out."""

    @override
    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


class Problems:
    """The problems that one service can answer with.

    Raises ValueError where two files define the same problem.
    """

    def __init__(self, service: str, files: Iterable[Path]) -> None:
        self.service = service
        self.sentences: dict[str, ProblemWording] = {}
        for path in (OF_EVERY_SERVICE, *files):
            for code, row in tomllib.loads(path.read_text("utf-8")).items():
                if code in self.sentences:
                    raise ValueError(f"problem defined twice: {code} ({path})")
                self.sentences[code] = ProblemWording(
                    row["status"],
                    {"id": row["id"]["title"], "en": row["en"]["title"]},
                    {"id": row["id"]["detail"], "en": row["en"]["detail"]},
                )

    def details(self, refusal: Refusal, language: Language) -> ProblemDetails:
        """The refusal in words.

        Raises KeyError where the code or a placeholder is in no problems.toml, which is a bug.
        """
        sentence = self.sentences[refusal.code]
        return ProblemDetails(
            type=f"/problems/{self.service}/{refusal.code}",
            title=sentence.title[language],
            status=sentence.status,
            detail=sentence.detail[language].format_map(
                {"count": len(refusal.errors), **facts_told(refusal.facts, language)}
            ),
            errors=[self._error(error, language) for error in refusal.errors[:SHOWN_FAULTS]]
            or None,
            more_errors=max(0, len(refusal.errors) - SHOWN_FAULTS) or None,
        )

    def _error(self, error: Mapping[str, object], language: Language) -> ProblemError:
        """One fault in words.

        A `reason` may be a Refusal: that of the one row or thing, with the sentence it has alone.
        """
        reason = error["reason"]
        if isinstance(reason, ValueFault):
            words = _fault_in_words(reason, language)
            return ProblemError.model_validate({**error, "reason": words})
        if isinstance(reason, Refusal):
            words = (
                self.sentences[reason.code]
                .detail[language]
                .format_map(facts_told(reason.facts, language))
            )
            return ProblemError.model_validate({**error, "code": reason.code, "reason": words})
        return ProblemError.model_validate({**error, "reason": fact_told(reason, language)})

    def response(
        self, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        """The same as a response."""
        details = self.details(refusal, reader_language(request))
        return ProblemResponse(
            details.model_dump(exclude_none=True),
            status_code=details.status,
            media_type="application/problem+json",
            headers={"Content-Language": reader_language(request), **(headers or {})},
        )


MEANINGS = {
    400: "The request can't be read",
    401: "No valid access token",
    403: "Not for this role or person",
    404: "There is none of this name or id",
    409: "It doesn't go with how things stand now",
    408: "Not whole in time",
    413: "Too large",
    422: "Something in the request is not right; `errors` says what",
    503: "Away for a moment: try again",
}
"""What a problem of each status means, for OpenAPI."""


def _fault_in_words(fault: ValueFault, language: Language) -> str:
    """What is wrong with a value.

    A kind without a sentence is said in its own English, and in general words of another language.
    """
    sentence = FAULT_SENTENCES.get(fault.kind, {}).get(language)
    if sentence is None and language == "en":
        return fault.says.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    facts = {name: _fact_in_words(fact, language) for name, fact in fault.facts.items()}
    return (sentence or FAULT_SENTENCES["other"][language]).format_map(facts)


def _fact_in_words(fact: object, language: Language) -> str:
    """A fact of a fault; pydantic joins the last two of several texts by an English word."""
    return str(fact).replace("' or '", "' or '" if language == "en" else "' atau '")


def problem_responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The `responses=` of a route: its problems for OpenAPI.

    401 and 403 come with roles, 400, 408, 413, 422 and 503 with every route.
    """
    # as `model`, FastAPI would put the schema under the route's own media type
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {
        status: {
            "description": MEANINGS[status],
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in statuses
    }
