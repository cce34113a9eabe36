"""Protocols: how models are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from emoalign.study.fields import WRITTEN, Entry, Name, Readout
from emoalign.study.sessions import SessionPlan


def _all_as_none(value: object) -> object:
    return None if value == "all" else value


ParticipantCount = Annotated[
    int | None,
    BeforeValidator(_all_as_none, json_schema_input_type=int | Literal["all"]),
]
"""A number of answers per item; None for all there are, which a study writes as `all`."""


def _provider_as_none(value: object) -> object:
    return None if value == "provider" else value


def _none_as_provider(value: float | None) -> float | str:
    return "provider" if value is None else value


Temperature = Annotated[
    Annotated[float, Field(ge=0)] | None,
    BeforeValidator(_provider_as_none, json_schema_input_type=float | Literal["provider"]),
    PlainSerializer(_none_as_provider, return_type=float | str),
]
"""A temperature; None for the provider's own sampling, of which nothing is said to it, and which a
study writes as `provider`."""

ThinkingLevel = Literal["off", "low", "medium", "high"]
"""How much a model is told to think before it answers."""

Thinking = Literal["off", "low", "medium", "high", "provider"]
"""The same; `provider` leaves it to the provider and the model's card."""

ASKED_TO_THINK: frozenset[Thinking] = frozenset({"low", "medium", "high"})
"""The levels at which a model is told to think."""


def _one_as_list(value: object) -> object:
    return (
        tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value
    )


def _named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return names


def _some_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("empty; name at least one prompt set")
    return _named_once(names)


def _one_as_name(names: tuple[str, ...] | None) -> str | list[str] | None:
    return names if names is None else names[0] if len(names) == 1 else list(names)


PromptNames = Annotated[
    tuple[Name, ...],
    BeforeValidator(_one_as_list, json_schema_input_type=Name | tuple[Name, ...]),
    AfterValidator(_some_once),
]
"""Prompt sets, of which one may stand without a list."""

AS_WRITTEN = PlainSerializer(_one_as_name, return_type=str | list[str] | None)
"""One prompt set is written as its name, as in jobs before there were lists."""

RECITING: Mapping[str, float] = {"temperature": 0.0, "participants": 1}
"""Defaults of a recitation: one answer per item, the likeliest."""


class _Called(Entry):
    """The first keys of a protocol, which say what it is called."""

    name: Name = Field(description="Name in results and figures; optional with `like`.")
    like: Name | None = Field(
        None,
        exclude=True,  # requests and jobs do not depend on where its keys were written
        description=(
            "A protocol with a file of its own, whose keys apply unless they are given here "
            "(`emoalign list protocols`)."
        ),
    )


