"""The way models are asked: as the raters of the norms were, or by a prompt set that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from emoalign.commands.estimation.norms import Norms
from emoalign.commands.group import Told
from emoalign.commands.kinds import CONFIG, entries
from emoalign.commands.new_files import quoted
from emoalign.commands.new_study import fitting_prompts, usual_temperature
from emoalign.elicitation.engines.base import ModelCard
from emoalign.errors import StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.opening import usual_text
from emoalign.planning.preflight import check_prompts
from emoalign.planning.session_checks import sessions_that_do_not_fit
from emoalign.planning.studies import LoadedStudy
from emoalign.study.protocol_cards import ProtocolCard
from emoalign.study.reading import read_card
from emoalign.study.scales import HumanScale
from emoalign.wording import listed


@dataclass(frozen=True)
class Way:
    """A way of asking.

    Attributes:
        lines: the entry of the study's list of protocols, as YAML.
        content: the same as data.
        examples: texts that its prompts show, about which nobody can be asked.
        note: the reason why models are not asked as the raters were; empty where they are.
        alone: another entry, which asks about each item by itself; empty where this one does.
    """

    lines: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    note: str = ""
    alone: tuple[str, ...] = ()


def way_of_asking(norms: Norms, models: Mapping[str, ModelCard], size: int) -> Way | None:
    """The way in which all models can be asked; None where a prompt set must be written first.

    It is that of the raters where a protocol follows it, models can be asked so, and a study of
    `size` items can be dealt to its sessions. Recorded models alone need none. Raises Told where
    no prompt set that fits can be used.
    """
    if not any(card.asked for card in models.values()):
        return Way()
    note = ""
    able = norms.card.model_copy(update={"scales": dict(norms.scales)})
    followed = _followed(norms)
    if followed is not None:
        name, prompts, longest = followed
        told = _like(name, prompts, whole=longest is not None and longest > size)
        tried = _tried(told, norms, models, size)
        if isinstance(tried, Way):
            first = next(fitting_prompts(norms.name, able, models), None)
            if longest is None or first is None:
                return tried
            return replace(tried, alone=plain_protocol(first, models).lines)
        note = f"Models are not asked as people were ({name}): {tried}"
    problems = []
    for prompt_set in fitting_prompts(norms.name, able, models):
        for readout in _readouts(models):
            tried = _tried(plain_protocol(prompt_set, models, readout), norms, models, size)
            if isinstance(tried, Way):
                return replace(tried, note=note)
            problems.append(tried)
    if not problems:
        return None
    every = [name for name, kind in norms.card.scales.items() if isinstance(kind, HumanScale)]
    remedy = (
        f"\nWithout --scale, the study asks about {listed(every)}, as people were."
        if len(norms.scales) < len(every)
        else ""
    )
    raise Told(f"The models cannot be asked about {norms.name}: {problems[0]}.{remedy}")


def plain_protocol(
    prompt_set: str, models: Mapping[str, ModelCard], readout: str = "sampled"
) -> Way:
    """A protocol that asks about each item by itself."""
    temperature = usual_temperature(models)
    lines = [
        f"  - name: {quoted(prompt_set)}",
        f"    prompts: {quoted(prompt_set)}",
        f"    readouts: [{readout}]",
    ]
    content: dict[str, Any] = {
        "name": prompt_set,
        "prompts": prompt_set,
        "readouts": [readout],
    }
    if readout == "sampled":
        lines.append("    participants: 20  # answers per item")
        content["participants"] = 20
    lines.append(f"    temperature: {temperature}")
    said = temperature.split()[0]
    content["temperature"] = said if said == "provider" else float(said)
    return Way(tuple(lines), content)


def _followed(norms: Norms) -> tuple[str, tuple[str, ...], int | None] | None:
    """The protocol that follows the raters of a dataset: it is called as-<dataset>, names the
    dataset, or has the same source. With it come its prompts, where they are named for this
    dataset, and the number of items in its sessions."""
    found: list[tuple[int, str, tuple[str, ...], int | None]] = []
    for entry in entries("protocols"):
        try:
            card = read_card(entry.path, ProtocolCard)
        except StudyError:
            continue
        special = card.prompts_for.get(norms.name, ())
        longest = None if card.session is None else card.session.items
        link = card.source.rpartition("https://")[2].removeprefix("doi.org/").strip()
        if entry.name == f"as-{norms.name}":
            found.append((0, entry.name, special, longest))
        elif special:
            found.append((1, entry.name, special, longest))
        elif "/" in link and link in norms.card.citation and card.prompts:
            found.append((2, entry.name, (), longest))
    return min(found, key=lambda each: each[:2])[1:] if found else None


def _like(name: str, prompts: tuple[str, ...], whole: bool) -> Way:
    """A protocol like one with a file of its own; its prompts for the dataset are for the list.

    `whole` sessions have all items, of which there are fewer than people had.
    """
    hint = f"# as people were asked: emoalign show {name}"
    if not prompts and not whole:
        return Way((f"  - {name}  {hint}",), {"like": name})
    lines, content = [f"  - like: {name}  {hint}"], dict[str, Any](like=name)
    if prompts:
        lines.append(f"    prompts: [{', '.join(map(quoted, prompts))}]")
        content["prompts"] = list(prompts)
    if whole:
        lines.append("    session: {items: null}  # all, because people had more items in a list")
        content["session"] = {"items": None}
    return Way(tuple(lines), content)


def _readouts(models: Mapping[str, ModelCard]) -> Iterator[str]:
    """Readouts to try: models on this machine give probabilities, which cost one question."""
    if all(card.destination is None for card in models.values()):
        yield "exact"
    yield "sampled"


def _tried(way: Way, norms: Norms, models: Mapping[str, ModelCard], size: int) -> Way | str:
    """The way with the texts that its prompts show, or the first reason why it cannot be used.

    It is tried on a study of the norms, so that nothing needs to be written.
    """
    content = {
        "study": "tried",
        "title": "Tried",
        "seed": 0,
        "models": list(models),
        "datasets": [{"dataset": norms.name, "scales": list(norms.scales)}],
        "protocols": [dict(way.content)],
    }
    try:
        loaded = load_study(content, CONFIG)
        check_prompts(loaded)
    except StudyError as error:
        return error.problems[0].removeprefix("study: ")
    text = usual_text(item.text for item in norms.items)
    texts = {} if text is None else {norms.name: text}
    problem = next(sessions_that_do_not_fit(loaded, {norms.name: size}, texts), None)
    return problem if problem is not None else Way(way.lines, way.content, _examples(loaded, norms))


def _examples(loaded: LoadedStudy, norms: Norms) -> tuple[str, ...]:
    return Jobs(loaded).prepare(norms.name).excluded_texts
