"""From a prompt set and an item to exactly what a model is shown, and how many tokens it has.

Rendering is pure: the same item and prompt set always give the same text.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from emoalign.errors import CapabilityError, DataError
from emoalign.stimuli.images import opened
from emoalign.study.fields import Entry
from emoalign.study.prompt_sets import AnswerFormat, PromptSet, ScaleInstruction
from emoalign.study.scales import LabelScale, Scale
from emoalign.study.source_files import sha256
from emoalign.study.templates import TextTemplate


class QuestionTemplate(Entry):
    """The part of a prompt set that reaches the model in one request.

    `wording` has the scales asked about, in their order: one, or all of a joint question.
    """

    kind: Literal["chat", "completion"]
    system: str | None
    template: str
    image: Literal["first", "last"] = "first"
    answer: AnswerFormat
    wording: dict[str, ScaleInstruction]

    def key(self, scale: str) -> str:
        """The key of a scale in answers that are JSON objects."""
        return self.wording[scale].key or scale

    def without_practice(self) -> QuestionTemplate:
        """The same for items that are rated by themselves, before which nobody practises."""
        wording = {
            name: each.model_copy(update={"practice": ()}) for name, each in self.wording.items()
        }
        return self.model_copy(update={"wording": wording})


def question_template(prompts: PromptSet, scale: str) -> QuestionTemplate:
    """The part of a prompt set that reaches the model when `scale` is asked about."""
    return QuestionTemplate(
        kind=prompts.kind,
        system=prompts.system,
        template=prompts.template,
        image=prompts.image,
        answer=prompts.answer,
        wording={
            name: prompts.scales.get(name) or ScaleInstruction(instruction="")
            for name in prompts.asked_with(scale)
        },
    )


def unworded(name: str, scale: Scale, recites: bool = False) -> QuestionTemplate:
    """A placeholder for the prompt set of recorded ratings, whose wording is unknown, or of what
    was recorded of a table of norms."""
    kind: Literal["text", "labels", "decimal"] = "decimal" if recites else "text"
    if isinstance(scale, LabelScale):
        kind = "labels"
    return QuestionTemplate(
        kind="chat",
        system=None,
        template="",
        answer=AnswerFormat(kind=kind),
        wording={name: ScaleInstruction(instruction="")},
    )


@dataclass(frozen=True)
class Image:
    """An image as it is shown: known by its content, not by where it is or what it costs.

    `tokens` are the most that it takes, where the model's card says so.
    """

    sha256: str
    longest_side: int
    path: Path = field(compare=False)
    tokens: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Message:
    """One message of a conversation; an image is that of an earlier item of a session."""

    role: str
    content: str
    image: Image | None = None


@dataclass(frozen=True)
class Turn:
    """An earlier item of a session: its message or its text, and the answer as it was given."""

    asked: Message
    text: str
    answer: str


@dataclass(frozen=True)
class Level:
    """A point of a scale as a decision is asked about it: its number, and what it is called."""

    label: str
    description: str | None = None


@dataclass(frozen=True)
class ScoreQuestion:
    """A question of a decision: which of the levels, ascending, the rest of the prompt is on."""

    instruction: str
    levels: tuple[Level, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is written in it: the instruction, and each level with its description."""
        levels = (text for level in self.levels for text in (level.label, level.description or ""))
        return self.instruction, *levels


def question_ids(questions: Sequence[ScoreQuestion]) -> list[str]:
    """The ids of the questions of a request, in their order, of characters that all providers take.

    They say nothing of a scale: people do not read its name either.
    """
    return [f"q{number}" for number in range(1, len(questions) + 1)]


@dataclass(frozen=True)
class Prompt:
    """A prompt as a model is shown it: messages of a chat, or one text to continue.

    `image` belongs to the last message, and images stand before (`first`) or after the texts of
    their messages. The messages of a decision are what it is about; its `questions` follow them.
    """

    messages: tuple[Message, ...] | None
    text: str | None
    image: Image | None = None
    image_place: Literal["first", "last"] = "first"
    questions: tuple[ScoreQuestion, ...] = ()

    def turn(self, item: str | Image, answer: str) -> Turn:
        """This prompt about an item, once it is answered, as those after it show it."""
        text = "" if isinstance(item, Image) else item
        asked = self.messages[-1].content if self.messages else ""
        return Turn(Message("user", asked, self.image), text, answer)

    @property
    def images(self) -> list[Image]:
        """All images, in the order in which they are shown."""
        earlier = [message.image for message in self.messages or () if message.image is not None]
        return [*earlier, *([] if self.image is None else [self.image])]


