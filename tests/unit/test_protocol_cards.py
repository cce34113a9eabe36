"""Protocols with files of their own: named by a study, changed by it, and told in its report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.errors import StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.loading import load_study
from emoalign.planning.studies import STUDIES, LoadedStudy
from emoalign.report.report_job import ReportJob
from emoalign.report.sections.asking_in_words import protocols_used
from emoalign.study.fields import Params
from emoalign.study.library import Library
from emoalign.study.protocol_cards import ProtocolCard
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card, read_yaml

CARD = """\
title: Words, as rated by nobody
source: Nobody, 2026
known: [Raters were ten.]
unverified: [They were paid.]
unknown: ["how long they thought."]
prompts: instruction
readouts: [sampled, exact]
participants: 10
temperature: 0.5
"""
WRITTEN_OUT = {
    "prompts": "instruction",
    "readouts": ["sampled", "exact"],
    "participants": 10,
    "temperature": 0.5,
}
STUDY: dict[str, Any] = {
    "study": "s",
    "title": "S",
    "seed": 1,
    "models": ["smollm2-135m"],
    "datasets": [{"dataset": "vader", "sample": 20}],
}

Load = Callable[..., LoadedStudy]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """A study of these protocols, from config/config.yaml of a folder with one protocol card."""
    monkeypatch.chdir(tmp_path)
    write("protocols/as-nobody", CARD)

    def loaded(*protocols: Any, options: dict[str, Any] | None = None, **keys: Any) -> LoadedStudy:
        path = Path("config/config.yaml")
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump({**STUDY, "protocols": list(protocols), **keys}, stream)
        content = YAML(typ="safe").load(path)
        whole = {**content, **(options or {})}
        return load_study(whole, Path("config"), str(path), [path], options)

    return loaded


def write(name: str, text: str) -> None:
    path = Path("config", f"{name}.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def problems(load: Load, *protocols: Any, **keys: Any) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load(*protocols, **keys)
    return list(caught.value.problems)


def job(loaded: LoadedStudy, protocol: str) -> Params:
    return Jobs(loaded).rate("smollm2-135m", protocol, "vader", "valence").params()


def test_a_study_names_a_protocol_and_has_all_of_its_keys(load: Load) -> None:
    (protocol,) = load("as-nobody").study.protocols
    assert type(protocol) is Protocol
    assert protocol.name == "as-nobody"
    assert protocol.participants == 10
    assert protocol.temperature == 0.5


def test_keys_of_the_study_replace_those_of_the_file(load: Load) -> None:
    short, plain = load(
        {"like": "as-nobody", "name": "short", "participants": 5},
        {"like": "as-nobody", "temperature": 1},
    ).study.protocols
    assert (short.name, short.participants, short.temperature) == ("short", 5, 0.5)
    assert (plain.name, plain.participants, plain.temperature) == ("as-nobody", 10, 1)


def test_jobs_are_those_of_the_same_protocol_written_out(load: Load) -> None:
    named = job(load({"like": "as-nobody", "name": "p", "participants": 4}), "p")
    written = job(load({"name": "p", **WRITTEN_OUT, "participants": 4}), "p")
    assert repr(named) == repr(written)
    assert b"as-nobody" not in orjson.dumps(dict(named))
    again = job(load("as-nobody"), "as-nobody")
    assert repr(again) == repr(job(load({"name": "as-nobody", **WRITTEN_OUT}), "as-nobody"))


def test_the_name_of_a_protocol_is_the_first_key_of_its_jobs(load: Load) -> None:
    assert next(iter(job(load("as-nobody"), "as-nobody")["protocol"])) == "name"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "as-nobodi",
            "protocols, entry 1: there is no config/protocols/as-nobodi.yaml; did you mean "
            "'as-nobody'?",
        ),
        (
            {"like": "as-nobodi"},
            "protocols, entry 1, like: there is no config/protocols/as-nobodi.yaml; did you mean "
            "'as-nobody'?",
        ),
        ("xyz", "protocols, entry 1: there is no config/protocols/xyz.yaml; known: as-"),
        (
            "instruction",
            "protocols, entry 1: expected keys with values, found instruction: write "
            "`- {name: instruction, prompts: instruction}`",
        ),
        (
            "instructoin",
            "protocols, entry 1: expected keys with values, found instructoin: write "
            "`- {name: instructoin, prompts: instructoin}`",
        ),
        ({"like": 3, "name": "p"}, "protocols, entry 1, like: expected a name, found 3"),
        (
            {"like": "as-nobody", "participants": 0},
            "protocols, entry 1, participants: must be 1 or more, found 0",
        ),
        (
            {"like": "as-nobody", "title": "Mine"},
            "protocols, entry 1, title: unknown key",
        ),
        (
            {"like": "as-nobody", "prompts": "instructoin"},
            "entry 1, prompts: there is no config/prompts/instructoin.yaml; did you mean "
            "'instruction'?",
        ),
    ],
    ids=str,
)
def test_mistakes_of_the_study_are_told_at_its_lines(entry: Any, told: str, load: Load) -> None:
    (problem,) = problems(load, entry)
    assert problem.startswith("config/config.yaml, line ")
    assert told in problem


def test_a_protocol_that_is_no_list_is_told_how_to_be_one(load: Load) -> None:
    (problem,) = problems(load, **{"protocols": "as-nobody"})
    assert problem.endswith(
        ": protocols: expected a list, found as-nobody: write `protocols: [as-nobody]`"
    )


def test_two_protocols_need_two_names(load: Load) -> None:
    (problem,) = problems(load, "as-nobody", {"like": "as-nobody", "participants": 5})
    assert "named more than once: as-nobody" in problem


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("participants: 10", "participants: ten", "line 8: participants: expected"),
        ("prompts: instruction", "promts: instruction", "line 6: promts: unknown key; did you"),
        ("source: Nobody, 2026\n", "", "as-nobody.yaml: source: missing"),
        ("title:", "name: n\ntitle:", "line 1: name: unknown key"),
    ],
)
def test_mistakes_of_the_file_are_told_at_its_lines(
    wrong: str, right: str, told: str, load: Load
) -> None:
    write("protocols/as-nobody", CARD.replace(wrong, right))
    found = problems(load, "as-nobody")
    assert len(found) == 1, found
    assert found[0].startswith("config/protocols/as-nobody.yaml")
    assert told in found[0]


def test_what_does_not_fit_the_study_is_told_where_the_key_stands(load: Load) -> None:
    write("protocols/as-nobody", CARD.replace("prompts: instruction", "prompts: instructoin"))
    (problem,) = problems(load, "as-nobody")
    assert problem.startswith("config/protocols/as-nobody.yaml, line 6: prompts: there is no")
    write("protocols/as-nobody", CARD.replace("participants: 10", "participants: all"))
    (problem,) = problems(load, "as-nobody")
    assert problem.startswith("config/protocols/as-nobody.yaml, line 8: participants: all means")
    assert problem.endswith(
        "give a number. To change a key for this study alone, write it beside `like: as-nobody`"
    )
    (problem,) = problems(load, {"like": "as-nobody", "participants": 5, "readouts": ["exakt"]})
    assert problem.startswith("config/config.yaml, line ")


def test_a_protocol_of_the_command_line_is_told_as_such(load: Load) -> None:
    assert load(options={"protocols": ["as-nobody"]}).study.protocols[0].participants == 10
    (problem,) = problems(load, options={"protocols": ["as-nobodi"]})
    assert problem.startswith("--config protocols, entry 1: there is no")


def test_other_problems_of_the_study_are_told_with_it(load: Load) -> None:
    found = problems(load, "as-nobodi", models=["smollm2"], seed="one")
    assert len(found) == 3, found


def test_prompts_for_datasets_outside_the_study_are_left_out(load: Load) -> None:
    several = CARD + "prompts_for: {vader: words, emobank: sentences}\n"
    write("protocols/as-nobody", several.replace("words", "instruction"))
    (protocol,) = load("as-nobody").study.protocols
    assert protocol.prompts_for == {"vader": ("instruction",)}
    write("protocols/as-nobody", several.replace("emobank:", "emobenk:"))
    told = problems(load, "as-nobody")
    assert any("line 10: prompts_for.emobenk: not a dataset of the study" in each for each in told)


def test_a_file_of_ones_own_replaces_the_included_one_and_that_is_told(load: Load) -> None:
    write("protocols/as-emobank", CARD)
    loaded = load("as-emobank")
    assert loaded.study.protocols[0].prompts == ("instruction",)
    assert loaded.shadowing == ("config/protocols/as-emobank.yaml",)


def told(loaded: LoadedStudy) -> str:
    return " ".join(protocols_used(reported(loaded)))


def test_the_methods_say_whom_a_protocol_follows_and_what_is_not_known(load: Load) -> None:
    assert (
        "The protocol as-nobody follows how people were asked (Nobody, 2026). Not checked against "
        "that publication: They were paid. Not known, or different for a model: how long they "
        "thought."
    ) in told(load("as-nobody"))


def test_the_methods_say_in_what_the_study_departs_from_people(load: Load) -> None:
    changed = {"like": "as-nobody", "name": "p", "participants": 5, "temperature": 0.5}
    asked = "follows how people were asked (Nobody, 2026); p has its own participants. Not"
    assert f"The protocol p {asked}" in told(load(changed))
    several = {**changed, "prompts": "instruction-with-examples"}
    assert "p has its own prompts and participants." in told(load(several))
    assert "how people were asked" not in told(load({"name": "p", **WRITTEN_OUT}))


def test_a_procedure_that_several_protocols_follow_is_told_once(load: Load) -> None:
    text = told(load("as-nobody", {"like": "as-nobody", "name": "p", "participants": 5}))
    assert (
        "The protocols as-nobody and p follow how people were asked (Nobody, 2026); p has its own "
        "participants." in text
    )
    assert text.count("They were paid") == 1


def test_report_and_manifest_are_told_of_the_procedure_and_nothing_else_is(load: Load) -> None:
    job = reported(load("as-nobody"))
    again = ReportJob.model_validate_json(orjson.dumps(dict(job.params())), strict=False)
    assert again.followed["as-nobody"].known == ("Raters were ten.",)
    assert again.followed["as-nobody"].like == "as-nobody"
    plain = reported(load({"name": "as-nobody", **WRITTEN_OUT})).params()
    assert {key for key, value in job.params().items() if plain.get(key) != value} == {"followed"}


def test_a_protocol_of_ones_own_is_listed_shown_and_checked(load: Load) -> None:
    load("as-nobody", {"like": "as-nobody", "name": "short"})
    listed = CliRunner().invoke(application, ["list", "protocols"]).output
    assert "Words, as rated by nobody (own)" in listed
    assert "as-emobank" in listed
    shown = CliRunner().invoke(application, ["show", "protocol", "as-nobody"])
    assert shown.exit_code == 0, shown.output
    assert "#   thinking: provider" in shown.output
    study = CliRunner().invoke(application, ["show", "study", "s"])
    assert study.exit_code == 0, study.output
    checked = CliRunner().invoke(application, ["check"]).output
    assert (
        "protocols: as-nobody (sampled, exact), short (like as-nobody; sampled, exact)" in checked
    )


def test_a_study_in_a_file_is_read_with_its_protocols(load: Load) -> None:
    load({"like": "as-nobody", "name": "p"})
    study = read_card(Path("config/config.yaml"), STUDIES)
    assert study.protocols[0].participants == 10
    with pytest.raises(StudyError, match="as-nobody"):
        load("as-nobodi")
    with pytest.raises(StudyError, match="entry 1: there is no config/protocols/as-nobodi"):
        read_card(Path("config/config.yaml"), STUDIES)


@pytest.mark.parametrize("name", Library().names("protocols"))
def test_every_included_protocol_says_whom_it_follows_and_what_is_not_known(name: str) -> None:
    card = Library().card("protocols", name, ProtocolCard)
    assert card.known
    assert card.unknown
    assert all(len(fact.split()) <= 35 for fact in (*card.known, *card.unverified, *card.unknown))
    assert not any(";" in fact for fact in (*card.unverified, *card.unknown))  # stands between them


ASKED_ABOUT: dict[str, dict[str, list[str] | None]] = {
    "as-warriner": {"warriner": None},
    "as-oasis": {"oasis": None},
    "as-anew": {"anew": None},
    "as-stevenson": {"anew-stevenson": ["happiness", "anger", "sadness", "fear", "disgust"]},
    "as-emobank": {"emobank": None, "emobank-writer": None},
}
"""The datasets and scales that each included protocol is about."""


def small(dataset: str) -> dict[str, Any]:
    """The card of an included dataset, of which a table of six items is left."""
    (card, problems) = read_yaml(CATALOGUE / f"datasets/{dataset}.yaml")
    assert not problems
    shown = {"image": "item"} if card["modality"] == "image" else {"text": "item"}
    means = {scale: {"mean": scale} for scale in card["scales"]}
    source = {"reader": "table", "table": {"file": f"{dataset}.csv"}, "id": "nr", "scales": means}
    items = [f"{number}.png" if "image" in shown else f"item {number}" for number in range(6)]
    rows = [",".join([*("nr", "item"), *means])]
    rows += [",".join([str(n), each, *("3" * len(means))]) for n, each in enumerate(items)]
    Path(f"{dataset}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    if "image" in shown:
        card = {**card, "images": "images"}
        Path("images").mkdir()
        for each in items:
            Image.new("RGB", (8, 8)).save(Path("images", each))
    return {key: value for key, value in card.items() if key != "archive"} | {
        "source": source | shown,
        "remote_api": "allow",
    }


@pytest.mark.parametrize("name", Library().names("protocols"))
def test_an_included_protocol_fits_its_datasets(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    for dataset in ASKED_ABOUT[name]:
        Path("config/datasets").mkdir(parents=True, exist_ok=True)
        with Path(f"config/datasets/{dataset}.yaml").open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(small(dataset), stream)
    asked = [
        {"dataset": dataset} if scales is None else {"dataset": dataset, "scales": scales}
        for dataset, scales in ASKED_ABOUT[name].items()
    ]
    card = Library().card("protocols", name, ProtocolCard)
    entry: Any = {"like": name, "session": {"items": 5, "history": 4}} if card.session else name
    with Path("config/config.yaml").open("w", encoding="utf-8") as stream:
        content = STUDY | {"models": ["gpt-4o-mini"], "datasets": asked, "protocols": [entry]}
        YAML(typ="safe").dump(content, stream)
    done = CliRunner().invoke(application, ["check"])
    assert done.exit_code == 0, done.output
    assert f"protocols: {name} (sampled)" in done.output


@pytest.mark.shared_data
def test_numbers_that_included_protocols_state_are_those_of_the_files(shared: Path) -> None:
    ratings = pd.read_csv(shared / "emobank/individual_reader_ratings.csv")
    of_sentences = ratings.groupby("id").size().value_counts()
    emobank = " ".join(Library().card("protocols", "as-emobank", ProtocolCard).known)
    assert f"Of {of_sentences.sum():,} sentences" in emobank
    assert f"{of_sentences[5]:,} have five ratings" in emobank
    assert set(of_sentences.index) == {5, 6, 7}
    oasis = " ".join(Library().card("protocols", "as-oasis", ProtocolCard).known)
    norms = pd.read_csv(shared / "oasis/OASIS.csv")
    for scale in ("Valence_N", "Arousal_N"):
        assert f"{norms[scale].min()} to {norms[scale].max()}" in oasis
