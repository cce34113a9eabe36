"""`emoalign new study`: a study of one dataset, ready to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from emoalign.commands.group import Unwrapped
from emoalign.commands.kinds import completing, entries, found
from emoalign.commands.new_files import free_file, quoted, say_next, write_entry
from emoalign.commands.new_prompts import write_prompts
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.base import ModelCard
from emoalign.errors import StudyError
from emoalign.planning.checks import misfits
from emoalign.planning.loading import MODELS
from emoalign.planning.place import DEFAULT_STUDY
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.origins import Origin
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import read_card

MANY_ITEMS = 300


@click.command(
    "study",
    cls=Unwrapped,
    examples=(
        "emoalign new study mine --dataset vader --model smollm2-135m",
        "emoalign new study two-models --dataset vader --model gpt-4o-mini --model gpt-4o",
    ),
)
@click.argument("name")
@click.option(
    "--dataset",
    required=True,
    shell_complete=completing("datasets"),
    help="The dataset to be rated.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("smollm2-135m",),
    show_default=True,
    shell_complete=completing("models"),
    help="A model that rates it; can be given several times.",
)
@click.option(
    "--prompts",
    help="The prompt set; without it, one that fits the dataset, or else a new one is written.",
)
def command(name: str, dataset: str, models: tuple[str, ...], prompts: str | None) -> None:
    """Write config/studies/NAME.yaml: a study of one dataset, ready to run."""
    path = free_file("studies", name)
    ((_, entry),) = found(dataset, ["datasets"])
    card = read_card(entry.path, DatasetCard)
    cards = {model: read_card(found(model, ["models"])[0][1].path, MODELS) for model in models}
    if any(each.asked for each in cards.values()) and prompts is None:
        prompts = next(fitting_prompts(dataset, card, cards), None)
        if prompts is None:
            prompts = dataset
            write_prompts(prompts, dataset)
    elif prompts is not None:
        found(prompts, ["prompts"])
    write_entry("studies", path, "study", "\n".join(_study(name, dataset, card, cards, prompts)))
    say_next([f"emoalign check {path}", f"snakemake --cores 8 --configfile {path}"])
    if not DEFAULT_STUDY.exists():
        click.echo(
            f"Saved as {DEFAULT_STUDY}, it would be the study that snakemake runs without "
            "--configfile."
        )


def fitting_prompts(
    dataset: str, card: DatasetCard, models: Mapping[str, ModelCard]
) -> Iterator[str]:
    """The prompt sets that cover all scales of a dataset, and that all models can answer.

    They have the name of the dataset, which comes first, or are included ones; others must be
    named.
    """
    for entry in sorted(entries("prompts"), key=lambda entry: entry.name != dataset):
        if entry.own and entry.name != dataset:
            continue
        try:
            prompts = read_card(entry.path, PromptSet)
        except StudyError:
            continue
        if not entry.own and (prompts.language != card.language or prompts.kind != "chat"):
            continue
        if _fits(entry.name, prompts, card, models):
            yield entry.name


def _fits(
    name: str, prompts: PromptSet, card: DatasetCard, models: Mapping[str, ModelCard]
) -> bool:
    able = [model.able for model in models.values() if isinstance(model, AskedModel)]
    if any(not (each.chat if prompts.kind == "chat" else each.completion) for each in able):
        return False
    if prompts.answer.stated:
        return False  # its question is about people, and the study written here samples ratings
    if "persona" in prompts.template or "persona" in (prompts.system or ""):
        return False
    shown = "item.text" in prompts.template
    if shown == (card.modality == "image") or not prompts.scales.keys() >= card.scales.keys():
        return False
    if f"{card.modality.capitalize()}:" not in prompts.template and card.modality != "image":
        return False
    return not any(
        problem
        for scale, kind in card.scales.items()
        for problem in misfits(lambda: Origin(name), prompts, name, scale, kind)
    )


def _study(
    name: str, dataset: str, card: DatasetCard, models: dict[str, ModelCard], prompts: str | None
) -> Iterator[str]:
    yield f"# For the keys left out here and their defaults: emoalign show study {name}"
    yield f"study: {quoted(name)}"
    yield f"title: {quoted(f'{card.title}, rated by ' + ', '.join(models))}"
    yield "# For everything drawn at random: the same seed gives the same sample."
    yield "seed: 1"
    yield ""
    yield "models:"
    for model in models:
        yield f"  - {quoted(model)}"
    yield ""
    yield "datasets:"
    yield f"  - dataset: {quoted(dataset)}"
    yield f"    scales: [{', '.join(map(quoted, card.scales))}]"
    yield (
        f"    # sample: {MANY_ITEMS}  this many items, drawn at random; without this line, all "
        "items"
    )
    remote = [model for model, each in models.items() if each.destination is not None]
    if remote and card.remote == "ask":
        yield ""
        yield f"# This study would send the items of {dataset} to {', '.join(remote)}, on another"
        yield "# machine. If the terms of the dataset allow this, remove the # from the next line:"
        yield f"# allow_remote: [{quoted(dataset)}]"
    if prompts is None:
        return
    yield ""
    yield "protocols:"
    yield f"  - name: {quoted(prompts)}"
    yield f"    prompts: {quoted(prompts)}"
    yield "    readouts: [sampled]"
    yield (
        "    participants: 20  # answers per item; if you raise it later, only the additional "
        "answers are asked for"
    )
    yield f"    temperature: {usual_temperature(models)}"
    priced = any(getattr(each, "prices", None) is not None for each in models.values())
    if priced and not any(each.cost_unknown for each in models.values()):
        yield ""
        yield "# The most that the study may cost in US dollars: jobs stop before it is exceeded."
        yield "max_usd: 5"


def usual_temperature(models: Mapping[str, ModelCard]) -> str:
    """A temperature of 1, or the highest below it that all models accept.

    The provider's own sampling where a model takes no temperature and all have a provider.
    """
    able = [model.able for model in models.values() if isinstance(model, AskedModel)]
    ranges = [each.temperature for each in able if each.temperature is not None]
    if len(ranges) < len(able) and all(each.default_sampling for each in able):
        return "provider  # no setting of sampling is sent, because a model takes none"
    return f"{min([1.0, *(each.max for each in ranges)]):.1f}"
