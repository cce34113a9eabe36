"""Rating jobs with the bundled model, served for real: what is asked, kept, resumed and drawn."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest

from emoalign.elicitation.engines.api.client import ApiEngine
from emoalign.elicitation.engines.conversation import collect
from emoalign.elicitation.engines.llamacpp import LlamaCppModel, served
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, rate
from emoalign.elicitation.readings import parse_rating
from emoalign.errors import CapabilityError, DataError, EngineError, StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import (
    QuestionTemplate,
)
from emoalign.statistics.readouts import agreement
from emoalign.stimuli.preparation import prepare
from emoalign.study.fields import FileSource
from emoalign.study.scales import OrdinalScale
from emoalign.tables import RATINGS, STIMULI
from tests.kit.waiting import until

MODEL = "smollm2-135m"
N_WORDS = 200
PARTICIPANTS = 20


@pytest.fixture(scope="session")
def card(default_study: LoadedStudy) -> LlamaCppModel:
    model = default_study.models[MODEL]
    assert isinstance(model, LlamaCppModel)
    return model


def job_of(study: LoadedStudy, protocol: str, **changes: object) -> RatingJob:
    """A rating job of the default study, with changes to its protocol."""
    job = Jobs(study).rate(MODEL, protocol, "vader", "valence")
    return job.model_copy(update={"protocol": job.protocol.model_copy(update=changes)})


def brief(job: RatingJob) -> RatingJob:
    """The job with a prompt that is read faster, for tests in which the ratings do not matter."""
    shown = {
        scale: wording.model_copy(update={"demonstrations": wording.demonstrations[:2]})
        for scale, wording in job.prompts.wording.items()
    }
    return job.model_copy(update={"prompts": job.prompts.model_copy(update={"wording": shown})})


def valence(job: RatingJob) -> OrdinalScale:
    """The one scale of a job of the default study."""
    scale = job.scales["valence"]
    assert isinstance(scale, OrdinalScale)
    return scale


@pytest.fixture(scope="session")
def sheet_job(default_study: LoadedStudy) -> RatingJob:
    job = job_of(default_study, "rating-sheet", participants=PARTICIPANTS)
    assert set(job.protocol.readouts) == {"sampled", "exact"}
    assert job.protocol.temperature == 1.0
    return job


@pytest.fixture(scope="session")
def words(default_study: LoadedStudy, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Words of the default study."""
    folder = tmp_path_factory.mktemp("words")
    sampled = {"sample": N_WORDS, "shard_items": None}
    job = Jobs(default_study).prepare("vader").model_copy(update=sampled)
    prepare(job, folder / "items", folder / "norms", folder / "shards")
    return STIMULI.read(folder / "items")


@dataclass(frozen=True)
class Desk:
    """Words, and a folder in which they are rated."""

    words: pd.DataFrame
    folder: Path
    journals: Path

    @property
    def stimuli(self) -> Path:
        return self.folder / "stimuli.parquet"

    @property
    def output(self) -> Path:
        return self.folder / "ratings.parquet"

    def journal_of(self, job: RatingJob) -> Path:
        cell = self.journals / job.model / job.dataset / job.asked
        return cell / f"{job.protocol.name}.0000.jsonl"

    def rate(self, job: RatingJob, card: LlamaCppModel) -> pd.DataFrame:
        STIMULI.write(self.words, self.stimuli)
        rate([job], card, self.stimuli, "0000", self.journals, [self.output])
        return RATINGS.read(self.output)


def keys(journal: Path) -> list[tuple[str, int | None]]:
    return [Answer.from_line(line).key for line in journal.read_bytes().splitlines()]


