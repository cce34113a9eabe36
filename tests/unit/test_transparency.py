"""How outright texts say a label: each number against another way to it, and on planted texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pingouin
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import optimize, sparse, stats
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import minmax_scale

from emoalign.analyses.transparency.analysis import (
    GradientJob,
    LabelledDataset,
    TransparencyJob,
    TransparencySettings,
)
from emoalign.analyses.transparency.gradients import gradient_rows
from emoalign.analyses.transparency.outright import (
    bag_of_words,
    logistic_regression,
    transparency_rows,
    with_any,
    words,
)
from emoalign.analyses.transparency.section import SECTION
from emoalign.errors import StudyError
from emoalign.planning.analysed import Analyses, analysed_study
from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Results, View
from emoalign.statistics.labels import (
    gradient,
    label_agreement,
    out_of_fold_auc,
    partial_spearman,
    seed_share,
    similarity,
    transparency,
)
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import (
    hashed_folds,
    text_keys,
)
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.library import Library
from emoalign.study.reading import read_yaml, validate
from emoalign.study.scales import LabelScale
from emoalign.tables import NORMS, TRANSPARENCY, TRANSPARENCY_GRADIENT
from tests.kit.words import report_job

ROOT = Path(__file__).parents[2]


# Words


@pytest.mark.parametrize(
    ("text", "has_love"),
    [
        ("I LOVE it!", True),
        ("love-hate", True),
        ("all you need is ‘love’", True),
        ("a lovely day", False),
        ("my glove", False),
        ("love's labour", False),
        ("lo ve", False),
        ("", False),
    ],
)
def test_a_seed_is_found_as_a_whole_word_only(text: str, has_love: bool) -> None:
    assert with_any([words(text)], ["love"]).tolist() == [has_love]


def test_capitals_and_kinds_of_apostrophe_do_not_matter() -> None:
    assert words("Don’t STRASSE straße, [NAME] x_y 2nd") == [
        "don't", "strasse", "strasse", "name", "x", "y", "2nd",
    ]  # fmt: skip
    assert with_any([words("you shouldn´t")], ["Shouldn't"]).all()


# The shipped seed words


def shipped_lexicon() -> SeedLexicon:
    content, problems = read_yaml(ROOT / "src/emoalign/catalogue/lexicons/emotion-seeds.yaml")
    assert not problems
    lexicon, problems = validate(SeedLexicon, content, "emotion-seeds")
    assert lexicon is not None, problems
    return lexicon


def test_every_label_of_goemotions_has_enough_seed_words_its_own_name_first() -> None:
    lexicon = shipped_lexicon()
    scale = Library().card("datasets", "goemotions", DatasetCard).scales["emotions"]
    assert isinstance(scale, LabelScale)
    for label in scale.labels:
        assert 8 <= len(lexicon.of(label)) <= 15, label
        assert lexicon.of(label)[0] == label
    assert set(lexicon.seeds) == set(scale.labels)


def test_words_of_two_labels_are_few_and_named_in_the_file() -> None:
    lexicon = shipped_lexicon()
    every = [word for seeds in lexicon.seeds.values() for word in seeds]
    shared = sorted({word for word in every if every.count(word) > 1})
    assert all(every.count(word) == 2 for word in shared)
    text = (ROOT / "src/emoalign/catalogue/lexicons/emotion-seeds.yaml").read_text(encoding="utf-8")
    comment = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
    assert f"seeds of both: {', '.join(shared)}." in comment


@pytest.mark.parametrize("word", ["two words", " joy", "joy ", "", "_", "well-being", "joy!"])
def test_a_seed_that_can_never_be_found_is_refused(word: str) -> None:
    content = {"title": "T", "source": "S", "seeds": {"joy": ["joy", word]}}
    assert validate(SeedLexicon, content, "mine")[1]


def test_a_seed_that_stands_twice_is_refused() -> None:
    content = {"title": "T", "source": "S", "seeds": {"joy": ["joy", "Joy"]}}
    [problem] = validate(SeedLexicon, content, "mine")[1]
    assert "joy: the same word more than once: joy" in problem


# E, L and T


def test_similarity_is_the_cosine_with_the_mean_embedding() -> None:
    rng = np.random.default_rng(0)
    label, texts = rng.normal(size=8), rng.normal(size=(5, 8))
    expected = cosine_similarity([label], [texts.mean(axis=0)])[0, 0]
    assert similarity(label, texts) == pytest.approx(expected)
    assert np.isnan(similarity(label, texts[:0]))


def test_transparency_is_the_mean_of_both_stretched_over_the_labels_that_have_both() -> None:
    e = np.array([0.2, 0.5, np.nan, 0.9, 0.4])
    l_values = np.array([0.1, 0.0, 0.8, 0.3, np.nan])
    known = [0, 1, 3]
    expected = (minmax_scale(e[known]) + minmax_scale(l_values[known])) / 2
    found = transparency(e, l_values)
    assert found[known] == pytest.approx(expected)
    assert np.isnan(found[[2, 4]]).all()
    assert np.isnan(transparency(np.full(3, 0.5), np.arange(3.0))).all()


def test_the_seed_share_counts_texts_not_words() -> None:
    texts = [words(text) for text in ("joy joy joy", "no", "a joy", "nothing")]
    assert seed_share(with_any(texts, ["joy", "glad"])) == 0.5


# The probe


def area_of(
    texts: Sequence[Sequence[str]], chosen: NDArray[np.bool_], folds: NDArray[np.int64]
) -> float:
    return out_of_fold_auc(bag_of_words(texts), chosen, folds, logistic_regression)


def test_the_area_is_scikit_learns_with_ties_counted_half() -> None:
    rng = np.random.default_rng(4)
    scores, chosen = rng.integers(0, 5, 80).astype(float), rng.random(80) < 0.3
    features = sparse.csr_matrix(scores[:, np.newaxis])
    folds = np.arange(80) % 2

    def scored(*parts: Any) -> FloatArray:
        return parts[2].toarray()[:, 0]

    parts = [folds == part for part in (0, 1)]
    areas = [roc_auc_score(chosen[part], scores[part]) for part in parts]
    pairs = [chosen[part].sum() * (~chosen[part]).sum() for part in parts]
    expected = np.average(areas, weights=pairs)
    assert out_of_fold_auc(features, chosen, folds, scored) == pytest.approx(expected, abs=1e-12)


def test_the_area_is_that_of_an_independent_logistic_regression_and_rank_formula() -> None:
    rng = np.random.default_rng(1)
    vocabulary = [f"w{place}" for place in range(12)]
    texts = [list(rng.choice(vocabulary, 4, replace=False)) for _ in range(120)]
    chosen = np.array(["w0" in text or rng.random() < 0.3 for text in texts])
    folds = np.arange(120) % 2
    features = bag_of_words(texts).toarray()

    def area(part: int) -> tuple[float, int]:
        x, y = features[folds != part], np.where(chosen[folds != part], 1.0, -1.0)

        def loss(weights: np.ndarray) -> float:
            margin = y * (x @ weights[1:] + weights[0])
            return float(np.logaddexp(0, -margin).sum() + weights[1:] @ weights[1:] / 2)

        fitted = optimize.minimize(loss, np.zeros(x.shape[1] + 1), method="BFGS").x
        scores, tried = features[folds == part] @ fitted[1:], chosen[folds == part]
        u = stats.mannwhitneyu(scores[tried], scores[~tried]).statistic
        pairs = int(tried.sum() * (~tried).sum())
        return float(u) / pairs, pairs

    areas, pairs = zip(*map(area, (0, 1)), strict=True)
    expected = np.average(areas, weights=pairs)
    assert area_of(texts, chosen, folds) == pytest.approx(expected, abs=2e-3)


def test_words_that_have_nothing_to_do_with_a_label_do_not_tell_it() -> None:
    rng = np.random.default_rng(2)
    texts = [list(rng.choice([f"w{place}" for place in range(200)], 8)) for _ in range(1500)]
    chosen = rng.random(1500) < 0.2
    folds = hashed_folds(text_keys([" ".join(text) for text in texts]), 5, seed=1)
    assert area_of(texts, chosen, folds) == pytest.approx(0.5, abs=0.05)


def test_a_label_without_texts_in_any_other_part_has_no_area() -> None:
    texts = [["a"], ["a"], ["b"], ["b"]]
    chosen = np.array([True, False, False, False])
    assert np.isnan(area_of(texts, chosen, np.array([0, 0, 1, 1])))
    assert np.isnan(area_of([[], []], chosen[:2], np.array([0, 1])))


# The gradient


def label_values(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    control = rng.normal(size=n)
    x = control + rng.normal(size=n)
    return x, 0.8 * x + 0.5 * control + rng.normal(size=n), control


def test_the_gradient_is_spearmans_rho_and_its_p_that_of_all_permutations() -> None:
    x, y, _ = label_values(6, 3)
    y = np.round(y, 0)

    def rho(values: np.ndarray) -> float:
        return float(stats.spearmanr(x, values).statistic)

    found = gradient(x, y, permutations=20_000, resamples=100, seed=1)
    exact = stats.permutation_test((y,), rho, permutation_type="pairings", n_resamples=np.inf)
    assert found.rho == pytest.approx(rho(y))
    assert found.p == pytest.approx(exact.pvalue, abs=0.01)


def test_the_interval_is_that_of_scipys_bootstrap() -> None:
    x, y, _ = label_values(28, 4)
    found = gradient(x, y, permutations=99, resamples=2_000, seed=1)
    other = stats.bootstrap(
        (x, y),
        lambda a, b: stats.spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2_000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert found.interval.low == pytest.approx(other.low, abs=0.06)
    assert found.interval.high == pytest.approx(other.high, abs=0.03)


def test_the_partial_correlation_is_pingouins() -> None:
    x, y, control = label_values(28, 5)
    table = pd.DataFrame({"x": x, "y": y, "z": control})
    other = pingouin.partial_corr(table, "x", "y", "z", method="spearman").iloc[0]
    found = partial_spearman(x, y, control)
    assert found.rho == pytest.approx(other["r"], abs=1e-6)
    assert found.p == pytest.approx(other["p_val"], abs=1e-6)


def test_without_a_gradient_its_p_is_uniform() -> None:
    rng = np.random.default_rng(6)
    found = [
        gradient(*rng.normal(size=(2, 15)), permutations=199, resamples=10, seed=seed).p
        for seed in range(300)
    ]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert 0.02 < np.mean(np.array(found) <= 0.05) < 0.09


def test_four_labels_and_constant_values_have_no_gradient() -> None:
    x, y, control = label_values(4, 7)
    assert np.isnan(gradient(x, y, 99, 100, 1).rho)
    assert np.isnan(gradient(np.ones(9), np.arange(9.0), 99, 100, 1).rho)
    assert np.isnan(partial_spearman(x, y, control).rho)
    same = np.arange(9.0)
    assert np.isnan(partial_spearman(same, np.random.default_rng(1).normal(size=9), same).rho)


# The tables, on planted texts

LABELS = ("anger", "calm", "joy", "pride", "relief", "shame", "rare")
SAID = {"anger": 1.0, "calm": 0.8, "joy": 0.6, "pride": 0.4, "relief": 0.2, "shame": 0.0}
SCALE = LabelScale(kind="labels", labels=LABELS)
LEXICON = SeedLexicon(
    title="Planted", source="Here.", seeds={label: (f"so{label}",) for label in LABELS}
)
FILLER = [f"filler{place}" for place in range(400)]


def planted(per_label: int = 60, seed: int = 1) -> pd.DataFrame:
    """Texts of one label each, which say it outright with the probability of SAID."""
    rng = np.random.default_rng(seed)
    rows = []
    for label, said in SAID.items():
        for place in range(per_label):
            text = list(rng.choice(FILLER, 6))
            if rng.random() < said:
                text[0] = f"So{label}!"
            rows.append({"text": " ".join(text), "labels": [[label], [label], ["rare"]]})
            rows[-1]["item_id"] = f"{label}-{place:03d}"
    return pd.DataFrame(rows)


def tables(texts: pd.DataFrame) -> tuple[pd.DataFrame, pa.Table]:
    """Stimuli and norms of texts."""
    norms = texts.assign(scale="emotions", mean=np.nan, sd=np.nan, ratings=None)
    norms["n"] = [len(raters) for raters in texts["labels"]]
    norms = norms.assign(raters=None)[NORMS.schema.names]
    clusters = texts.get("cluster")
    stimuli = texts[["item_id", "text"]].assign(cluster=clusters)
    return stimuli, pa.Table.from_pandas(norms, schema=NORMS.schema, preserve_index=False)


def letters(texts: Sequence[str]) -> np.ndarray:
    """An embedding made by hand: how often each letter comes, as a unit vector."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    counts = np.array([[text.lower().count(one) for one in alphabet] for text in texts], float)
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True))


