"""What one policy says otherwise than another, in plain sentences."""

from shared.languages import Language
from shared.policies.model import Policy
from shared.policies.sentences import PolicySentence, cited, policy_sentences


def differences(before: Policy, after: Policy, language: Language) -> list[str]:
    """What `after` says otherwise than `before`, a sentence for each thing.

    What stands in `before` comes first, in its order; empty where both say the same.
    """
    old = {sentence.subject: sentence for sentence in policy_sentences(before, language)}
    new = {sentence.subject: sentence for sentence in policy_sentences(after, language)}
    told = [_difference(old.get(subject), new.get(subject), language) for subject in {**old, **new}]
    return [sentence for sentence in told if sentence is not None]


def _difference(
    was: PolicySentence | None, now: PolicySentence | None, language: Language
) -> str | None:
    """What became of one thing that a policy says; none where it stays the same."""
    indonesian = language == "id"
    if now is None:
        return f"{'Tidak ada lagi' if indonesian else 'No longer there'}: {was}"
    if was is None:
        return f"{'Baru' if indonesian else 'New'}: {now}"
    if was.content != now.content:
        changed = (
            f"dari {was.content} menjadi {now.content}"
            if indonesian
            else f"from {was.content} to {now.content}"
        )
    elif was.authority != now.authority:
        changed = (
            f"tetap {now.content}, tetapi dasarnya lain"
            if indonesian
            else f"still {now.content}, by another authority"
        )
    else:
        return None
    return f"{now.subject}: {changed}.{cited(now.authority)}"
