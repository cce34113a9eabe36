"""An example prompt of every protocol, dataset and scale, as the methods show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoalign.prompts import Image, Prompt, Renderer
from emoalign.report.section import Results
from emoalign.study.protocols import AnswerFormat
from emoalign.study.scales import Scale


@dataclass(frozen=True)
class ExamplePrompt:
    """A prompt as shown to a model, for one item; `scale` names all scales that it asks about."""

    dataset: str
    scale: str
    protocol: str
    text: str
    answer: AnswerFormat


def example_prompts(results: Results) -> list[ExamplePrompt]:
    """The prompt for the first item of each dataset under each protocol.

    Where the terms forbid items to be shown, a placeholder takes the item's place.
    """
    job, shown = results.job, []
    for dataset, card in job.datasets.items():
        text: str | Image = "(item not shown)"
        if card.modality == "image":
            text = Image("0" * 64, 16, Path())
        elif card.show_items:
            text = str(results.stimuli(dataset)["text"].iloc[0])
        scales: Mapping[str, Scale] = {**card.scales, **card.labels}
        for name in job.protocols:
            seen: set[str] = set()
            for scale in scales:
                prompts = job.question_template(name, dataset, scale)
                if scale in seen or prompts is None:
                    continue
                seen |= set(prompts.wording)
                persona = next(iter(job.personas.get(name, ())), None)
                asked = {scale: scales[scale] for scale in prompts.wording}
                prompt = Renderer(prompts, asked).render(text, persona)
                named = ", ".join(prompts.wording)
                shown.append(ExamplePrompt(dataset, named, name, as_text(prompt), prompts.answer))
    return shown


def as_text(prompt: Prompt) -> str:
    """A prompt as readers see it: at ▮ the model goes on writing."""
    if prompt.messages is None:
        return f"{prompt.text}▮"
    lines = [f"[{message.role}]\n{message.content}" for message in prompt.messages]
    if prompt.image is not None:
        lines.insert(len(lines) - (prompt.image_place == "first"), "[the image]")
    return "\n\n".join(lines)
