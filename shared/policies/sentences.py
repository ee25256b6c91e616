"""A policy in plain sentences, Indonesian or English."""

from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import override

from shared.languages import Language
from shared.policies.lists import CutRule, List, ScoreTerm
from shared.policies.model import Policy
from shared.policies.parts import SeatMove
from shared.policies.stages import Bonus, Component, Stage, Threshold
from shared.policies.wording import (
    EQUALS_AT_THE_LIMIT,
    IN_COMMON,
    OUTCOMES,
    PUBLISHED,
    ROUNDING,
    SCORING,
    WHERE,
    Wording,
)


@dataclass(frozen=True, slots=True)
class PolicySentence:
    """One thing that a policy says: of what, what, and by which authority (decree and article)."""

    subject: str
    content: str
    authority: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.subject}: {self.content}.{cited(self.authority)}"


def cited(authority: str) -> str:
    """An authority as it ends a sentence."""
    return f" [{authority}]" if authority else ""


def sentences(policy: Policy, language: Language) -> list[str]:
    """All that a policy says, a sentence for each thing, with the authority of each figure."""
    return [str(sentence) for sentence in policy_sentences(policy, language)]


def policy_sentences(policy: Policy, language: Language) -> Iterator[PolicySentence]:
    """The same, each with its subject by itself."""
    words = Wording(policy, language)
    yield PolicySentence(
        words.say("Kebijakan", "Policy"), f"{words.text(policy.name)} ({policy.id})"
    )
    yield PolicySentence(words.say("Versi", "Version"), policy.version)
    yield from _needs(words, policy)
    yield from _people(words, policy)
    for stage in policy.stages:
        yield from _stage(words, stage)
    for ranking in policy.lists:
        yield from _list(words, ranking)
    yield from _seats(words, policy)
    yield from _objections(words, policy)
    publication = policy.publication
    yield PolicySentence(
        words.say("Yang diumumkan", "What is published"),
        words.say(*PUBLISHED[publication.level]),
        words.authority(publication.authority),
    )


def _needs(words: Wording, policy: Policy) -> Iterator[PolicySentence]:
    for code, need in policy.needs.items():
        labels = f"{words.say('dalam daftar disebut', 'lists call it')} {', '.join(need.labels)}"
        yield PolicySentence(
            f"{words.say('Jenis kebutuhan', 'Kind of need')} {code}",
            f"{words.text(need.name)}; {labels}",
            words.authority(need.authority),
        )


def _people(words: Wording, policy: Policy) -> Iterator[PolicySentence]:
    """Education and priority groups."""
    if policy.education:
        yield PolicySentence(
            words.say("Urutan pendidikan dari terendah", "Education from the lowest"),
            ", ".join(f"{level.code} ({words.text(level.name)})" for level in policy.education),
            words.authority(policy.education_authority),
        )
    for number, group in enumerate(policy.priority_groups, 1):
        subject = f"{words.say('Kelompok prioritas', 'Priority group')} {number}"
        content = f"{group.code}, {words.text(group.name)}"
        yield PolicySentence(subject, content, words.authority(group.authority))
        if group.result_code is not None:
            authority = words.authority(group.result_code_authority or group.authority)
            code = words.say("kode", "code")
            yield PolicySentence(f"{subject}, {code}", group.result_code, authority)


# Stages


