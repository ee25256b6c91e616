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

ASKED = "an Ed25519 key in PEM"


class KeyFault(ValueError):  # noqa: N818 - the word of the domain
    """What was given is no such key; the text says what it should be."""


class PublicKey:
    """Tells whether a signature is its own."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """The key of a PEM text. Raises KeyFault."""
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFault(f"expected {ASKED}, public") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFault(f"expected {ASKED}, public")
        return cls(key)

    def accepts(self, signature: bytes, signed: bytes) -> bool:
        """Whether this key's other half made the signature."""
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
    """Signs."""

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
            raise KeyFault(f"expected {ASKED}, private, without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFault(f"expected {ASKED}, private")
        return cls(key)

    @classmethod
    def new(cls) -> Self:
        """A key that nobody had before."""
        return cls(Ed25519PrivateKey.generate())

    def sign(self, what: bytes) -> bytes:
        return self._key.sign(what)

    def keep(self, path: Path) -> None:
        """Write it where nothing is yet, readable by its owner alone. Raises FileExistsError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
