"""Embedding models: config/embeddings/<name>.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from emoalign.study.fields import Entry, FileSource, FolderSource, tag, tagged
from emoalign.study.reading import Kinds
from emoalign.study.source_files import folder_sha256, locate_verified

RIDGE = "ridge"
"""The ridge regression on embeddings, where tables name a model."""


class _Embedding(Entry):
    title: str = Field(description="Name in the report.")
    prefix: str = Field(
        "",
        description='Text to put before every text and label ("query: ").',
    )
    threads: int = Field(1, ge=1, description="CPU threads.")

    def plain(self) -> Self:
        """The card without what changes no embedding, for jobs."""
        return self.model_copy(update={"title": "", "threads": 1})


class GgufEmbedding(_Embedding):
    """A sentence-embedding model in a GGUF file, run by llama.cpp inside the job."""

    kind: Literal["gguf"] = Field(description="A GGUF file.")
    weights: FileSource = Field(description="The GGUF file.")
    pooling: Literal["mean", "cls", "last"] = Field(
        "mean", description="How token embeddings are pooled."
    )
    context_tokens: int = Field(
        512, ge=16, description="Longest text in tokens; longer ones are refused."
    )

    def files(self) -> list[FileSource]:
        """The files it is read from."""
        return [self.weights]

    def identity(self) -> dict[str, Any]:
        """What decides what the embeddings are. Raises DataError where the weights are missing."""
        kept = self.model_dump(mode="json", include={"kind", "prefix", "pooling"})
        return kept | {"weights": locate_verified(self.weights)[1]}


class TransformersEmbedding(_Embedding):
    """A sentence-embedding model from the Hugging Face hub or a folder, run by PyTorch."""

    kind: Literal["transformers"] = Field(
        description="Hugging Face transformers, on the CPU. Needs the extra encoder or finetune."
    )
    model: str | None = Field(
        None,
        description=(
            "Name on the Hugging Face hub, or folder with safetensors, config.json and tokenizer."
        ),
    )
    revision: str | None = Field(None, description="Commit on the hub. Default: the newest.")
    weights: FolderSource | None = Field(
        None, description="Instead of `model`: such a folder, in a Python package or verified."
    )
    pooling: Literal["mean", "cls"] = Field("mean", description="How token embeddings are pooled.")
    context_tokens: int = Field(
        256, ge=16, description="Longest text in tokens; longer ones are refused."
    )

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if (self.model is None) == (self.weights is None):
            raise ValueError(
                "give either model (a name on the Hugging Face hub, or a folder) or weights (a "
                "folder in a Python package: package, file)"
            )
        if self.weights is not None and self.revision is not None:
            raise ValueError("revision: weights in a folder have none; give their sha256 instead")
        return self

    def files(self) -> list[FileSource]:
        """The folder it is read from, where the card names one by `weights`."""
        return [] if self.weights is None else [self.weights]

    def located(self) -> str:
        """The name on the hub, or the path of the folder, whose files are verified.

        Raises DataError where the weights are missing, or others than expected.
        """
        if self.weights is not None:
            return str(locate_verified(self.weights)[0])
        return self.model or ""

    def identity(self) -> dict[str, Any]:
        """What decides what the embeddings are; a folder is known by the checksum of its files.

        Raises DataError where the weights are missing, or others than expected.
        """
        kept = self.model_dump(
            mode="json", include={"kind", "prefix", "pooling", "model", "revision"}
        )
        folder = Path(self.located())
        return kept | ({"model": folder_sha256(folder)} if folder.is_dir() else {})


EmbeddingModel = GgufEmbedding | TransformersEmbedding

EMBEDDINGS: Kinds[EmbeddingModel] = Kinds(
    "kind", {"gguf": GgufEmbedding, "transformers": TransformersEmbedding}
)

EmbeddingCard = Annotated[
    Annotated[GgufEmbedding, Tag(tag("kind", "gguf"))]
    | Annotated[TransformersEmbedding, Tag(tag("kind", "transformers"))],
    Discriminator(tagged("kind")),
]
"""An embedding model of either kind."""
