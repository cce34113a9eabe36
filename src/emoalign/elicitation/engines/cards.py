"""Model cards: config/models/<name>.yaml."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from emoalign.study.fields import Entry, FileSource, Modality, Name, Range

Scalar = str | int | float | bool
TableFormat = Literal["csv", "tsv", "parquet"]

WHOLE_VOCABULARY = -1
"""In place of a number of reported tokens: the probability of any token can be asked for."""


class _Shown(Entry):
    modalities: tuple[Modality, ...] = Field(
        ("word", "sentence"), description="Kinds of items the model can be shown."
    )
    image_longest_side: int = Field(
        1024,
        ge=16,
        description="Images are made smaller until neither side is longer than this (pixels). "
        "It is part of what is asked: changing it asks anew.",
    )


class Capabilities(_Shown):
    """What the model and its server can do; a study that asks for more is refused."""

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


class BatchSettings(Entry):
    """How requests are put together where a model is asked in batches."""

    max_requests: int = Field(50_000, ge=1, description="Requests in one batch, at most.")
    max_bytes: int = Field(190_000_000, ge=1, description="Size of one batch in bytes, at most.")
    at_once: int | None = Field(
        None,
        ge=1,
        description="Batches under way at once, at most; null for all of them. Some accounts may "
        "have only so many tokens waiting: with smaller batches, one after another, they fit.",
    )
    poll_s: float = Field(30, gt=0, description="Seconds between questions how far a batch is.")
    completion_window: str = Field(
        "24h", description="Time the provider is given, in its own words."
    )


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
    extra_body: dict[str, Scalar] = Field(
        default_factory=dict,
        description="Parameters sent with every request, such as one that turns reasoning off. "
        "They are part of what is asked: changing one asks anew.",
    )
    prices: Prices | None = Field(None, description="What the provider charges.")
    delivery: Literal["single", "batch"] = Field(
        "single",
        description="single: a request per question, answered at once. batch: through the "
        "provider's batch interface, usually at half the price, within a day. The answers are the "
        "same: changing it asks for nothing again.",
    )
    batches: BatchSettings = Field(
        default_factory=BatchSettings, description="What batches are like, with delivery: batch."
    )

    @property
    def remote(self) -> bool:
        """Whether what it is shown leaves this machine."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"


class VllmCapabilities(_Shown):
    """What a model that vLLM loads can do; all else is the same for all of them."""

    chat: bool = Field(True, description="Whether it has a chat template.")
    completion: bool = Field(True, description="Whether it continues plain text.")
    system_role: bool = Field(
        True,
        description="Whether its chat template takes a system message. If not, that text stands "
        "at the beginning of the user's message.",
    )

    choices: ClassVar[int] = 128
    top_logprobs: ClassVar[int] = WHOLE_VOCABULARY
    tokenizer: ClassVar[bool] = True
    seed_bits: ClassVar[int] = 63
    temperature: ClassVar[Range | None] = Range(min=0, max=2)


class VllmModel(Entry):
    """Weights that vLLM loads inside the rating job, on the GPUs of this machine."""

    title: str = Field(description="Name of the model as the report shows it.")
    engine: Literal["vllm"] = Field(description="The engine that asks this model.")
    model: str = Field(
        description="Name on the Hugging Face hub, or path of a folder that holds the weights "
        "(safetensors), config.json and the tokenizer."
    )
    revision: str | None = Field(
        None,
        description="Commit of the hub's repository. Without it, whatever is newest is taken, and "
        "nothing notices when that changes. A folder is known by the checksum of its files.",
    )
    dtype: Literal["bfloat16", "float16", "float32", "auto"] = Field(
        "bfloat16", description="Number format of the weights; auto takes what the files say."
    )
    head_dtype: Literal["float32", "model"] = Field(
        "float32",
        description="Number format of the last layer: float32 makes probabilities finer than "
        "16 bits allow; model takes the format of the weights.",
    )
    context_tokens: int = Field(
        2048, ge=64, description="Longest prompt and answer together, in tokens."
    )
    chat_template_kwargs: dict[str, Scalar] = Field(
        default_factory=dict,
        description="What the chat template is told, such as enable_thinking: false, or a "
        "date_string where it would write today's date. Part of what is asked.",
    )
    tensor_parallel_size: int = Field(
        1, ge=1, description="GPUs that share the model; a job asks a cluster for so many."
    )
    gpu_memory_gb: float = Field(
        24,
        gt=0,
        description="Memory each GPU must have, in GB. Checked before the model is loaded.",
    )
    gpu_memory_utilization: float = Field(
        0.9, gt=0, le=1, description="Share of a GPU's memory that vLLM may use."
    )
    memory_gb: float = Field(32, gt=0, description="Main memory a job asks a cluster for, in GB.")
    capabilities: VllmCapabilities = Field(
        default_factory=VllmCapabilities, description="What the model can do."
    )

    @field_validator("chat_template_kwargs")
    @classmethod
    def _in_order(cls, told: dict[str, Scalar]) -> dict[str, Scalar]:
        return dict(sorted(told.items()))