def _stage(words: Wording, stage: Stage) -> Iterator[PolicySentence]:
    subject = f"{words.say('Tahap', 'Stage')} {stage.code}"
    minutes = words.say("menit", "minutes")
    facts = [words.text(stage.name)]
    if stage.minutes:
        facts.append(f"{stage.minutes} {minutes}")
    if stage.off_site:
        facts.append(words.say("tanpa datang ke lokasi", "without coming to a site"))
    yield PolicySentence(subject, "; ".join(facts), words.authority(stage.authority))
    for longer in stage.longer:
        who = f"{words.text(longer.who)} ({longer.need})"
        time_for = words.say("waktu bagi", "time for")
        yield PolicySentence(f"{subject}, {time_for} {who}", f"{longer.minutes} {minutes}")
    for component in stage.components:
        yield PolicySentence(
            f"{subject}, {words.say('komponen', 'component')} {component.code}",
            _component(words, component),
            words.authority(component.authority),
        )
    for threshold in stage.thresholds:
        yield from _threshold(words, subject, threshold)
    for bonus in stage.bonuses:
        yield PolicySentence(
            f"{subject}, {words.say('tambahan nilai', 'bonus')} {words.text(bonus.name)}",
            _bonus(words, bonus),
            words.authority(bonus.authority),
        )


def _threshold(words: Wording, subject: str, threshold: Threshold) -> Iterator[PolicySentence]:
    what = words.say("jumlah", "the total") if threshold.of == "total" else threshold.of
    for need in threshold.needs:
        yield PolicySentence(
            words.say(
                f"{subject}, ambang batas {what} bagi {need}",
                f"{subject}, passing grade on {what} for {need}",
            ),
            words.say(f"paling rendah {threshold.minimum}", f"at least {threshold.minimum}"),
            words.authority(threshold.authority),
        )


def _component(words: Wording, component: Component) -> str:
    facts = [words.text(component.name), words.say(*SCORING[component.scoring])]
    if component.items:
        facts.append(f"{component.items} {words.say('butir', 'items')}")
    maximum, step = component.maximum, component.step
    facts.append(
        words.say(
            f"paling tinggi {maximum}, kelipatan {step}", f"at most {maximum}, in steps of {step}"
        )
    )
    if component.rubric:
        parts = ", ".join(
            f"{words.text(criterion.name)} {criterion.maximum}" for criterion in component.rubric
        )
        facts.append(f"{words.say('terdiri dari', 'made of')} {parts}")
    if component.evidence:
        steps = ", ".join(
            f"{step.points} {words.say('mulai', 'from')} {step.at_least}"
            for step in component.evidence.steps
        )
        facts.append(f"{words.say('menurut', 'by')} {words.fact(component.evidence.of)}: {steps}")
    if component.knock_out is not None:
        facts.append(
            words.say(
                f"gugur di bawah {component.knock_out}",
                f"whoever has less than {component.knock_out} is out",
            )
        )
    return "; ".join([*facts, *_only_for(words, component.needs)])


def _bonus(words: Wording, bonus: Bonus) -> str:
    lift = f"{bonus.component} + {bonus.points}"
    facts = [
        words.say(f"{lift}, tidak melebihi {bonus.ceiling}", f"{lift}, not above {bonus.ceiling}")
    ]
    if bonus.of and bonus.at_least:
        fact = words.fact(bonus.of)
        facts.append(
            words.say(
                f"bila {fact} paling rendah {bonus.at_least}",
                f"where {fact} is at least {bonus.at_least}",
            )
        )
    return "; ".join([*facts, *_only_for(words, bonus.needs)])


def _only_for(words: Wording, needs: tuple[str, ...]) -> list[str]:
    return [f"{words.say('hanya bagi', 'only for')} {', '.join(needs)}"] if needs else []


# Lists


def _list(words: Wording, ranking: List) -> Iterator[PolicySentence]:
    subject = f"{words.say('Daftar', 'List')} {ranking.code}"
    after = f"; {words.say('setelah', 'after')} {ranking.after}" if ranking.after else ""
    yield PolicySentence(subject, f"{words.text(ranking.name)}{after}")
    yield PolicySentence(
        f"{subject}, {words.say('nilai', 'score')}",
        _score(words, ranking),
        words.authority(ranking.score.authority),
    )
    if ranking.by_priority:
        yield PolicySentence(
            f"{subject}, {words.say('prioritas', 'priority')}",
            words.say("kelompok prioritas mendahului nilai", "priority groups go before the score"),
        )
    ties = ", ".join(
        f"{words.fact(tie.by)} ({words.order(tie.by, tie.order)})" for tie in ranking.ties
    )
    yield PolicySentence(
        f"{subject}, {words.say('bila nilai sama', 'between equal scores')}",
        ties or words.say("tidak ada urutan", "no order"),
        words.authority(ranking.ties_authority),
    )
    yield _cut(words, f"{subject}, {words.say('batas', 'cut')}", ranking.cut)
    codes = ", ".join(
        f"{words.say(*OUTCOMES[outcome])} {code}"
        for outcome, code in ranking.codes.model_dump().items()
    )
    authority = words.authority(ranking.codes_authority)
    yield PolicySentence(f"{subject}, {words.say('kode', 'codes')}", codes, authority)


