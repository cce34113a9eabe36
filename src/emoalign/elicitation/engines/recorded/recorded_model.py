"""Cards of recorded ratings: a table with ratings, and what its columns are called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import Field, field_validator, model_validator

from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.recorded.batch_card import RecordedBatch
from emoalign.elicitation.engines.recorded.recorded_columns import (
    ITEM_KEYS,
    ModelColumn,
    RecordedAnswer,
    RecordedColumns,
    Written,
)
from emoalign.errors import DataError
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource, Modality, Name, Readout, Status
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.scales import HumanScale, LabelScale, NativeRange, Scale
from emoalign.study.source_files import locate_all, locate_all_verified

if TYPE_CHECKING:
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.rating import RatingTask

_EXAMPLE = """\
# yaml-language-server: $schema=../schemas/recorded-model.schema.json
title: Students of our laboratory
engine: recorded
source:
  file: resources/recorded/students.csv
columns:
  item: word_id
  participant: student
  rating: valence
scale: valence
"""

_ALWAYS = ("engine", "source", "format", "columns", "scale", "encoding", "na_values")
_COLUMNS = ("item", "text", "participant", "scale", "protocol", "rating", "answer")
"""Keys that a job always knew. Later ones are left out of it at their default, so that jobs of
cards without them stay what they were."""


class RecordedModel(ModelCard, TableFormat):
    """Ratings that were already collected, from people or a model, in a table."""

    heading: ClassVar[str] = "Recorded ratings"
    introduction: ClassVar[str] = (
        "Of a protocol, only `participants` applies: the most ratings used per item. See "
        "[recorded ratings](recorded-ratings.md)."
    )
    example: ClassVar[Path | str] = _EXAMPLE
    asked: ClassVar[bool] = False
    empty_is_none: ClassVar[bool] = False

    title: str = Field(
        description="Name in the report; several models are shown under their own names."
    )
    engine: Literal["recorded"] = Field(description="Engine of the model.")
    source: FileSource = Field(
        description="The table; or the answers of a batch, also in several files: answers/*.jsonl."
    )
    batch: RecordedBatch | None = Field(
        None,
        description=(
            "For answers as a batch interface gave them (OpenAI, Anthropic, Gemini): how their "
            "custom_ids are made."
        ),
    )
    columns: RecordedColumns = Field(description="Names of the columns.")
    scale: Name | None = Field(
        None,
        description="Scale of all ratings, if no column names it.",
    )
    model: ModelColumn | None = Field(
        None, description="Column that names the model, if there are several."
    )
    only: dict[str, Written] = Field(
        default_factory=dict,
        description=(
            "Rows to use: required value or list of values by column, {condition: base, "
            "language: [en, de]}."
        ),
    )
    native: NativeRange | None = Field(
        None,
        description=(
            "Range of the ratings, mapped linearly onto the scale; {min: 9, max: 1} if "
            "reversed. Default: the scale's."
        ),
    )
    native_for: dict[Name, NativeRange] = Field(
        default_factory=dict,
        description="Range for single scales.",
    )
    answer: RecordedAnswer | None = Field(
        None,
        description=(
            "Form of raw answers. Default: a number and nothing else, or a JSON array of labels."
        ),
    )
    statuses: dict[Status, Written] = Field(
        default_factory=dict,
        description="Values of columns.status by status: {ok: [0, done], refusal: R}.",
    )
    quotes: Literal["standard", "none"] | None = Field(
        "standard",
        description="standard: quoted fields may contain line breaks and delimiters. none: "
        "quotation marks are ordinary.",
    )
    na_values: tuple[str, ...] = Field(
        ("",),
        description="Values that mean a missing rating or answer; other columns are taken as "
        "they are.",
    )

    @field_validator("statuses", mode="before", json_schema_input_type=dict[Status, Written])
    @classmethod
    def _statuses_first(cls, statuses: object) -> object:
        if isinstance(statuses, Mapping) and not set(map(str, statuses)) & set(get_args(Status)):
            named = [str(each) for each in statuses.values() if str(each) in get_args(Status)]
            if named:
                words = [str(word) for word, each in statuses.items() if str(each) == named[0]]
                raise ValueError(
                    "write the status first, and then the words in the table that mean it: "
                    f"{{{named[0]}: [{', '.join(words)}], ...}}"
                )
        return statuses

    @model_validator(mode="after")
    def _one_scale(self) -> RecordedModel:
        given = self.scale is not None, self.columns.scale is not None, self.columns.wide
        if sum(given) != 1:
            raise ValueError(
                "say which scale was rated: give either columns.scale (the column that names it), "
                "or scale (the scale of all rows), or, in a wide table, columns.ratings"
            )
        try:
            if self.batch is None:
                self.format_of(self.source)
        except ValueError as error:
            raise ValueError(f"source: {error}") from error
        return self

    @model_validator(mode="after")
    def _batch_has_answers(self) -> RecordedModel:
        if self.batch is None:
            return self
        columns = self.columns
        if columns.rating or columns.ratings or columns.status:
            raise ValueError(
                "batch: its answers are read by emoalign; name them as columns.answer, which is "
                "called answer, and leave out rating, ratings and status"
            )
        if columns.starred:
            raise ValueError("batch: an answer is a row; no column is found by a name with *")
        if self.batch.prompt is not None and self.batch.requests is None:
            raise ValueError("batch.prompt: the prompts are in the requests; name batch.requests")
        return self

    @model_validator(mode="after")
    def _nothing_is_for_nothing(self) -> RecordedModel:
        if self.answer is not None and not self.columns.raw:
            raise ValueError(
                "answer: this is about raw answers, but no column of raw answers is "
                "named; name it as columns.answer"
            )
        if self.statuses and self.columns.status is None:
            raise ValueError("statuses: name the column of statuses as columns.status")
        said = [word for words in self.statuses.values() for word in words]
        twice = sorted({word for word in said if said.count(word) > 1})
        if twice:
            raise ValueError(f"statuses: {twice[0]!r} is listed under more than one status")
        return self

    def native_of(self, scale: str) -> NativeRange | None:
        """The range of the numbers on a scale; None where they are points of it."""
        return self.native_for.get(scale, self.native)

    @property
    def protocol_column(self) -> str | None:
        """The column that says under which protocol a rating was given."""
        return self.columns.protocol

    def tells_participants(self, protocol: Protocol) -> bool:
        """Tell whether the table says whose each rating is."""
        return self.columns.tells_participants

    def tells_positions(self, protocol: Protocol) -> bool:
        """Tell whether the table has the place of each rating in its session."""
        return self.columns.position is not None

    def models(self, name: str) -> Mapping[str, ModelCard]:
        """The models in the table by their names: one for each value of the column model.column.

        Raises DataError where the values must be read and the table cannot be.
        """
        if self.model is None:
            return {name: self}
        from emoalign.elicitation.engines.recorded.recorded_table import values_of

        column = self.model.column
        return {
            each: self.model_copy(
                update={"title": value, "model": ModelColumn(column=column, values={each: value})}
            )
            for each, value in (self.model.values or values_of(self, column)).items()
        }

    @classmethod
    def known_as(cls, said: Mapping[str, Any]) -> str:
        """The file that the ratings are in, which of its rows, and how its numbers were mapped,
        from what `answering` has said. The rows of a model are those with its title."""
        chosen = said.get("only", {})
        rows = [f"{name} is {' or '.join(values)}" for name, values in chosen.items() if values]
        ranges = {"": said.get("native"), **said.get("native_for", {})}
        mapped = [
            f"{f'{scale}: ' if scale else ''}{ends['min']:g} to {ends['max']:g} mapped linearly"
            for scale, ends in ranges.items()
            if ends is not None
        ]
        read = str(said["source"]["file"])
        if rows:
            read += f", rows where {' and '.join(rows)}"
        return "; ".join([read, *mapped])

    @classmethod
    def read_as(cls, said: Mapping[str, Any]) -> str | None:
        """The rule by which raw answers are read, in words; None for the rule for all answers."""
        declared = said.get("answer")
        return None if declared is None else RecordedAnswer.model_validate(declared).in_words()

    def answering(self) -> Mapping[str, Any]:
        """The card without its title and how to get the table."""
        left_out = {"obtain", "url"}
        said = self.model_dump(mode="json", exclude={"title": True, "source": left_out})
        without: Any = {"batch": {"requests": left_out}} if self.batch else None
        changed = self.model_dump(mode="json", exclude_defaults=True, exclude=without)
        said |= {key: changed[key] for key in ("batch",) if key in changed}
        columns = changed["columns"]
        said["columns"] = {key: said["columns"][key] for key in (*_COLUMNS, *columns)}
        later = sorted(changed.keys() - {*_ALWAYS, "title"})
        return {key: said[key] for key in (*_ALWAYS, *later)}

    def settings(self) -> Mapping[str, object]:
        """The source of the ratings and how it is read, for the manifest."""
        _, checksum = locate_all_verified(self.source)
        said = self.answering()
        if self.batch is not None and self.batch.requests is not None:
            _, known = locate_all_verified(self.batch.requests)
            requests = {**said["batch"]["requests"], "sha256": known}
            said = {**said, "batch": {**said["batch"], "requests": requests}}
        return {**said, "source": {**said["source"], "sha256": checksum}}

    @classmethod
    def reads_strictly(cls, said: Mapping[str, Any]) -> bool:
        """Tell whether there are raw answers, read like those of a model that is asked."""
        return said["columns"]["answer"] is not None and said.get("answer") is None

    def files(self) -> list[Path]:
        """The table or the files of a batch, and its requests; without those that are missing."""
        found: list[Path] = []
        requests = None if self.batch is None else self.batch.requests
        for source in filter(None, (self.source, requests)):
            with suppress(DataError):
                found += locate_all(source)
        return found

    def cannot_rate(
        self,
        name: str,
        dataset: str,
        modality: Modality,
        scales: Mapping[str, Scale],
        readouts: Collection[Readout] = (),
    ) -> Iterator[str]:
        """Reasons why the table has no ratings on some of the scales."""
        columns = self.columns
        for scale, asked in scales.items():
            if self.scale not in (None, scale):
                yield (
                    f"model {name!r} has recorded ratings of {self.scale!r} only (scale in its "
                    f"card), but the study asks about {scale!r} of {dataset!r}"
                )
            elif columns.wide and scale not in columns.scales():
                yield (
                    f"model {name!r} has columns of {', '.join(columns.scales())} "
                    f"(columns.ratings in its card), but the study uses {scale!r} of {dataset!r}; "
                    f"add its column, or limit the scales of {dataset!r} in the study: scales: "
                    f"[{', '.join(columns.scales())}]"
                )
            elif isinstance(asked, LabelScale) and not (columns.answer or scale in columns.answers):
                yield (
                    f"model {name!r}: {scale!r} of {dataset!r} is a scale of labels, which are "
                    "read from raw answers; name their column as columns.answer in the model's card"
                )
            elif self.answer and self.answer.kind == "json" and not self.answer.key_of(scale):
                yield (
                    f"model {name!r}: answer.keys in its card has no key for {scale!r} of "
                    f"{dataset!r}"
                )
            elif self.answer and (self.answer.kind, isinstance(asked, HumanScale)) in (
                ("labels", True),
                ("text", False),
            ):
                yield (
                    f"model {name!r}: {scale!r} of {dataset!r} cannot be read from answers of "
                    f"kind {self.answer.kind} (answer in its card)"
                )

    def cannot_follow(
        self, name: str, protocol: Protocol, prompts: Sequence[PromptSet]
    ) -> Iterator[str]:
        """Reasons why the table cannot give the answers that a protocol asks for."""
        if "exact" in protocol.readouts:
            why = self._not_exact(protocol)
            if why:
                yield f"protocol {protocol.name!r} asks model {name!r} for the exact readout, {why}"
        if "decision" in protocol.readouts:
            yield (
                f"protocol {protocol.name!r} asks model {name!r} for the decision readout, but its "
                "ratings were recorded: only a model that is asked can decide"
            )
        if protocol.states:
            yield (
                f"protocol {protocol.name!r} asks model {name!r} for the stated readout, but its "
                "ratings were recorded: only a model that is asked can state distributions"
            )
        ranges = self.native is not None or self.native_for
        objects = any(each.answer.an_object for each in prompts)
        if ranges and objects and self.columns.raw and self.answer is None:
            yield (
                f"model {name!r}: its raw answers have a range of their own (native in its card), "
                f"and protocol {protocol.name!r} asks for JSON objects; declare in the "
                "card how they are read: answer: {kind: json, keys: {<scale>: <key>}}"
            )

    def _not_exact(self, protocol: Protocol) -> str:
        """The reason why there are no exact answers for a protocol; empty where there are."""
        if self.batch is None:
            return (
                "but its ratings were recorded, and probabilities cannot be read from ratings: "
                "only the sampled readout is possible"
            )
        if protocol.temperature != 1:
            return (
                f"at temperature {protocol.temperature:g}, but log-probabilities in its files are "
                "those at temperature 1; write temperature: 1, or use the sampled readout"
            )
        if self.answer is not None and not self.answer.readable_exactly:
            return (
                f"but its answers are of kind {self.answer.kind} (answer in its card), and the "
                "first tokens of such an answer are no rating: use the sampled readout, or, if a "
                "schema of the requests (structured outputs) allowed nothing but the object with "
                "its key first, write structured: true beside the key"
            )
        from emoalign.elicitation.engines.recorded.batch_lines import FIRST_LINES, has_logprobs

        with suppress(DataError):  # told where the file is read
            if not has_logprobs(locate_all(self.source)):
                return (
                    f"but the first {FIRST_LINES} lines of {self.source.file} have no "
                    "log-probabilities: use the sampled readout, or ask again with logprobs: true "
                    "and top_logprobs: 20 in the requests, where the model gives them"
                )
        return ""

    def completes(self, scale: str) -> bool:
        """Tell whether the table has completions of norms on a scale."""
        return scale in self.columns.completions

    def of_completions(self, scale: str) -> RecordedModel:
        """The card by which the completions of norms on a scale are read: numbers of the dataset's
        file, one for each item, whoever rated in its row."""
        told = {key: getattr(self.columns, key) for key in (*ITEM_KEYS, "scale", "protocol")}
        columns = RecordedColumns(**told, answer=self.columns.completions[scale])
        changed = {"columns": columns, "scale": None if columns.scale else scale}
        as_written: dict[str, Any] = {
            "answer": None,
            "native": None,
            "native_for": {},
            "statuses": {},
        }
        return self.model_copy(update={**changed, **as_written})

    def remaining(self, task: RatingTask) -> None:
        """Nothing: all ratings are there."""

    def rate(self, tasks: Sequence[RatingTask], account: Account | None) -> list[pd.DataFrame]:
        """The recorded ratings of each task. Raises DataError for what the table must not hold."""
        from emoalign.elicitation.engines.recorded.recorded_rows import recorded_rows

        return [recorded_rows(task, self) for task in tasks]