def job(**changes: Any) -> TransparencyJob:
    content = {
        "datasets": {"d": LabelledDataset(language="en", labels={"emotions": SCALE})},
        "lexicon": LEXICON,
        "embedding": None,
        "settings": TransparencySettings(),
        "seed": 1,
    }
    return TransparencyJob.model_validate(content | changes)


def rows_of(texts: pd.DataFrame, embed: Any = letters, **changes: Any) -> pd.DataFrame:
    asked = job(**changes)
    stimuli, norms = tables(texts)
    rows = transparency_rows("d", asked.datasets["d"], stimuli, norms, asked, embed)
    return pd.DataFrame(rows, columns=TRANSPARENCY.schema.names).set_index("label")


def test_labels_that_are_said_outright_are_transparent_and_told_by_words() -> None:
    found = rows_of(planted())
    said = pd.Series(SAID)
    assert found.loc[said.index, "l"].to_numpy() == pytest.approx(said.to_numpy(), abs=0.15)
    assert stats.spearmanr(found.loc[said.index, "probe_auc"], said).statistic > 0.9
    assert found.loc["anger", "probe_auc"] > 0.95
    assert found.loc["shame", "probe_auc"] < 0.8, "told only by not saying anything else"
    assert found["n_texts"].to_dict() == dict.fromkeys(SAID, 60) | {"rare": 0}
    assert found.loc["joy", "prevalence"] == pytest.approx(2 / 3 / 6)
    assert found.loc[said.index, "reason"].isna().all()


