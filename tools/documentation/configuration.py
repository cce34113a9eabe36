"""docs/configuration.md: every key of every configuration file."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path

from documentation.file_kinds import FileKind, json_schema, parts
from documentation.plain_words import (
    Schema,
    default_in_words,
    heading,
    link,
    plain,
    table,
    type_in_words,
)
from emoalign.study.fields import Entry

SHARED = "Parts of several files"

_INTRODUCTION = """\
# Configuration

<!-- Generated from the package by `make docs`. Edit the descriptions there, not this page. -->

A study is described by a few [YAML](https://yaml.org/spec/1.2.2/) files in the folder
`config/` of a clone, or of a folder of your own (`emoalign init`).
To add a model, a dataset or a prompt set, add a file with a name of your choice to its folder
(`config/models/`, `config/datasets/`, `config/prompts/` …) and write that name into a study. No
program code is needed.

**Included files** are in [the catalogue](../src/emoalign/catalogue/README.md), and a study names
them in the same way. A file of your own replaces an included file of the same name, and each run
says so.

{contents}

Run a study of your own with

```
snakemake --cores 8                                               # the one in config/config.yaml
snakemake --cores 8 --configfile config/studies/<name>.yaml       # another
```

A study given with `--configfile` stands alone: nothing of the default study is mixed into it.

**What the tables say.** A key marked **required** must be there. Any other key may be left out,
and
then has the value in the column *default*; *none* means that nothing is set. A *name* is made of
letters, digits, dots, underscores and hyphens and begins with a letter or a digit, because it
becomes part of file names.

**Mistakes.** Before any model is asked, all files of the study are checked together, and all
problems are reported at once, each with the file, the key, what was expected and the closest known
name. A key that is not in these tables is an error, never ignored. Types are strict: `"20"`
in quotation marks is text, not a number.

**Changes.** If a file changes, only the jobs that depend on the change run again. Answers that
have already been given are kept and used again ([results](results.md#raw-answers)); changing a
title, a limit or an address causes no new requests.

**Help while writing.** The first line of the files included in emoalign names a schema in the
catalogue's folder `schemas/`. Editors that understand it (such as Visual Studio Code with the YAML
extension) complete keys, show their meaning and mark mistakes as you type. Copy the line into your
own files.
"""


def configuration_page(kinds: Sequence[FileKind], root: Path) -> str:
    """The page; examples are read from the project at `root`."""
    schemas = _schemas(kinds)
    contents = table(
        ("file", "what it says"),
        [
            (f"{link(kind.heading, kind.heading)}: {kind.files}", plain(_about(kind.entry)))
            for kind in kinds
        ],
    )
    sections = [_INTRODUCTION.format(contents=contents)]
    shared = _shared(kinds)
    for kind in kinds:
        sections += [_kind_section(kind, schemas, root)]
        sections += [
            _part_section(part, schemas) for part in parts(kind.entry) if part not in shared
        ]
    sections += [f"## {SHARED}\n", *(_part_section(part, schemas) for part in shared)]
    return "\n".join(sections)


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


def _kind_section(kind: FileKind, schemas: dict[str, Schema], root: Path) -> str:
    if isinstance(kind.example, Path):
        source = f"An example, [`{kind.example}`](../{kind.example}):"
        text = (root / kind.example).read_text(encoding="utf-8")
    else:
        source, text = "An example:", kind.example
    return f"""\
## {kind.heading}

{kind.files}

{plain(_about(kind.entry))} {kind.introduction}

{_keys(kind.entry, schemas)}

{source}

```yaml
{text.strip()}
```
"""


def _part_section(part: type[Entry], schemas: dict[str, Schema]) -> str:
    return f"### {heading(part)}\n\n{plain(_about(part))}\n\n{_keys(part, schemas)}\n"


def _about(entry: type[Entry]) -> str:
    return inspect.cleandoc(entry.__doc__ or "")


def _keys(entry: type[Entry], schemas: dict[str, Schema]) -> str:
    properties = schemas[entry.__name__]["properties"]
    return table(
        ("key", "type", "default", "meaning"),
        [
            (
                f"`{key}`",
                type_in_words(properties[key]),
                default_in_words(entry, key),
                plain(field.description or ""),
            )
            for key, field in entry.model_fields.items()
        ],
    )
