"""The table of transparency: for each label, how explicitly its texts express it.

Texts are taken as whole words: seed words are looked up among them, and the probe measures how well
the words of a text predict whether people gave it a label, for which no seed words are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from unicodedata import normalize

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.transparency.analysis import LabelledDataset, TransparencyJob
from emoalign.embeddings.embedding import embedded
from emoalign.items.clusters import belonging
from emoalign.statistics.labels import out_of_fold_auc, seed_share, similarity, transparency
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds, hashed_folds, text_keys
from emoalign.statistics.seeds import seed_of
from emoalign.stimuli.norms import human_answers
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.scales import LabelScale
from emoalign.tables import STIMULI, TRANSPARENCY, read_parquet

Embed = Callable[[Sequence[str]], FloatArray]
"""Takes texts to unit embeddings, shape (texts, size)."""

NO_EMBEDDING = "E and T: the study names no embedding model (embedding)"
NO_LEXICON = "L and T: the study names no seed words (transparency: seeds)"
NO_TEXTS = "the items are images, which have no words"
NO_RATERS = "the texts have no single human ratings"

RARE = 2
"""A word in fewer texts than this distinguishes one text from all others, not labels."""

INVERSE_PENALTY = 1.0
"""C of the L2 penalty: the usual one of scikit-learn, not tuned, so that no label is favoured."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"))


def describe_labels(job: TransparencyJob, files: AnalysisFiles) -> None:
    """Write the table of transparency; embeddings are kept in the journal, none is made twice."""
    card = job.embedding
    embed = None if card is None else partial(embedded, card, store=files.journal / "embeddings")
    stimuli, norms = files.by_dataset("stimuli"), files.by_dataset("norms")
    rows = [
        row
        for name, dataset in sorted(job.datasets.items())
        for row in transparency_rows(
            name,
            dataset,
            STIMULI.read(stimuli[name]),
            read_parquet(norms[name]),
            job,
            embed,
        )
    ]
    files.write(TRANSPARENCY, pd.DataFrame(rows, columns=TRANSPARENCY.schema.names))


def transparency_rows(
    name: str,
    dataset: LabelledDataset,
    stimuli: pd.DataFrame,
    norms: pa.Table,
    job: TransparencyJob,
    embed: Embed | None,
) -> list[dict[str, object]]:
    """One row per label of the dataset's scales of labels; see `tables.TRANSPARENCY`."""
    items = stimuli.set_index("item_id")
    lexicon, no_lexicon = job.lexicon, NO_LEXICON
    if lexicon is not None and _language(lexicon.language) != _language(dataset.language):
        no_lexicon = (
            f"L and T: the texts are in {dataset.language}, the seed words in {lexicon.language}"
        )
        lexicon = None
    rows = []
    for scale_name, scale in sorted(dataset.labels.items()):
        people = human_answers(norms, scale_name, scale)
        of_scale = items.reindex(people.item_ids)
        shown = of_scale["text"]
        why = NO_RATERS if not len(shown) else NO_TEXTS if shown.isna().any() else None
        if why is None:
            seed = seed_of(job.seed, name, "folds")
            folds = _folds(list(shown), list(of_scale["cluster"]), job.settings.folds, seed)
            columns = _columns(list(shown), people.shares, scale, lexicon, job, folds, embed)
        else:
            unknown = dict.fromkeys(("prevalence", "e", "l", "t", "probe_auc"), np.nan)
            columns = [{**unknown, "n_texts": 0, "reason": why} for _ in scale.labels]
        rows += [
            {"dataset": name, "scale": scale_name, "label": label} | column
            for label, column in zip(scale.labels, columns, strict=True)
        ]
        for row in rows[-len(scale.labels) :]:
            row["reason"] = _reason(row, scale, lexicon, no_lexicon, job, embed, why)
    return rows


def _columns(
    texts: Sequence[str],
    shares: FloatArray,
    scale: LabelScale,
    lexicon: SeedLexicon | None,
    job: TransparencyJob,
    folds: Folds,
    embed: Embed | None,
) -> list[dict[str, object]]:
    """The numbers of each label; NaN for labels with too few texts and for unknown values."""
    # Half of four raters is two: what is a whole number but for rounding must count.
    chosen = shares >= job.settings.chosen_by - 1e-9
    counts = chosen.sum(axis=0)
    enough = counts >= job.settings.min_texts
    l_values = _seed_shares(texts, chosen, scale, lexicon, enough)
    e_values = _similarities(texts, chosen, scale, embed, enough)
    aucs = _aucs(texts, chosen, enough, folds)
    t_values = transparency(e_values, l_values)
    return [
        {
            "prevalence": float(shares[:, place].mean()),
            "n_texts": int(counts[place]),
            "e": e_values[place],
            "l": l_values[place],
            "t": t_values[place],
            "probe_auc": aucs[place],
        }
        for place in range(len(scale.labels))
    ]


