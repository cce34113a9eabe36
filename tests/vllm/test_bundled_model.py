"""Rating jobs through vLLM with the bundled model: the same weights that llama.cpp serves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from emoalign.elicitation.engines.llamacpp import LlamaCppModel
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob, rate
from emoalign.errors import CapabilityError
from emoalign.planning.jobs import Jobs
from emoalign.planning.studies import LoadedStudy
from emoalign.statistics.readouts import agreement
from emoalign.stimuli.preparation import prepare
from emoalign.study.scales import OrdinalScale
from emoalign.tables import RATINGS, STIMULI
from tests.kit.waiting import until

from . import tiny_models
from .conftest import REPOSITORY

SERVED = "smollm2-135m"
LOADED = "smollm2-vllm"
N_WORDS = 40
PARTICIPANTS = 20
RATE = """
import sys
from pathlib import Path
import orjson
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.rating import rate
from emoalign.elicitation.rating import RatingJob
from emoalign.stage import orderly_end

folder = Path(sys.argv[1])
told = orjson.loads((folder / "told.json").read_bytes())
with orderly_end():
    rate(
        [RatingJob.model_validate(told["job"])],
        VllmModel.model_validate(told["card"]),
        folder / "stimuli.parquet",
        "0000",
        folder / "journal",
        [folder / "ratings.parquet"],
    )
"""


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> VllmModel:
    """The bundled model as safetensors."""
    folder = tiny_models.bundled_model(tmp_path_factory.mktemp("models") / "SmolLM2-135M")
    return VllmModel(title="SmolLM2", engine="vllm", model=str(folder), context_tokens=1024)


@pytest.fixture(scope="module")
def words(default_study: LoadedStudy, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Words of the default study."""
    folder = tmp_path_factory.mktemp("words")
    sampled = {"sample": N_WORDS, "shard_items": None}
    job = Jobs(default_study).prepare("vader").model_copy(update=sampled)
    prepare(job, folder / "items", folder / "norms", folder / "shards")
    return STIMULI.read(folder / "items")


def job_of(study: LoadedStudy, card: LlamaCppModel | VllmModel, **changes: object) -> RatingJob:
    """The rating sheet of the default study, for either model."""
    job = Jobs(study).rate(SERVED, "rating-sheet", "vader", "valence")
    changed = job.protocol.model_copy(update={"participants": PARTICIPANTS, **changes})
    name = LOADED if isinstance(card, VllmModel) else SERVED
    return job.model_copy(update={"model": name, "card": card.answering(), "protocol": changed})


@dataclass(frozen=True)
class Desk:
    """A folder in which words are rated."""

    folder: Path
    words: pd.DataFrame

    @property
    def journal(self) -> Path:
        return self.folder / "journal" / LOADED / "vader" / "valence" / "rating-sheet.0000.jsonl"

    @property
    def output(self) -> Path:
        return self.folder / "ratings.parquet"

    def rate(self, job: RatingJob, card: LlamaCppModel | VllmModel) -> pd.DataFrame:
        stimuli, journal = self.folder / "stimuli.parquet", self.folder / "journal"
        STIMULI.write(self.words, stimuli)
        rate([job], card, stimuli, "0000", journal, [self.output])
        return RATINGS.read(self.output)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, words: pd.DataFrame) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"), words)


@pytest.fixture(scope="module")
def sheet(desk: Desk, default_study: LoadedStudy, card: VllmModel) -> pd.DataFrame:
    """Words rated by the rating sheet, by 20 participants and exactly."""
    return desk.rate(job_of(default_study, card), card)


def probabilities(ratings: pd.DataFrame) -> np.ndarray:
    return np.stack(ratings.loc[ratings["readout"] == "exact", "probabilities"].tolist())


def points(job: RatingJob) -> np.ndarray:
    scale = job.scales["valence"]
    assert isinstance(scale, OrdinalScale)
    return np.array(scale.points)


def test_sampled_and_exact_ratings_agree(
    sheet: pd.DataFrame, default_study: LoadedStudy, card: VllmModel
) -> None:
    on_scale = points(job_of(default_study, card))
    sampled = sheet[sheet["readout"] == "sampled"]
    counts = np.array(
        [
            [(rated["rating"] == point).sum() for point in on_scale]
            for _, rated in sampled.groupby("item_id", sort=False)
        ]
    )
    found = agreement(counts, probabilities(sheet), seed=1)
    assert found.p_pooled > 0.001
    assert found.p_sharpness > 0.001
    means = [shares @ on_scale / shares.sum(axis=1) for shares in (counts, probabilities(sheet))]
    assert np.corrcoef(*means)[0, 1] > 0.7
    assert (sampled["status"] == "ok").mean() > 0.97


