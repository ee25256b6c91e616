"""Why an application may be found not to meet the requirements."""

from services.applications.verification.domain.reasons import REASONS


def test_reasons_have_words() -> None:
    """Every reason has its own words in both languages, each a sentence."""
    texts = [text for reason in REASONS.values() for text in reason]
    assert len(texts) == len(set(texts)) == 2 * len(REASONS)
    assert all(text[0].isupper() and text.endswith(".") for text in texts)