def _score(words: Wording, ranking: List) -> str:
    score = ranking.score
    terms = " + ".join(map(_term, score.terms))
    digits = words.say("angka di belakang koma", "digits after the point")
    return f"{terms}; {words.say(*ROUNDING[score.rounding])}, {score.decimals} {digits}"


def _term(term: ScoreTerm) -> str:
    what = term.component or term.stage
    needs = f" ({', '.join(term.needs)})" if term.needs else ""
    divided = what if term.divisor == 1 else f"{what} ÷ {term.divisor}"
    return f"{divided} × {term.weight} %{needs}"


def _cut(words: Wording, subject: str, cut: CutRule | None) -> PolicySentence:
    if cut is None:
        return PolicySentence(subject, words.say("semua yang lulus", "everyone who passed"))
    times = f"{cut.multiple} × {words.say('jumlah kebutuhan', 'the seats')}"
    equals = words.say(*EQUALS_AT_THE_LIMIT[cut.equals_at_the_limit])
    return PolicySentence(subject, f"{times}; {equals}", words.authority(cut.authority))


# Seats and objections


def _seats(words: Wording, policy: Policy) -> Iterator[PolicySentence]:
    for quota in policy.quotas:
        least = f"{quota.least_percent} %"
        yield PolicySentence(
            f"{words.say('Kuota', 'Quota')} {quota.need}",
            words.say(f"paling sedikit {least}", f"at least {least}"),
            words.authority(quota.authority),
        )
    for number, move in enumerate(policy.seat_moves, 1):
        subject = f"{words.say('Kebutuhan kosong, langkah', 'Empty seats, step')} {number}"
        yield PolicySentence(subject, _move(words, move), words.authority(move.authority))
    for group in policy.seat_groups:
        grouped = words.say("Jabatan yang dikelompokkan", "Grouped posts")
        yield PolicySentence(
            f"{grouped} {words.text(group.name)}",
            ", ".join(group.posts),
            words.authority(group.authority),
        )


def _move(words: Wording, move: SeatMove) -> str:
    to_needs, from_needs = ", ".join(move.to_needs), ", ".join(move.from_needs)
    where = words.say(*WHERE[move.where])
    same = ", ".join(words.say(*IN_COMMON[thing]) for thing in move.same)
    asked = ""
    if move.thresholds_of:
        asked = words.say(
            f"; memenuhi ambang batas {move.thresholds_of}",
            f"; meeting the passing grades of {move.thresholds_of}",
        )
    return words.say(
        f"{to_needs} diisi dari {from_needs} {where}, {same} sama{asked}; kode {move.code}",
        f"{to_needs} filled from {from_needs} {where}, same {same}{asked}; code {move.code}",
    )


def _objections(words: Wording, policy: Policy) -> Iterator[PolicySentence]:
    for objection in policy.objections:
        days, answer_days = objection.days, objection.answer_days
        yield PolicySentence(
            f"{words.say('Sanggah atas', 'Objection to')} {words.announced(objection.after)}",
            words.say(
                f"{days} hari sejak diumumkan; "
                f"dijawab dan diumumkan kembali dalam {answer_days} hari",
                f"{days} days from the announcement; "
                f"answered and announced again within {answer_days} days",
            ),
            words.authority(objection.authority),
        )
