"""`emoalign new`: a new model, dataset, prompt set or study, written with comments."""

from __future__ import annotations

import click

from emoalign.commands.group import Commands

MODULES = {
    "dataset": (
        "emoalign.commands.new_dataset",
        "A dataset card for a table of items and human ratings.",
    ),
    "model": (
        "emoalign.commands.new_model",
        "A card for a model, or for ratings already collected.",
    ),
    "prompts": ("emoalign.commands.new_prompts", "A prompt set with a wording for each scale."),
    "study": ("emoalign.commands.new_study", "A study that is ready to run."),
}


@click.group(
    "new",
    cls=Commands,
    modules=MODULES,
    examples=(
        "emoalign new dataset words words.csv",
        "emoalign new prompts words --for words",
        "emoalign new model my-server --base-url http://localhost:8000/v1",
        "emoalign new study mine --dataset words --model smollm2-135m",
    ),
)
def command() -> None:
    """Write a new commented file in config/, and say what to type next.

    No file is ever overwritten.
    """
