"""The key that published lists are signed with."""

from pathlib import Path

import pytest

from services.ranking.publication.storage.signing import KeyFault, PublicKey, SigningKey


def test_keys_are_read_from_text_or_file_and_nothing_else_is_one(tmp_path: Path) -> None:
    """A kept key is the same when read again and is never written over; other texts are refused
    with what is expected.
    """
    path = tmp_path / "keys" / "ranking.pem"
    key = SigningKey.new()
    key.keep(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.of(str(path)).public.id == key.public.id
    with pytest.raises(FileExistsError):
        SigningKey.new().keep(path)
    assert PublicKey.read(key.public.pem.encode()).id == key.public.id
    with pytest.raises(KeyFault, match="Ed25519"):
        SigningKey.of("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyFault, match="Ed25519"):
        PublicKey.read(b"nothing")
    assert key.public.jwk["kid"] == key.public.id
