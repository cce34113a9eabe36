"""Data contracts: what each Parquet file holds. Every column is documented here and only here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from emoalign.errors import DataError

_TEXT = pa.string()
_NUMBER = pa.float64()
_COUNT = pa.int32()
_NUMBERS = pa.list_(pa.float64())
_TEXTS = pa.list_(_TEXT)


@dataclass(frozen=True)
class Column:
    """A column: its name, Arrow type and meaning."""

    name: str
    type: pa.DataType
    meaning: str


@dataclass(frozen=True)
class Table:
    """A kind of file: where it is, what a row of it is, and its columns in order."""

    path: str
    row: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema every file of this kind has."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    def write(
        self, rows: pd.DataFrame, path: Path, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Write `rows` as zstd Parquet; the file appears whole or not at all.

        Raises DataError when a column is missing, unknown or of another type.
        """
        try:
            table = pa.Table.from_pandas(rows, schema=self.schema, preserve_index=False, safe=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError) as error:
            raise DataError(
                f"{path}: rows do not fit the contract of {self.path}: {error}"
            ) from error
        unknown = set(rows.columns) - set(self.schema.names)
        if unknown:
            raise DataError(f"{path}: columns unknown to {self.path}: {', '.join(sorted(unknown))}")
        table = table.replace_schema_metadata(dict(metadata or {}))
        with atomic(path) as partial:
            pq.write_table(table, partial, compression="zstd")

    def write_batches(self, batches: pa.RecordBatchReader, path: Path) -> None:
        """Write rows as they come, a row group at a time, in memory that does not grow with them.

        The file is that of `write` for the same rows, but for its row groups.
        """
        with (
            atomic(path) as partial,
            pq.ParquetWriter(partial, self.schema, compression="zstd") as writer,
        ):
            for batch in batches:
                rows = pa.Table.from_batches([batch]).select(self.schema.names)
                writer.write_table(rows.cast(self.schema))

    def write_csv(self, rows: pd.DataFrame, path: Path) -> None:
        """Write `rows` as CSV for people who read tables in a spreadsheet."""
        table = pa.Table.from_pandas(rows, schema=self.schema, preserve_index=False)
        with atomic(path) as partial:
            pa_csv.write_csv(table, partial, pa_csv.WriteOptions(quoting_style="needed"))

    def write_both(self, rows: pd.DataFrame, folder: Path) -> None:
        """Write `rows` as Parquet and as CSV, named as this kind is, into `folder`."""
        name = Path(self.path).stem
        self.write(rows, folder / f"{name}.parquet")
        self.write_csv(rows, folder / f"{name}.csv")

    def read(self, path: Path) -> pd.DataFrame:
        """The rows of a file of this kind. Raises DataError when it is another kind."""
        table = pq.read_table(path)
        if not table.schema.equals(self.schema):
            raise DataError(f"{path}: its columns are not those of {self.path}")
        rows: pd.DataFrame = table.to_pandas()
        return rows