def _seed_shares(
    texts: Sequence[str],
    chosen: NDArray[np.bool_],
    scale: LabelScale,
    lexicon: SeedLexicon | None,
    enough: NDArray[np.bool_],
) -> FloatArray:
    with_seeds = np.full(len(scale.labels), np.nan)
    if lexicon is not None:
        in_words = [words(text) for text in texts]
        for place in np.flatnonzero(enough):
            seeds = lexicon.of(scale.labels[place])
            if seeds:
                of_label = [in_words[text] for text in np.flatnonzero(chosen[:, place])]
                with_seeds[place] = seed_share(with_any(of_label, seeds))
    return with_seeds


def _similarities(
    texts: Sequence[str],
    chosen: NDArray[np.bool_],
    scale: LabelScale,
    embed: Embed | None,
    enough: NDArray[np.bool_],
) -> FloatArray:
    similarities = np.full(len(scale.labels), np.nan)
    if embed is not None and enough.any():
        vectors = embed([*texts, *scale.labels])
        of_texts, of_labels = vectors[: len(texts)], vectors[len(texts) :]
        for place in np.flatnonzero(enough):
            similarities[place] = similarity(of_labels[place], of_texts[chosen[:, place]])
    return similarities


def _folds(texts: Sequence[str], clusters: Sequence[str | None], n_folds: int, seed: int) -> Folds:
    """The fold of each text; texts of a cluster, or with the same words, share a fold.

    Texts that differ in capitals or dots alone have the same words.
    """
    in_words = [" ".join(words(text)) for text in texts]
    keys, together = text_keys(in_words), belonging(in_words, clusters)
    of_all = np.full(together.max(initial=-1) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(of_all, together, keys)
    return hashed_folds(of_all[together], n_folds, seed)


def _aucs(
    texts: Sequence[str],
    chosen: NDArray[np.bool_],
    enough: NDArray[np.bool_],
    folds: Folds,
) -> FloatArray:
    features = bag_of_words([words(text) for text in texts])
    aucs = np.full(chosen.shape[1], np.nan)
    for place in np.flatnonzero(enough):
        aucs[place] = out_of_fold_auc(features, chosen[:, place], folds, logistic_regression)
    return aucs


def _reason(
    row: Mapping[str, object],
    scale: LabelScale,
    lexicon: SeedLexicon | None,
    no_lexicon: str,
    job: TransparencyJob,
    embed: Embed | None,
    why: str | None,
) -> str | None:
    """The reason why a number of a label is missing."""
    if why is not None:
        return why
    if int(str(row["n_texts"])) < job.settings.min_texts:
        return f"only {row['n_texts']} texts of the label ({job.settings.min_texts} are needed)"
    reasons = []
    if embed is None:
        reasons.append(NO_EMBEDDING)
    if lexicon is None:
        reasons.append(no_lexicon)
    elif not lexicon.of(str(row["label"])):
        reasons.append(f"L and T: {lexicon.title} has no words for the label")
    if not reasons and np.isnan(float(str(row["t"]))):
        reasons.append("T: E or L is the same for all labels")
    if np.isnan(float(str(row["probe_auc"]))):
        reasons.append(
            "probe: no part of the texts has both texts with the label and texts without it"
        )
    return "; ".join(reasons) or None


def _language(tag: str) -> str:
    return tag.split("-")[0].casefold()


def words(text: str) -> list[str]:
    """The words of a text in their order, casefolded: letters and digits.

    An apostrophe between two letters is part of a word. So no word is found within another: neither
    love in glove or lovely, nor can in can't; a hyphen parts two words (awe-struck).
    """
    plain = normalize("NFC", text).translate(_APOSTROPHES)
    return _WORD.findall(plain.casefold())


def with_any(texts: Iterable[Sequence[str]], seeds: Sequence[str]) -> NDArray[np.bool_]:
    """A mask of the texts, given as their words, that contain a seed word; shape (texts,)."""
    wanted = {word for seed in seeds for word in words(seed)}
    return np.array([not wanted.isdisjoint(text) for text in texts], dtype=np.bool_)


def bag_of_words(texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """Which words each text has, as 0 and 1, shape (texts, words); texts are given as words.

    The words are those of all texts, which does not reveal their labels.
    """
    # scikit-learn is imported where it is needed alone: that takes longer than many a job.
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=list, binary=True, dtype=np.float64)
    if not any(texts):
        return sparse.csr_matrix((len(texts), 0))
    counts = sparse.csr_matrix(vectorizer.fit_transform(texts))
    kept: sparse.csr_matrix = counts[:, np.asarray(counts.sum(axis=0)).ravel() >= RARE]
    return kept


def logistic_regression(
    features: sparse.csr_matrix, labelled: NDArray[np.bool_], others: sparse.csr_matrix
) -> FloatArray:
    """Log odds of the label for other texts, shape (others,), learnt from these texts.

    `features` has shape (texts, words), `labelled` (texts,), `others` (others, words).
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    regression = LogisticRegression(C=INVERSE_PENALTY, max_iter=1_000)
    # Fits as small as these wait for threads longer than they compute.
    with threadpool_limits(limits=1):
        regression.fit(features, labelled)
    return np.asarray(regression.decision_function(others), dtype=np.float64)