def test_the_similarity_of_a_label_is_that_of_its_own_texts() -> None:
    texts = planted()
    found = rows_of(texts)
    own = texts[texts["item_id"].str.startswith("joy")]["text"]
    expected = similarity(letters(["joy"])[0], letters(list(own)))
    assert found.loc["joy", "e"] == pytest.approx(expected)


def test_a_label_with_too_few_texts_is_null_and_says_so() -> None:
    found = rows_of(planted()).loc["rare"]
    assert found[["e", "l", "t", "probe_auc"]].isna().all()
    assert found["reason"] == "only 0 texts of the label (10 are needed)"
    all_raters = rows_of(planted(), settings=TransparencySettings(chosen_by=1))
    assert set(all_raters["n_texts"]) == {0}
    a_third = rows_of(planted(), settings=TransparencySettings(chosen_by=1 / 3))
    assert a_third.loc["rare", "n_texts"] == 360


def test_without_an_embedding_model_the_rest_is_there_and_the_reason_too() -> None:
    found = rows_of(planted(), embed=None)
    assert found.loc[list(SAID), ["e", "t"]].isna().all(axis=None)
    assert found.loc[list(SAID), ["l", "probe_auc"]].notna().all(axis=None)
    assert found.loc["joy", "reason"].startswith("E and T: the study names no embedding model")


