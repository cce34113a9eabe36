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
    """A prompt as shown to a model, for one item; `scale` names all scales that it asks about.

    `answer` is None for a decision, which is no answer that has a form.
    """

    dataset: str
    scale: str
    protocol: str
    text: str
    answer: AnswerFormat | None


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
                renderer, named = Renderer(prompts, asked), ", ".join(prompts.wording)
                readouts = job.protocols[name].readouts
                if set(readouts) != {"decision"}:
                    prompt = as_text(renderer.render(text, persona))
                    shown.append(ExamplePrompt(dataset, named, name, prompt, prompts.answer))
                if "decision" in readouts:
                    prompt = as_text(renderer.decision(text))
                    shown.append(ExamplePrompt(dataset, named, name, prompt, None))
    return shown


def as_text(prompt: Prompt) -> str:
    """A prompt as readers see it: at ▮ the model goes on writing."""
    if prompt.messages is None:
        return f"{prompt.text}▮"
    lines = [f"[{message.role}]\n{message.content}" for message in prompt.messages]
    if prompt.image is not None:
        lines.insert(len(lines) - (prompt.image_place == "first"), "[the image]")
    for question in prompt.questions:
        levels = (
            each.label if each.description is None else f"{each.label} ({each.description})"
            for each in question.levels
        )
        lines.append(f"[question]\n{question.instruction}\n[levels]\n{', '.join(levels)}")
    return "\n\n".join(lines)
