"""Studies of recorded ratings alone: what they may leave out, and which items they use."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.elicitation.engines.recorded.rated_items import rated_items
from emoalign.errors import DataError, StudyError
from emoalign.planning.analysed import Analyses
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.loading import load_study, read_model
from emoalign.planning.preflight import check_prompts
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.rated_items import RatedItems, only_rated
from emoalign.stimuli.readers.base import SourceItem
from tests.kit.project import ROOT

CARD = {
    "title": "People",
    "engine": "recorded",
    "columns": {"item": "id", "rating": "rating"},
    "scale": "valence",
}


class Config:
    """A copied configuration with a study of recorded ratings, whose table is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = folder / "people.csv"
        self.table.write_text("id,rating,engine\nvader-01012,7,GPT 4\nvader-03377,2,o1\n")
        self.study: dict[str, Any] = {
            "study": "recorded",
            "title": "People",
            "seed": 1,
            "models": ["people"],
            "datasets": [{"dataset": "vader", "scales": ["valence"]}],
        }
        self.card()

    def card(self, **changes: Any) -> None:
        content = {**CARD, "source": {"file": str(self.table)}, **changes}
        with (self.folder / "models/people.yaml").open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(content, file)

    def load(self, **changes: Any) -> LoadedStudy:
        return load_study({**self.study, **changes}, self.folder, "study.yaml")

    def problems(self, **changes: Any) -> str:
        with pytest.raises(StudyError) as error:
            self.load(**changes)
        return "\n".join(error.value.problems)


@pytest.fixture
def config(config_dir: Path) -> Config:
    return Config(config_dir)


def test_a_study_of_recorded_ratings_names_no_protocol_and_uses_all_participants(
    config: Config,
) -> None:
    loaded = config.load()
    check_prompts(loaded)
    (protocol,) = loaded.study.protocols
    assert (protocol.name, protocol.participants, protocol.prompts) == ("recorded", None, None)
    job = Jobs(loaded).rate("people", "recorded", "vader", "valence")
    assert job.protocol.participants is None
    assert reported(loaded).question_template("recorded", "vader", "valence") is None
    precision = Analyses(loaded, Files(loaded, "results/recorded")).precision()
    assert isinstance(precision, PrecisionJob)
    assert precision.participants == ()


def test_a_protocol_of_recorded_ratings_is_a_name(config: Config) -> None:
    (protocol,) = config.load(protocols=[{"name": "chat"}]).study.protocols
    assert (protocol.name, protocol.participants) == ("chat", None)


def test_participants_that_are_said_stay_what_they_are(config: Config) -> None:
    (protocol,) = config.load(protocols=[{"name": "chat", "participants": 20}]).study.protocols
    assert protocol.participants == 20
    (protocol,) = config.load(protocols=[{"name": "chat", "participants": "all"}]).study.protocols
    assert protocol.participants is None


def test_beside_a_model_that_is_asked_protocols_prompts_and_numbers_are_needed(
    config: Config,
) -> None:
    both = ["people", "smollm2-135m"]
    assert "study.yaml: protocols: missing; they say how 'smollm2-135m' is asked" in (
        config.problems(models=both)
    )
    told = config.problems(models=both, protocols=[{"name": "chat"}])
    assert "no prompt set for 'vader', about which 'smollm2-135m' is asked" in told
    chat = {"name": "chat", "prompts": "instruction", "participants": "all"}
    told = config.problems(models=both, protocols=[chat])
    assert "participants: all means as many as were recorded, but 'smollm2-135m' is asked" in told
    del chat["participants"]
    (protocol,) = config.load(models=both, protocols=[chat]).study.protocols
    assert protocol.participants == 20


def test_a_table_with_protocols_says_that_they_must_be_named(config: Config) -> None:
    config.card(columns={**CARD["columns"], "protocol": "engine"})  # type: ignore[dict-item]
    told = config.problems()
    assert "the table of 'people' has a column of protocols ('engine')" in told


def test_demonstrations_that_nobody_was_shown_remove_no_item(config: Config) -> None:
    protocols = [{"name": "sheet", "prompts": "rating-sheet", "participants": 5}]
    alone = Jobs(config.load(protocols=protocols)).prepare("vader")
    assert alone.excluded_texts == ()
    both = config.load(protocols=protocols, models=["people", "smollm2-135m"])
    assert Jobs(both).prepare("vader").excluded_texts


