"""The command `emoalign`: its subcommands."""

from __future__ import annotations

import click

from emoalign import __version__
from emoalign.commands.group import Commands

MODULES = {
    "init": ("emoalign.commands.init", "Create a folder with a study of your own, ready to run."),
    "new": (
        "emoalign.commands.new",
        "Write a new model, dataset, prompt set or study, with comments.",
    ),
    "check": ("emoalign.commands.check", "Check a study and all its data, at no cost."),
    "list": (
        "emoalign.commands.listing",
        "List the available models, datasets, prompt sets and so on.",
    ),
    "show": (
        "emoalign.commands.showing",
        "Show a model, dataset, prompt set or study, and where its file is.",
    ),
    "estimate": (
        "emoalign.commands.estimate",
        "Make a study that estimates people's ratings of a list of words.",
    ),
    "docs": ("emoalign.commands.docs", "Show a page of the documentation."),
    "correct": (
        "emoalign.commands.correct",
        "Estimate from a model's ratings and people's ratings of a random part.",
    ),
    "calibrate": (
        "emoalign.commands.calibrate",
        "Apply fitted calibrators to the items of another study.",
    ),
}
"""The subcommands; each module has its click command as `command`."""

EXAMPLES = (
    "emoalign init my-study",
    "emoalign list models",
    "emoalign new dataset words words.csv",
    "emoalign check",
)


@click.group(
    cls=Commands,
    modules=MODULES,
    examples=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="emoalign")
def application() -> None:
    """Prepare and check studies in which language models rate emotional stimuli as people did.

    A study is run with Snakemake: snakemake --cores 8
    """


def main() -> None:
    """Run the command line."""
    application(prog_name="emoalign")


if __name__ == "__main__":
    main()