class RecordedColumns(Entry):
    """What the columns of recorded ratings are called; columns not named are not read."""

    item: str | None = Field(
        None, description="Column with the dataset's own id of the item. Give this or text."
    )
    text: str | None = Field(
        None,
        description="Column with the text of the item, compared to the last character. It cannot "
        "tell items with the same text apart: prefer ids.",
    )
    participant: str | None = Field(
        None,
        description="Column that says whose rating a row is; without it, the ratings of an item "
        "are numbered as they come.",
    )
    scale: str | None = Field(
        None, description="Column with the name of the scale; for a table of one scale see scale."
    )
    protocol: str | None = Field(
        None,
        description="Column with the name of the protocol: only its rows are used. Without it, all "
        "rows are used for every protocol.",
    )
    rating: str | None = Field(
        None, description="Column with the rating: a number, in points of the scale."
    )
    answer: str | None = Field(
        None,
        description="Column with the raw answer, read as strictly as a model's. With rating as "
        "well, the two must agree in every row.",
    )

    @model_validator(mode="after")
    def _enough(self) -> RecordedColumns:
        if (self.item is None) == (self.text is None):
            raise ValueError("say which column holds the item: give either item or text")
        if self.rating is None and self.answer is None:
            raise ValueError("say which column holds the ratings: give rating, answer or both")
        return self


class RecordedModel(Entry):
    """Ratings somebody already collected, of people or of a model, in a table with a row each."""

    title: str = Field(description="Name of the raters as the report shows it.")
    engine: Literal["recorded"] = Field(description="The engine that reads these ratings.")
    source: FileSource = Field(description="The table.")
    format: TableFormat | None = Field(
        None, description="Format of the table; without it, told by the end of the file's name."
    )
    columns: RecordedColumns = Field(description="What the columns are called.")
    scale: Name | None = Field(
        None,
        description="The scale of all ratings, where the table has no column for it: a name on the "
        "dataset card.",
    )
    encoding: str = Field(
        "utf-8-sig",
        description="Encoding of the text, such as cp1252; Parquet needs none. The default reads "
        "UTF-8 with or without a mark at its beginning.",
    )
    na_values: tuple[str, ...] = Field(
        ("",),
        description="What stands in the columns rating and answer where there is none. Other "
        "columns are taken as they are: an item may be the word NA.",
    )

    @model_validator(mode="after")
    def _one_scale(self) -> RecordedModel:
        if (self.scale is None) == (self.columns.scale is None):
            raise ValueError(
                "say which scale was rated: give either columns.scale (the column that names it) "
                "or scale (the scale of all rows)"
            )
        if self.format is None and self.suffix not in get_args(TableFormat):
            raise ValueError(
                f"say the format (csv, tsv or parquet): the name {self.source.file!r} does not"
            )
        return self

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            "a".encode(encoding)
        except LookupError as error:
            raise ValueError(str(error)) from error
        return encoding

    @property
    def suffix(self) -> str:
        """End of the file's name, such as csv."""
        return PurePath(self.source.file).suffix.removeprefix(".").lower()

    @property
    def table_format(self) -> str:
        """Format of the table: csv, tsv or parquet."""
        return self.format or self.suffix


ModelCard = Annotated[
    LlamaCppModel | OpenAIModel | VllmModel | RecordedModel, Field(discriminator="engine")
]
