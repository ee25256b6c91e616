"""The tracking code: what an anonymous complainant comes back with."""

import hashlib

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a code can be read out and copied by hand."""

RANDOM_BYTES = 10
"""80 bits. Whoever tries 1,000 codes a second against a million complaints needs some 19 million
years for one hit on average."""

_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def tracking_code(randomness: bytes) -> str:
    """The code that stands for RANDOM_BYTES of randomness: `XXXX-XXXX-XXXX-XXXX`."""
    number = int.from_bytes(randomness, "big")
    letters = "".join(ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def fingerprint(code: str) -> bytes:
    """The SHA-256 that is stored in place of a code, however its 16 letters were written.

    80 random bits need no salt.
    """
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).digest()
