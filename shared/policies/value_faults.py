"""What is wrong with a single value, in plain words: those of pydantic speak of Python."""

from collections.abc import Mapping
from typing import Any

from shared.policies.fields import CODE, NAME, RESULT_CODE, STAGE_NAME, VERSION

SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("harus diisi, tetapi tidak ada", "it must be there, and is not"),
    "extra_forbidden": ("kunci ini tidak dikenal", "there is no such key"),
    "model_type": ("harus berupa tabel", "a table is asked for"),
    "dict_type": ("harus berupa tabel", "a table is asked for"),
    "Text": (
        "harus berupa teks dalam dua bahasa, dengan kunci id dan en",
        "a text in both languages is asked for, with the keys id and en",
    ),
    "tuple_type": ("harus berupa daftar dalam tanda [ ]", "a list in [ ] is asked for"),
    "too_short": ("paling sedikit satu harus disebut", "at least one must be named"),
    "string_type": ("harus berupa teks dalam tanda kutip", "a text in quotes is asked for"),
    "string_too_short": ("tidak boleh kosong", "it must not be empty"),
    "bool_type": ("harus true atau false", "it must be true or false"),
    "int_type": (
        "harus berupa bilangan bulat tanpa tanda kutip",
        "a whole number without quotes is asked for",
    ),
    "decimal_type": ("harus berupa bilangan dalam tanda kutip", "a number in quotes is asked for"),
    "decimal_parsing": (
        "harus berupa bilangan dalam tanda kutip",
        "a number in quotes is asked for",
    ),
    "finite_number": ("harus berupa bilangan dalam tanda kutip", "a number in quotes is asked for"),
    "decimal_max_digits": (
        "paling banyak {max_digits} angka",
        "it has more than {max_digits} digits",
    ),
    "decimal_whole_digits": (
        "paling banyak {whole_digits} angka di depan koma",
        "it has more than {whole_digits} digits before the point",
    ),
    "decimal_max_places": (
        "paling banyak {decimal_places} angka di belakang koma",
        "it has more than {decimal_places} digits after the point",
    ),
    "float": (
        "tulis dalam tanda kutip: tanpa itu bilangannya tidak persis",
        "write it in quotes: a float is not exact",
    ),
    "greater_than": ("harus lebih dari {gt}", "it must be greater than {gt}"),
    "greater_than_equal": ("harus paling sedikit {ge}", "it must be at least {ge}"),
    "less_than_equal": ("harus paling banyak {le}", "it must be at most {le}"),
    "literal_error": ("harus salah satu dari {expected}", "it must be one of {expected}"),
    NAME: (
        (
            "harus terdiri dari huruf kecil, angka dan tanda hubung, paling banyak 40, dan tidak "
            "diawali tanda hubung"
        ),
        (
            "a name has small letters, digits and hyphens, at most 40, and does not begin with a "
            "hyphen"
        ),
    ),
    STAGE_NAME: (
        (
            "harus terdiri dari huruf kecil, angka dan tanda hubung, paling banyak 20, dan diawali "
            "huruf"
        ),
        (
            "a stage's or list's code has small letters, digits and hyphens, at most 20, and "
            "begins with a letter"
        ),
    ),
    CODE: (
        (
            "harus terdiri dari huruf besar, angka dan garis bawah, paling banyak 40, dan diawali "
            "huruf"
        ),
        "a code has capital letters, digits and underscores, at most 40, and begins with a letter",
    ),
    RESULT_CODE: (
        "harus terdiri dari huruf besar, angka, tanda hubung dan garis miring, 1 sampai 12",
        "a result code has capital letters, digits, hyphens and slashes, 1 to 12 of them",
    ),
    VERSION: (
        "harus terdiri dari bilangan yang dipisahkan titik, misalnya 2 atau 2.1",
        "a version has numbers with points between them, like 2 or 2.1",
    ),
}
"""Indonesian and English, by what a fault is about: a pattern, a part, or pydantic's type of error.

Placeholders are figures of the error's context.
"""


def describe_value_fault(kind: str, message: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong in Indonesian and English, for an error's type, message and context.

    What the table doesn't have, our own validators say, in English.
    """
    for key in (context.get("pattern"), context.get("class_name"), kind):
        if (both := SENTENCES.get(key or "")) is not None:
            indonesian, english = both
            expected = str(context.get("expected")).replace(" or ", " atau ")
            return indonesian.format(**{**context, "expected": expected}), english.format(**context)
    says = str(context.get("error", message))
    return says, says
