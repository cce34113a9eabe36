"""The card of the dataset and the study, as files; and their names."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.scalarstring import LiteralScalarString

from emoalign.commands.estimation.asking import Way
from emoalign.commands.estimation.items import Items
from emoalign.commands.estimation.norms import Norms
from emoalign.commands.estimation.table import clustered
from emoalign.commands.group import Told
from emoalign.commands.kinds import CONFIG, library
from emoalign.commands.new_files import free_file, quoted, write_entry
from emoalign.elicitation.engines.base import ModelCard
from emoalign.errors import DataError
from emoalign.study.fields import LONGEST_NAME
from emoalign.study.reading import read_yaml
from emoalign.wording import listed

SEED = 1
"""The seed of the study, by which the items to learn from are drawn as well."""

EMBEDDING = "smollm2-135m"
"""An included embedding that runs wherever the package with its weights is installed."""


@dataclass(frozen=True)
class Places:
    """The new files of a study, none of which is there yet."""

    name: str
    table: Path
    card: Path
    study: Path


def usual_name(file: Path, like: str) -> str:
    """The name of the study of a list: words-like-warriner for words.txt."""
    end = f"-like-{like}"
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-._") or "words"
    return f"{plain[: LONGEST_NAME - len(end)]}{end}"


def free_places(name: str) -> Places:
    """The places of the files. Raises Told where one is taken, or the name cannot be a study's."""
    table = Path("resources", name, "items.csv")
    taken = [
        str(path)
        for path in (CONFIG / f"studies/{name}.yaml", CONFIG / f"datasets/{name}.yaml", table)
        if os.path.lexists(path)
    ]
    if taken:
        raise Told(
            f"{listed(taken)} already {'exists' if len(taken) == 1 else 'exist'}, and nothing was "
            "written. To ask other models, name them in the study's file. Otherwise choose "
            f"another name (--study my-words), or delete {'it' if len(taken) == 1 else 'them'}."
        )
    study, card = free_file("studies", name), free_file("datasets", name)
    for folder in ("studies", "datasets"):
        if library().path(folder, name).exists():
            raise Told(
                f"{name!r} is the name of an included entry of {folder}. Choose another one: "
                "--study my-words"
            )
    return Places(name, table, card, study)


def write_card(
    places: Places, file: Path, items: Items, norms: Norms, columns: Mapping[str, dict[str, Any]]
) -> None:
    """Write the card of the dataset, with the terms of the norms."""
    like, _ = read_yaml(library().path("datasets", norms.name))
    if not isinstance(like, Mapping):
        raise DataError(f"The card of {norms.name} cannot be read.")
    source: dict[str, Any] = {
        "reader": "table",
        "table": {"file": places.table.as_posix()},
        "id": "id",
        "text": "text",
    }
    if any("\n" in each.text or "\r" in each.text for each in items.chosen):
        source["quotes"] = "standard"
    if clustered(items):
        source["cluster"] = "cluster"
    source["scales"] = {scale: named for scale, named in columns.items() if items.rated(scale)}
    card: dict[str, Any] = {
        "title": f"{' '.join(file.name.split())}, like {norms.card.title}",
        "modality": norms.card.modality,
        "language": norms.card.language,
        "source": source,
        "scales": {
            name: {key: value for key, value in like["scales"][name].items() if key != "native"}
            for name in norms.scales
        },
    }
    within = norms.card.frameworks.within(list(norms.scales))
    frameworks = {
        key: list(names)
        for key, names in (("dimensions", within.dimensions), ("emotions", within.emotions))
        if names
    }
    if frameworks:
        card["frameworks"] = frameworks
    terms = ("licence", "redistribute", "remote_api", "citation")
    card |= {key: like[key] for key in terms if key in like}
    card["caveats"] = [*_caveats(file, items, norms), *norms.card.caveats]
    heading = (
        f"# Made by `emoalign estimate`: the words of a list, and words of {norms.name} with their "
        "ratings.\n# Terms and citation are those of the ratings.\n"
    )
    write_entry("datasets", places.card, "dataset", heading + _yaml(card))


def _caveats(file: Path, items: Items, norms: Norms) -> Iterator[str]:
    things = f"{norms.card.modality}s"
    listed = items.count("list", "both")
    yield (
        f"{listed:,} {things} are those of the list {' '.join(file.name.split())}; "
        f"{items.count('both') or 'none'} of them have ratings by people, from {norms.card.title}. "
        f"{items.count('norms'):,} further {things} were drawn at random from {norms.card.title} "
        "to learn from."
    )
    yield (
        f"Estimates are learned from {things} that people rated. Intervals may contain people's "
        f"means less often than they say for {things} of another kind."
    )


def _yaml(content: Mapping[str, Any]) -> str:
    """Content as YAML, whatever texts are in it; those of several lines as they are."""

    def shown(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: shown(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            inner = CommentedSeq(map(shown, value))
            if not any(isinstance(each, str) and " " in each for each in value):
                inner.fa.set_flow_style()
            return inner
        return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value

    writer = YAML()
    writer.width = 100
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(shown(content), out)
    # Where a line is folded, the writer leaves a blank at its end.
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def write_study(
    places: Places, file: Path, norms: Norms, models: Mapping[str, ModelCard], way: Way
) -> None:
    """Write the study."""
    text = "\n".join(_study(places.name, file, norms, models, way))
    write_entry("studies", places.study, "study", text)


def _study(
    name: str, file: Path, norms: Norms, models: Mapping[str, ModelCard], way: Way
) -> Iterator[str]:
    things = f"{norms.card.modality}s"
    yield f"# For the keys left out here and their defaults: emoalign show study {name}"
    yield f"study: {quoted(name)}"
    title = f"Estimates for {' '.join(file.name.split())}, like {norms.card.title}"
    yield f"title: {quoted(title)}"
    yield "# For everything drawn at random: the same seed gives the same numbers."
    yield f"seed: {SEED}"
    yield ""
    yield "# Estimates learn from all of these at once: models of different makers complement each"
    yield "# other."
    yield "models:"
    for model in models:
        yield f"  - {quoted(model)}"
    yield ""
    yield "datasets:"
    yield f"  - dataset: {quoted(name)}  # the list, and {things} of {norms.name} to learn from"
    yield f"    scales: [{', '.join(map(quoted, norms.scales))}]"
    remote = [model for model, each in models.items() if each.destination is not None]
    if remote and norms.card.remote == "ask":
        yield ""
        yield f"# This study would send {things} of {norms.name} to {', '.join(remote)}, on another"
        yield "# machine. If its terms allow this, remove the # from the next line:"
        yield f"# allow_remote: [{quoted(name)}]"
    if way.lines:
        yield ""
        yield "protocols:"
        yield from way.lines
    if way.alone:
        yield f"# In a session, {things} are rated with earlier ones in view."
        yield "# Each by itself, which costs far less:"
        yield from (f"# {line}" for line in way.alone)
    priced = any(getattr(each, "prices", None) is not None for each in models.values())
    if priced and not any(each.cost_unknown for each in models.values()):
        yield ""
        yield "# The most that the study may cost in US dollars: jobs stop before it is exceeded."
        yield "max_usd: 5"
    yield ""
    yield f"# An embedding of the {things} would be one more predictor, and a baseline:"
    yield f"# embedding: {EMBEDDING}"
    yield ""
    yield "# Means that people would give, with 90% intervals (emoalign docs estimates)"
    yield "estimates: {}"
