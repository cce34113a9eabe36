"""An example prompt of every protocol, dataset and scale, as the methods show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoalign.elicitation.forms import Form
from emoalign.prompts import Image, Prompt, Renderer, with_images
from emoalign.report.report_job import ReportJob
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.protocols import Protocol
from emoalign.study.scales import Scale

EARLIER, ITS_ANSWER = "(earlier item)", "(its answer)"
"""What stands for an earlier item of a session, and for the model's answer to it."""


@dataclass(frozen=True)
class ExamplePrompt:
    """A prompt as shown to a model, for one item; `scale` names all scales that it asks about.

    `form` is the prompt set, where a protocol has several forms. `answer` is None for a decision,
    which is no answer that has a form.
    """

    dataset: str
    scale: str
    protocol: str
    form: str | None
    text: str
    answer: AnswerFormat | None


def example_prompts(job: ReportJob, stimuli: Callable[[str], pd.DataFrame]) -> list[ExamplePrompt]:
    """The prompt for the first item of each dataset under each protocol, in each prompt set; where
    labels rotate, in the first rotation. `stimuli` gives the items of a dataset.

    Where the terms forbid items to be shown, a placeholder takes the item's place.
    """
    shown = []
    for dataset, card in job.datasets.items():
        text: str | Image = "(item not shown)"
        if card.modality == "image":
            text = Image("0" * 64, 16, Path())
        elif card.show_items:
            text = str(stimuli(dataset)["text"].iloc[0])
        scales: Mapping[str, Scale] = {**card.scales, **card.labels}
        for name in job.protocols:
            seen: set[str] = set()
            for scale in scales:
                if scale in seen or job.question_template(name, dataset, scale) is None:
                    continue
                forms = {each.prompt_set: each for each in job.forms(name, dataset, scale)[::-1]}
                for form in reversed(forms.values()):
                    seen |= set(form.scales)
                    several = form.prompt_set if len(forms) > 1 else None
                    persona = next(iter(job.personas.get(name, ())), None)
                    for prompt, answer in _prompts(form, job.protocols[name], text, persona):
                        of = (dataset, ", ".join(form.template.wording), name, several)
                        shown.append(ExamplePrompt(*of, as_text(prompt), answer))
    return shown


def _prompts(
    form: Form, protocol: Protocol, item: str | Image, persona: str | None
) -> Iterator[tuple[Prompt, AnswerFormat | None]]:
    """The prompts of a form, that of a decision last, each with the form of its answer.

    In a session, a placeholder stands for an earlier item and its answer.
    """
    renderer = Renderer(form.template, form.shown)
    history = []
    if protocol.session is not None and protocol.session.history != 0:
        earlier = item if isinstance(item, Image) else EARLIER
        history = [renderer.render(earlier, persona).turn(earlier, ITS_ANSWER)]
    if set(protocol.readouts) != {"decision"}:
        yield renderer.render(item, persona, history), form.template.answer
    if "decision" in protocol.readouts:
        yield renderer.decision(item), None


def as_text(prompt: Prompt) -> str:
    """A prompt as readers see it: at ▮ the model goes on writing."""
    if prompt.messages is None:
        return f"{prompt.text}▮"
    lines = []
    for message in with_images(prompt):
        text = f"[{message.role}]\n{message.content}"
        image = [] if message.image is None else ["[the image]"]
        lines += [*image, text] if prompt.image_place == "first" else [text, *image]
    for question in prompt.questions:
        levels = (
            each.label if each.description is None else f"{each.label} ({each.description})"
            for each in question.levels
        )
        lines.append(f"[question]\n{question.instruction}\n[levels]\n{', '.join(levels)}")
    return "\n\n".join(lines)
