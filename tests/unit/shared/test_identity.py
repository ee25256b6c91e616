"""Under which hash a person is known in a round."""

import hmac
from dataclasses import replace

import pytest

from shared.identity import Accounts, Person

KEY = bytes(range(32))
HERE = Accounts(KEY, "https://login.example")


def test_the_account_is_the_hmac_that_the_contract_says() -> None:
    """HMAC-SHA256 of the JSON array [round, issuer, subject] in ASCII without blanks."""
    message = b'["cpns-2026","https://login.example","orang-\\u00e9"]'
    assert HERE.account("cpns-2026", "orang-é") == hmac.digest(KEY, message, "sha256").hex()
    person = Person("orang-é", frozenset(), HERE)
    assert person.account("cpns-2026") == HERE.account("cpns-2026", "orang-é")


def test_another_round_issuer_subject_or_key_has_another_account() -> None:
    """Also where the parts put together would read the same."""
    others = [
        HERE.account("a", "b"),
        HERE.account("a2", "b"),
        HERE.account("a", "b2"),
        HERE.account('a","https://login.example","b', ""),
        replace(HERE, issuer="https://login.example/").account("a", "b"),
        replace(HERE, key=KEY[::-1]).account("a", "b"),
    ]
    assert len(set(others)) == len(others)


def test_the_key_is_never_shown() -> None:
    """Neither by what makes accounts nor by whoever asks."""
    for shown in (repr(HERE), repr(Person("a", frozenset(), HERE))):
        assert str(KEY) not in shown
        assert KEY.hex() not in shown


def test_without_a_key_nobody_passes_for_no_candidate() -> None:
    """A process without the province key fails where it would have to decide."""
    with pytest.raises(ValueError, match="no province key"):
        Person("a", frozenset()).account("cpns-2026")
