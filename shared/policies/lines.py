"""Where each part of a TOML file stands: tomllib reads values but forgets lines, and whoever writes
a policy needs them.
"""

from collections.abc import Iterator

from shared.policies.model import Place

BLANK = " \t\r\n"
BARE_END = BLANK + ".=]},#"


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1, where every key, table and element of an array in a text that tomllib has
    read stands first.
    """
    lines: dict[Place, int] = {}
    for place, line in _Reader(text).places():
        for length in range(1, len(place) + 1):
            lines.setdefault(place[:length], line)
    return lines


class _Reader:
    """Walks through valid TOML: what isn't valid, tomllib has refused."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._arrays: dict[Place, int] = {}

    def places(self) -> Iterator[tuple[Place, int]]:
        table: Place = ()
        while self._skip():
            line = self._line
            if self._text.startswith("[", self._at):
                repeated = self._text.startswith("[[", self._at)
                self._step(2 if repeated else 1)
                table = self._table(self._key(), repeated)
                self._step(2 if repeated else 1)
                yield table, line
            else:
                key = (*table, *self._key())
                yield key, line
                self._step(1)  # the sign =
                yield from self._value(key)

    def _table(self, key: list[str], repeated: bool) -> Place:
        """The place that a header names: tables within an array of tables belong to its last."""
        place: Place = ()
        for number, part in enumerate(key):
            place = (*place, part)
            if repeated and number == len(key) - 1:
                self._arrays[place] = self._arrays.get(place, -1) + 1
            if place in self._arrays:
                place = (*place, self._arrays[place])
        return place

    def _value(self, place: Place) -> Iterator[tuple[Place, int]]:
        self._skip()
        opening = self._text[self._at]
        if opening == "[":
            self._step(1)
            number = 0
            while self._skip() and self._text[self._at] != "]":
                yield (*place, number), self._line
                yield from self._value((*place, number))
                number += 1
                self._comma()
            self._step(1)
        elif opening == "{":
            self._step(1)
            while self._skip() and self._text[self._at] != "}":
                line = self._line
                key = (*place, *self._key())
                yield key, line
                self._step(1)
                yield from self._value(key)
                self._comma()
            self._step(1)
        elif opening in "\"'":
            self._string()
        else:
            while self._at < len(self._text) and self._text[self._at] not in BLANK + ",]}#":
                self._step(1)

    def _comma(self) -> None:
        self._skip()
        if self._text[self._at] == ",":
            self._step(1)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip()
            if self._text[self._at] in "\"'":
                parts.append(self._string())
            else:
                start = self._at
                while self._text[self._at] not in BARE_END:
                    self._step(1)
                parts.append(self._text[start : self._at])
            self._skip()
            if self._text[self._at] != ".":
                return parts
            self._step(1)

    def _string(self) -> str:
        quote = self._text[self._at]
        mark = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        self._step(len(mark))
        start = self._at
        while not self._text.startswith(mark, self._at):
            self._step(2 if quote == '"' and self._text[self._at] == "\\" else 1)
        found = self._text[start : self._at]
        self._step(len(mark))
        while len(mark) == 3 and self._text.startswith(quote, self._at):
            self._step(1)  # a long text may end with quotes of its own
        return found

    def _skip(self) -> bool:
        """Goes to what is neither blank nor remark; false at the end."""
        while self._at < len(self._text):
            if self._text[self._at] == "#":
                while self._at < len(self._text) and self._text[self._at] != "\n":
                    self._step(1)
            elif self._text[self._at] in BLANK:
                self._step(1)
            else:
                return True
        return False

    def _step(self, characters: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + characters)
        self._at += characters
