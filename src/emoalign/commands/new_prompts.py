"""`emoalign new prompts`: a prompt set with a wording for each scale of a dataset."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from emoalign.commands.group import Unwrapped
from emoalign.commands.kinds import completing, found
from emoalign.commands.new_files import CHECK, free_file, quoted, say_next, write_entry
from emoalign.commands.wordings import asked, wording
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_card
from emoalign.study.scales import LabelScale


@click.command("prompts", cls=Unwrapped, examples=("emoalign new prompts words --for vader",))
@click.argument("name")
@click.option(
    "--for",
    "dataset",
    required=True,
    shell_complete=completing("datasets"),
    help="The dataset whose scales the prompts ask about.",
)
def command(name: str, dataset: str) -> None:
    """Write config/prompts/NAME.yaml with a wording for each scale of a dataset.

    The wording is a first draft, based on the scales in the dataset's card. If you have the
    instruction that the raters were given, use its wording instead.
    """
    write_prompts(name, dataset)
    say_next([f"emoalign new study my-study --dataset {dataset} --prompts {name}"])


def write_prompts(name: str, dataset: str) -> None:
    """Write a prompt set for a dataset. Raises Told where there is one, or no such dataset."""
    path = free_file("prompts", name)
    ((_, entry),) = found(dataset, ["datasets"])
    card = read_card(entry.path, DatasetCard)
    write_entry("prompts", path, "prompts", "\n".join(_prompts(dataset, card)))


def _prompts(dataset: str, card: DatasetCard) -> Iterator[str]:
    scales = asked(card)
    labels = any(isinstance(scale, LabelScale) for scale in scales.values())
    yield (
        f"# Made by `emoalign new prompts` from the scales of {dataset}. If the wording changes, "
        "the models are asked again."
    )
    yield f"title: {quoted(f'{card.title}, a wording of our own')}"
    yield (
        f"language: en  {CHECK}: the language of the wording below; the items are in "
        f"{card.language}"
    )
    yield "source: Our own wording."
    yield "kind: chat"
    if card.modality == "image":
        yield "image: first"
        question = "{{ instruction }}"
    else:
        question = f"{{{{ instruction }}}}\n\n{card.modality.capitalize()}: {{{{ item.text }}}}"
    if labels:
        labels_shown = '{{ instruction }}\n\nLabels: {{ scale.labels | join(", ") }}'
        question = labels_shown + question.removeprefix("{{ instruction }}")
    yield "template: |-"
    yield from (f"  {line}".rstrip() for line in question.splitlines())
    yield "answer:"
    yield f"  kind: {'labels' if labels else 'text'}"
    yield f"  max_tokens: {64 if labels else 8}  # longer answers count as truncated"
    yield "scales:"
    for name, scale in scales.items():
        yield f"  {name}:"
        if not isinstance(scale, LabelScale):
            yield f"    written_for: {{min: {scale.min:g}, max: {scale.max:g}}}"
        yield f"    instruction: >-  {CHECK}: if possible, the instruction that raters were given"
        yield from textwrap.wrap(
            wording(name, scale, card.modality),
            94,
            initial_indent="      ",
            subsequent_indent="      ",
            break_on_hyphens=False,
        )