def test_nothing_of_the_distribution_is_missing(sheet: pd.DataFrame) -> None:
    exact = sheet[sheet["readout"] == "exact"]
    assert exact["returned_mass"].to_numpy() == pytest.approx(1, abs=1e-4)
    total = probabilities(sheet).sum(axis=1) + exact["off_scale_mass"].to_numpy()
    assert total == pytest.approx(1, abs=1e-4)
    assert exact["off_scale_mass"].between(0, 0.05).all()


def test_vllm_and_llama_cpp_read_the_same_ratings_from_the_same_weights(
    sheet: pd.DataFrame,
    words: pd.DataFrame,
    default_study: LoadedStudy,
    card: VllmModel,
    tmp_path: Path,
) -> None:
    served = default_study.models[SERVED]
    assert isinstance(served, LlamaCppModel)
    job = job_of(default_study, served, readouts=("exact",))
    other = Desk(tmp_path, words).rate(job, served)
    ours, theirs = (probabilities(one) @ points(job) for one in (sheet, other))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98
    assert np.abs(ours - theirs).mean() < 0.25


def test_what_gave_an_answer_is_written_down(
    sheet: pd.DataFrame, card: VllmModel, desk: Desk
) -> None:
    name, checksum = card.identity()
    assert name == "SmolLM2-135M"
    (reported,) = set(sheet["model_reported"])
    assert reported.startswith(f"SmolLM2-135M@{str(checksum)[:12]} bfloat16 vllm-")


