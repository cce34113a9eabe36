"""Embeddings on disk: one SQLite file per model, a row per text."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from emoalign.statistics.pairs import FloatArray

PATIENCE_S = 600.0
"""How long to wait for another job that is writing."""


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