class Asking(Entry):
    """A way of asking for ratings, or for a completion of the table of norms, without its name."""

    kind: Literal["rating", "recitation"] = Field(
        "rating",
        description=(
            "rating: items are rated. recitation: shown some rows of the table of norms, the model "
            "writes the next published mean, once per item and at temperature 0."
        ),
    )
    prompts: Annotated[PromptNames | None, AS_WRITTEN] = Field(
        None,
        description=(
            "The prompt set, or a list: forms that participants are dealt equally. Not needed for "
            "recorded ratings."
        ),
    )
    prompts_for: dict[Name, Annotated[PromptNames, AS_WRITTEN]] = Field(
        default_factory=dict,
        description="Prompt sets for single datasets, likewise.",
    )
    readouts: Annotated[tuple[Readout, ...], AfterValidator(_named_once)] = Field(
        ("sampled",),
        min_length=1,
        description=(
            "sampled: answers of simulated participants. exact: probability of each point, from "
            "those of tokens. decision: the same from the Decisions API. stated: how many of 100 "
            "people would give each point."
        ),
    )
    participants: ParticipantCount = Field(
        20,
        ge=1,
        description=(
            "Written answers per item; raising it requests only the rest. all: every "
            "recorded rating (default if all models are recorded)."
        ),
    )
    personas: Name | None = Field(
        None,
        description=("A persona table. Default: repeated answers to one question."),
    )
    temperature: Temperature = Field(
        1.0,
        description=(
            "Sampling temperature. provider: no setting of sampling is sent, for models that take "
            "none; the provider's own apply."
        ),
    )
    thinking: Thinking = Field(
        "provider",
        description=(
            "Thinking before the answer, at a level of the model's card "
            "(`capabilities.thinking`). provider: nothing is sent beyond the card."
        ),
    )
    wave: int = Field(
        1,
        ge=1,
        description="Number of the repetition: a new number asks everything again (test–retest).",
    )
    session: SessionPlan | None = Field(
        None,
        description=(
            "Items are rated one after another, with earlier answers in view. Default: each item "
            "by itself."
        ),
    )
    examples: int = Field(
        10,
        ge=1,
        description=(
            "recitation: rows shown, drawn with the study's seed. Their items are not asked about."
        ),
    )
    items: int | None = Field(
        None,
        ge=1,
        description="recitation: most items asked about, drawn likewise. Default: all others.",
    )

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.kind == "rating":
            for key in ("examples", "items"):
                if getattr(self, key) != type(self).model_fields[key].default:
                    raise ValueError(f"{key}: only a protocol of kind: recitation has it")
            return self
        for key, value in RECITING.items():
            if key not in self.model_fields_set:  # defaults of another kind, before anyone reads it
                object.__setattr__(self, key, value)
                self.model_fields_set.add(key)
        if self.readouts != ("sampled",):
            raise ValueError("readouts: a recitation is one text, so only sampled is possible")
        if self.participants != RECITING["participants"]:
            raise ValueError("participants: a recitation asks once about each item; leave it out")
        if self.personas is not None:
            raise ValueError("personas: a recitation has none; leave it out")
        for key, names in {"prompts": self.prompts, **self.prompts_for}.items():
            if names is not None and len(names) > 1:
                where = key if key == "prompts" else f"prompts_for.{key}"
                raise ValueError(f"{where}: a recitation has one prompt set; name one of them")
        if self.session is not None:
            raise ValueError("session: a recitation rates nothing; leave it out")
        return self

    @model_validator(mode="after")
    def _stated_alone(self) -> Self:
        others = [readout for readout in self.readouts if readout != "stated"]
        if others and len(others) < len(self.readouts):
            raise ValueError(
                f"readouts: stated asks how people answer, and {', '.join(others)} for one answer, "
                "which are two questions; give stated a protocol of its own"
            )
        return self

    @model_validator(mode="after")
    def _readable_exactly(self) -> Self:
        if "exact" not in self.readouts:
            return self
        if self.temperature is None:
            raise ValueError(
                "temperature: provider is unknown, and exact probabilities are those at a known "
                "temperature; give a number, or ask for them in a protocol of their own"
            )
        if self.thinking in ASKED_TO_THINK:
            raise ValueError(
                f"readouts: exact probabilities are those of the token that follows the question, "
                f"which is a thought with thinking: {self.thinking}; use sampled, or thinking: off"
            )
        return self

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if "decision" not in self.readouts:
            return self
        if self.temperature not in (None, 1):
            raise ValueError(
                f"temperature: {self.temperature:g} has no effect on decisions, which have none; "
                "leave it out, or ask for decisions in a protocol of their own"
            )
        if self.thinking in ASKED_TO_THINK:
            raise ValueError(
                f"thinking: {self.thinking} has no effect on decisions, which are made without "
                "thoughts; leave it out, or ask for decisions in a protocol of their own"
            )
        return self

    @model_validator(mode="after")
    def _rated_in_sessions(self) -> Self:
        if self.session is None:
            return self
        if "sampled" not in self.readouts or not {"sampled", "exact"}.issuperset(self.readouts):
            raise ValueError(
                "readouts: sampled answers are what stands in view in a session, and each exact "
                "answer follows them; write [sampled] or [sampled, exact], and use a protocol "
                "without session for other readouts"
            )
        return self

    @property
    def written(self) -> bool:
        """Tell whether it asks participants for answers, rather than for probabilities alone."""
        return not WRITTEN.isdisjoint(self.readouts)

    @property
    def states(self) -> bool:
        """Tell whether the model is asked to state people's distributions."""
        return "stated" in self.readouts

    @property
    def recites(self) -> bool:
        """Tell whether it asks for the table of norms rather than for ratings."""
        return self.kind == "recitation"

    def reaches(self, dataset: str) -> bool:
        """Tell whether it is about a dataset: a recitation may name some by their prompt sets."""
        return not (self.recites and self.prompts_for) or self.prompt_set(dataset) is not None

    def prompt_set(self, dataset: str) -> str | None:
        """Name of the prompt set the items of a dataset are asked about with, the first if several
        are listed; None where none is named."""
        return next(iter(self.prompt_sets(dataset)), None)

    def prompt_sets(self, dataset: str) -> tuple[str, ...]:
        """Names of all prompt sets that items of a dataset are asked about with, in the order
        listed; empty where none is named."""
        return self.prompts_for.get(dataset, self.prompts) or ()


def _named_or_like(schema: dict[str, Any]) -> None:
    """Let editors accept a protocol that is called like the one it follows."""
    schema["required"] = [key for key in schema["required"] if key != "name"]
    schema["anyOf"] = [{"required": ["name"]}, {"required": ["like"]}]


class Protocol(Asking, _Called):  # in this order its name is the first key, and jobs stay the same
    """A way of asking for ratings, or for a completion of the table of norms."""

    model_config = ConfigDict(json_schema_extra=_named_or_like)

    short: ClassVar[str] = "name: {0}, prompts: {0}"


class Asked(Entry):
    """The variables of a protocol: its temperature, its level of thinking, and its prompt set for
    each dataset."""

    temperature: Temperature
    thinking: Thinking = "provider"
    prompts: dict[str, str]
