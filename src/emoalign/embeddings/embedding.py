"""Embeddings of texts: computed once, kept on disk, and computed by whichever model the card names.

An embedding is a vector of length 1, so that long and short texts weigh the same in a mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from emoalign.embeddings.cards import EmbeddingModel
from emoalign.embeddings.embedders import embedder
from emoalign.embeddings.store import EmbeddingStore
from emoalign.progress import Progress
from emoalign.statistics.pairs import FloatArray

AT_ONCE = 32
"""Texts computed, and then kept, together: what a killed job loses at most."""


def embedded(card: EmbeddingModel, texts: Sequence[str], store: Path) -> FloatArray:
    """Embeddings of texts, shape (texts, size); those that `store` has are not computed again.

    `store` is a folder with a file per model, which other studies may share. Raises EngineError
    when the model cannot be loaded, or a text is longer than it takes.
    """
    with EmbeddingStore(store / f"{identity(card)[:16]}.sqlite") as kept:
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        if missing:
            # Texts of one length fill a batch without padding; the order among them is by text.
            missing.sort(key=lambda text: (len(text), text))
            embed = embedder(card)
            with Progress("embeddings", len(missing), 0, unit="texts") as progress:
                for start in range(0, len(missing), AT_ONCE):
                    batch = missing[start : start + AT_ONCE]
                    kept.add(batch, _unit(embed([card.prefix + text for text in batch])))
                    progress.add(len(batch))
        return kept.of(texts)


def identity(card: EmbeddingModel) -> str:
    """A checksum of all that decides what the embeddings of a model are, its weights included."""
    as_json = orjson.dumps(card.identity(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(as_json).hexdigest()


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = vectors / np.where(lengths > 0, lengths, 1)
    return unit
