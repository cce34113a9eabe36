"""docs/configuration.md: every key of every configuration file."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from documentation.file_kinds import FileKind, json_schema, parts
from documentation.plain_words import (
    Schema,
    default_in_words,
    heading,
    link,
    plain,
    type_in_words,
)
from emoalign.study.fields import Entry

SHARED = "Parts of several files"

_INTRODUCTION = """\
# Configuration

<!-- Generated from the package by `make docs`. Edit the descriptions there, not this page. -->

A study is described by a few [YAML](https://yaml.org/spec/1.2.2/) files in the folder `config/` of
a clone, or of a folder made by `emoalign init`. To add a model, dataset or prompt set, put a file
into its folder and write the file's name into a study. Included files are in the
[catalogue](../src/emoalign/catalogue/README.md); a file of your own replaces an included one of the
same name, and each run reports it.

{contents}

Run a study with

```
snakemake --cores 8                                               # config/config.yaml
snakemake --cores 8 --configfile config/studies/<name>.yaml       # another, on its own
```

**Keys.** Required keys are in bold. Values are text unless a type or default shows otherwise. A
*name* consists of letters, digits, dots, underscores and hyphens, and begins with a letter or
digit. A key of several entries is described once; later entries list it as known. Many have:

{common}

**Errors.** All files of a study are checked before any model is asked, and all errors are reported
together. Unknown keys are errors. Types are strict: `"20"` is text, not a number.

**Changes.** Only jobs that depend on a change run again. Existing answers are
[reused](results.md#raw-answers): changing a title, a limit or an address causes no requests.

**Editors.** The first line of the included files names a schema; copy it into your own. Editors
such as Visual Studio Code (with the YAML extension) then complete keys and mark errors.
"""


EVIDENT = ("text", "boolean", "integer", "number")
"""Types that a default shows."""

MANY = 4
"""A key that more entries have than this is described at the beginning of the page."""


def configuration_page(kinds: Sequence[FileKind]) -> str:
    """The page."""
    contents = "\n".join(f"* {link(kind.heading, kind.heading)}: {kind.files}" for kind in kinds)
    shared = _shared(kinds)
    entries = dict.fromkeys(part for kind in kinds for part in (kind.entry, *parts(kind.entry)))
    keys = _Keys(_schemas(kinds), list(entries))
    sections = [_INTRODUCTION.format(contents=contents, common=keys.common)]
    for kind in kinds:
        sections += [_kind_section(kind, keys)]
        sections += [_part_section(part, keys) for part in parts(kind.entry) if part not in shared]
    sections += [f"## {SHARED}\n", *(_part_section(part, keys) for part in shared)]
    return "\n".join(sections)


class _Keys:
    """The keys of entries, each described the first time it comes."""

    def __init__(self, schemas: Mapping[str, Schema], entries: Sequence[type[Entry]]) -> None:
        self._schemas = schemas
        every = Counter(text for entry in entries for text in self._described(entry).values())
        common = [text for text, times in every.items() if times > MANY]
        self.common = "\n".join(common)
        self._known = dict.fromkeys(common, "")
        self._entries: dict[str, set[str]] = {}

    def of(self, entry: type[Entry], place: str) -> str:
        """What is new in `entry`, whose heading is `place`, and where the rest is described."""
        described = self._described(entry)
        keys = {text: _named(entry, key) for key, text in described.items()}
        known = []
        for at, lines in self._entries.items():
            if len(lines) > MANY and lines <= keys.keys():
                known.append(f"all keys of {link(at, at)}")
                keys = {text: key for text, key in keys.items() if text not in lines}
        self._entries[place] = set(described.values())
        new = [text for text in keys if text not in self._known]
        for at in sorted({self._known[text] for text in keys if text in self._known}):
            names = ", ".join(key for text, key in keys.items() if self._known.get(text) == at)
            known.append(f"{names} (as in {link(at, at)})" if at else names)
        self._known |= dict.fromkeys(new, place)
        told = [f"Known keys: {'; '.join(known)}."] if known else []
        return "\n\n".join([*told, *(["\n".join(new)] if new else [])])

    def fixed(self, entry: type[Entry]) -> str:
        """The keys that tell an entry of this kind from others, such as `engine: vllm`."""
        of = [f"`{key}: {value}`" for key, value in self._constants(entry).items()]
        return f" Set {' and '.join(of)}." if of else ""

    def _constants(self, entry: type[Entry]) -> dict[str, str]:
        properties = self._schemas[entry.__name__]["properties"]
        return {
            key: properties[key]["const"]
            for key, field in entry.model_fields.items()
            if "const" in properties[key] and field.is_required()
        }

    def _described(self, entry: type[Entry]) -> dict[str, str]:
        """A line for every key of an entry that has a choice."""
        constants = self._constants(entry)
        return {key: self._line(entry, key) for key in entry.model_fields if key not in constants}

    def _line(self, entry: type[Entry], key: str) -> str:
        field = entry.model_fields[key]
        meaning = field.description or ""
        kind = type_in_words(self._schemas[entry.__name__]["properties"][key])
        choices = re.findall("`([^`]+)`", kind)
        if choices and all(f"{choice}:" in meaning for choice in choices):
            kind = "text"  # the description lists them
        default = default_in_words(entry, key)
        shown = default if default and kind in EVIDENT else f"{kind}, {default}".strip(", ")
        of = "" if shown == "text" else shown
        return f"* {_named(entry, key)}{f' ({of})' if of else ''}: {plain(meaning)}"


def _named(entry: type[Entry], key: str) -> str:
    return f"**`{key}`**" if entry.model_fields[key].is_required() else f"`{key}`"


def _schemas(kinds: Sequence[FileKind]) -> dict[str, Schema]:
    """The JSON schema of every entry by its class name."""
    found: dict[str, Schema] = {}
    for kind in kinds:
        schema = json_schema(kind)
        found |= {kind.entry.__name__: schema} | schema.get("$defs", {})
    return found


def _shared(kinds: Sequence[FileKind]) -> list[type[Entry]]:
    """Parts that more than one kind of file is made of."""
    every = [part for kind in kinds for part in parts(kind.entry)]
    return [part for part in dict.fromkeys(every) if every.count(part) > 1]


def _kind_section(kind: FileKind, keys: _Keys) -> str:
    if isinstance(kind.example, Path):
        example = f"Example: [`{kind.example.name}`](../{kind.example}).\n"
    else:
        example = f"Example:\n\n```yaml\n{kind.example.strip()}\n```\n"
    return "\n\n".join(
        [
            f"## {kind.heading}",
            f"{plain(_about(kind.entry))}{keys.fixed(kind.entry)} {kind.introduction}",
            keys.of(kind.entry, kind.heading),
            example,
        ]
    )


def _part_section(part: type[Entry], keys: _Keys) -> str:
    place = heading(part)
    about = f"{plain(_about(part))}{keys.fixed(part)}"
    return f"### {place}\n\n{about}\n\n{keys.of(part, place)}\n"


def _about(entry: type[Entry]) -> str:
    return inspect.cleandoc(entry.__doc__ or "")
