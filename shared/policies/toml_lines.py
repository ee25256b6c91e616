"""Line numbers of a TOML file: tomllib forgets them, and whoever writes a policy needs them."""

from collections.abc import Iterator

from shared.policies.faults import Location

BLANK = " \t\r\n"
BARE_END = BLANK + ".=]},#"


def line_numbers(text: str) -> dict[Location, int]:
    """The line, from 1, on which each key, table and element of an array stands first.

    The text is one that tomllib has read without an error.
    """
    lines: dict[Location, int] = {}
    for location, line in _TomlWalker(text).locations():
        for length in range(1, len(location) + 1):
            lines.setdefault(location[:length], line)
    return lines


class _TomlWalker:
    """Walks through valid TOML: tomllib has refused what isn't valid."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._arrays: dict[Location, int] = {}

    def locations(self) -> Iterator[tuple[Location, int]]:
        table: Location = ()
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

    def _table(self, key: list[str], repeated: bool) -> Location:
        """The location that a header names; tables within an array of tables belong to its last."""
        location: Location = ()
        for number, part in enumerate(key):
            location = (*location, part)
            if repeated and number == len(key) - 1:
                self._arrays[location] = self._arrays.get(location, -1) + 1
            if location in self._arrays:
                location = (*location, self._arrays[location])
        return location

    def _value(self, location: Location) -> Iterator[tuple[Location, int]]:
        self._skip()
        opening = self._text[self._at]
        if opening == "[":
            self._step(1)
            number = 0
            while self._skip() and self._text[self._at] != "]":
                yield (*location, number), self._line
                yield from self._value((*location, number))
                number += 1
                self._comma()
            self._step(1)
        elif opening == "{":
            self._step(1)
            while self._skip() and self._text[self._at] != "}":
                line = self._line
                key = (*location, *self._key())
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