def test_a_finished_job_loads_no_model(
    sheet: pd.DataFrame,
    desk: Desk,
    default_study: LoadedStudy,
    card: VllmModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(card: VllmModel) -> None:
        raise AssertionError("a model was loaded although nothing is missing")

    monkeypatch.setattr("emoalign.elicitation.engines.vllm.engine.loaded", load)
    again = desk.rate(job_of(default_study, card), card)
    pd.testing.assert_frame_equal(again, sheet)


def test_another_temperature_has_an_exact_readout_of_its_own(
    sheet: pd.DataFrame,
    words: pd.DataFrame,
    default_study: LoadedStudy,
    card: VllmModel,
    tmp_path: Path,
) -> None:
    job = job_of(default_study, card, readouts=("exact",), temperature=0.5)
    cooler = probabilities(Desk(tmp_path, words.head(10)).rate(job, card))
    warm = probabilities(sheet)[:10]
    squared = warm**2 / (warm**2).sum(axis=1, keepdims=True)
    conditional = cooler / cooler.sum(axis=1, keepdims=True)
    # Two variants of a rating ("7", " 7") are squared apart; one of them has nearly all.
    assert conditional == pytest.approx(squared, abs=0.02)


def test_a_killed_job_loses_nothing_and_asks_for_nothing_again(
    tmp_path: Path, words: pd.DataFrame, default_study: LoadedStudy, card: VllmModel
) -> None:
    desk = Desk(tmp_path, words.head(24))
    job = job_of(default_study, card)
    STIMULI.write(desk.words, tmp_path / "stimuli.parquet")
    told = {"job": job.model_dump(mode="json"), "card": card.model_dump(mode="json")}
    (tmp_path / "told.json").write_bytes(orjson.dumps(told))
    with subprocess.Popen(
        [sys.executable, "-c", RATE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        stderr=subprocess.DEVNULL,
    ) as process:
        until(
            lambda: desk.journal.exists() and desk.journal.read_bytes().count(b"\n") >= 100,
            process,
        )
        process.send_signal(signal.SIGKILL)
    left = desk.journal.read_bytes()
    arrived = left[: left.rfind(b"\n") + 1]
    everything = 24 * (PARTICIPANTS + 1)
    assert 100 <= arrived.count(b"\n") < everything
    assert not desk.output.exists()

    ratings = desk.rate(job, card)
    content = desk.journal.read_bytes()
    assert content.startswith(arrived)
    keys = [Answer.from_line(line).key for line in content.splitlines()]
    assert len(keys) == len(set(keys)) == len(ratings) == everything


# Several jobs, one load


def asking(job: RatingJob, answers: str, shown: str, **asked: object) -> RatingJob:
    """The job with a prompt that the small model often continues with JSON."""
    prompts = {
        "kind": "completion",
        "system": None,
        "template": shown + "Word: {{ item.text }}\nAnswer:",
        "answer": {"kind": answers, "max_tokens": 24, "stop": ["\n"]},
        "wording": asked["wording"],
    }
    fields = job.model_dump() | {"scales": asked["scales"], "prompts": prompts}
    return RatingJob.model_validate(fields)


def test_labels_and_joint_answers_come_from_one_load_into_files_of_their_own(
    tmp_path: Path, words: pd.DataFrame, default_study: LoadedStudy, card: VllmModel
) -> None:
    job = job_of(default_study, card, readouts=("sampled",), participants=6)
    nine = {"min": 1, "max": 9, "direction": "higher is more"}
    joint = asking(
        job,
        "joint",
        'Word: party\nAnswer: {"V": 8, "A": 7}\nWord: war\nAnswer: {"V": 1, "A": 8}\n'
        'Word: sofa\nAnswer: {"V": 6, "A": 2}\n',
        scales={"valence": nine, "arousal": nine},
        wording={
            name: {"key": name[0].upper(), "instruction": "", "written_for": {"min": 1, "max": 9}}
            for name in ("valence", "arousal")
        },
    )
    labels = asking(
        job,
        "labels",
        'Word: party\nAnswer: ["joy"]\nWord: war\nAnswer: ["anger", "fear"]\n'
        'Word: funeral\nAnswer: ["sadness"]\nWord: smile\nAnswer: ["joy"]\n',
        scales={"mood": {"kind": "labels", "labels": ["joy", "anger", "fear", "sadness"]}},
        wording={"mood": {"instruction": "Choose."}},
    )
    stimuli = tmp_path / "stimuli.parquet"
    STIMULI.write(words.head(8), stimuli)
    files = [tmp_path / "joint.parquet", tmp_path / "labels.parquet"]
    rate([joint, labels], card, stimuli, "0000", tmp_path / "journal", files)

    rated, chosen = map(RATINGS.read, files)
    assert len(rated) == 2 * 8 * 6
    assert len(chosen) == 8 * 6
    assert (rated["status"] == "ok").mean() > 0.2
    assert chosen.loc[chosen["status"] == "ok", "labels"].map(len).ge(1).all()
    journals = tmp_path / "journal" / LOADED / "vader"
    assert sorted(path.name for path in journals.iterdir()) == ["arousal+valence", "mood"]


def test_structured_answers_have_their_form_whatever_the_model_would_have_said(
    desk: Desk, default_study: LoadedStudy, card: VllmModel
) -> None:
    plain = job_of(default_study, card, readouts=("sampled",), participants=8)
    mood = {"kind": "labels", "labels": ["joy", "anger", "fear"], "at_most": 2}
    scales = {**plain.model_dump()["scales"], "mood": mood}
    prompts = plain.prompts.model_dump() | {
        "template": "How does the word {{ item.text }} make you feel? Answer in JSON: ",
        "answer": {"kind": "structured_joint", "max_tokens": 96},
        "wording": {name: {"instruction": ""} for name in scales},
    }
    job = RatingJob.model_validate(plain.model_dump() | {"prompts": prompts, "scales": scales})
    few = Desk(desk.folder / "structured", desk.words.head(3))
    few.folder.mkdir()
    ratings = few.rate(job, card)
    given = ratings[ratings["status"] != "truncated"]  # white space may go on for long
    assert len(given) >= 0.5 * len(ratings) > 0
    for _, row in given.iterrows():
        said = orjson.loads(row["text"])
        assert list(said) == list(scales)
        if row["scale"] == "mood":
            assert set(said["mood"]) <= set(mood["labels"])
            twice = len(set(said["mood"])) < len(said["mood"])
            assert row["status"] == ("unparsable" if twice else "ok")
        else:
            assert row["status"] == "ok"
            assert row["rating"] == said[row["scale"]]


def test_a_scale_of_two_tokens_is_refused_before_anything_is_asked(
    tmp_path: Path, words: pd.DataFrame, default_study: LoadedStudy, card: VllmModel
) -> None:
    job = job_of(default_study, card)
    scale = job.scales["valence"]
    wide = scale.model_copy(update={"max": 12, "native": None})
    desk = Desk(tmp_path, words.head(2))
    with pytest.raises(CapabilityError, match=r"10 \(2 tokens\), 11 \(2 tokens\)"):
        desk.rate(job.model_copy(update={"scales": {"valence": wide}}), card)
    assert desk.journal.read_bytes() == b""
    assert not desk.output.exists()
