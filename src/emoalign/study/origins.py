"""Origins of configuration, for messages: the file or option of a key, and its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from emoalign.study.yaml_files import Keys, YamlFile, shown


@dataclass(frozen=True)
class Origin:
    """The files and options that an entry was read from, the later ones over the earlier.

    `name` stands for all of them where none is to blame; it is what `str` gives. `options` are
    those of the command line, --config key=value.
    """

    name: str
    files: tuple[YamlFile, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def at(self, *keys: str | int) -> str:
        """The place of a key, in words: "config/config.yaml, line 7: datasets, entry 1, sample".

        The line is that of the last key that is there; a key that is missing has that of what it
        is missing from.
        """
        if not keys:
            return self.name
        if _depth(self.options, keys) == len(keys):
            return f"--config {in_words(keys)}"
        place, above = self._found(keys)
        return f"{place}: {in_words(keys[above:])}"

    def place(self, *keys: str | int) -> str:
        """The file and line of a key: "config/config.yaml, line 7"."""
        return self._found(keys)[0]

    def _found(self, keys: Keys) -> tuple[str, int]:
        """The file and line of a key, and the number of keys above the content of this file."""
        for end in range(len(keys), 0, -1):
            for file in reversed(self.files):
                line = file.line(keys[:end])
                if line is not None:
                    return f"{shown(file.path)}, line {line}", len(file.under)
        return self.name, 0

    def written(self, keys: Keys) -> str | None:
        """A single value as written in a file, with its quotation marks; None if in no file."""
        if _depth(self.options, keys) == len(keys):
            return None
        found = (file.written(keys) for file in reversed(self.files))
        return next(filter(None, found), None)


def in_words(keys: Keys) -> str:
    """The keys that lead to a value, in words; entries of lists are counted from 1."""
    words = ""
    for before, key in zip(("", *keys), keys, strict=False):
        if isinstance(key, int):
            words += f", entry {key + 1}"
        else:
            words += f"{', ' if isinstance(before, int) else '.'}{key}"
    return words.lstrip("., ")


def _depth(content: Any, keys: Keys) -> int:
    """The number of these keys, from the first, that exist in `content`."""

    def there(key: str | int) -> bool:
        nonlocal content
        try:
            content = content[key]
        except (KeyError, IndexError, TypeError):
            return False
        return True

    return len(list(takewhile(there, keys)))
