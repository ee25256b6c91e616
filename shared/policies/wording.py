"""Words for what stands in a policy, in Indonesian and English."""

from collections.abc import Mapping

from shared.languages import Language
from shared.policies.fields import Text
from shared.policies.model import Policy

Words = tuple[str, str]
"""Indonesian and English."""

SCORING: Mapping[str, Words] = {
    "right-wrong": ("benar atau salah", "right or wrong"),
    "graded": ("pilihan berjenjang", "graded options"),
    "panel": ("penilaian panel", "a panel's marks"),
    "evidence": ("penilaian bukti", "by evidence"),
    "points": ("nilai dari instansi", "points as the agency states them"),
}
ROUNDING: Mapping[str, Words] = {
    "each-step": ("dibulatkan tiap langkah", "rounded at each step"),
    "end": ("dibulatkan sekali di akhir", "rounded once at the end"),
}
EQUALS_AT_THE_LIMIT: Mapping[str, Words] = {
    "all-admitted": ("yang sama di batas ikut semua", "all who are equal at the limit go on"),
    "officer-decides": (
        "yang sama di batas diputuskan pejabat",
        "an officer decides between equals",
    ),
}
PUBLISHED: Mapping[str, Words] = {
    "components": ("nilai akhir dan nilai tiap komponen", "score and points by component"),
    "scores": ("nilai akhir, tanpa nilai komponen", "the score, no points by component"),
}
FACT_NAMES: Mapping[str, Words] = {
    "gpa": ("IPK atau rata-rata nilai ijazah", "grade point average or mean diploma mark"),
    "birth_date": ("tanggal lahir", "birth date"),
    "relevant_experience_months": ("bulan pengalaman relevan", "months of relevant experience"),
    "education": ("pendidikan", "education"),
    "priority": ("kelompok prioritas", "priority group"),
}
OUTCOMES: Mapping[str, Words] = {
    "within": ("dalam batas", "within the cut"),
    "passed": ("lulus di luar batas", "passed, outside the cut"),
    "below": ("di bawah ambang batas", "below a threshold"),
    "absent": ("tidak hadir", "absent"),
    "disqualified": ("didiskualifikasi", "disqualified"),
    "withdrawn": ("mengundurkan diri", "withdrew"),
    "rejected": ("tidak memenuhi syarat", "does not meet the requirements"),
}
IN_COMMON: Mapping[str, Words] = {
    "agency": ("instansi", "agency"),
    "post": ("jabatan", "post"),
    "need": ("jenis kebutuhan", "kind of need"),
    "education": ("pendidikan", "education"),
}
WHERE: Mapping[str, Words] = {
    "same-unit": ("di unit yang sama", "at the same unit"),
    "other-unit": ("di unit lain", "at another unit"),
}
BIRTH_DATE_ORDER: Mapping[str, Words] = {
    "lowest-first": ("tertua dahulu", "oldest first"),
    "highest-first": ("termuda dahulu", "youngest first"),
}
ORDER: Mapping[str, Words] = {
    "highest-first": ("tertinggi dahulu", "highest first"),
    "lowest-first": ("terendah dahulu", "lowest first"),
}


class Wording:
    """Says what stands in one policy, in one language."""

    def __init__(self, policy: Policy, language: Language) -> None:
        self._policy = policy
        self._indonesian = language == "id"

    def say(self, indonesian: str, english: str) -> str:
        """The words of the language."""
        return indonesian if self._indonesian else english

    def text(self, text: Text) -> str:
        """A text of the policy."""
        return self.say(text.id, text.en)

    def fact(self, name: str) -> str:
        """A fact of the person; anything else by its own name."""
        return self.say(*FACT_NAMES.get(name, (name, name)))

    def order(self, by: str, order: str) -> str:
        """Which value goes first."""
        return self.say(*(BIRTH_DATE_ORDER if by == "birth_date" else ORDER)[order])

    def authority(self, name: str | None) -> str:
        """Decree, article and confidence; empty where no authority is named."""
        if name is None:
            return ""
        authority = self._policy.authorities[name]
        stated = f"{authority.decree}, {authority.article}; {authority.confidence}"
        return f"{stated}; {authority.remark}" if authority.remark else stated

    def announced(self, code: str) -> str:
        """A list as people call it, or the selection on paper."""
        ranking = self._policy.list_called(code)
        if ranking is None:
            return self.say("seleksi administrasi", "the administrative selection")
        return f"{self.text(ranking.name)} ({code})"
