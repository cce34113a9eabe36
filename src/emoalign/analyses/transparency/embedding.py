"""Embeddings of texts: computed once, kept on disk, and computed by whichever model the card names.

An embedding is a vector of length 1, so that long and short texts weigh the same in a mean.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
from tqdm import tqdm

from emoalign.analyses.transparency.embedding_cards import EmbeddingModel, GgufEmbedding
from emoalign.analyses.transparency.embedding_store import EmbeddingStore
from emoalign.analyses.transparency.gguf import gguf_embedder
from emoalign.analyses.transparency.hugging_face import hugging_face_embedder
from emoalign.statistics.pairs import FloatArray

Embedder = Callable[[Sequence[str]], FloatArray]
"""Takes texts to their embeddings, shape (texts, size), each of length 1."""

AT_ONCE = 32
"""Texts computed, and then kept, together: what a killed job loses at most."""

LOG_EVERY_S = 10.0

_log = logging.getLogger(__name__)


def embedded(card: EmbeddingModel, texts: Sequence[str], store: Path) -> FloatArray:
    """Embeddings of texts, shape (texts, size); those that `store` has are not computed again.

    `store` is a folder with a file per model, which other studies may share. Raises EngineError
    when the model cannot be loaded, or a text is longer than it takes.
    """
    with EmbeddingStore(store / f"{identity(card)[:16]}.sqlite") as kept:
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        if missing:
            embed = embedder(card)
            for some in _told(missing):
                kept.add(some, _unit(embed([card.prefix + text for text in some])))
        return kept.of(texts)


def identity(card: EmbeddingModel) -> str:
    """A checksum of all that decides what the embeddings of a model are, its weights included."""
    as_json = orjson.dumps(card.identity(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(as_json).hexdigest()


def embedder(card: EmbeddingModel) -> Embedder:
    """What computes embeddings with a model. Raises EngineError when it cannot be loaded."""
    if isinstance(card, GgufEmbedding):
        return gguf_embedder(card)
    return hugging_face_embedder(card)


def _told(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in batches, while a bar on a terminal, or a line now and then, tells how far it is."""
    # Texts of one length fill a batch without padding; the order among them is by text.
    ordered = sorted(texts, key=lambda text: (len(text), text))
    told = time.monotonic()
    _log.info("%d texts to embed", len(ordered))
    with tqdm(total=len(ordered), desc="embeddings", unit=" texts", disable=None) as bar:
        for start in range(0, len(ordered), AT_ONCE):
            some = ordered[start : start + AT_ONCE]
            yield some
            bar.update(len(some))
            if time.monotonic() - told >= LOG_EVERY_S:
                told = time.monotonic()
                _log.info("%d of %d texts embedded", start + len(some), len(ordered))


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: FloatArray = vectors / np.where(lengths > 0, lengths, 1)
    return found