def test_seed_words_of_another_language_or_label_are_not_counted() -> None:
    spanish = LabelledDataset(language="es-MX", labels={"emotions": SCALE})
    found = rows_of(planted(), datasets={"d": spanish})
    assert found["l"].isna().all()
    assert found.loc["joy", "reason"] == "L and T: the texts are in es-MX, the seed words in en"
    few = LEXICON.model_copy(update={"seeds": {"joy": ("sojoy",)}})
    found = rows_of(planted(), lexicon=few)
    assert found.loc["anger", "reason"] == "L and T: Planted has no words for the label"
    assert found.loc["joy", "l"] > 0.4


def test_texts_that_stand_twice_help_no_probe() -> None:
    rng = np.random.default_rng(8)
    once = pd.DataFrame(
        {
            "text": [f"unique{place} word{place}" for place in range(200)],
            "labels": [[["joy"]] if rng.random() < 0.5 else [["calm"]] for _ in range(200)],
        }
    )
    twice = pd.concat([once, once.assign(text=once["text"].str.upper() + "!")], ignore_index=True)
    twice["item_id"] = [f"i{place:03d}" for place in range(len(twice))]
    found = rows_of(twice)
    assert found.loc["joy", "probe_auc"] == pytest.approx(0.5, abs=0.02)


