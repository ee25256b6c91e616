"""The key that published lists are signed with: Ed25519 (RFC 8032)."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.refusals import Refusal

EXPECTED = "an Ed25519 key in PEM"


class KeyFault(ValueError):  # noqa: N818 - the word of the domain
    """What was given is no such key; the text says what it should be."""


def require_key(key: "SigningKey | None") -> "SigningKey":
    """The key of this deployment. Raises Refusal `no-signing-key` where it has none."""
    if key is None:
        raise Refusal("no-signing-key")
    return key


class PublicKey:
    """Verifies signatures."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """The key of a PEM text. Raises KeyFault."""
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFault(f"expected {EXPECTED}, public") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFault(f"expected {EXPECTED}, public")
        return cls(key)

    def accepts(self, signature: bytes, signed: bytes) -> bool:
        """Whether the private key that belongs to this one made the signature."""
        try:
            self._key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    @property
    def pem(self) -> str:
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def _point(self) -> str:
        raw = self._key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @property
    def id(self) -> str:
        """SHA-256 of the key as a JSON Web Key (RFC 7638), in hexadecimal."""
        required = json.dumps(
            {"crv": "Ed25519", "kty": "OKP", "x": self._point}, separators=(",", ":")
        )
        return hashlib.sha256(required.encode()).hexdigest()

    @property
    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key (RFC 8037)."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": self._point,
            "kid": self.id,
            "use": "sig",
            "alg": "Ed25519",
        }


class SigningKey:
    """Makes signatures; `public` verifies them."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def of(cls, setting: str) -> Self:
        """The key that a setting holds as PEM, or names as a file. Raises KeyFault, OSError."""
        pem = (
            setting.encode() if setting.lstrip().startswith("-----") else Path(setting).read_bytes()
        )
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFault(f"expected {EXPECTED}, private, without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFault(f"expected {EXPECTED}, private")
        return cls(key)

    @classmethod
    def new(cls) -> Self:
        """A new random key."""
        return cls(Ed25519PrivateKey.generate())

    def sign(self, message: bytes) -> bytes:
        """The signature over a message: 64 bytes."""
        return self._key.sign(message)

    def keep(self, path: Path) -> None:
        """Writes it to a new file that only its owner can read. Raises FileExistsError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
