"""The parts every configuration file is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from emoalign.addresses import no_address
from emoalign.study.secrets import secret_part

LONGEST_NAME = 100
"""Characters a name may have: file names, of at most 255, are made of one and more."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""The pattern of names."""

Name = Annotated[str, StringConstraints(pattern=NAME, max_length=LONGEST_NAME)]
"""Letters, digits, dot, underscore, hyphen: a name becomes part of file names."""


def _known(encoding: str) -> str:
    try:
        "a".encode(encoding)
    except LookupError as error:
        raise ValueError(
            f"unknown encoding: {encoding}; some are utf-8, utf-16, cp1252 (Western Europe), "
            "cp1251 (Cyrillic), cp932 (Japanese), gb18030 (Chinese), mac_roman"
        ) from error
    return encoding


Encoding = Annotated[str, AfterValidator(_known)]
"""An encoding of texts that Python knows, such as utf-8-sig or cp1252."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty; write a text, or leave the entry out")
    return text


Text = Annotated[str, AfterValidator(_said)]
"""A text that says something: neither empty nor white space alone."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Modality = Literal["word", "sentence", "image"]
Readout = Literal["sampled", "exact", "decision", "stated"]

WRITTEN: frozenset[Readout] = frozenset({"sampled", "stated"})
"""The readouts that are read from what a model writes, once for each participant."""

Status = Literal[
    "ok",
    "off_scale",
    "unparsable",
    "refusal",
    "content_filter",
    "rejected",
    "truncated",
    "error",
]
"""The status of an answer: a rating, or the reason why it is not one."""

TAGS = ("kind: ", "reader: ")
"""The start of an entry's kind in the location of a problem, before the key that gives the kind.
No key begins like it."""


def tag(key: str, value: object) -> str:
    """The tag of a kind of entries that is chosen by a key."""
    return f"{key}: {value}"


def tagged(key: str, default: str | None = None) -> Callable[[object], str | None]:
    """A function from an entry, or its content, to the entry's tag; None without the key."""

    def name(content: object) -> str | None:
        value = (
            content.get(key, default)
            if isinstance(content, Mapping)
            else getattr(content, key, default)
        )
        return None if value is None else tag(key, value)

    return name


class Entry(BaseModel):
    """Immutable, and closed: a key that is not described here is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Names that keys had once, and what they are called now."""

    short: ClassVar[str] = ""
    """Its keys as messages write a value, or several, that stand alone: "min: {0}, max: {1}".
    Without it, they are written as the first key that is needed."""


EntryT = TypeVar("EntryT", bound=Entry)


def part(entry: Entry, kind: type[EntryT]) -> EntryT:
    """The part of an entry that is of a kind, under whichever key. Raises KeyError without one."""
    for value in vars(entry).values():
        if isinstance(value, kind):
            return value
    raise KeyError(kind.__name__)


class Params(dict[str, Any]):
    """Plain data that a rule has as a param, shown as a digest.

    Snakemake compares params by their repr, and prints it as the reason of a job. The digest
    changes exactly when the repr of the data would, the order of keys included. Scripts get a plain
    dictionary; `stage` writes it beside the log.
    """

    def __repr__(self) -> str:
        return f"sha256:{hashlib.sha256(repr(dict(self)).encode()).hexdigest()[:16]}"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class Job(Entry):
    """A job for the function of a rule: all that its outputs depend on, and nothing else.

    `version` is raised when the function itself changes its outputs, or a default changes.
    """

    version: int = 1

    def params(self) -> Params:
        """The job as plain data that Snakemake stores and compares.

        Keys at their default are left out, at any depth, so that a key which is added later, with a
        default that changes nothing, runs no finished job again.
        """
        kept = self.model_dump(mode="json", exclude_defaults=True)
        return Params({"version": self.version, **kept})


class FileSource(Entry):
    """A file inside an installed Python package, or at a path."""

    package: str | None = Field(
        None, description="Installed Python package that contains the file."
    )
    file: str = Field(description="Path, relative to the package or the project.")
    sha256: Sha256 | None = Field(None, description="Required checksum. Default: any file.")
    url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Download address for the target data.",
    )
    obtain: str | None = Field(None, description="How to get the file; shown if it is missing.")

    @property
    def suffix(self) -> str:
        """The end of the file's name in lower case, such as csv."""
        return PurePath(self.file).suffix.removeprefix(".").lower()

    @model_validator(mode="after")
    def _from_one_place(self) -> FileSource:
        if self.package is not None and self.url is not None:
            raise ValueError("url: a file inside a package is not downloaded; give one of them")
        if self.url is None:
            return self
        reason = no_address(self.url)
        if reason is not None:
            raise ValueError(f"url: {reason}")
        secret = secret_part(self.url)
        if secret is not None:
            raise ValueError(
                f"url: contains {secret}, but addresses are written into the manifest; give an "
                "address that anyone may use, or leave url out and explain in obtain how to get "
                "the file"
            )
        return self


class FolderSource(FileSource):
    """A folder inside an installed Python package, or at a path."""

    short: ClassVar[str] = "package: {0}, file: {1}"

    file: str = Field(description="Folder, relative to the package or the project.")
    sha256: Sha256 | None = Field(
        None, description="Required checksum of all files in the folder. Default: any files."
    )
    url: str | None = Field(None, description="Not for a folder: it is not downloaded.")

    @model_validator(mode="after")
    def _not_downloaded(self) -> FolderSource:
        if self.url is not None:
            raise ValueError(
                "url: a folder is not downloaded; say in obtain how to get it, and leave url out"
            )
        return self


MOST_STEPS = 100_000
"""Steps of a scale, at most: more are a mistake, and nobody could tell its points apart."""


def whole_steps(lowest: float, highest: float, step: float) -> bool:
    """Tell whether an interval is a whole number of steps. Raises ValueError for too many."""
    steps = (highest - lowest) / step
    if steps > MOST_STEPS:
        raise ValueError(
            f"{lowest:g} to {highest:g} in steps of {step:g} are more than {MOST_STEPS:,} steps; "
            "write a larger step"
        )
    return abs(steps - round(steps)) <= 1e-9


class Range(Entry):
    """A closed interval of numbers."""

    short: ClassVar[str] = "min: {0}, max: {1}"

    min: float = Field(allow_inf_nan=False, description="Smallest number.")
    max: float = Field(allow_inf_nan=False, description="Largest number.")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) must be below max ({self.max:g})")
        return self
