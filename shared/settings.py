"""What a process is told by its environment.

A setting that is unknown or missing stops the process, by name.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from shared.clock import Clock, DemoClock, utc_now
from shared.identity import Accounts

DEMO_PROVINCE = "99"
"""No province has this code: demonstrations and tests. It alone may have the issuer that believes
anyone, addresses without TLS, passwords that stand in the repository, and a clock that is moved."""

SERVICES = ("APPLICATIONS", "EXAMS", "RANKING", "FEEDBACK")
OF_OTHER_PROGRAMS = (
    "TERANG_TEST_",
    "TERANG_FAILPOINT",
    "TERANG_KAFKA_PUBLIC",
    "TERANG_KAFKA_REPLICATION_FACTOR",
    "TERANG_KAFKA_MIN_INSYNC_REPLICAS",
    "TERANG_AUDIT_KEPT_DAYS",
    "TERANG_SITE",
    "TERANG_DOOR_ADDRESS",
    "TERANG_PLAIN_PORT",
    "TERANG_TLS_PORT",
    "TERANG_IMAGE_TAG",
    "TERANG_PROVINCE_KEY",
)
"""Beginnings of names that other programs of a deployment read: tests, the door, compose; and the
services that decide in rounds."""

DEMO_PROVINCE_KEY = "cac072b5b4f3c2e2321b70759752e5ae96525d3eea3afb808d275b20be12611e"
"""The province key of deploy/provinces/99.env, which everyone can read."""
FEWEST_DIGITS = 10
"""Different digits of a province key: of 64 that are drawn by chance, fewer come once in 10^11."""


DEMO_ISSUER_PATH = "/issuer"
"""The path of `deploy/local/issuer.py`."""
GUESSED_PASSWORDS = ("password", "postgres", "terang", "changeme", "secret", "admin")
SHORTEST_PASSWORD = 16
"""Characters of a password of a database in a province with real people."""


class SettingsError(Exception):
    """The environment does not make a deployment: `faults` say which names are wrong and why."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("The settings do not make a deployment:\n  " + "\n  ".join(faults))
        self.faults = faults


def _known_zone(name: str) -> str:
    ZoneInfo(name)
    return name


