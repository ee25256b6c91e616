"""Why an application may be rejected (TMS): a code for events, words for the person."""

from typing import Literal, NamedTuple


class RejectionReason(NamedTuple):
    """A reason in words, in both languages of the pages."""

    id: str
    en: str


ReasonCode = Literal[
    "diploma-does-not-match",
    "institution-not-accredited",
    "grade-below-minimum",
    "age-outside-limits",
    "document-missing",
    "document-unreadable",
    "document-not-valid",
    "stamp-duty-missing",
    "letter-not-as-required",
    "need-not-proven",
    "experience-not-proven",
    "registration-certificate-missing",
    "data-differ",
    "applied-twice",
]

REASONS: dict[ReasonCode, RejectionReason] = {
    "diploma-does-not-match": RejectionReason(
        "Kualifikasi pendidikan pada ijazah tidak sesuai dengan yang dipersyaratkan formasi.",
        "The level or programme on the diploma is not one that the vacancy accepts.",
    ),
    "institution-not-accredited": RejectionReason(
        "Perguruan tinggi atau program studi tidak terakreditasi pada saat kelulusan.",
        "The institution or programme was not accredited at graduation.",
    ),
    "grade-below-minimum": RejectionReason(
        "IPK atau nilai ijazah di bawah batas minimal.",
        "The grade point average or diploma mark is below the minimum.",
    ),
    "age-outside-limits": RejectionReason(
        "Usia pada saat melamar di luar batas yang ditetapkan.",
        "The age on applying is outside the limits.",
    ),
    "document-missing": RejectionReason(
        "Dokumen wajib tidak diunggah.", "A required document is missing."
    ),
    "document-unreadable": RejectionReason(
        "Dokumen tidak terbaca atau terpotong.", "A document can't be read or is cut off."
    ),
    "document-not-valid": RejectionReason(
        "Dokumen tidak sah atau sudah tidak berlaku.", "A document is not valid, or no longer."
    ),
    "stamp-duty-missing": RejectionReason(
        "Meterai tidak ada, atau sudah dipakai pada dokumen lain.",
        "The stamp duty (e-meterai) is missing, or was used on another document.",
    ),
    "letter-not-as-required": RejectionReason(
        "Surat lamaran atau surat pernyataan tidak sesuai format yang ditetapkan.",
        "The letter of application or the statement is not in the required form.",
    ),
    "need-not-proven": RejectionReason(
        "Bukti untuk jenis kebutuhan khusus (lulusan terbaik, disabilitas, diaspora, putra/putri "
        "daerah) tidak memenuhi.",
        "The proof for the special kind of need (best graduate, disability, diaspora, region) is "
        "not sufficient.",
    ),
    "experience-not-proven": RejectionReason(
        "Pengalaman kerja yang dipersyaratkan tidak terbukti.",
        "The required work experience is not proven.",
    ),
    "registration-certificate-missing": RejectionReason(
        "Surat tanda registrasi (STR) atau sertifikat profesi tidak ada atau tidak berlaku.",
        "The professional registration (STR) or certificate is missing or not valid.",
    ),
    "data-differ": RejectionReason(
        "Data pada dokumen berbeda dengan data pendaftaran.",
        "The data on the documents differ from those given on applying.",
    ),
    "applied-twice": RejectionReason(
        "Pelamar mendaftar lebih dari satu kali pada periode yang sama.",
        "The applicant applied more than once in the same period.",
    ),
}