@dataclass(frozen=True)
class Word:
    """A word or sentence as a template sees it: ids and norms never reach a model."""

    text: str


@dataclass(frozen=True)
class Picture:
    """An image as a template sees it: nothing of it is text, so a template cannot name it."""


@dataclass(frozen=True)
class NormTable:
    """The beginning of a table of norms as a template sees it, in lines of CSV without their ends.

    Attributes:
        title: the title of the dataset.
        file: the name of its file, where it has one.
        header: the names of the columns: the text of an item, and its mean.
        rows: the rows that are shown.
        next: the row to be completed, up to its mean.
    """

    title: str
    file: str | None
    header: str
    rows: tuple[str, ...]
    next: str = ""

    def up_to(self, text: str) -> NormTable:
        """The table that ends within the row of an item."""
        return replace(self, next=f"{csv_field(text)},")


def csv_field(text: str) -> str:
    """A text as a field of a CSV file, in quotation marks where it needs them."""
    quoted = any(mark in text for mark in ',"\r\n')
    return '"{}"'.format(text.replace('"', '""')) if quoted else text


class Renderer:
    """Renders one prompt set for one scale, or for all scales of a joint question.

    Templates are compiled once; `again` compiles them a second time, to compare. The text of an
    item is a value, never a template: braces in it are just braces. `table` is what a recitation
    shows.
    """

    def __init__(
        self,
        prompts: QuestionTemplate,
        scales: Mapping[str, Scale],
        again: bool = False,
        table: NormTable | None = None,
    ) -> None:
        self._table = table
        self._kind = prompts.kind
        self._image_place = prompts.image
        self._system = prompts.system and TextTemplate(prompts.system, "system", again=again)
        self._template = TextTemplate(prompts.template, again=again)
        self._prompts = prompts
        self._show(scales)

    def on(self, scales: Mapping[str, Scale]) -> Renderer:
        """The same on scales that are shown otherwise, such as with labels in another order."""
        other = copy(self)
        other._show(scales)
        return other

    def _show(self, scales: Mapping[str, Scale]) -> None:
        prompts, self._scales = self._prompts, scales
        shown = {name: _shown(name, scale) for name, scale in scales.items()}
        if prompts.answer.an_object:
            shown = {name: scale | {"key": prompts.key(name)} for name, scale in shown.items()}
        if prompts.answer.stated:
            shown = {name: shown[name] | {"points": points_as_keys(scales[name])} for name in shown}
        if prompts.answer.together:
            self._values: dict[str, object] = {
                "scales": [
                    shown[name] | {"instruction": wording.instruction}
                    for name, wording in prompts.wording.items()
                ]
            }
        else:
            ((name, wording),) = prompts.wording.items()
            self._values = {
                "instruction": wording.instruction,
                "demonstrations": tuple(shown.model_dump() for shown in wording.demonstrations),
                "scale": shown[name],
            }

    def render(
        self, item: str | Image, persona: str | None = None, history: Sequence[Turn] = ()
    ) -> Prompt:
        """The prompt for an item, after the earlier items of its session.

        In a chat these are messages; a text to be continued has them where its template says so.
        Raises PromptError where a template names something unknown.
        """
        shown = Picture() if isinstance(item, Image) else Word(item)
        values = {**self._values, "item": shown}
        if self._kind == "completion":
            values["history"] = [{"text": turn.text, "answer": turn.answer} for turn in history]
        if persona is not None:
            values["persona"] = persona
        if self._table is not None and isinstance(item, str):
            values["table"] = self._table.up_to(item)
        question = self._template.render(values)
        system = self._system.render(values) if self._system else None
        if self._kind == "completion":
            return Prompt(messages=None, text=question)
        opening = (Message("system", system),) if system else ()
        earlier = [each for turn in history for each in (turn.asked, _said(turn.answer))]
        messages = (*opening, *earlier, Message("user", question))
        if isinstance(item, Image):
            return Prompt(messages, None, item, self._image_place)
        return Prompt(messages, None)

    def decision(self, item: str | Image) -> Prompt:
        """The prompt of a decision about an item: what the template shows, then the questions.

        The instruction is the question, so that the template is filled in without it; that of a
        joint question lists all scales, and is filled in as it is. Raises CapabilityError for a
        scale of labels, which has no levels.
        """
        joint = self._prompts.answer.together
        values = self._values if joint else {**self._values, "instruction": ""}
        values = {**values, "item": Picture() if isinstance(item, Image) else Word(item)}
        system = self._system.render(values).strip() if self._system else ""
        opening = (Message("system", system),) if system else ()
        shown = Message("user", self._template.render(values).strip())
        questions = tuple(
            ScoreQuestion(
                f"{self._prompts.key(name)}: {wording.instruction}"
                if joint
                else wording.instruction,
                _levels(name, self._scales[name]),
            )
            for name, wording in self._prompts.wording.items()
        )
        image = item if isinstance(item, Image) else None
        return Prompt((*opening, shown), None, image, self._image_place, questions)