def groups(
    rows: pd.DataFrame, columns: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The rows that share their texts in `columns`, group by group in ascending order."""
    for key, group in rows.groupby(list(columns)):
        yield tuple(map(str, key)), group


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for _, row in rows.iterrows()]


class atomic:  # noqa: N801 - reads as a verb: with atomic(path) as partial
    """A path to write to that takes the place of `path` when the block ends without an error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.{os.getpid()}.partial")

    def __enter__(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.partial

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if kind is None:
            self.partial.replace(self.path)
        else:
            self.partial.unlink(missing_ok=True)


_MODEL = Column("model", _TEXT, "Name of the model: its file in config/models.")
_PROTOCOL = Column("protocol", _TEXT, "Name of the protocol in the study.")
_DATASET = Column("dataset", _TEXT, "Name of the dataset: its file in config/datasets.")
_SCALE = Column("scale", _TEXT, "Name of the scale on the dataset's card.")
_READOUT = Column("readout", _TEXT, "sampled (answers) or exact (probabilities of the answers).")
_ITEM = Column("item_id", _TEXT, "The dataset's own id of the item.")
_CELL = (_MODEL, _PROTOCOL, _DATASET, _SCALE, _READOUT)

STIMULI = Table(
    "stimuli/<dataset>.parquet",
    "an item, in order of item_id",
    (
        _ITEM,
        Column("modality", _TEXT, "word, sentence or image."),
        Column("text", _TEXT, "The stimulus exactly as a model is shown it."),
        Column("image_path", _TEXT, "Path of the image; null for text."),
        Column("image_sha256", _TEXT, "Checksum of the image; null for text."),
        Column(
            "strata",
            _TEXT,
            "Group the source puts the item in, such as a genre; null without.",
        ),
        Column("split", _TEXT, "Split of the source the item belongs to; null without splits."),
        Column("shard", _TEXT, "The rating job the item belongs to."),
    ),
)

NORMS = Table(
    "norms/<dataset>.parquet",
    "an item on a scale",
    (
        _ITEM,
        _SCALE,
        Column("mean", _NUMBER, "Mean human rating, in points of the scale."),
        Column("sd", _NUMBER, "Standard deviation over raters (ddof 1), in points of the scale."),
        Column("n", _COUNT, "Number of human ratings; null where the source does not tell."),
        Column("ratings", _NUMBERS, "The single ratings, in points of the scale; null if unknown."),
        Column(
            "labels",
            pa.list_(_TEXTS),
            "The labels each rater chose; null for scales of numbers, where mean and sd are not.",
        ),
    ),
)

RATINGS = Table(
    "ratings/<model>/<protocol>/<dataset>/<scale>/<shard>.parquet",
    "one answer of one participant (sampled), or one item (exact); of scales asked about jointly "
    "(arousal+valence) one for each scale",
    (
        *_CELL,
        _ITEM,
        Column("participant", _COUNT, "Number of the participant from 0; null if exact."),
        Column("persona", _TEXT, "Persona of the participant; null without personas."),
        Column(
            "status",
            _TEXT,
            "ok, unparsable, refusal, content_filter, truncated or error; null in the one row of "
            "an item without any recorded rating.",
        ),
        Column(
            "rating", _NUMBER, "The rating, in points of the scale; null unless sampled and ok."
        ),
        Column(
            "labels",
            _TEXTS,
            "The labels chosen, in the order of the card; null unless ok on a scale of labels.",
        ),
        Column(
            "probabilities",
            _NUMBERS,
            "Exact readout: probability of each point of the scale, ascending, as returned "
            "(sums to 1 - off_scale_mass - what was not returned); null if sampled.",
        ),
        Column("off_scale_mass", _NUMBER, "Returned probability of answers that are no rating."),
        Column("returned_mass", _NUMBER, "Probability of all tokens the server reported."),
        Column("text", _TEXT, "The raw answer, or the likeliest token if exact."),
        Column("finish_reason", _TEXT, "Why the server says the answer ended."),
        Column("request_id", _TEXT, "sha256 of what was asked."),
        Column("model_reported", _TEXT, "Name and fingerprint the server gave itself."),
        Column(
            "prompt_tokens",
            _COUNT,
            "Prompt tokens of the request; where one request brought several rows, its first "
            "row has them and the others 0, so that the sum is what was processed.",
        ),
        Column(
            "completion_tokens",
            _COUNT,
            "Answer tokens as the server counts them, noted like prompt_tokens. "
            "llama.cpp counts only the first of several answers.",
        ),
        Column(
            "latency_s", _NUMBER, "Seconds from sending the request to its answer; 0 in a batch."
        ),
    ),
)

STATUSES = ("ok", "unparsable", "refusal", "content_filter", "truncated", "error")

ITEMS = Table(
    "items/<dataset>.parquet",
    "an item in a cell and readout, with its norm",
    (
        *_CELL,
        _ITEM,
        *(Column(f"n_{status}", _COUNT, f"Answers with status {status}.") for status in STATUSES),
        Column(
            "mean",
            _NUMBER,
            "Mean rating of the model; exact: over the mass on the scale; null for labels.",
        ),
        Column(
            "sd",
            _NUMBER,
            "Standard deviation of the model's ratings (sampled: ddof 1; exact: of the "
            "distribution itself).",
        ),
        Column(
            "distribution",
            _NUMBERS,
            "Share of each point of the scale, ascending, which sums to 1; or of the answers that "
            "chose each label, in the order of the card, each from 0 to 1.",
        ),
        Column("raw_moment_1", _NUMBER, "Exact: sum of point × probability, not renormalised."),
        Column("raw_moment_2", _NUMBER, "Exact: sum of point² × probability, not renormalised."),
        Column("off_scale_mass", _NUMBER, "Exact: returned probability that is no rating."),
        Column("returned_mass", _NUMBER, "Exact: probability of all tokens reported."),
        Column("human_mean", _NUMBER, "Mean human rating; null without norms."),
        Column("human_sd", _NUMBER, "Standard deviation over human raters (ddof 1)."),
        Column("human_n", _COUNT, "Number of human ratings; null where unknown."),
        Column(
            "human_distribution",
            _NUMBERS,
            "Share of the human raters who chose each label; null for scales of numbers.",
        ),
    ),
)


def _numbers(**meanings: str) -> tuple[Column, ...]:
    return tuple(Column(name, _NUMBER, meaning) for name, meaning in meanings.items())


RELIABILITY = Table(
    "statistics/reliability.parquet",
    "a scale of a dataset: how well people agree with people",
    (
        _DATASET,
        _SCALE,
        Column("n_items", _COUNT, "Items with a norm in the study."),
        Column("source", _TEXT, "ratings (single human ratings), summary (mean, SD, n) or none."),
        *_numbers(
            n_raters="Mean number of human ratings per item.",
            split_half_r="Mean correlation between random halves of the raters.",
            spearman_brown="Reliability of the norms: split_half_r stepped up to all raters.",
            icc_single="ICC(1): reliability of one rating (Shrout & Fleiss 1979).",
            icc_average="ICC(1,k): reliability of the mean of k ratings.",
            summary="1 - mean(SD²/n) / Var(means): reliability from summary statistics.",
            reliability="The one used: spearman_brown, else summary.",
            ceiling="Square root of the reliability: the highest r a perfect model can expect.",
            one_human_r="Mean correlation of one rater with the mean of the others.",
        ),
    ),
)

ALIGNMENT = Table(
    "statistics/alignment.parquet",
    "a cell and readout",
    (
        *_CELL,
        Column("n_items", _COUNT, "Items with a model mean and a human mean."),
        Column("n_items_excluded", _COUNT, "Items of the cell without a usable answer or norm."),
        *_numbers(
            pearson_r="Pearson correlation of the model's item means with the human ones.",
            pearson_low="Lower end of its 95 % interval (Fisher z).",
            pearson_high="Upper end of its 95 % interval (Fisher z).",
            pearson_boot_low="Lower end of its 95 % interval (bootstrap over items, BCa).",
            pearson_boot_high="Upper end of its 95 % interval (bootstrap over items, BCa).",
            pearson_p="Two-sided p of pearson_r against 0.",
            pearson_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            spearman_rho="Spearman rank correlation of the item means.",
            ccc="Lin's concordance correlation: agreement in value, not only in order.",
            mae="Mean absolute difference of the item means, in points of the scale.",
            rmse="Root mean squared difference, in points of the scale.",
            rmse_constant="The same for a rater who always gives the mean of the human means.",
            bias="Mean of the model minus mean of people, in points of the scale.",
            slope="Slope of the model's item means on the human ones; below 1: compressed.",
            reliability_human="Reliability of the human means.",
            reliability_model="Reliability of the model's means; 1 if exact.",
            ceiling="Highest r to be expected of a perfect model: √reliability_human.",
            one_human_r="Mean correlation of one human rater with the mean of the others.",
            pearson_disattenuated="pearson_r / √(reliability_human × reliability_model).",
            sd_human_median="Median over items of the human SD.",
            sd_model_median="Median over items of the model's SD.",
            log_sd_ratio="ln(mean SD of the model / mean human SD); below 0: too homogeneous.",
            log_sd_ratio_low="Lower end of its 95 % interval (bootstrap over items, BCa).",
            log_sd_ratio_high="Upper end of its 95 % interval.",
            ranksum_w="Wilcoxon rank-sum W of the item SDs (Mann-Whitney U of the model's).",
            ranksum_z="Its z; negative: the model's SDs are smaller.",
            ranksum_p="Its two-sided p.",
            ranksum_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            signedrank_w="Wilcoxon signed-rank W of the paired item SDs.",
            signedrank_z="Its z; negative: the model's SDs are smaller.",
            signedrank_p="Its two-sided p.",
            signedrank_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            off_scale_mass="Exact: mean probability of answers that are no rating.",
            returned_mass="Exact: mean probability of all tokens reported.",
        ),
        Column("disattenuated_above_1", pa.bool_(), "Whether pearson_disattenuated exceeds 1."),
        *(
            Column(f"n_{status}", pa.int64(), f"Answers of the cell with status {status}.")
            for status in STATUSES
        ),
    ),
)

LABELS = Table(
    "statistics/labels.parquet",
    "a label of a scale of labels, in a cell",
    (
        *_CELL,
        Column("label", _TEXT, "The label."),
        Column("n_items", _COUNT, "Items with a usable answer of the model and human raters."),
        *_numbers(
            human_rate="Mean over items of the share of human raters who chose the label.",
            model_rate="Mean over items of the share of the model's answers that chose it.",
            rate_difference="model_rate - human_rate; above 0: the model says it more often.",
            spearman_rho="Rank correlation over items of these shares; null where one is constant.",
        ),
    ),
)

READOUTS = Table(
    "statistics/readouts.parquet",
    "a cell asked in both readouts: do the answers follow the exact probabilities?",
    (
        _MODEL,
        _PROTOCOL,
        _DATASET,
        _SCALE,
        Column("n_items", _COUNT, "Items with at least one answer on the scale and an exact row."),
        *_numbers(
            r_means="Correlation over items of the sampled mean with the exact mean.",
            mean_abs_difference="Mean absolute difference of these means, in points.",
            ok_share_sampled="Share of answers that are a rating.",
            on_scale_mass_exact="Mean exact probability of a rating.",
            g_total="G statistic of counts against exact probabilities, summed over items.",
            p_pooled="Its p by simulation; small: the answers do not follow the probabilities.",
            share_below_05="Share of items whose own G-test has p < .05; .05 when they agree.",
            ks_p="p of a Kolmogorov-Smirnov test that these p-values are uniform.",
            sharpness="Mean log-probability of the answers above its expectation, in nats per "
            "answer; positive: the server sampled closer to the likeliest answers than asked.",
            p_sharpness="Its two-sided p by simulation; small: the readouts disagree.",
        ),
    ),
)

_MISSING = "Why a number of the row is missing; null where all are there."

CONTRASTS = Table(
    "statistics/contrasts.parquet",
    "two models of one protocol, or two protocols of one model, on the same items",
    (
        Column("kind", _TEXT, "model (two models are compared) or protocol (two protocols)."),
        Column("within", _TEXT, "What the two share: the protocol, or the model."),
        Column("a", _TEXT, "Name of the one model or protocol, first in alphabetical order."),
        Column("b", _TEXT, "Name of the other."),
        _DATASET,
        _SCALE,
        _READOUT,
        Column("n_items", _COUNT, "Items with means of both and of people; all else is on these."),
        *_numbers(
            r_a="Pearson correlation of the item means of a with the human ones.",
            r_b="The same of b.",
            r_between="Correlation of the item means of a with those of b.",
            difference="r_a - r_b; above 0: a is closer to people.",
            difference_low="Lower end of its 95 % interval (paired bootstrap over items, BCa).",
            difference_high="Upper end of its 95 % interval (paired bootstrap over items, BCa).",
            zou_low="Lower end of its 95 % interval by Zou (2007).",
            zou_high="Upper end of its 95 % interval by Zou (2007).",
            williams_t="Williams' t for overlapping dependent correlations, n_items - 3 degrees of "
            "freedom (Steiger 1980).",
            p="Its two-sided p.",
            p_holm="The same, Holm over all rows of this kind and readout.",
            p_adjusted="The same, Benjamini-Hochberg over all rows of this kind and readout.",
        ),
        Column("reason", _TEXT, _MISSING),
    ),
)

FRAMEWORK = Table(
    "statistics/framework.parquet",
    "a model and protocol: single emotions against dimensions, on one dataset or on all of a "
    "modality",
    (
        _MODEL,
        _PROTOCOL,
        Column("datasets", _TEXT, "Names of the datasets, joined with +."),
        _READOUT,
        Column("n_items", _COUNT, "Items behind any of the correlations."),
        Column("n_emotions", _COUNT, "Scales that are single emotions."),
        Column("n_dimensions", _COUNT, "Scales that are dimensions."),
        *_numbers(
            r_emotions="Mean of the Pearson correlations with people over the emotions.",
            r_dimensions="Mean over the dimensions.",
            difference="r_emotions - r_dimensions.",
            difference_low="Lower end of its 95 % interval (bootstrap over items, BCa; scales of a "
            "dataset share the resampled items, datasets are resampled each on its own).",
            difference_high="Upper end of its 95 % interval.",
            p="Two-sided p against 0 from the same resamples.",
            p_holm="The same, Holm over all rows of this readout.",
        ),
        Column("reason", _TEXT, _MISSING),
    ),
)

VARIANCE = Table(
    "statistics/variance.parquet",
    "a source of variance of a model's sampled ratings on a scale, over all protocols",
    (
        _MODEL,
        _DATASET,
        _SCALE,
        Column(
            "source",
            _TEXT,
            "item, prompts, temperature, persona, item x prompts, item x temperature, or residual "
            "(what is left: sampling, and how items differ between personas).",
        ),
        Column("n_ratings", pa.int64(), "Sampled answers with status ok."),
        Column("n_levels", _COUNT, "Different levels of the source among them."),
        *_numbers(
            variance="Its variance component (method of moments), in squared points of the scale; "
            "below 0: the source makes no difference that can be seen.",
            share="The component (0 where it is below) of the sum of all; null where one of them "
            "cannot be told.",
        ),
        Column("reason", _TEXT, _MISSING),
    ),
)

STRUCTURE = Table(
    "statistics/structure.parquet",
    "two spaces of the same items: are items that are alike in one alike in the other?",
    (
        _MODEL,
        _PROTOCOL,
        _DATASET,
        _READOUT,
        Column("a", _TEXT, "One space: human or model, emotions or dimensions."),
        Column("b", _TEXT, "The other."),
        Column("n_items", _COUNT, "Items with a mean of people and model on all of these scales."),
        *_numbers(
            rho="Spearman correlation of the distances of items in the two spaces.",
            p="One-sided p by permutation of items; small: more alike than by chance.",
        ),
        Column("reason", _TEXT, _MISSING),
    ),
)


def _related(**meanings: str) -> tuple[Column, ...]:
    """Correlations, each with the ends of its interval."""
    columns: list[Column] = []
    for name, meaning in meanings.items():
        interval = f"end of the 95 % interval of {name} (bootstrap over items, BCa)."
        columns += _numbers(
            **{
                name: meaning,
                f"{name}_low": f"Lower {interval}",
                f"{name}_high": f"Upper {interval}",
            }
        )
    return tuple(columns)


AROUSAL = Table(
    "statistics/arousal.parquet",
    "a cell of arousal: where it is wrong, and whether it follows the extremity of valence",
    (
        _MODEL,
        _PROTOCOL,
        _DATASET,
        _READOUT,
        Column("n_items", _COUNT, "Items with arousal and valence of both people and model."),
        *_related(
            v_human="Correlation of |valence - middle of the scale| with arousal, for people; "
            "above 0: the V shape.",
            v_model="The same for the model, from its own valence and arousal.",
            residual_human="Correlation of the model's arousal residual with the extremity of "
            "human valence; above 0: too much arousal for extreme items.",
            residual_model="The same with the extremity of the model's valence.",
            error_arousal="Correlation of model minus human arousal with human arousal; below 0: "
            "high arousal is rated too low and low arousal too high.",
        ),
        Column("reason", _TEXT, _MISSING),
    ),
)

RESIDUALS = Table(
    "statistics/residuals.parquet",
    "one of the items of a cell whose arousal is furthest from the line through all",
    (
        _MODEL,
        _PROTOCOL,
        _DATASET,
        _READOUT,
        Column("rank", _COUNT, "1 for the largest residual in size."),
        _ITEM,
        *_numbers(
            human_arousal="Mean human arousal.",
            model_arousal="Mean arousal of the model.",
            error="model_arousal - human_arousal, in points of the scale.",
            residual="What the least-squares line of model means on human means leaves.",
            human_extremity="|human valence - middle of its scale|; null without valence.",
            model_extremity="The same of the model's valence.",
        ),
    ),
)

SCORECARD = Table(
    "statistics/scorecard.parquet",
    "an expectation from the literature (Ogg et al. 2025), and what was found",
    (
        _MODEL,
        _PROTOCOL,
        Column("datasets", _TEXT, "Names of the datasets, joined with +."),
        _READOUT,
        Column("check", _TEXT, "Short name of the expectation."),
        Column("expected", _TEXT, "The expectation in words."),
        Column(
            "found",
            _TEXT,
            "as expected or not as expected (where the 95 % interval of the deciding number says "
            "so), unclear (where it does not), or cannot be told.",
        ),
        *_numbers(
            estimate="The deciding number; above 0: as expected.",
            low="Lower end of its 95 % interval.",
            high="Upper end of its 95 % interval.",
        ),
        Column("evidence", _TEXT, "The numbers in words, or why it cannot be told."),
    ),
)

PLAN = Table(
    "plan.csv",
    "a cell: what is still to be asked, and what that takes; made by the target plan",
    (
        _MODEL,
        _PROTOCOL,
        _DATASET,
        _SCALE,
        Column("answers", pa.int64(), "Answers the cell has when it is complete."),
        Column("held", pa.int64(), "Those that are in the journal already."),
        Column("requests", pa.int64(), "Requests that bring the others."),
        Column("prompt_tokens", _NUMBER, "Tokens of the prompts of these requests."),
        Column("answer_tokens", _NUMBER, "Tokens of the missing answers, at most."),
        Column(
            "tokens_from",
            _TEXT,
            "How prompt tokens are known: journal (as the server counted them before), tokenizer "
            "(the model's own), or estimate (from the number of characters).",
        ),
        *_numbers(
            usd="US dollars for single requests, at most; null without prices.",
            usd_batch="US dollars for the same in batches; null where there are none.",
            minutes="Minutes at the rate limits of the card, at least; null without limits.",
        ),
        Column("delivery", _TEXT, "How the model's card has them delivered: single or batch."),
        Column("prices_as_of", _TEXT, "Day of the prices; null without prices."),
    ),
)

TABLES = (
    STIMULI,
    NORMS,
    RATINGS,
    ITEMS,
    ALIGNMENT,
    RELIABILITY,
    LABELS,
    READOUTS,
    SCORECARD,
    CONTRASTS,
    FRAMEWORK,
    VARIANCE,
    STRUCTURE,
    AROUSAL,
    RESIDUALS,
    PLAN,
)