@pytest.fixture(scope="session")
def sheet_desk(words: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("sheet")
    return Desk(words, folder, folder / "journal")


@pytest.fixture(scope="session")
def sheet(sheet_desk: Desk, sheet_job: RatingJob, card: LlamaCppModel) -> pd.DataFrame:
    """200 words rated by the rating sheet, by 20 participants and exactly."""
    return sheet_desk.rate(sheet_job, card)


@pytest.fixture
def desk(tmp_path: Path, words: pd.DataFrame) -> Desk:
    return Desk(words.head(12), tmp_path, tmp_path / "journal")


@pytest.fixture
def next_desk(sheet: pd.DataFrame, sheet_desk: Desk, tmp_path: Path) -> Desk:
    """Another folder whose jobs use the journal of the 200 words."""
    return replace(sheet_desk, folder=tmp_path)


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts an engine fails."""

    def running(card: object) -> None:
        raise AssertionError("an engine was started although nothing is missing")

    monkeypatch.setattr(LlamaCppModel, "running", running)


# A job from end to end


def status(url: str, body: object = None, key: str | None = None) -> int:
    """The HTTP status of a reply: to a POST where there is a body, else to a GET."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    data = None if body is None else orjson.dumps(body)
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(asked) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_another_user_of_the_machine_can_neither_ask_the_server_of_a_job_nor_see_what_is_asked(
    card: LlamaCppModel,
) -> None:
    asked = {
        "v1/completions": {"prompt": "joy", "max_tokens": 1},
        "v1/chat/completions": {"messages": [{"role": "user", "content": "joy"}], "max_tokens": 1},
        "completion": {"prompt": "joy", "n_predict": 1},
        "tokenize": {"content": "joy"},
        "slots": None,
        "props": None,
        "metrics": None,
    }
    with served(card) as (address, key), served(card) as (_, another):
        refused = {path: status(f"{address}/{path}", body) for path, body in asked.items()}
        guessed = status(f"{address}/tokenize", asked["tokenize"], another)
        known = status(f"{address}/tokenize", asked["tokenize"], key)
    assert refused == dict.fromkeys(asked, 401)
    assert (guessed, known) == (401, 200)


@pytest.mark.parametrize("protocol", ["rating-sheet", "instruction"])
def test_twelve_words_are_rated_in_both_readouts(
    protocol: str, desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    job = job_of(default_study, protocol, participants=4)
    ratings = desk.rate(job, card)
    sampled, exact = (ratings[ratings["readout"] == readout] for readout in ("sampled", "exact"))
    expected = [(item_id, number) for item_id in desk.words["item_id"] for number in range(4)]
    assert list(zip(sampled["item_id"], sampled["participant"], strict=True)) == expected
    assert exact["item_id"].tolist() == desk.words["item_id"].tolist()
    assert exact["participant"].isna().all()
    assert set(ratings["protocol"]) == {protocol}
    assert ratings["model_reported"].str.startswith("SmolLM2-135M").all()

    rated = sampled[sampled["status"] == "ok"]
    assert (sampled["rating"].notna() == (sampled["status"] == "ok")).all()
    assert set(rated["rating"]) <= set(range(1, 10))
    for text, rating in zip(rated["text"], rated["rating"], strict=True):
        assert parse_rating(text, valence(job)) == rating
    assert sampled["probabilities"].isna().all()

    mass = np.stack(exact["probabilities"].tolist())
    assert mass.shape == (12, 9)
    total = mass.sum(axis=1) + exact["off_scale_mass"].to_numpy()
    assert total == pytest.approx(exact["returned_mass"].to_numpy())
    assert exact["returned_mass"].between(0.5, 1.001).all()
    assert exact["rating"].isna().all()


def test_a_finished_job_says_how_it_was_done(
    sheet: pd.DataFrame, sheet_desk: Desk, sheet_job: RatingJob
) -> None:
    written = pq.read_schema(sheet_desk.output)
    assert written.remove_metadata().equals(RATINGS.schema)
    assert orjson.loads(written.metadata[b"job"]) == sheet_job.model_dump(mode="json")
    assert orjson.loads(written.metadata[b"engine"])["engine"] == "llamacpp"


def test_nearly_every_answer_of_the_rating_sheet_is_a_rating(sheet: pd.DataFrame) -> None:
    sampled, exact = (sheet[sheet["readout"] == readout] for readout in ("sampled", "exact"))
    assert len(sampled) == N_WORDS * PARTICIPANTS
    assert (sampled["status"] == "ok").mean() > 0.98
    assert np.stack(exact["probabilities"].tolist()).sum(axis=1).mean() > 0.98
    assert (exact["returned_mass"] > 0.98).all()


def test_tokens_of_a_request_are_counted_once(sheet: pd.DataFrame) -> None:
    sampled = sheet[sheet["readout"] == "sampled"]
    first = sampled["participant"] == 0
    assert (sampled.loc[first, "prompt_tokens"] > 100).all()
    assert (sampled.loc[first, "completion_tokens"] > 0).all()
    assert sampled.loc[~first, ["prompt_tokens", "completion_tokens"]].eq(0).all(axis=None)


def test_the_words_of_an_item_and_not_its_id_make_the_question(
    sheet: pd.DataFrame, sheet_job: RatingJob, card: LlamaCppModel
) -> None:
    one, other = build_questions(sheet_job, card, [("a", "joy"), ("b", "joy")])[:2]
    assert one.ask.request.request_id == other.ask.request.request_id
    assert sheet.groupby("item_id")["request_id"].nunique().eq(2).all()


# Nothing is asked twice


@pytest.mark.usefixtures("no_server")
def test_a_finished_job_asks_for_nothing(
    sheet: pd.DataFrame, next_desk: Desk, sheet_job: RatingJob, card: LlamaCppModel
) -> None:
    journal = next_desk.journal_of(sheet_job).read_bytes()
    pd.testing.assert_frame_equal(next_desk.rate(sheet_job, card), sheet)
    assert next_desk.journal_of(sheet_job).read_bytes() == journal


@pytest.mark.usefixtures("no_server")
def test_fewer_participants_and_words_ask_for_nothing(
    sheet: pd.DataFrame, next_desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    fewer = replace(next_desk, words=next_desk.words.head(7))
    ratings = fewer.rate(job_of(default_study, "rating-sheet", participants=3), card)
    asked = ~sheet["participant"].ge(3) & sheet["item_id"].isin(fewer.words["item_id"])
    assert len(ratings) == 7 * 3 + 7
    pd.testing.assert_frame_equal(ratings, sheet[asked].reset_index(drop=True))


@pytest.mark.usefixtures("no_server")
def test_another_protocol_that_asks_the_same_shares_the_answers(
    sheet: pd.DataFrame, next_desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    ratings = next_desk.rate(job_of(default_study, "rating-sheet", name="sheet-again"), card)
    assert set(ratings["protocol"]) == {"sheet-again"}
    pd.testing.assert_frame_equal(ratings.assign(protocol="rating-sheet"), sheet)


def test_raising_5_participants_to_8_asks_for_exactly_3_more_of_each_word(
    desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    five = brief(job_of(default_study, "rating-sheet", participants=5, readouts=("sampled",)))
    eight = brief(job_of(default_study, "rating-sheet", participants=8, readouts=("sampled",)))
    first = desk.rate(five, card)
    before = desk.journal_of(five).read_bytes()
    second = desk.rate(eight, card)
    after = desk.journal_of(eight).read_bytes()
    assert after.startswith(before)
    new = [Answer.from_line(line) for line in after[len(before) :].splitlines()]
    requests = first["request_id"].unique()
    expected = [(request_id, one) for request_id in requests for one in (5, 6, 7)]
    assert sorted(answer.key for answer in new) == sorted(expected)
    assert sum(answer.prompt_tokens > 0 for answer in new) == 12
    kept = second[second["participant"] < 5].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, first)


# Killed in the middle

RATE = """
import sys
from pathlib import Path
from emoalign.elicitation.rating import rate
from emoalign.elicitation.rating import RatingJob
from emoalign.planning.loading import MODELS
from emoalign.stage import orderly_end
from emoalign.study.reading import read_card

job, card, folder = (Path(argument) for argument in sys.argv[1:])
with orderly_end():
    rate(
        [RatingJob.model_validate_json(job.read_bytes())],
        read_card(card, MODELS),
        folder / "stimuli.parquet",
        "0000",
        folder / "journal",
        [folder / "ratings.parquet"],
    )
"""


def ended_after(
    answers: int, by: signal.Signals, job: RatingJob, desk: Desk, repository: Path
) -> bytes:
    """The journal a rating job leaves that is ended when so many answers have arrived."""
    STIMULI.write(desk.words, desk.stimuli)
    described = desk.folder / "job.json"
    described.write_bytes(orjson.dumps(job.model_dump(mode="json")))
    card = repository / "src/emoalign/catalogue/models" / f"{MODEL}.yaml"
    journal = desk.journal_of(job)
    with subprocess.Popen(
        [sys.executable, "-c", RATE, str(described), str(card), str(desk.folder)],
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        stderr=subprocess.DEVNULL,
    ) as process:
        until(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= answers, process)
        process.send_signal(by)
    assert process.returncode == (-by if by == signal.SIGKILL else 128 + by)
    return journal.read_bytes()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_is_ended_loses_nothing_that_had_arrived_and_asks_for_none_of_it_again(
    by: signal.Signals,
    tmp_path: Path,
    words: pd.DataFrame,
    default_study: LoadedStudy,
    card: LlamaCppModel,
    repository: Path,
) -> None:
    desk = Desk(words.head(24), tmp_path, tmp_path / "journal")
    job = brief(job_of(default_study, "rating-sheet", participants=20))
    everything = 24 * 20 + 24
    left = ended_after(200, by, job, desk, repository)
    arrived = left[: left.rfind(b"\n") + 1]
    assert 200 <= arrived.count(b"\n") < everything
    assert not desk.output.exists()
    journal = desk.journal_of(job)
    note = Path(f"{journal}.writer")
    assert note.exists() == (by == signal.SIGKILL), "who lets go of a journal says so"
    ratings = desk.rate(job, card)
    assert journal.read_bytes().startswith(arrived)
    assert len(keys(journal)) == len(set(keys(journal))) == len(ratings) == everything


# What cannot be done is refused


LABELS = ("joy", "anger", "fear", "sadness")


def in_json(
    job: RatingJob,
    answer: str,
    shown: str,
    scales: Mapping[str, object],
    wording: Mapping[str, object],
) -> RatingJob:
    """The job with a prompt that the small model often continues with JSON."""
    prompts = QuestionTemplate.model_validate(
        {
            "kind": "completion",
            "system": None,
            "template": shown + "Word: {{ item.text }}\nAnswer:",
            "answer": {"kind": answer, "max_tokens": 24, "stop": ["\n"]},
            "wording": wording,
        }
    )
    asked = RatingJob.model_validate(job.model_dump() | {"scales": scales})
    return asked.model_copy(update={"prompts": prompts})


def test_labels_of_a_real_model_are_those_its_text_names(
    desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    examples = {
        "party": ["joy"],
        "war": ["anger", "fear"],
        "funeral": ["sadness"],
        "smile": ["joy"],
        "insult": ["anger", "sadness"],
        "spider": ["fear"],
    }
    shown = "".join(
        f"Word: {word}\nAnswer: {json.dumps(labels)}\n" for word, labels in 2 * [*examples.items()]
    )
    job = in_json(
        job_of(default_study, "rating-sheet", readouts=("sampled",), participants=8),
        "labels",
        shown,
        scales={"mood": {"kind": "labels", "labels": LABELS}},
        wording={"mood": {"instruction": "Choose."}},
    )
    ratings = desk.rate(job, card)
    assert len(ratings) == 12 * 8
    assert 0.1 < (ratings["status"] == "ok").mean() < 1
    for _, row in ratings.iterrows():
        named = strict_json(row["text"])
        valid = (
            isinstance(named, list)
            and 1 <= len(named) == len(set(map(str, named)))
            and set(map(str, named)) <= set(LABELS)
        )
        if row["status"] == "ok":
            assert set(row["labels"]) == {name.strip().lower() for name in named}
        else:
            assert row["labels"] is None
            assert not valid


def test_a_joint_answer_of_a_real_model_rates_both_scales(
    desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    shown = (
        'Word: party\nAnswer: {"V": 8, "A": 7}\nWord: war\nAnswer: {"V": 1, "A": 8}\n'
        'Word: sofa\nAnswer: {"V": 6, "A": 2}\n'
    )
    nine = {"min": 1, "max": 9, "direction": "higher is more"}
    job = in_json(
        job_of(default_study, "rating-sheet", readouts=("sampled",), participants=8),
        "joint",
        shown,
        scales={"valence": nine, "arousal": nine},
        wording={
            name: {"key": name[0].upper(), "instruction": "", "written_for": {"min": 1, "max": 9}}
            for name in ("valence", "arousal")
        },
    )
    ratings = desk.rate(job, card)
    assert len(keys(desk.journal_of(job))) == 12 * 8, "one answer for both scales"
    assert desk.journal_of(job).parent.name == "arousal+valence"
    assert len(ratings) == 2 * 12 * 8
    assert (ratings["status"] == "ok").mean() > 0.25
    for _, row in ratings[ratings["status"] == "ok"].iterrows():
        assert strict_json(row["text"])[row["scale"][0].upper()] == row["rating"]
    both = ratings.pivot(index=["item_id", "participant"], columns="scale", values="text")
    assert (both["valence"] == both["arousal"]).all()


def strict_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def test_a_scale_of_two_tokens_is_refused_before_anything_is_asked(
    desk: Desk, sheet_job: RatingJob, card: LlamaCppModel
) -> None:
    wide = valence(sheet_job).model_copy(update={"max": 12, "native": None})
    job = sheet_job.model_copy(update={"scales": {"valence": wide}})
    with pytest.raises(CapabilityError) as error:
        desk.rate(job, card)
    assert "10 (2 tokens), 11 (2 tokens), 12 (2 tokens)" in str(error.value)
    assert desk.journal_of(job).read_bytes() == b""
    assert not desk.output.exists()


def test_next_token_answers_on_a_scale_of_two_tokens_are_refused_too(
    desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    job = job_of(default_study, "rating-sheet", readouts=("sampled",))
    halves = valence(job).model_copy(update={"step": 0.5})
    with pytest.raises(CapabilityError, match=r"1\.5 \(3 tokens\)"):
        desk.rate(job.model_copy(update={"scales": {"valence": halves}}), card)
    assert desk.journal_of(job).read_bytes() == b""


def test_a_card_that_changed_while_the_workflow_ran_is_refused(
    desk: Desk, sheet_job: RatingJob, card: LlamaCppModel
) -> None:
    changed = card.model_copy(update={"weights": card.weights.model_copy(update={"sha256": None})})
    with pytest.raises(StudyError, match="its card changed"):
        desk.rate(sheet_job, changed)


@pytest.mark.parametrize("checked", [True, False])
def test_weights_that_are_no_model_are_refused(
    checked: bool, desk: Desk, sheet_job: RatingJob, card: LlamaCppModel, tmp_path: Path
) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    checksum = card.weights.sha256 if checked else None
    broken = card.model_copy(
        update={"weights": FileSource(file=str(tmp_path / "broken.gguf"), sha256=checksum)}
    )
    job = sheet_job.model_copy(update={"card": dict(broken.answering())})
    told = (DataError, "another file than expected") if checked else (EngineError, "cannot load")
    with pytest.raises(told[0], match=told[1]):
        desk.rate(job, broken)


# The answers are drawn from the distribution that is asked for


class OneSeed(RatingRequest):
    """A question that gets the seed of every other question."""

    def seed(self, participant: int, bits: int = 63) -> int:
        return 7


FEW = 40
POINTS = np.arange(1, 10)


@pytest.fixture(scope="session")
def carelessly(
    words: pd.DataFrame, sheet_job: RatingJob, card: LlamaCppModel
) -> Mapping[str, np.ndarray]:
    """Ratings of the first words, (words, participants), asked for in ways we do not ask."""
    texts = list(zip(words["item_id"], words["text"], strict=True))[:FEW]
    neutral = [
        question.ask.request
        for question in build_questions(sheet_job, card, texts)
        if question.ask.request.readout == "sampled"
    ]
    fields = RatingRequest.__dataclass_fields__
    truncated = [replace(one, sampling=replace(one.sampling, top_p=0.8)) for one in neutral]
    one_seed = [OneSeed(**{name: getattr(one, name) for name in fields}) for one in neutral[:20]]
    defaults = [
        replace(one, sampling=replace(one.sampling, top_p=0.95, top_k=40, min_p=0.05))
        for one in neutral
    ]
    arms: dict[str, tuple[Sequence[RatingRequest], LlamaCppModel]] = {
        "top_p .8": (truncated, card),
        "defaults of the server": (defaults, card),
        "one seed": (one_seed, card),
    }
    found: dict[str, list[Answer]] = {arm: [] for arm in arms}

    async def ask(address: str, key: str) -> None:
        for arm, (requests, asked) in arms.items():
            engine = ApiEngine(
                CHAT_COMPLETIONS, f"{address}/v1", card.weights.file, None, asked, key
            )
            try:
                asks = [Ask(one, tuple(range(PARTICIPANTS))) for one in requests]
                keep = lambda got, _, arm=arm: found[arm].extend(got)  # noqa: E731
                await collect(engine, ([ask] for ask in asks), keep, 1)
            finally:
                await engine.close()

    with served(card) as (address, key):
        asyncio.run(ask(address, key))
    return {arm: rated(answers, sheet_job) for arm, answers in found.items()}


def rated(answers: Sequence[Answer], job: RatingJob) -> np.ndarray:
    ratings = [parse_rating(answer.text, valence(job)) for answer in answers]
    return np.array(ratings, dtype=float).reshape(-1, PARTICIPANTS)


def sampled_of(ratings: pd.DataFrame) -> np.ndarray:
    """Ratings, (words, participants); NaN for an answer that is none."""
    sampled = ratings[ratings["readout"] == "sampled"]
    return sampled["rating"].to_numpy(dtype=float).reshape(-1, PARTICIPANTS)


def exact_of(ratings: pd.DataFrame) -> np.ndarray:
    """Exact probabilities, (words, points)."""
    return np.stack(ratings.loc[ratings["readout"] == "exact", "probabilities"].tolist())


def counts(ratings: np.ndarray) -> np.ndarray:
    return np.asarray((ratings[:, :, np.newaxis] == POINTS).sum(axis=1))


def test_the_answers_follow_the_exact_distribution(sheet: pd.DataFrame) -> None:
    found = agreement(counts(sampled_of(sheet)), exact_of(sheet), n_simulations=1999)
    assert found.n_items == N_WORDS
    assert found.p_pooled > 0.001
    assert found.p_sharpness > 0.001
    assert found.ks_p > 0.001
    assert found.share_below_05 < 0.1
    means = [
        shares @ POINTS / shares.sum(axis=1)
        for shares in (counts(sampled_of(sheet)), exact_of(sheet))
    ]
    assert np.corrcoef(*means)[0, 1] > 0.8


@pytest.mark.parametrize("arm", ["top_p .8", "defaults of the server"])
def test_the_same_test_finds_out_a_server_that_truncates(
    arm: str, carelessly: Mapping[str, np.ndarray], sheet: pd.DataFrame
) -> None:
    exact = exact_of(sheet)[:FEW]
    found = agreement(counts(carelessly[arm]), exact, n_simulations=2999)
    assert min(found.p_pooled, found.p_sharpness) < 0.001
    assert found.sharpness > 0.05


def test_at_another_temperature_they_follow_the_exact_distribution_of_that_temperature(
    sheet: pd.DataFrame, next_desk: Desk, default_study: LoadedStudy, card: LlamaCppModel
) -> None:
    cool = job_of(default_study, "rating-sheet", temperature=0.5)
    ratings = replace(next_desk, words=next_desk.words.head(FEW)).rate(cool, card)
    drawn = counts(sampled_of(ratings))
    cooled = agreement(drawn, exact_of(ratings), n_simulations=2999)
    assert cooled.p_pooled > 0.001
    assert cooled.p_sharpness > 0.001
    warm = agreement(drawn, exact_of(sheet)[:FEW], n_simulations=2999)
    assert warm.p_sharpness < 0.001
    # The exact answers were there already: one pass serves every temperature.
    exact = ratings["readout"] == "exact"
    assert set(ratings.loc[exact, "request_id"]) <= set(sheet["request_id"])
    assert not set(ratings.loc[~exact, "request_id"]) & set(sheet["request_id"])


def mean_correlation(ratings: np.ndarray) -> float:
    """Mean over pairs of words of the correlation of their ratings over participants."""
    varied = ratings[(np.nanstd(ratings, axis=1) > 0) & ~np.isnan(ratings).any(axis=1)]
    among = np.corrcoef(varied)
    return float(among[np.triu_indices(len(among), k=1)].mean())


def test_a_participant_of_one_word_is_not_the_participant_of_another(
    sheet: pd.DataFrame, carelessly: Mapping[str, np.ndarray]
) -> None:
    # By chance the mean over pairs of 200 words has an SD of about .0016.
    assert abs(mean_correlation(sampled_of(sheet))) < 0.01
    # What one seed for all words would do:
    assert mean_correlation(carelessly["one seed"]) > 0.1


def test_participants_of_one_word_do_not_repeat_each_other(sheet: pd.DataFrame) -> None:
    ratings, exact = sampled_of(sheet), exact_of(sheet)
    shares = exact / exact.sum(axis=1, keepdims=True)
    same = np.mean(ratings[:, :-1] == ratings[:, 1:])
    assert same == pytest.approx(np.mean(np.sum(shares**2, axis=1)), abs=0.04)
