"""An identity provider FOR DEMONSTRATIONS ONLY: anyone gets a token in any name and any role.

The local stack and the compose profile `demo` have it, so that a round can be played without a
province's real provider.
"""

import json
import os
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.identity import ROLES

WARNING = (
    "DEMONSTRATION ONLY: this issuer gives anyone a token in any name and any role. "
    "Never point a real deployment at it."
)
TOKEN_LIFETIME = timedelta(hours=8)  # longer than any demonstration


def create_issuer(
    issuer: str, audience: str, key: ECKey, *, clock: Callable[[], datetime]
) -> FastAPI:
    """The provider's HTTP app, all its paths under `/issuer`.

    Its access tokens (RFC 9068) carry `issuer` as `iss` (the address under which people reach it)
    and `audience` as `aud`, and are signed with `key`; `clock` gives the time, UTC.
    """
    app = FastAPI(title="Demo issuer", description=WARNING, openapi_url=None)

    @app.post("/issuer/token")
    async def token(
        grant_type: Annotated[str, Form()] = "",
        client_id: Annotated[str, Form()] = "",
        scope: Annotated[str, Form()] = "",
    ) -> JSONResponse:
        roles = scope.split()
        if grant_type != "client_credentials":
            return _refused("unsupported_grant_type", "grant_type must be client_credentials")
        if not client_id:
            return _refused(
                "invalid_client", "client_id must be the subject for which the token is asked"
            )
        if unknown := sorted(set(roles) - ROLES):
            return _refused(
                "invalid_scope",
                f"no such role: {', '.join(unknown)}; the roles are {', '.join(sorted(ROLES))}",
            )
        now = clock()
        claims = {
            "iss": issuer,
            "aud": audience,
            "sub": client_id,
            "client_id": client_id,
            "jti": secrets.token_urlsafe(12),
            "roles": roles,
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
        }
        signed = jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": key.kid}, claims, key)
        answer = {
            "access_token": signed,
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "scope": scope,
            "warning": WARNING,
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @app.get("/issuer/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False, use="sig", alg="ES256")]}

    @app.get("/issuer/.well-known/openid-configuration")
    async def configuration() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": sorted(ROLES),
            "demonstration": True,
            "warning": WARNING,
        }

    @app.get("/ready")
    @app.get("/live")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def key_of(file: Path) -> ECKey:
    """The signing key in `file` (a private JWK for its owner alone); made when there is none."""
    if file.exists():
        return ECKey.import_key(json.loads(file.read_text()))
    key = ECKey.generate_key("P-256", auto_kid=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    # written aside and linked: of two processes that start at once, both use the first one's key
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as writing:
        writing.write(json.dumps(key.as_dict(private=True)))
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        key = ECKey.import_key(json.loads(file.read_text()))
    finally:
        draft.unlink()
    return key


def _refused(error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, status_code=400)