class ServiceSettings(BaseModel):
    """The settings that every process of every service has.

    A service adds its own under TERANG_<SERVICE>_.
    """

    # a traceback shows no value either: passwords and keys are among them
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    province: Annotated[
        str,
        Field(
            validation_alias="TERANG_PROVINCE",
            pattern=r"^[0-9]{2}$",
            title="Province",
            description="Two-digit code of the province; it stands in the source of every event",
        ),
    ]
    time_zone: Annotated[
        str,
        AfterValidator(_known_zone),
        Field(
            validation_alias="TERANG_TIME_ZONE",
            title="Time zone",
            description="IANA name of the province's zone, in which people read days and hours",
        ),
    ] = "Asia/Jakarta"
    kafka_bootstrap_servers: Annotated[
        str,
        Field(
            validation_alias="KAFKA_BOOTSTRAP_SERVERS",
            min_length=1,
            title="Kafka",
            description="host:port of one or more brokers, separated by commas",
        ),
    ]
    database_url: Annotated[
        str,
        Field(
            validation_alias="DATABASE_URL",
            pattern=r"^postgres(ql)?://",
            title="Database",
            description="The service's own database; in the environment DATABASE_URL_<SERVICE>",
        ),
    ]
    issuer: Annotated[
        str,
        Field(
            validation_alias="TERANG_ISSUER",
            pattern=r"^https?://",
            title="Identity provider",
            description="The `iss` that every bearer token must carry",
        ),
    ]
    issuer_address: Annotated[
        str | None,
        Field(
            validation_alias="TERANG_ISSUER_ADDRESS",
            pattern=r"^https?://",
            title="The identity provider's address",
            description="Where this process reaches the identity provider, if not at TERANG_ISSUER",
        ),
    ] = None
    audience: Annotated[
        str,
        Field(
            validation_alias="TERANG_AUDIENCE",
            pattern=r"^[\x21-\x7e]{1,255}$",
            title="Audience",
            description="The `aud` that every bearer token must contain: "
            "the name of this platform at the identity provider",
        ),
    ]
    roles_claim: Annotated[
        str,
        Field(
            validation_alias="TERANG_ROLES_CLAIM",
            pattern=r"^[\x21-\x7e]{1,255}$",
            title="Claim of the roles",
            description="The claim of a bearer token that lists a person's roles; "
            "dots lead into a claim that has parts: realm_access.roles",
        ),
    ] = "roles"
    replica: Annotated[
        str,
        Field(
            validation_alias="TERANG_REPLICA",
            pattern=r"^[a-z0-9-]{1,40}$",
            title="Replica",
            description="Name of this process among the service's workers; "
            "two workers never share one",
        ),
    ] = "1"
    outbox_kept_days: Annotated[
        int,
        Field(
            validation_alias="TERANG_OUTBOX_KEPT_DAYS",
            ge=1,
            le=365,
            title="Published rows kept",
            description="Days that a published row stays in the outbox, "
            "for taking the lead and for recovery",
        ),
    ] = 7
    dead_letters_kept_days: Annotated[
        int,
        Field(
            validation_alias="TERANG_DEAD_LETTERS_KEPT_DAYS",
            ge=1,
            le=3650,
            title="Settled dead letters kept",
            description="Days that a dead letter stays listed once it was settled; one that waits "
            "stays until it is",
        ),
    ] = 90
    idempotency_kept_days: Annotated[
        int,
        Field(
            validation_alias="TERANG_IDEMPOTENCY_KEPT_DAYS",
            ge=1,
            le=365,
            title="Answers kept",
            description="Days in which a request that is sent again under its Idempotency-Key "
            "has its effect once and gets its first answer; without a token it is its day (in UTC) "
            "and the next",
        ),
    ] = 7
    demo_clock: Annotated[
        Path | None,
        Field(
            validation_alias="TERANG_DEMO_CLOCK",
            title="Clock of demonstrations",
            description="File that says by how many seconds all processes are ahead of the wall "
            f"clock; for demonstrations alone, refused in any province but {DEMO_PROVINCE}",
        ),
    ] = None

    @field_validator("database_url")
    @classmethod
    def _with_a_password_of_its_own(cls, url: str, others: ValidationInfo) -> str:
        if others.data.get("province") != DEMO_PROVINCE and (fault := _password_fault(url)):
            raise ValueError(f"{fault}; openssl rand -hex 24 makes one")
        return url

    @field_validator("issuer", "issuer_address")
    @classmethod
    def _not_of_demonstrations(cls, address: str | None, others: ValidationInfo) -> str | None:
        real = others.data.get("province") != DEMO_PROVINCE
        if real and address is not None and (fault := _believed_by_anyone(address)):
            raise ValueError(f"{address} {fault}")
        return address

    @field_validator("demo_clock")
    @classmethod
    def _in_demonstrations_alone(cls, file: Path | None, others: ValidationInfo) -> Path | None:
        if file is not None and others.data.get("province") != DEMO_PROVINCE:
            raise ValueError(
                f"only province {DEMO_PROVINCE}, the demonstration, has a clock that can be "
                "moved; take this setting out"
            )
        return file

    @property
    def clock(self) -> Clock:
        """What the services take for the present: the wall clock, but in demonstrations."""
        return utc_now if self.demo_clock is None else DemoClock(self.demo_clock)

    @property
    def zone(self) -> ZoneInfo:
        """The province's time zone."""
        return ZoneInfo(self.time_zone)