def _said(answer: str) -> Message:
    return Message("assistant", answer)


def _shown(name: str, scale: Scale) -> dict[str, object]:
    """A scale as a template sees it."""
    return {"name": name, **scale.model_dump(exclude={"native", "kind"})}


def points_as_keys(scale: Scale) -> tuple[str, ...]:
    """The points of a scale, ascending, or its labels, as the keys of a stated distribution."""
    if isinstance(scale, LabelScale):
        return scale.labels
    return tuple(f"{point:.10g}" for point in scale.points)


def _levels(name: str, scale: Scale) -> tuple[Level, ...]:
    """The points of a scale as levels, ascending."""
    if isinstance(scale, LabelScale):
        raise CapabilityError(f"scale {name!r} has labels, which are no levels of a decision")
    return tuple(Level(f"{point:g}", scale.anchors.get(point)) for point in scale.points)


JPEG_QUALITY = 90


def without_system(prompt: Prompt) -> Prompt:
    """The prompt for a model that takes no system message: its text opens the user's message."""
    if not prompt.messages or prompt.messages[0].role != "system":
        return prompt
    system, question, *rest = prompt.messages
    opened = replace(question, content=f"{system.content}\n\n{question.content}")
    return replace(prompt, messages=(opened, *rest))


def chat_messages(prompt: Prompt) -> list[dict[str, Any]]:
    """The messages of a prompt; an image stands beside the text of its message."""
    return [
        {"role": message.role, "content": _content(message, prompt.image_place)}
        for message in with_images(prompt)
    ]


def with_images(prompt: Prompt) -> list[Message]:
    """The messages of a prompt, the last one with the image that is asked about."""
    messages = list(prompt.messages or ())
    if prompt.image is not None:
        messages[-1] = replace(messages[-1], image=prompt.image)
    return messages


def _content(message: Message, place: Literal["first", "last"]) -> str | list[dict[str, Any]]:
    if message.image is None:
        return message.content
    text = {"type": "text", "text": message.content}
    picture = {"type": "image_url", "image_url": {"url": data_url(message.image)}}
    return [picture, text] if place == "first" else [text, picture]


@lru_cache(maxsize=512)  # a session shows its images again and again
def data_url(image: Image) -> str:
    """The image as a data URL (JPEG).

    It is turned as its EXIF orientation says, made smaller where a side is too long, and all
    metadata are left behind. The same file always gives the same bytes. Raises DataError when the
    file is no image, or not the one that the stimuli were prepared from.
    """
    from PIL import Image as Picture
    from PIL import ImageOps

    if sha256(image.path) != image.sha256:
        raise DataError(
            f"{image.path}: the image has changed since the stimuli were prepared. Restore it, or "
            "prepare the stimuli again: snakemake --forcerun prepare_stimuli"
        )
    with opened(image.path) as file:
        upright = ImageOps.exif_transpose(file).convert("RGB")
    upright.thumbnail((image.longest_side, image.longest_side), Picture.Resampling.LANCZOS)
    clean = Picture.new("RGB", upright.size)
    clean.paste(upright)
    buffer = io.BytesIO()
    clean.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