def test_texts_of_one_cluster_help_no_probe_to_tell_each_other() -> None:
    rng = np.random.default_rng(8)
    joy = rng.random(60) < 0.5
    texts = pd.DataFrame(
        {
            "text": [f"hero{place // 5} word{place}" for place in range(300)],
            "labels": [[["joy"]] if joy[place // 5] else [["calm"]] for place in range(300)],
            "item_id": [f"i{place:03d}" for place in range(300)],
            "cluster": [f"novel {place // 5}" for place in range(300)],
        }
    )
    assert rows_of(texts).loc["joy", "probe_auc"] == pytest.approx(0.5, abs=0.02)
    alone = rows_of(texts.drop(columns="cluster")).loc["joy", "probe_auc"]
    assert alone > 0.9, "the name of the hero tells the novel"


def test_the_order_of_texts_changes_nothing() -> None:
    texts = planted()
    shuffled = texts.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(rows_of(texts), rows_of(shuffled))


def test_images_have_no_words() -> None:
    found = rows_of(planted().assign(text=None))
    assert set(found["reason"]) == {"the items are images, which have no words"}


def agreement_rows(noise: dict[str, float]) -> pd.DataFrame:
    """A table of labels: how well a model follows people on each."""
    rng = np.random.default_rng(9)
    human = rng.random((400, len(noise)))
    model = np.stack(
        [
            human[:, place] + rng.normal(0, spread, 400)
            for place, spread in enumerate(noise.values())
        ],
        axis=1,
    )
    return pd.DataFrame(
        [
            {
                "model": "m",
                "protocol": "p",
                "dataset": "d",
                "scale": "emotions",
                "readout": "sampled",
                "label": one.label,
                "spearman_rho": one.rho,
            }
            for one in label_agreement(model, human, list(noise))
        ]
    )


GRADIENT = GradientJob(permutations=999, bootstrap_resamples=500, seed=1)


def test_a_model_that_follows_people_only_where_they_are_said_outright_has_a_gradient() -> None:
    transparent = rows_of(planted()).reset_index()
    labels = agreement_rows({label: 1.2 - said for label, said in SAID.items()} | {"rare": 0.1})
    found = gradient_rows(transparent, labels, GRADIENT).set_index("predictor")
    assert list(found.index) == ["t", "e", "l", "probe_auc"]
    assert found.loc["l", "rho"] > 0.9
    assert found.loc["l", "p_permutation"] < 0.05
    assert found.loc["l", "n_labels"] == len(SAID)
    assert found.loc["l", "partial_rho"] is not None
    reason = found.loc["l", "reason"]
    assert (
        reason == "partial_rho: prevalence orders the labels in the same way, or is equal for all"
    )


def test_too_few_labels_have_no_gradient_and_say_so(tmp_path: Path) -> None:
    transparent = rows_of(planted(), embed=None).reset_index()
    labels = agreement_rows(dict.fromkeys(SAID, 0.5))
    found = gradient_rows(transparent, labels, GRADIENT)
    TRANSPARENCY_GRADIENT.write_both(found, tmp_path)
    t = found.set_index("predictor").loc["t"]
    assert t["reason"] == "only 0 labels with both values (5 are needed)"
    assert np.isnan(t["rho"])


def test_the_order_of_labels_and_cells_changes_no_gradient() -> None:
    transparent = rows_of(planted()).reset_index()
    labels = agreement_rows({label: 1.2 - said for label, said in SAID.items()})
    one = gradient_rows(transparent, labels, GRADIENT)
    two = pd.concat([labels.assign(model="a"), labels.iloc[::-1]])
    other = gradient_rows(transparent.iloc[::-1], two, GRADIENT)
    again = other[other["model"] == "m"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, again)


# Real comments


@pytest.mark.shared_data
def test_of_real_comments_gratitude_love_and_amusement_are_said_most_outright(shared: Path) -> None:
    raw = pd.read_csv(
        shared / "goemotions/raw_first_4999rows_no_rater_id.csv", keep_default_na=False
    )
    raw = raw[raw["example_very_unclear"].astype(str).str.upper() != "TRUE"]
    scale = Library().card("datasets", "goemotions", DatasetCard).scales["emotions"]
    assert isinstance(scale, LabelScale)
    names = np.array(scale.labels)
    raw["labels"] = [names[row == 1].tolist() for row in raw[names].to_numpy()]
    comments = raw.groupby("id", as_index=False).agg(
        text=("text", "first"), labels=("labels", list)
    )
    texts = comments.rename(columns={"id": "item_id"})
    assert len(texts) == 4749
    real = LabelledDataset(language="en", labels={"emotions": scale})
    found = rows_of(texts, embed=None, datasets={"d": real}, lexicon=shipped_lexicon())
    for column, least in (("l", 0.7), ("probe_auc", 0.83)):
        top = found[column].sort_values(ascending=False).iloc[:3]
        assert set(top.index) == {"gratitude", "love", "amusement"}
        assert (top > least).all()
    assert found.loc["neutral", "l"] < 0.05
    assert found.loc[["approval", "realization"], "probe_auc"].max() < 0.7
    both = found[["l", "probe_auc"]].dropna()
    assert stats.spearmanr(both["l"], both["probe_auc"]).statistic > 0.3


# Configuration


def study(**transparency: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "study": "s",
        "title": "T",
        "seed": 1,
        "models": ["smollm2-135m"],
        "datasets": [{"dataset": "goemotions"}],
        "protocols": [{"name": "p", "prompts": "labels-that-apply"}],
    }
    if "embedding" in transparency:
        content["embedding"] = transparency.pop("embedding")
    return content | ({"transparency": transparency} if transparency else {})


def targets(loaded: LoadedStudy) -> dict[str, list[str]]:
    return Analyses(loaded, Files(loaded, "results/s")).targets()


def test_a_study_of_labels_has_the_shipped_seed_words_and_one_of_numbers_has_no_job() -> None:
    loaded = load_study(study(), ROOT / "config")
    assert loaded.lexicon == shipped_lexicon()
    assert loaded.embedding is None
    assert len(targets(loaded)["transparency"]) == 4
    numbers = study() | {"datasets": [{"dataset": "vader"}]}
    numbers["protocols"] = [{"name": "p", "prompts": "instruction"}]
    loaded = load_study(numbers, ROOT / "config")
    assert loaded.lexicon is None
    assert "transparency" not in targets(loaded)


def test_names_that_are_not_there_are_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as error:
        load_study(study(embedding="smollm-135m", seeds="emotion-seed"), ROOT / "config")
    assert "did you mean 'smollm2-135m'?" in str(error.value)
    assert "did you mean 'emotion-seeds'?" in str(error.value)


def test_a_title_or_a_name_of_a_file_runs_nothing_again(config_dir: Path, edit: Any) -> None:
    def job(embedding: str) -> TransparencyJob:
        return TransparencyJob.of(
            analysed_study(load_study(study(embedding=embedding), config_dir))
        )

    before = job("smollm2-135m")
    edit("embeddings/smollm2-135m.yaml", lambda card: card.update(title="Other", threads=2))
    (config_dir / "embeddings/smollm2-135m.yaml").rename(config_dir / "embeddings/other.yaml")
    assert before == job("other")
    edit("embeddings/other.yaml", lambda card: card.update(pooling="last"))
    assert job("other") != before


def told(*intervals: tuple[float, float]) -> list[str]:
    """The finding on cells whose gradients have these intervals."""
    cell = {"model": "m", "dataset": "words", "scale": "emotions", "readout": "sampled"}
    cell |= {"predictor": "probe_auc", "n_labels": 6}
    rows = [
        dict.fromkeys(TRANSPARENCY_GRADIENT.schema.names)
        | cell
        | {"protocol": f"p{place}", "rho": (low + high) / 2, "rho_low": low, "rho_high": high}
        for place, (low, high) in enumerate(intervals)
    ]
    row = dict.fromkeys(TRANSPARENCY.schema.names, np.nan)
    row |= {"dataset": "words", "scale": "emotions", "label": "joy", "probe_auc": 0.8}
    read = {
        TRANSPARENCY.path: pd.DataFrame([row]),
        TRANSPARENCY_GRADIENT.path: pd.DataFrame(rows),
    }
    job = report_job(protocols=("p0", "p1", "p2"), scales=(), labels=("emotions",))
    view = SECTION.view(Results(job, Path("nowhere"), _read=read))
    assert isinstance(view, View)
    ((message, measured, numbers),) = view.findings
    assert "a classifier tells" in measured
    return [message, numbers]


@pytest.mark.parametrize(
    ("intervals", "message"),
    [
        ([(0.2, 0.8)], "was higher for labels that the texts express more explicitly."),
        ([(-0.8, -0.2)], "was lower for labels"),
        ([(-0.2, 0.6)], "was neither clearly higher nor clearly lower for labels"),
        ([(-0.2, 0.6)] * 2, "express more explicitly, in any of 2 conditions."),
        (
            [(0.2, 0.8), (0.1, 0.7), (-0.9, -0.1)],
            "was higher in 2 of 3 conditions and lower in 1 of 3 conditions for labels",
        ),
    ],
)
def test_the_finding_goes_by_the_intervals(
    intervals: list[tuple[float, float]], message: str
) -> None:
    found, numbers = told(*intervals)
    assert message in found
    assert "ρ = " in numbers
    assert "for Model m under p0 (sampled answers)" in numbers