class RoundSettings(ServiceSettings):
    """The settings of a service in which something is decided in a round."""

    province_key: Annotated[
        SecretStr,
        Field(
            validation_alias="TERANG_PROVINCE_KEY",
            title="Province key",
            description="64 hexadecimal digits drawn by chance (openssl rand -hex 32), the same "
            "for applications, exams and ranking; a secret. By it they know that a token belongs "
            "to a candidate, who then decides nothing in the round. Made once and never changed: "
            "under another key the candidates of rounds under way would no longer be known",
        ),
    ]

    @field_validator("province_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        fault = _key_fault(key.get_secret_value(), info.data.get("province"))
        if fault:
            raise ValueError(fault)
        return key

    @property
    def accounts(self) -> Accounts:
        """By which a person is known in a round."""
        return Accounts(bytes.fromhex(self.province_key.get_secret_value()), self.issuer)


def _key_fault(key: str, province: str | None) -> str | None:
    """What is wrong with a province key, without the key; None where nothing is."""
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        return "64 hexadecimal digits are needed, in small letters: openssl rand -hex 32 makes them"
    if len(set(key)) < FEWEST_DIGITS:
        return "this is not drawn by chance: openssl rand -hex 32 makes a key"
    if key == DEMO_PROVINCE_KEY and province != DEMO_PROVINCE:
        return "this is the demonstration's, which everyone knows: openssl rand -hex 32 makes a key"
    return None


def _believed_by_anyone(address: str) -> str:
    """What makes a provider's address unfit for real people; empty where nothing does."""
    if not address.startswith("https://"):
        return "isn't https, so that anyone on the way can forge tokens; give the https address"
    path = "/" + unquote(urlsplit(address).path).lower().strip("/") + "/"
    if path.startswith(f"{DEMO_ISSUER_PATH}/"):
        return (
            "is the issuer of demonstrations, which gives anyone a token; "
            "give your own identity provider's (docs/identity.md)"
        )
    return ""


def _password_fault(database_url: str) -> str | None:
    """What is wrong with the password in a database's address; None where nothing is.

    None is needed where a client certificate says who connects, or a unix socket.
    """
    address = urlsplit(database_url)
    asked = parse_qs(address.query)
    password = unquote(address.password or asked.get("password", [""])[0])
    if not password:
        return None if _proves_otherwise(address, asked) else "it has no password; give it one"
    if _is_known_password(password, unquote(address.username or "postgres")):
        return "its password is one that anyone can read or guess; give it a new one"
    if len(password) < SHORTEST_PASSWORD:
        return f"its password has fewer than {SHORTEST_PASSWORD} characters; give it a longer one"
    return None


def _proves_otherwise(address: SplitResult, asked: Mapping[str, list[str]]) -> bool:
    """Whether a database knows who connects without a password."""
    host = unquote(address.hostname or asked.get("host", [""])[0])
    return "sslcert" in asked or host.startswith("/")


def _is_known_password(password: str, role: str) -> bool:
    """Whether a password is one of the demonstration, or one that is tried first."""
    password = password.lower()
    return password.startswith("demonstration") or password in (*GUESSED_PASSWORDS, role.lower())


Model = TypeVar("Model", bound=ServiceSettings)
Own = TypeVar("Own", bound=BaseModel)


def known_names(model: type[ServiceSettings]) -> set[str]:
    """Names of the environment that `model` reads."""
    return {str(field.validation_alias) for field in model.model_fields.values()}


def read_settings(
    model: type[Model], service: str, environment: Mapping[str, str] = os.environ
) -> Model:
    """Settings of `service` (`ranking`) from the environment.

    Names under another service's TERANG_<SERVICE>_ are passed over: one file of settings serves the
    whole deployment. Raises SettingsError naming every setting that is missing, wrong or unknown.
    """
    names = known_names(model)
    faults = [f"{name}: no setting has this name" for name in _unknown(names, service, environment)]
    database = f"DATABASE_URL_{service.upper()}"
    values = {name: environment[name] for name in names if name in environment}
    values.pop("DATABASE_URL", None)
    if database in environment:
        values["DATABASE_URL"] = environment[database]
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        raise SettingsError([*faults, *_wrong(error, database)]) from error
    if faults:
        raise SettingsError(faults)
    return settings


def read_own(model: type[Own], environment: Mapping[str, str] = os.environ) -> Own:
    """Settings of a program that is no process of a service, from the environment.

    Each has a default, which is checked too; other names are passed over. Raises SettingsError
    naming every setting that is wrong.
    """
    fields = model.model_fields.values()
    values = {str(field.validation_alias): field.default for field in fields}
    values.update((name, environment[name]) for name in values.keys() & environment.keys())
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_wrong(error, "")) from error


def _unknown(names: set[str], service: str, environment: Mapping[str, str]) -> list[str]:
    """Names of ours that no program of this service or deployment reads."""
    others = tuple(f"TERANG_{name}_" for name in SERVICES if name != service.upper())
    ours = (name for name in sorted(environment) if name.startswith("TERANG_"))
    return [
        name
        for name in ours
        if name not in names and not name.startswith((*others, *OF_OTHER_PROGRAMS))
    ]


def _wrong(error: ValidationError, database: str) -> list[str]:
    """What is wrong with each value, by the name that it has in the environment."""
    faults = []
    for details in error.errors():
        name = str(details["loc"][0]) if details["loc"] else "settings"
        faults.append(f"{database if name == 'DATABASE_URL' else name}: {details['msg']}")
    return faults