CHARACTERS_PER_TOKEN = 4.0
"""Rule of thumb for English; other languages and scripts need more tokens."""

TOKENS_PER_MESSAGE = 4
"""Tokens that the frame of a chat message usually takes."""

SQUARE_PIXELS_PER_TOKEN = 416
"""Providers count a token for 750 square pixels (Anthropic), for fewer in tiles (OpenAI), and 2.46
tokens for 32 x 32 pixels where they count most of them (GPT-4.1 nano)."""


def estimated_tokens(prompt: Prompt) -> int:
    """The likely number of prompt tokens: an estimate, where the tokenizer is not at hand."""
    frame = TOKENS_PER_MESSAGE * _framed(prompt)
    return math.ceil(len(_text(prompt)) / CHARACTERS_PER_TOKEN) + frame + image_tokens(prompt)


FEWEST_PER_LETTER, MOST_PER_LETTER = 0.17, 0.42
"""Tokens per ASCII character that is no digit, in texts of a sentence or more."""

FEWEST_PER_DIGIT, MOST_PER_DIGIT = 1 / 3, 1.0
FEWEST_PER_BYTE, MOST_PER_BYTE = 0.09, 0.67
"""Tokens per UTF-8 byte of any other character: from Thai in new vocabularies to Chinese in old."""

FEWEST_PER_MESSAGE, MOST_PER_MESSAGE = 1, 24
FEWEST_PER_IMAGE = 64


def likely_tokens(prompt: Prompt) -> tuple[float, float]:
    """The fewest and the most prompt tokens to expect, where the tokenizer is not at hand.

    Counts of texts in 13 languages by vocabularies of OpenAI (o200k, cl100k), Mistral (tekken) and
    Qwen (qwen.tiktoken) lie within them.
    """
    text = _text(prompt)
    ascii_only = text.encode("ascii", errors="ignore")
    digits = sum(ascii_only.count(digit) for digit in b"0123456789")
    letters, others = len(ascii_only) - digits, len(text.encode()) - len(ascii_only)
    messages = _framed(prompt)
    images = image_tokens(prompt)
    fewest = sum(min(FEWEST_PER_IMAGE, _tokens_of(image)) for image in prompt.images)
    return (
        FEWEST_PER_LETTER * letters
        + FEWEST_PER_DIGIT * digits
        + FEWEST_PER_BYTE * others
        + FEWEST_PER_MESSAGE * messages
        + fewest,
        MOST_PER_LETTER * letters
        + MOST_PER_DIGIT * digits
        + MOST_PER_BYTE * others
        + MOST_PER_MESSAGE * messages
        + images,
    )


def most_tokens(prompt: Prompt) -> int:
    """A number of prompt tokens that is not exceeded: no token is shorter than a byte."""
    frame = 4 * TOKENS_PER_MESSAGE * (_framed(prompt) + 1)
    return len(_text(prompt).encode()) + frame + image_tokens(prompt)


def image_tokens(prompt: Prompt) -> int:
    """Tokens of the prompt's images, at most."""
    return sum(map(_tokens_of, prompt.images))


def _tokens_of(image: Image) -> int:
    """Tokens of an image, at most: as if it were a square of its longest side, unless the model's
    card says how many."""
    if image.tokens is not None:
        return image.tokens
    return math.ceil(image.longest_side**2 / SQUARE_PIXELS_PER_TOKEN) + 100


def texts_of(prompt: Prompt) -> list[str]:
    """The texts of a prompt: of each message and question, or the one that is to be continued."""
    if prompt.messages is None:
        return [prompt.text or ""]
    asked = (text for question in prompt.questions for text in question.texts)
    return [*(message.content for message in prompt.messages), *asked]


def _framed(prompt: Prompt) -> int:
    """The number of parts that a provider sets apart: messages, questions and their levels."""
    levels = sum(1 + len(question.levels) for question in prompt.questions)
    return len(prompt.messages or ()) + levels


def _text(prompt: Prompt) -> str:
    return "".join(texts_of(prompt))
