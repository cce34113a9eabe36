"""Training: it learns, it is the same each time, and it can be killed."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from emoalign.baselines import fitting
from emoalign.baselines.baseline_cards import DrawnTexts, TrainingJob, TrainingSettings
from emoalign.baselines.classifiers import load
from emoalign.baselines.train import TrainingRecord, train
from emoalign.errors import BaselineError, DataError
from emoalign.study.fields import FolderSource
from emoalign.study.source_files import folder_sha256
from tests.kit import comments as small_comments
from tests.kit.comments import Comment, training
from tests.kit.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def job(tmp_path: Path, comments: list[Comment], weights: Path) -> TrainingJob:
    return training(small_comments.data(tmp_path / "data", comments), weights)


def trained(job: TrainingJob, folder: Path, **told: Any) -> TrainingRecord:
    train(job, folder / "record.json", folder / "trainings", **{"checkpoint_steps": 5} | told)
    return TrainingRecord.read(folder / "record.json")


def weights_of(record: TrainingRecord) -> dict[str, torch.Tensor]:
    return load_file(Path(record.folder) / "model.safetensors")


def same(one: TrainingRecord, other: TrainingRecord) -> bool:
    left, right = weights_of(one), weights_of(other)
    return one.history == other.history and all(
        torch.equal(tensor, right[name]) for name, tensor in left.items()
    )


def test_a_tiny_roberta_learns_what_raters_say(job: TrainingJob, tmp_path: Path) -> None:
    record = trained(job, tmp_path)
    losses = [epoch.train_loss for epoch in record.history]
    assert losses[-1] < 0.3 * losses[0]
    assert record.dev_loss < 0.3 * record.constant_dev_loss
    assert record.dev_loss == min(epoch.dev_loss for epoch in record.history)
    assert (record.texts, record.dev_texts, record.counts.held_out) == (96, 24, 24)


def test_a_training_is_the_same_each_time_and_another_with_another_seed(
    job: TrainingJob, tmp_path: Path
) -> None:
    first = trained(job, tmp_path / "first")
    assert same(first, trained(job, tmp_path / "second"))
    assert not same(first, trained(job.model_copy(update={"seed": 2}), tmp_path / "third"))


def test_the_order_of_rows_in_the_files_makes_no_difference(
    job: TrainingJob, comments: list[Comment], weights: Path, tmp_path: Path
) -> None:
    backwards = small_comments.data(tmp_path / "backwards", comments[::-1])
    assert same(
        trained(job, tmp_path / "one"), trained(training(backwards, weights), tmp_path / "other")
    )


@pytest.mark.parametrize("steps", [3, 12, 17])
def test_a_training_that_was_stopped_goes_on_to_the_same_result(
    steps: int,
    job: TrainingJob,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = trained(job, tmp_path / "whole")
    step, taken = fitting.Fitting._step, 0

    def stopping(*arguments: Any) -> float:
        nonlocal taken
        if taken == steps:
            raise KeyboardInterrupt
        taken += 1
        return step(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(fitting.Fitting, "_step", stopping)
        with pytest.raises(KeyboardInterrupt):
            trained(job, tmp_path / "stopped")
    with caplog.at_level(logging.INFO):
        assert same(whole, trained(job, tmp_path / "stopped"))
    assert ("going on from epoch" in caplog.text) == (steps >= 5)


KILLED = """
import sys
from pathlib import Path
from emoalign.baselines.train import train
from emoalign.baselines.baseline_cards import TrainingJob

