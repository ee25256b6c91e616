"""A policy in plain sentences, Indonesian or English, and what one says otherwise than another."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.languages import Language
from shared.policies.fields import Text
from shared.policies.lists import List, ScoreTerm
from shared.policies.model import Policy
from shared.policies.parts import SeatMove
from shared.policies.stages import Bonus, Component, Stage


@dataclass(frozen=True, slots=True)
class Says:
    """One thing that a policy says: of what, what, and by which authority (decree and article)."""

    of: str
    what: str
    by: str = ""

    def sentence(self) -> str:
        return f"{self.of}: {self.what}.{_by(self.by)}"


def sentences(policy: Policy, language: Language) -> list[str]:
    """All that a policy says, a sentence each, with the authority of each figure."""
    return [one.sentence() for one in _Reader(policy, language).all()]


def differences(before: Policy, after: Policy, language: Language) -> list[str]:
    """What `after` says otherwise than `before`, a sentence each; empty where they say the same."""
    old = {one.of: one for one in _Reader(before, language).all()}
    new = {one.of: one for one in _Reader(after, language).all()}
    told = []
    for of in [*old, *(of for of in new if of not in old)]:
        was, now = old.get(of), new.get(of)
        if was is None and now is not None:
            told.append(_in(language, f"Baru: {now.sentence()}", f"New: {now.sentence()}"))
        elif was is not None and now is None:
            told.append(
                _in(
                    language,
                    f"Tidak ada lagi: {was.sentence()}",
                    f"No longer there: {was.sentence()}",
                )
            )
        elif was is not None and now is not None and was.what != now.what:
            changed = _in(
                language, f"dari {was.what} menjadi {now.what}", f"from {was.what} to {now.what}"
            )
            told.append(f"{of}: {changed}.{_by(now.by)}")
        elif was is not None and now is not None and was.by != now.by:
            changed = _in(
                language,
                f"tetap {now.what}, tetapi dasarnya lain",
                f"still {now.what}, by another authority",
            )
            told.append(f"{of}: {changed}.{_by(now.by)}")
    return told


def _by(authority: str) -> str:
    return f" [{authority}]" if authority else ""


def _in(language: Language, indonesian: str, english: str) -> str:
    return indonesian if language == "id" else english


class _Reader:
    """Reads one policy aloud."""

    def __init__(self, policy: Policy, language: Language) -> None:
        self._policy = policy
        self._language: Language = language

    def all(self) -> Iterator[Says]:
        policy = self._policy
        yield Says(self._say("Kebijakan", "Policy"), f"{self._text(policy.name)} ({policy.id})")
        yield Says(self._say("Versi", "Version"), policy.version)
        for code, need in policy.needs.items():
            words = ", ".join(need.labels)
            yield Says(
                f"{self._say('Jenis kebutuhan', 'Kind of need')} {code}",
                f"{self._text(need.name)}; {self._say('dalam daftar disebut', 'lists call it')} {words}",
                self._authority(need.authority),
            )
        yield from self._people()
        for stage in policy.stages:
            yield from self._stage(stage)
        for one in policy.lists:
            yield from self._list(one)
        yield from self._seats()
        for objection in policy.objections:
            yield Says(
                f"{self._say('Sanggah atas', 'Objection to')} {self._announced(objection.after)}",
                self._say(
                    f"{objection.days} hari sejak diumumkan; dijawab dan diumumkan kembali dalam {objection.answer_days} hari",
                    f"{objection.days} days from the announcement; answered and announced again within {objection.answer_days} days",
                ),
                self._authority(objection.authority),
            )
        shows = {
            "components": self._say(
                "nilai akhir dan nilai tiap komponen", "score and points by component"
            ),
            "scores": self._say(
                "nilai akhir, tanpa nilai komponen", "the score, no points by component"
            ),
        }[policy.publication.level]
        yield Says(
            self._say("Yang diumumkan", "What is published"),
            shows,
            self._authority(policy.publication.authority),
        )

    def _people(self) -> Iterator[Says]:
        levels = self._policy.education
        if levels:
            yield Says(
                self._say("Urutan pendidikan dari terendah", "Education from the lowest"),
                ", ".join(f"{level.code} ({self._text(level.name)})" for level in levels),
                self._authority(self._policy.education_authority),
            )
        for number, group in enumerate(self._policy.priority_groups, 1):
            of = f"{self._say('Kelompok prioritas', 'Priority group')} {number}"
            yield Says(
                of, f"{group.code}, {self._text(group.name)}", self._authority(group.authority)
            )
            if group.result_code is not None:
                by = self._authority(group.result_code_authority or group.authority)
                yield Says(f"{of}, {self._say('kode', 'code')}", group.result_code, by)

    def _stage(self, stage: Stage) -> Iterator[Says]:
        at = f"{self._say('Tahap', 'Stage')} {stage.code}"
        facts = [self._text(stage.name)]
        if stage.minutes:
            facts.append(f"{stage.minutes} {self._say('menit', 'minutes')}")
        if stage.off_site:
            facts.append(self._say("tanpa datang ke lokasi", "without coming to a site"))
        yield Says(at, "; ".join(facts), self._authority(stage.authority))
        for longer in stage.longer:
            who = f"{self._text(longer.who)} ({longer.need})"
            yield Says(
                f"{at}, {self._say('waktu bagi', 'time for')} {who}",
                f"{longer.minutes} {self._say('menit', 'minutes')}",
            )
        for component in stage.components:
            of = f"{at}, {self._say('komponen', 'component')} {component.code}"
            yield Says(of, self._component(component), self._authority(component.authority))
        for threshold in stage.thresholds:
            for need in threshold.needs:
                what = self._say("jumlah", "the total") if threshold.of == "total" else threshold.of
                yield Says(
                    self._say(
                        f"{at}, ambang batas {what} bagi {need}",
                        f"{at}, passing grade on {what} for {need}",
                    ),
                    self._say(
                        f"paling rendah {threshold.minimum}", f"at least {threshold.minimum}"
                    ),
                    self._authority(threshold.authority),
                )
        for bonus in stage.bonuses:
            yield self._bonus(at, bonus)

    def _component(self, component: Component) -> str:
        how = {
            "right-wrong": self._say("benar atau salah", "right or wrong"),
            "graded": self._say("pilihan berjenjang", "graded options"),
            "panel": self._say("penilaian panel", "a panel's marks"),
            "evidence": self._say("penilaian bukti", "by evidence"),
            "points": self._say("nilai dari instansi", "points as the agency states them"),
        }[component.scoring]
        facts = [self._text(component.name), how]
        if component.items:
            facts.append(f"{component.items} {self._say('butir', 'items')}")
        facts.append(
            self._say(
                f"paling tinggi {component.maximum}, kelipatan {component.step}",
                f"at most {component.maximum}, in steps of {component.step}",
            )
        )
        if component.rubric:
            parts = ", ".join(f"{self._text(one.name)} {one.maximum}" for one in component.rubric)
            facts.append(f"{self._say('terdiri dari', 'made of')} {parts}")
        if component.evidence:
            steps = ", ".join(
                self._say(
                    f"{step.points} mulai {step.at_least}", f"{step.points} from {step.at_least}"
                )
                for step in component.evidence.steps
            )
            facts.append(
                f"{self._say('menurut', 'by')} {self._field(component.evidence.of)}: {steps}"
            )
        if component.knock_out is not None:
            facts.append(
                self._say(
                    f"gugur di bawah {component.knock_out}",
                    f"whoever has less than {component.knock_out} is out",
                )
            )
        if component.needs:
            facts.append(f"{self._say('hanya bagi', 'only for')} {', '.join(component.needs)}")
        return "; ".join(facts)

    def _bonus(self, at: str, bonus: Bonus) -> Says:
        facts = [
            self._say(
                f"{bonus.component} + {bonus.points}, tidak melebihi {bonus.ceiling}",
                f"{bonus.component} + {bonus.points}, not above {bonus.ceiling}",
            )
        ]
        if bonus.of and bonus.at_least:
            facts.append(
                self._say(
                    f"bila {self._field(bonus.of)} paling rendah {bonus.at_least}",
                    f"where {self._field(bonus.of)} is at least {bonus.at_least}",
                )
            )
        if bonus.needs:
            facts.append(f"{self._say('hanya bagi', 'only for')} {', '.join(bonus.needs)}")
        of = f"{at}, {self._say('tambahan nilai', 'bonus')} {self._text(bonus.name)}"
        return Says(of, "; ".join(facts), self._authority(bonus.authority))

    def _list(self, one: List) -> Iterator[Says]:
        at = f"{self._say('Daftar', 'List')} {one.code}"
        after = f"; {self._say('setelah', 'after')} {one.after}" if one.after else ""
        yield Says(at, f"{self._text(one.name)}{after}")
        rounded = {
            "each-step": self._say("dibulatkan tiap langkah", "rounded at each step"),
            "end": self._say("dibulatkan sekali di akhir", "rounded once at the end"),
        }[one.score.rounding]
        digits = (
            f"{one.score.decimals} {self._say('angka di belakang koma', 'digits after the point')}"
        )
        yield Says(
            f"{at}, {self._say('nilai', 'score')}",
            f"{' + '.join(self._term(term) for term in one.score.terms)}; {rounded}, {digits}",
            self._authority(one.score.authority),
        )
        if one.by_priority:
            yield Says(
                f"{at}, {self._say('prioritas', 'priority')}",
                self._say(
                    "kelompok prioritas mendahului nilai", "priority groups go before the score"
                ),
            )
        ties = ", ".join(
            f"{self._field(tie.by)} ({self._order(tie.by, tie.order)})" for tie in one.ties
        )
        yield Says(
            f"{at}, {self._say('bila nilai sama', 'between equal scores')}",
            ties or self._say("tidak ada urutan", "no order"),
            self._authority(one.ties_authority),
        )
        if one.cut is None:
            yield Says(
                f"{at}, {self._say('batas', 'cut')}",
                self._say("semua yang lulus", "everyone who passed"),
            )
        else:
            equal = {
                "all-admitted": self._say(
                    "yang sama di batas ikut semua", "all who are equal at the limit go on"
                ),
                "officer-decides": self._say(
                    "yang sama di batas diputuskan pejabat", "an officer decides between equals"
                ),
            }[one.cut.equals_at_the_limit]
            yield Says(
                f"{at}, {self._say('batas', 'cut')}",
                f"{one.cut.multiple} × {self._say('jumlah kebutuhan', 'the seats')}; {equal}",
                self._authority(one.cut.authority),
            )
        codes = ", ".join(
            f"{self._outcome(outcome)} {code}" for outcome, code in one.codes.model_dump().items()
        )
        yield Says(
            f"{at}, {self._say('kode', 'codes')}", codes, self._authority(one.codes_authority)
        )

    def _term(self, term: ScoreTerm) -> str:
        what = term.component or term.stage
        needs = f" ({', '.join(term.needs)})" if term.needs else ""
        divided = what if term.divisor == 1 else f"{what} ÷ {term.divisor}"
        return f"{divided} × {term.weight} %{needs}"

    def _seats(self) -> Iterator[Says]:
        for quota in self._policy.quotas:
            yield Says(
                f"{self._say('Kuota', 'Quota')} {quota.need}",
                self._say(
                    f"paling sedikit {quota.least_percent} %", f"at least {quota.least_percent} %"
                ),
                self._authority(quota.authority),
            )
        for number, move in enumerate(self._policy.seat_moves, 1):
            of = f"{self._say('Kebutuhan kosong, langkah', 'Empty seats, step')} {number}"
            yield Says(of, self._move(move), self._authority(move.authority))
        for group in self._policy.seat_groups:
            yield Says(
                f"{self._say('Jabatan yang dikelompokkan', 'Grouped posts')} {self._text(group.name)}",
                ", ".join(group.posts),
                self._authority(group.authority),
            )

    def _move(self, move: SeatMove) -> str:
        words = {
            "agency": self._say("instansi", "agency"),
            "post": self._say("jabatan", "post"),
            "need": self._say("jenis kebutuhan", "kind of need"),
            "education": self._say("pendidikan", "education"),
        }
        same = ", ".join(words[one] for one in move.same)
        where = (
            self._say("di unit yang sama", "at the same unit")
            if move.where == "same-unit"
            else self._say("di unit lain", "at another unit")
        )
        asked = (
            self._say(
                f"; memenuhi ambang batas {move.thresholds_of}",
                f"; meeting the passing grades of {move.thresholds_of}",
            )
            if move.thresholds_of
            else ""
        )
        return self._say(
            f"{', '.join(move.to_needs)} diisi dari {', '.join(move.from_needs)} {where}, {same} sama{asked}; kode {move.code}",
            f"{', '.join(move.to_needs)} filled from {', '.join(move.from_needs)} {where}, same {same}{asked}; code {move.code}",
        )

    def _announced(self, code: str) -> str:
        one = self._policy.list_called(code)
        if one is None:
            return self._say("seleksi administrasi", "the administrative selection")
        return f"{self._text(one.name)} ({code})"

    def _field(self, name: str) -> str:
        facts = {
            "gpa": self._say(
                "IPK atau rata-rata nilai ijazah", "grade point average or mean diploma mark"
            ),
            "birth_date": self._say("tanggal lahir", "birth date"),
            "relevant_experience_months": self._say(
                "bulan pengalaman relevan", "months of relevant experience"
            ),
            "education": self._say("pendidikan", "education"),
            "priority": self._say("kelompok prioritas", "priority group"),
        }
        return facts.get(name, name)

    def _order(self, by: str, order: str) -> str:
        if by == "birth_date":
            oldest = order == "lowest-first"
            return (
                self._say("tertua dahulu", "oldest first")
                if oldest
                else self._say("termuda dahulu", "youngest first")
            )
        return (
            self._say("tertinggi dahulu", "highest first")
            if order == "highest-first"
            else self._say("terendah dahulu", "lowest first")
        )

    def _outcome(self, outcome: str) -> str:
        return {
            "within": self._say("dalam batas", "within the cut"),
            "passed": self._say("lulus di luar batas", "passed, outside the cut"),
            "below": self._say("di bawah ambang batas", "below a threshold"),
            "absent": self._say("tidak hadir", "absent"),
            "disqualified": self._say("didiskualifikasi", "disqualified"),
            "withdrawn": self._say("mengundurkan diri", "withdrew"),
            "rejected": self._say("tidak memenuhi syarat", "does not meet the requirements"),
        }[outcome]

    def _authority(self, name: str | None) -> str:
        if name is None:
            return ""
        one = self._policy.authorities[name]
        return f"{one.decree}, {one.article}; {one.confidence}" + (
            f"; {one.remark}" if one.remark else ""
        )

    def _text(self, text: Text) -> str:
        return text.id if self._language == "id" else text.en

    def _say(self, indonesian: str, english: str) -> str:
        return _in(self._language, indonesian, english)
