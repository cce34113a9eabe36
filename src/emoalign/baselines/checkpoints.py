"""The state of a training on disk: what a job that was killed goes on from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import torch
from safetensors.torch import load_file, save_file

from emoalign.baselines.train import Epoch
from emoalign.errors import BaselineError
from emoalign.tables import atomic

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
                f"{path}: the training cannot go on from this file: {error} Delete it to begin anew"
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
