"""The code with which an anonymous complainant comes back."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.feedback.complaints.domain.tracking import (
    ALPHABET,
    RANDOM_BYTES,
    fingerprint,
    tracking_code,
)


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_a_code_says_all_its_randomness(randomness: bytes) -> None:
    """Sixteen letters of Crockford's alphabet in groups of four, from which the randomness can be
    read back: no bit is lost.
    """
    code = tracking_code(randomness)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    number = 0
    for letter in code.replace("-", ""):
        number = number * 32 + ALPHABET.index(letter)
    assert number.to_bytes(RANDOM_BYTES, "big") == randomness


def test_a_code_is_known_however_it_is_written() -> None:
    """Lower case, blanks, missing dashes, and the letters that look like 0 and 1."""
    code = "0123-4567-89AB-CDEF"
    for written in (
        "0123456789abcdef",
        " 0123 4567 89ab cdef ",
        "OI23-4567-89AB-CDEF",
        "ol23-4567-89ab-cdef",
    ):
        assert fingerprint(written) == fingerprint(code)
    assert fingerprint("0123-4567-89AB-CDEG") != fingerprint(code)
