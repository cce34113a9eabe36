"""Training a classifier on shares: AdamW, warm-up, early stopping, and a state on disk."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch
from safetensors.torch import load_file, save_file

from emoalign.baselines.baseline_cards import TrainingSettings
from emoalign.baselines.classifiers import Classifier, Output, Tokens, divergences
from emoalign.baselines.heads import new_parameters
from emoalign.baselines.train import Epoch
from emoalign.errors import BaselineError
from emoalign.progress import Progress
from emoalign.tables import atomic
from emoalign.wording import sentence

_log = logging.getLogger(__name__)


def epoch_order(texts: int, seed: int, epoch: int) -> list[int]:
    """The order of texts in an epoch (from 0); it depends on nothing else, so it is not stored."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(texts).tolist()
    return order


_SORTED_BATCHES = 50


def epoch_batches(lengths: Sequence[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch, as places of texts; they depend on nothing but what is given.

    Texts of about the same length stand together, which leaves little to fill up: those in random
    order are sorted within each 50 batches, and all batches then shuffled.
    """
    order = epoch_order(len(lengths), seed, epoch)
    many = _SORTED_BATCHES * size
    for start in range(0, len(order), many):
        order[start : start + many] = sorted(
            order[start : start + many], key=lambda place: lengths[place]
        )
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batches[place] for place in epoch_order(len(batches), seed, epoch)]


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """The learning rate of a step (from 0) of so many: up linearly, then down to 0."""
    rising = math.ceil(settings.warmup * steps)
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    return settings.learning_rate * (steps - step) / max(steps - rising, 1)


def optimizer_for(model: Any, settings: TrainingSettings) -> Any:
    """AdamW that lets biases and normalisation, which are vectors, alone when weights decay.

    The layer for answers, which begins at random, has a learning rate of its own: `times` that of
    the encoder.
    """
    new = list(new_parameters(model))
    known = {id(parameter) for parameter in new}
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    encoder = [parameter for parameter in learned if id(parameter) not in known]
    return torch.optim.AdamW(
        [
            {
                "params": [each for each in part if (each.dim() > 1) == decays],
                "weight_decay": settings.weight_decay if decays else 0.0,
                "times": times,
            }
            for part, times in (
                (encoder, 1.0),
                (new, settings.head_rate / settings.learning_rate),
            )
            for decays in (True, False)
        ],
        lr=settings.learning_rate,
        fused=True,  # a third of the time on a CPU
    )


class Fitting:
    """The training of one classifier, which can be left and taken up again at any step."""

    def __init__(
        self,
        classifier: Classifier,
        output: Output,
        settings: TrainingSettings,
        seed: int,
        checkpoints: Checkpoints,
        checkpoint_steps: int,
    ) -> None:
        self.classifier = classifier
        self.output = output
        self.settings = settings
        self.seed = seed
        self.checkpoints = checkpoints
        self.checkpoint_steps = checkpoint_steps
        self.optimizer = optimizer_for(classifier.model, settings)

    def fit(
        self,
        train: tuple[Sequence[Tokens], Any],
        dev: tuple[Sequence[Tokens], Any],
        label: str,
    ) -> Position:
        """Learn until it does not help any more; the model then has the best weights.

        `train` and `dev` are token ids and shares (texts, answers). Where an earlier job has left a
        state, it goes on from there, to the same result.
        """
        model, settings = self.classifier.model, self.settings
        position = self.checkpoints.restore(model, self.optimizer)
        if position is None:
            position = Position()
        else:
            _log.info("%s: going on from epoch %d", label, position.epoch + 1)
        texts = len(train[0])
        done = position.epoch * texts + position.batch * settings.batch_size
        model.train()
        with Progress(label, settings.max_epochs * texts, done, "texts") as progress:
            while not position.ended(settings.max_epochs, settings.patience):
                self._epoch(train, position, progress)
                self._end_epoch(train, dev, position, label)
        self.checkpoints.load_best(model)
        return position

    def _epoch(
        self, train: tuple[Sequence[Tokens], Any], position: Position, progress: Progress
    ) -> None:
        """Learn from what is left of an epoch."""
        tokens, shares = train
        lengths = [len(each) for each in tokens]
        batches = epoch_batches(lengths, self.settings.batch_size, self.seed, position.epoch)
        steps = len(batches) * self.settings.max_epochs
        while position.batch < len(batches):
            places = batches[position.batch]
            step = position.epoch * len(batches) + position.batch
            rate = learning_rate(self.settings, step, steps)
            for group in self.optimizer.param_groups:
                group["lr"] = rate * group["times"]
            loss = self._step([tokens[place] for place in places], shares[places])
            position.loss_sum += loss * len(places)
            position.batch += 1
            progress.add(len(places))
            if (step + 1) % self.checkpoint_steps == 0 and position.batch < len(batches):
                self.checkpoints.save(position, self.classifier.model, self.optimizer)

    def _step(self, batch: Sequence[Tokens], shares: Any) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        device = self.classifier.device
        coarse = self.settings.precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=coarse):
            logits = self.classifier.logits(batch)
        loss = divergences(logits.float(), shares.to(device), self.output).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(
            self.classifier.model.parameters(), self.settings.gradient_norm
        )
        self.optimizer.step()
        return float(loss.detach())

    def _end_epoch(
        self,
        train: tuple[Sequence[Tokens], Any],
        dev: tuple[Sequence[Tokens], Any],
        position: Position,
        label: str,
    ) -> None:
        model = self.classifier.model
        losses = Epoch(train_loss=position.loss_sum / len(train[0]), dev_loss=self.loss(dev))
        position.history.append(losses)
        position.epoch, position.batch, position.loss_sum = position.epoch + 1, 0, 0.0
        _log.info(
            "%s: epoch %d, loss %.5f on train, %.5f on dev",
            label,
            position.epoch,
            losses.train_loss,
            losses.dev_loss,
        )
        if position.best_epoch == position.epoch:
            self.checkpoints.save_best(model)
        self.checkpoints.save(position, model, self.optimizer)

    def loss(self, examples: tuple[Sequence[Tokens], Any]) -> float:
        """The loss on some texts, without learning from them."""
        tokens, shares = examples
        total = 0.0
        for places, logits in self.classifier.outputs(tokens):
            there = shares[places].to(logits.device)
            total += float(divergences(logits, there, self.output).double().sum())
        return total / len(tokens)


_LAST = "last.pt"


_BEST = "best.safetensors"


@dataclass
class Position:
    """The position of a training: the next batch is number `batch` of epoch `epoch`, from 0."""

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    """Losses of this epoch so far, summed over texts."""
    history: list[Epoch] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest loss on the dev split, counted from 1; the first of equals."""
        losses = [epoch.dev_loss for epoch in self.history]
        return losses.index(min(losses)) + 1

    def ended(self, max_epochs: int, patience: int) -> bool:
        """Tell whether nothing is to be learned any more."""
        done = len(self.history)
        return done == max_epochs or (done > 0 and done - self.best_epoch >= patience)


class Checkpoints:
    """The files of one training in a folder of its own.

    Weights of the best epoch are written before the state that knows of them: a job that dies in
    between goes on from the state before, and writes the same weights again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, position: Position, model: Any, optimizer: Any) -> None:
        """Keep all that the rest of the training depends on."""
        reached = asdict(position) | {"history": [epoch.model_dump() for epoch in position.history]}
        state = {
            "position": orjson.dumps(reached).decode(),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }
        with atomic(self.folder / _LAST) as partial:
            torch.save(state, partial)

    def restore(self, model: Any, optimizer: Any) -> Position | None:
        """Bring model, optimizer and random numbers to where they were; None without a state.

        Raises BaselineError when the file is damaged, or of another kind.
        """
        path = self.folder / _LAST
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            reached = orjson.loads(state["position"])
        except Exception as error:
            raise BaselineError(
                f"{path}: the training cannot continue from this file: {sentence(str(error))} "
                "Delete it to start again"
            ) from error
        torch.set_rng_state(state["random"])
        if torch.cuda.is_available() and state["random_cuda"]:
            torch.cuda.set_rng_state_all(state["random_cuda"])
        return Position(**reached | {"history": [Epoch(**epoch) for epoch in reached["history"]]})

    def save_best(self, model: Any) -> None:
        """Keep these weights as the best so far."""
        weights = {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in model.state_dict().items()
        }
        with atomic(self.folder / _BEST) as partial:
            save_file(weights, partial)

    def load_best(self, model: Any) -> None:
        """Give the model the best weights."""
        model.load_state_dict(load_file(self.folder / _BEST))

    def remove(self) -> None:
        """Delete the state, when the training has ended and its weights are elsewhere."""
        for name in (_LAST, _BEST):
            (self.folder / name).unlink(missing_ok=True)
