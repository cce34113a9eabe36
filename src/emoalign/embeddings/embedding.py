"""Embeddings of texts: computed once, kept on disk, and computed by whichever model the card names.

An embedding is a vector of length 1, so that long and short texts weigh the same in a mean. Each
model has a SQLite file, with a row per text.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import orjson

from emoalign.embeddings.embedders import embedder
from emoalign.embeddings.embedding_cards import EmbeddingModel
from emoalign.progress import Progress
from emoalign.statistics.pairs import FloatArray

AT_ONCE = 32
"""Texts computed, and then kept, together: what a killed job loses at most."""

PATIENCE_S = 600.0
"""How long to wait for another job that is writing."""


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


class EmbeddingStore:
    """Embeddings by the checksum of their text; the texts themselves are not kept.

    What was added is kept whatever happens to the process afterwards. Two jobs may use one file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=PATIENCE_S)
        with self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS embeddings (text_sha256 BLOB PRIMARY KEY, vector BLOB)"
            )

    def __enter__(self) -> EmbeddingStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def __contains__(self, text: str) -> bool:
        return self._vector(text) is not None

    def add(self, texts: Sequence[str], vectors: FloatArray) -> None:
        """Keep the embeddings of texts, shape (texts, size), all of them or none."""
        rows = [
            (_key(text), vector.astype("<f4").tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with self._database:
            self._database.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?)", rows)

    def of(self, texts: Sequence[str]) -> FloatArray:
        """The embeddings of texts, shape (texts, size). Raises KeyError for one that is not kept.

        As 32-bit numbers were kept, so that they are the same whether just computed or not.
        """
        vectors = []
        for text in texts:
            vector = self._vector(text)
            if vector is None:
                raise KeyError(text)
            vectors.append(np.frombuffer(vector, dtype="<f4"))
        return np.array(vectors, dtype=np.float64).reshape(len(texts), -1 if vectors else 0)

    def _vector(self, text: str) -> bytes | None:
        query = "SELECT vector FROM embeddings WHERE text_sha256 = ?"
        row = self._database.execute(query, (_key(text),)).fetchone()
        return None if row is None else bytes(row[0])


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
