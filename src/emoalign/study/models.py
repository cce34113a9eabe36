"""Model cards: config/models/<name>.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from emoalign.study.fields import Entry, FileSource, Modality, Range


class Capabilities(Entry):
    """What the model and its server can do; a study that asks for more is refused."""

    modalities: tuple[Modality, ...] = Field(
        ("word", "sentence"), description="Kinds of items the model can be shown."
    )
    image_longest_side: int = Field(
        1024,
        ge=16,
        description="Images are made smaller until neither side is longer than this (pixels). "
        "It is part of what is asked: changing it asks anew.",
    )
    chat: bool = Field(True, description="Whether it answers chat messages.")
    completion: bool = Field(False, description="Whether it continues plain text.")
    choices: int = Field(
        1, ge=1, description="Answers one request can bring (the parameter n); 1 if n is unknown."
    )
    top_logprobs: int = Field(
        0,
        ge=0,
        description="How many of the likeliest next tokens the server reports; "
        "0 rules out the exact readout.",
    )
    tokenizer: bool = Field(
        False,
        description="Whether the server tells how it splits text (POST /tokenize), which the exact "
        "readout needs to check that every point of a scale is one token.",
    )
    seed_bits: int = Field(
        0, ge=0, le=63, description="Size of the seed it accepts in bits; 0 if it takes none."
    )
    temperature: Range | None = Field(
        Range(min=0, max=2),
        description="Sampling temperatures the server takes at their word; null if it takes none. "
        "A study that asks for another is refused: some servers would use the nearest in silence.",
    )
    token_limit: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="The name of the parameter that limits an answer's length."
    )
    sampling_extras: bool = Field(
        False,
        description="Whether it takes top_k, min_p and repeat_penalty, so that defaults of the "
        "server that change the distribution can be switched off.",
    )


class Limits(Entry):
    """How hard the server may be worked. Changing a limit never asks for an answer again."""

    concurrency: int = Field(1, ge=1, description="Requests under way at once, at most.")
    requests_per_minute: float | None = Field(
        None, gt=0, description="Requests sent in a minute, at most; null for no limit."
    )
    tokens_per_minute: float | None = Field(
        None,
        gt=0,
        description="Tokens of prompts and answers in a minute, at most; null for no limit.",
    )
    timeout_s: float = Field(120, gt=0, description="Seconds to wait for one answer.")
    retries: int = Field(
        6, ge=0, description="Times a request is sent again after a fault of the infrastructure."
    )
    longest_wait_s: float = Field(
        120, gt=0, description="Longest pause before a request is sent again, in seconds."
    )


class Prices(Entry):
    """What a provider charges, so that a plan can say what a study costs."""

    input_usd: float = Field(ge=0, description="US dollars for a million tokens of prompts.")
    output_usd: float = Field(ge=0, description="US dollars for a million tokens of answers.")
    batch_factor: float | None = Field(
        None, gt=0, le=1, description="Price of a batch as a share of these; null without batches."
    )
    as_of: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$", description="Day the prices were looked up (YYYY-MM-DD)."
    )
    source: str = Field(description="Where they were looked up.")


class _Model(Entry):
    title: str = Field(description="Name of the model as the report shows it.")
    capabilities: Capabilities = Field(description="What the model and its server can do.")
    limits: Limits = Field(default_factory=Limits, description="How hard the server may be worked.")


class LlamaCppModel(_Model):
    """A GGUF file, served inside the job by llama.cpp on 127.0.0.1."""

    engine: Literal["llamacpp"] = Field(description="The engine that asks this model.")
    weights: FileSource = Field(description="The GGUF file.")
    context_tokens: int = Field(
        1024, ge=64, description="Longest prompt and answer together, in tokens."
    )
    threads: int = Field(1, ge=1, description="CPU threads a rating job of this model uses.")
    gpu_layers: int = Field(0, ge=0, description="Layers computed on a GPU, where there is one.")


class OpenAIModel(_Model):
    """A model behind an OpenAI-compatible HTTP interface."""

    engine: Literal["openai"] = Field(description="The engine that asks this model.")
    model: str = Field(description="The name the server knows the model by.")
    revision: str | None = Field(
        None, description="Version of the weights, where the name alone does not fix it."
    )
    base_url: str = Field(
        "https://api.openai.com/v1", description="Address of the interface, including /v1."
    )
    api_key_env: str | None = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the key; null for a server without keys. "
        "The key itself belongs in no file.",
    )
    extra_body: dict[str, str | int | float | bool] = Field(
        default_factory=dict,
        description="Parameters sent with every request, such as one that turns reasoning off. "
        "They are part of what is asked: changing one asks anew.",
    )
    prices: Prices | None = Field(None, description="What the provider charges.")


ModelCard = Annotated[LlamaCppModel | OpenAIModel, Field(discriminator="engine")]
MODEL_CARD: TypeAdapter[LlamaCppModel | OpenAIModel] = TypeAdapter(ModelCard)