job, folder = Path(sys.argv[1]), Path(sys.argv[2])
told = TrainingJob.model_validate_json(job.read_bytes())
train(told, folder / "record.json", folder / "trainings", checkpoint_steps=5)
"""


def test_a_training_that_was_killed_goes_on_to_the_same_result(
    job: TrainingJob, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = job.training.model_copy(update={"max_epochs": 60, "patience": 60})
    longer = job.model_copy(update={"training": settings})
    (tmp_path / "job.json").write_text(longer.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "job.json"), str(tmp_path / "killed")]
    running = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    until(lambda: any(tmp_path.glob("killed/trainings/*/last.pt")), running)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "killed/record.json").exists()
    with caplog.at_level(logging.INFO):
        after = trained(longer, tmp_path / "killed")
    assert "going on from epoch" in caplog.text
    assert same(trained(longer, tmp_path / "whole"), after)


def test_a_finished_training_is_used_again_by_whoever_asks_for_the_same(
    job: TrainingJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained(job, tmp_path)
    monkeypatch.setattr(fitting.Fitting, "fit", None)
    train(job, tmp_path / "again.json", tmp_path / "trainings")
    assert TrainingRecord.read(tmp_path / "again.json") == first
    leftover = {path.name for path in Path(first.folder).parent.iterdir()}
    assert leftover == {"training.json", "weights"}


def test_training_stops_when_dev_no_longer_gains_and_keeps_the_best_weights(
    job: TrainingJob, tmp_path: Path
) -> None:
    wild = {"learning_rate": 0.03, "max_epochs": 30, "patience": 2}
    settings = TrainingSettings.model_validate(job.training.model_dump() | wild)
    record = trained(job.model_copy(update={"training": settings}), tmp_path)
    assert record.stopped == "patience"
    assert len(record.history) == record.best_epoch + 2
    predicted = load(record.folder, None, 32)
    losses = [epoch.dev_loss for epoch in record.history]
    assert losses.index(min(losses)) + 1 == record.best_epoch
    assert predicted.model.config.num_labels == 3


def test_coarser_numbers_learn_as_well(job: TrainingJob, tmp_path: Path) -> None:
    settings = job.training.model_copy(update={"precision": "bfloat16"})
    record = trained(job.model_copy(update={"training": settings}), tmp_path)
    assert record.dev_loss < 0.5 * record.constant_dev_loss
    assert {tensor.dtype for tensor in weights_of(record).values()} == {torch.float32}


def test_texts_that_are_too_long_are_cut_and_counted(job: TrainingJob, tmp_path: Path) -> None:
    record = trained(job.model_copy(update={"max_tokens": 8}), tmp_path)
    assert record.cut_texts == 96 + 24


def test_a_damaged_state_is_told(job: TrainingJob, tmp_path: Path) -> None:
    finished = Path(trained(job, tmp_path).folder).parent
    (finished / "training.json").unlink()
    (finished / "last.pt").write_bytes(b"torn")
    with pytest.raises(BaselineError, match=r"cannot continue from this file.*Delete it"):
        trained(job, tmp_path)


def test_weights_that_are_not_there_are_told(
    job: TrainingJob, weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(BaselineError, match="Without a network, give the path of a folder"):
        trained(job.model_copy(update={"weights": "nobody/no-such-model"}), tmp_path)
    pickled = shutil.copytree(weights, tmp_path / "pickled")
    model = load_file(pickled / "model.safetensors")
    (pickled / "model.safetensors").unlink()
    torch.save(model, pickled / "pytorch_model.bin")
    with pytest.raises(BaselineError, match="cannot be loaded"):
        trained(job.model_copy(update={"weights": str(pickled)}), tmp_path)


def test_the_learning_rate_rises_and_falls_linearly() -> None:
    settings = TrainingSettings(learning_rate=1.0, warmup=0.2)
    rates = [fitting.learning_rate(settings, step, 10) for step in range(10)]
    assert rates == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


def test_every_epoch_has_all_texts_in_an_order_of_its_own() -> None:
    orders = [fitting.epoch_order(50, 1, epoch) for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len(set(map(tuple, orders))) == 3


def test_batches_have_every_text_once_beside_others_of_its_length() -> None:
    lengths = [5 + (number * 7) % 40 for number in range(1_000)]
    batches = [fitting.epoch_batches(lengths, 8, 1, epoch) for epoch in range(2)]
    for each in batches:
        assert sorted(place for batch in each for place in batch) == list(range(1_000))
        assert {len(batch) for batch in each} == {8}
        filled = sum(len(batch) * max(lengths[place] for place in batch) for batch in each)
        assert filled < 1.1 * sum(lengths)
        means = [sum(lengths[place] for place in batch) / 8 for batch in each]
        assert means != sorted(means)
    assert batches[0] != batches[1]
    assert batches[0] == fitting.epoch_batches(lengths, 8, 1, 0)
    assert len(fitting.epoch_batches(lengths[:13], 8, 1, 0)) == 2


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_only_the_new_layer_has_the_learning_rate_of_the_head(pooling: Any, weights: Path) -> None:
    settings = TrainingSettings(learning_rate=1e-5, head_learning_rate=1e-3)
    model = load(str(weights), None, 32, ["a", "b"], pooling).model
    groups = fitting.optimizer_for(model, settings).param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rates = {names[id(each)]: group["times"] for group in groups for each in group["params"]}
    assert rates.keys() == set(names.values())
    for name, times in rates.items():
        assert times == pytest.approx(100 if name.startswith("classifier") else 1)


def test_weights_in_a_package_are_verified_and_learned_from(
    job: TrainingJob, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site/carries_encoder"
    shutil.copytree(weights, package / "model")
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    told = {"package": "carries_encoder", "file": "model", "sha256": folder_sha256(weights)}
    named = job.model_copy(update={"weights": FolderSource(**told)})
    from_package = trained(named, tmp_path / "package")
    assert from_package.weights == "carries_encoder/model"
    assert from_package.weights_revision == told["sha256"]
    assert same(from_package, trained(job, tmp_path / "folder"))
    (package / "model/config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=f"these are other files than expected: .*{told['sha256']}"):
        trained(named, tmp_path / "changed")
    missing = FolderSource(package="no_such_package", file="model", obtain="Type this.")
    with pytest.raises(DataError, match=r"'no_such_package' .* is not installed. Type this\."):
        trained(job.model_copy(update={"weights": missing}), tmp_path / "missing")


def test_a_limit_on_texts_is_drawn_once_for_all_and_recorded(
    job: TrainingJob, tmp_path: Path
) -> None:
    def limited(most: int, seed: int) -> TrainingRecord:
        data = job.data.model_copy(update={"drawn": DrawnTexts(most=most, seed=seed)})
        quick = job.training.model_copy(update={"max_epochs": 1})
        changed = job.model_copy(update={"data": data, "training": quick})
        return trained(changed, tmp_path / f"{most}-{seed}")

    one, other = limited(40, 1), limited(40, 2)
    assert (one.texts, one.not_drawn, one.dev_texts) == (40, 56, 24)
    assert one.partition_sha256 != other.partition_sha256
    assert limited(96, 1).not_drawn == 0


@pytest.mark.shared_data
def test_real_comments_are_learned_from(shared: Path, tmp_path: Path) -> None:
    """A slice of the published splits: what raters agreed on, learned by a tiny RoBERTa."""
    from emoalign.stimuli.readers.goemotions import GoemotionsSplitsSource
    from emoalign.study.fields import FileSource
    from tests.kit.datasets import shipped

    from . import tiny_roberta

    splits, texts = {}, []
    for name, size in (("train", 1_500), ("dev", 300), ("test", 300)):
        lines = (shared / f"goemotions/{name}.tsv").read_text(encoding="utf-8").split("\n")[:size]
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines), encoding="utf-8", newline="")
        splits[name] = FileSource(file=str(tmp_path / f"{name}.tsv"))
        texts += [line.split("\t")[0] for line in lines]
    source = GoemotionsSplitsSource(
        reader="goemotions-splits",
        splits=splits,
        labels=FileSource(file=str(shared / "goemotions/emotions.txt")),
    )
    known = small_comments.data(
        tmp_path / "unused",
        small_comments.made(),
        source=source,
        scale=shipped("goemotions-splits").scales["emotions"],
    )
    roberta = tiny_roberta.pretrained(tmp_path / "weights", texts)
    job = training(known, roberta, {"batch_size": 32, "max_epochs": 6})
    record = trained(job, tmp_path)
    assert record.texts + record.counts.train_same_text + record.counts.train_text_in_dev == 1_500
    losses = [epoch.train_loss for epoch in record.history]
    assert losses[-1] < losses[1] < losses[0]
    assert record.dev_loss < record.constant_dev_loss
