"""Shows the public keys under which lists were or will be published."""

from pydantic import BaseModel, Field

from services.ranking.publication.storage.publications import PUBLICATION
from services.ranking.publication.storage.signing import PublicKey, SigningKey
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class Keys(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]] = Field(
        description="The keys under which lists were or will be published (RFC 8037)"
    )


async def show_keys(connection: Connection, key: SigningKey | None) -> Keys:
    """The public keys: the present one first, then those of lists published before."""
    return Keys(keys=[public.jwk for public in (await _public_keys(connection, key)).values()])


async def show_key(connection: Connection, key: SigningKey | None, key_id: str | None) -> str:
    """A public key as PEM, by default the first. Raises Refusal `not-found`."""
    keys = await _public_keys(connection, key)
    if key_id is None and keys:
        key_id = next(iter(keys))
    if key_id not in keys:
        what = Phrase("key", key_id=key_id) if key_id else Phrase("no-key")
        raise Refusal("not-found", what=what)
    return keys[key_id].pem


async def _public_keys(connection: Connection, key: SigningKey | None) -> dict[str, PublicKey]:
    """By id; the present one first."""
    keys = {} if key is None else {key.public.id: key.public}
    async for row in PUBLICATION.signing_keys(connection):
        earlier = PublicKey.read(row["public_key"].encode())
        keys.setdefault(earlier.id, earlier)
    return keys