def test_one_card_makes_a_model_of_each_value(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.card(model={"column": "engine"})
    loaded = config.load()
    assert loaded.study.models == ("GPT-4", "o1")
    assert {name: model.title for name, model in reported(loaded).models.items()} == {
        "GPT-4": "GPT 4",
        "o1": "o1",
    }
    assert loaded.card_name("GPT-4") == "people"
    job = Jobs(loaded).rate("GPT-4", "recorded", "vader", "valence")
    assert job.card["model"] == {"column": "engine", "values": {"GPT-4": "GPT 4"}}
    monkeypatch.chdir(config.folder.parent)
    card = read_model("people", "GPT-4")
    assert card.answering() == job.card
    only = config.load(datasets=[{"dataset": "vader", "scales": ["valence"], "models": ["people"]}])
    assert only.raters("vader") == ("GPT-4", "o1")
    one = config.load(datasets=[{"dataset": "vader", "scales": ["valence"], "models": ["o1"]}])
    assert one.raters("vader") == ("o1",)


def test_a_card_without_the_newer_keys_is_the_job_it_always_was(config: Config) -> None:
    protocols = [{"name": "asked", "prompts": "instruction", "participants": 4}]
    loaded = config.load(protocols=protocols)
    params = Jobs(loaded).rate("people", "asked", "vader", "valence").params()
    card = {
        "engine": "recorded",
        "source": {"package": None, "file": str(config.table), "sha256": None},
        "format": None,
        "columns": {
            "item": "id",
            "text": None,
            "participant": None,
            "scale": None,
            "protocol": None,
            "rating": "rating",
            "answer": None,
        },
        "scale": "valence",
        "encoding": "utf-8-sig",
        "na_values": [""],
    }
    assert repr(params["card"]) == repr(card), "Snakemake compares how params are written"
    protocol = {"name": "asked", "prompts": "instruction", "participants": 4}
    assert repr(params["protocol"]) == repr(protocol)
    prepared = Jobs(loaded).prepare("vader").params()
    assert not prepared.keys() & {"shown", "rated", "protocols"}


def test_values_of_a_column_are_read_without_what_computes(config: Config) -> None:
    # A dry run reads them too: it must not wait for what only a job needs.
    config.card(model={"column": "engine"})
    program = (
        "import sys; from pathlib import Path; from emoalign.planning.loading import MODELS; "
        "from emoalign.study.reading import read_card; "
        f"print(*read_card(Path({str(config.folder / 'models/people.yaml')!r}), MODELS)"
        ".models('people')); "
        "print([name for name in ('pandas', 'pyarrow', 'numpy') if name in sys.modules])"
    )
    environment = {"PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert ended.stdout.decode().splitlines() == ["GPT-4 o1", "[]"]


def test_models_in_a_table_that_is_missing_are_told_with_how_to_get_it(config: Config) -> None:
    config.card(
        model={"column": "engine"}, source={"file": "resources/none.csv", "obtain": "Ask us."}
    )
    told = config.problems()
    assert "people.yaml: model: which models there are is read from" in told
    assert "none.csv: no such file. Ask us." in told
    assert "protocols: missing" not in told


def test_a_model_in_a_table_with_the_name_of_another_is_told(config: Config) -> None:
    config.card(model={"column": "engine", "values": {"smollm2-135m": "GPT 4"}})
    protocols = [{"name": "chat", "prompts": "instruction"}]
    told = config.problems(models=["smollm2-135m", "people"], protocols=protocols)
    assert "people.yaml: model: 'smollm2-135m' is the name of a model of " in told
    assert "models/smollm2-135m.yaml as well; give it another name there" in told
    config.card(model={"column": "engine", "values": {"Embeddings": "GPT 4", "o1": "o1"}})
    assert "results/journal/embeddings holds other things than answers" in config.problems()


def test_images_that_nobody_is_shown_are_not_needed(config: Config) -> None:
    content = {"dataset": "oasis", "scales": ["valence"]}
    assert not Jobs(config.load(datasets=[content])).prepare("oasis").shown
    protocols = [{"name": "image", "prompts": "instruction-image"}]
    both = config.load(
        datasets=[content], models=["people", "gpt-4o"], protocols=protocols, allow_remote=["oasis"]
    )
    assert Jobs(both).prepare("oasis").shown


def test_items_rated_are_those_that_every_recorded_model_answered(config: Config) -> None:
    config.table.write_text(
        "id,rating,engine\na,7,x\na,,y\nb,1,x\nb,77,y\nc,-,x\nc,5,y\nd,4,y\nd,3,x\n"
    )
    config.card(model={"column": "engine"}, na_values=["", "-"])
    datasets = [{"dataset": "vader", "scales": ["valence"], "items": "rated"}]
    loaded = config.load(datasets=datasets)
    job = Jobs(loaded).prepare("vader")
    rated = rated_items(job)
    assert {each.model: set(each.names) for each in rated} == {"x": set("abd"), "y": set("bcd")}
    assert str(config.table) in Files(loaded, "results/recorded").prepared_from("vader")
    assert reported(loaded).datasets["vader"].rated_only
    told = config.problems(
        models=["smollm2-135m"],
        datasets=datasets,
        protocols=[{"name": "chat", "prompts": "instruction"}],
    )
    assert "but no model that rates 'vader' is recorded; leave it out" in told


def test_items_that_are_not_rated_are_left_out_with_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "emoalign")
    items = [SourceItem(name, name.upper(), {}, image=f"{name}.jpg") for name in "abcd"]
    rated = [
        RatedItems("x", frozenset("abd"), "item"),
        RatedItems("y", frozenset("BCD"), "text"),
        RatedItems("z", frozenset("bz"), "image"),
    ]
    assert [item.item_id for item in only_rated("words", items, rated)] == ["b"]
    assert (
        "dataset words: 1 of 4 items have recorded answers of every model on all scales (x: 3, "
        "y: 3, z: 1)"
    ) in caplog.text
    with pytest.raises(DataError, match="none of its 4 items has recorded answers of every model"):
        only_rated("words", items, [*rated, RatedItems("none", frozenset(), "item")])
    assert only_rated("words", items, []) == items
