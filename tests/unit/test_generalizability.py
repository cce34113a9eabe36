"""The table of generalizability, what the page says of it, and what it advises to ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.generalizability.advice import Advice, Way, advice, best, cheapest, in_words
from emoalign.analyses.generalizability.analysis import GeneralizabilityJob, alike
from emoalign.planning.analysed import analysed_study
from emoalign.statistics.components import variance_components
from emoalign.study.protocols import Protocol
from emoalign.tables import GENERALIZABILITY, RATINGS, STIMULI
from tests.kit.analysing import run
from tests.kit.ratings import item_ids, norms, rating_rows, stimuli
from tests.kit.stages import make_page
from tests.kit.words import study, words_of

N_ITEMS = 60
DESIGNS = [(forms, answers) for forms in (1, 2, 4, 8) for answers in (1, 5, 10, 20)]
COMPONENTS = ["item", "form", "wave", "participant", "item_x_form", "item_x_wave", "residual"]


def answered(
    protocol: str = "p", forms: str = "abcd", n: int = 5, seed: int = 1, **told: object
) -> pd.DataFrame:
    """Answers in forms that differ in level (SD 1) and in the order of items (SD .7)."""
    rng = np.random.default_rng(seed)
    items = np.random.default_rng(0).normal(5, 1.5, N_ITEMS)
    files = []
    for form in forms:
        own = np.random.default_rng(ord(form)).normal(0, 0.7, N_ITEMS)
        means = items + own + np.random.default_rng(ord(form) + 1).normal(0, 1)
        said = np.rint(4 * (means[:, None] + rng.normal(0, 1, (N_ITEMS, n)))) / 4
        files.append(rating_rows(said, protocol=protocol, form=form, **told))
    return pd.concat(files, ignore_index=True)


def job(**waves: int) -> GeneralizabilityJob:
    return GeneralizabilityJob(alike=(tuple(sorted(waves)),), waves=waves, seed=3)


def table(
    folder: Path,
    ratings: list[pd.DataFrame],
    of: GeneralizabilityJob,
    clusters: list[str] | None = None,
) -> pd.DataFrame:
    for number, rows in enumerate(ratings):
        RATINGS.write(rows, folder / f"ratings/{number}.parquet")
    STIMULI.write(stimuli(item_ids(N_ITEMS), clusters=clusters), folder / "stimuli/words.parquet")
    run(of, "generalize", folder)
    return GENERALIZABILITY.read(folder / GENERALIZABILITY.path)


def test_what_a_protocol_asks_stands_beside_other_ways_of_asking(tmp_path: Path) -> None:
    found = table(tmp_path, [answered()], job(p=1))
    own, *others = found.to_dict("records")
    assert (own["protocol"], own["n_forms"], own["n_answers"]) == ("p", 4, 5)
    assert {(row["n_forms"], row["n_answers"]) for row in others} == set(DESIGNS)
    totals = [row["n_forms"] * row["n_answers"] for row in others]
    assert totals == sorted(totals)
    assert found["reason"].isna().all()
    assert found["g_low"].lt(found["g"]).all()
    assert found["g"].lt(found["g_high"]).all()
    same = found[found["n_forms"].eq(4) & found["n_answers"].eq(5)]
    assert same["g"].nunique() == same["phi"].nunique() == 1


def test_coefficients_follow_from_the_components_of_single_ratings(tmp_path: Path) -> None:
    rows = answered()
    own = table(tmp_path, [rows], job(p=1)).iloc[0]
    item, form = (pd.factorize(rows[name], sort=True)[0] for name in ("item_id", "form"))
    y = rows["rating"].to_numpy()
    expected = variance_components(
        {"item": item, "form": form, "item_x_form": item * 4 + form}, np.ones(y.size), y, y**2
    )
    for name, component in expected.items():
        assert own[name] == pytest.approx(component.variance)
    relative = own["item_x_form"] / 4 + own["residual"] / 20
    assert own["g"] == pytest.approx(own["item"] / (own["item"] + relative))
    absolute = relative + own["form"] / 4
    assert own["phi"] == pytest.approx(own["item"] / (own["item"] + absolute))


def test_protocols_of_one_form_each_are_forms_together(tmp_path: Path) -> None:
    apart = [answered(form, forms=form, seed=ord(form)) for form in "abcd"]
    together = pd.concat(apart).assign(protocol="p")
    found = table(tmp_path / "apart", apart, job(a=1, b=1, c=1, d=1))
    one = table(tmp_path / "one", [together], job(p=1))
    assert found["protocols"].unique().tolist() == ["a + b + c + d"]
    asked = found[found["protocol"].notna()]
    assert asked["protocol"].tolist() == list("abcd")
    assert asked["n_forms"].eq(1).all()
    assert asked["n_answers"].eq(5).all()
    compared = ["n_forms", "n_answers", "g", "g_low", "phi", *COMPONENTS]
    pd.testing.assert_frame_equal(
        found.loc[found["protocol"].isna(), compared].reset_index(drop=True),
        one.loc[one["protocol"].isna(), compared].reset_index(drop=True),
    )


def test_answers_that_two_protocols_share_count_once_in_components_and_for_both(
    tmp_path: Path,
) -> None:
    rows = answered()
    rows["request_id"] = rows["form"] + rows["item_id"]
    first = rows[rows["form"] == "a"].assign(protocol="a-first")
    apart = table(tmp_path / "apart", [rows], job(p=1))
    shared = table(tmp_path / "shared", [rows, first], job(p=1, **{"a-first": 1}))
    asked = shared[shared["protocol"].notna()].set_index("protocol")
    assert asked["n_forms"].to_dict() == {"a-first": 1, "p": 4}
    assert asked["n_answers"].eq(5).all()
    for name in COMPONENTS:
        assert shared[name].dropna().unique() == pytest.approx(apart[name].dropna().unique())


def test_more_answers_under_one_form_do_not_make_it_count_more(tmp_path: Path) -> None:
    """Items differ twice as much under form a; another protocol brings its answers thrice more."""
    rows = answered(n=10)
    first = rows["form"] == "a"
    rows.loc[first, "rating"] *= 2
    more = pd.concat([rows[first].assign(protocol="q")] * 3)
    balanced = table(tmp_path / "balanced", [rows], job(p=1)).iloc[0]
    pooled = table(tmp_path / "pooled", [rows, more], job(p=1, q=1)).iloc[0]
    for source in ("item", "form"):
        assert pooled[source] == pytest.approx(balanced[source])
    assert pooled["item_x_form"] == pytest.approx(balanced["item_x_form"], rel=0.05)
    assert pooled["residual"] == pytest.approx(balanced["residual"], rel=0.05)


def test_the_order_and_number_of_files_change_nothing(tmp_path: Path) -> None:
    rows = answered()
    one = table(tmp_path / "one", [rows], job(p=1))
    parts = [
        rows[rows["form"].isin(list(some))].sample(frac=1, random_state=1) for some in ("db", "ca")
    ]
    pd.testing.assert_frame_equal(one, table(tmp_path / "two", parts, job(p=1)))


def test_waves_are_told_apart_from_forms(tmp_path: Path) -> None:
    first, second = answered("p", "ab"), answered("q", "ab", seed=2)
    second["rating"] += 2
    found = table(tmp_path, [first, second], job(p=1, q=2))
    assert found["wave"].iloc[0] == pytest.approx(2, abs=0.1)
    planned = found[found["protocol"].isna()]
    assert sorted(planned["n_waves"].unique()) == [1, 2]
    one, two = (
        planned[
            planned["n_waves"].eq(waves) & planned["n_forms"].eq(2) & planned["n_answers"].eq(n)
        ]
        for waves, n in ((1, 10), (2, 5))
    )
    assert two["phi"].item() > one["phi"].item()


def test_forms_that_change_with_the_wave_tell_nothing(tmp_path: Path) -> None:
    found = table(tmp_path, [answered("p", "a"), answered("q", "b", seed=2)], job(p=1, q=2))
    assert found["g"].isna().all()
    assert found["reason"].unique().tolist() == [
        "these change only together: form, wave, item x form, item x wave"
    ]


def test_one_answer_per_form_is_not_told_from_chance(tmp_path: Path) -> None:
    found = table(tmp_path, [answered(n=1)], job(p=1))
    assert found["g"].isna().all()
    assert found["reason"].unique().tolist() == [
        "one answer per item, form and wave: chance cannot be told from the rest"
    ]


def test_sessions_are_participants_who_rate_some_of_the_items(tmp_path: Path) -> None:
    """Six sweeps of 60 items in lists of 10, with a mood of SD 2 in each session."""
    rng = np.random.default_rng(3)
    dealt = np.stack([rng.permutation(N_ITEMS) // 10 for _ in range(6)], axis=1)
    moods = rng.normal(0, 2, (6, 6))
    items = rng.normal(5, 1.5, (N_ITEMS, 1))
    said = items + moods[dealt, np.arange(6)] + rng.normal(0, 1, (N_ITEMS, 6))
    session = (dealt + 6 * np.arange(6)).ravel()
    rows = rating_rows(said, form="a").assign(session=session, participant=session)
    found = table(tmp_path, [rows], job(p=1))
    own = found.iloc[0]
    assert own["participant"] == pytest.approx(moods.var(), rel=0.3)
    assert own["residual"] == pytest.approx(1, abs=0.3)
    in_other_lists = 1 - 9 / 59
    error = (own["residual"] + in_other_lists * own["participant"]) / 6
    assert own["g"] == pytest.approx(own["item"] / (own["item"] + error))
    assert found["n_forms"].eq(1).all()
    assert len(found) == 1 + 4


def test_items_of_a_cluster_are_left_out_together(tmp_path: Path) -> None:
    clusters = [f"document {number // 7}" for number in range(N_ITEMS)]
    found = table(tmp_path, [answered()], job(p=1), clusters)
    assert found["g"].notna().all()
    assert found["g_low"].isna().all()
    assert found["reason"].unique().tolist() == ["no interval: fewer than 10 items or clusters"]


def test_refusals_count_as_answers_that_are_missing(tmp_path: Path) -> None:
    rows = answered(forms="ab", n=4)
    refused = rows.index[rows["participant"] == 3]
    rows.loc[refused, "rating"] = np.nan
    rows.loc[refused, "status"] = "refusal"
    assert table(tmp_path, [rows], job(p=1)).iloc[0]["n_answers"] == pytest.approx(3)


def test_a_model_asked_in_one_form_has_no_row(tmp_path: Path) -> None:
    assert table(tmp_path, [answered(forms="a")], job(p=1)).empty


def protocol(name: str, **told: object) -> Protocol:
    return Protocol.model_validate({"name": name, "prompts": "plain", **told})


def test_protocols_are_alike_if_only_forms_waves_and_numbers_differ() -> None:
    asked = [
        protocol("a"),
        protocol("b", prompts=["plain", "down"], participants=40),
        protocol("c", wave=2, readouts=["exact", "sampled"]),
        protocol("d", temperature=0.5),
        protocol("e", readouts=["exact"]),
        protocol("f", session={"items": 10}),
    ]
    assert alike(asked) == alike(asked[::-1]) == [("a", "b", "c"), ("d",), ("f",)]


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        ({"p": {}}, ()),
        ({"p": {}, "q": {"temperature": 0.5}}, ()),
        ({"p": {}, "q": {"wave": 2}}, (("p", "q"),)),
        ({"p": {"session": {"items": 10}}}, (("p",),)),
    ],
    ids=["one form", "another temperature", "another wave", "sessions"],
)
def test_a_study_has_the_table_where_forms_waves_or_sessions_vary(
    protocols: dict[str, dict[str, object]], expected: tuple[tuple[str, ...], ...]
) -> None:
    told = GeneralizabilityJob.of(analysed_study(study(protocols=protocols)))
    assert told.alike == expected


# What it advises


def test_the_best_way_for_the_price_has_no_more_answers() -> None:
    others = [Way(1, 20, 0.89), Way(2, 10, 0.93), Way(4, 5, 0.96), Way(8, 5, 0.98), Way(4, 1, 0.88)]
    assert best(others, Way(1, 20, 0.89)) == Way(4, 5, 0.96)
    assert best(others, Way(4, 5, 0.96)) is None


def test_the_cheapest_way_is_as_good_with_fewer_answers() -> None:
    others = [Way(1, 5, 0.85), Way(2, 5, 0.90), Way(4, 1, 0.895), Way(8, 1, 0.94)]
    assert cheapest(others, Way(1, 20, 0.90)) == Way(4, 1, 0.895)
    assert cheapest(others, Way(4, 1, 0.895)) is None


def test_means_that_are_chance_alone_are_not_advised_to_be_had_more_cheaply() -> None:
    own, others = Way(1, 10, 0.0), [Way(1, 1, 0.0), Way(1, 5, 0.0)]
    assert cheapest(others, own) is None
    told = in_words(Advice("p", "words", "valence", ("m",), own, None, None), {})
    assert told == (
        "p (words, valence): asked with 1 form × 10 answers (g = .00); means of these answers are "
        "little more than chance in every way compared."
    )


def test_advice_is_about_medians_over_models(tmp_path: Path) -> None:
    rows = [answered(forms="abcd", n=5), answered(forms="abcd", n=5, seed=2, model="k")]
    found = table(tmp_path, rows, job(p=1))
    (told,) = advice(found)
    assert told.models == ("k", "m")
    own = found[found["protocol"].notna()]
    assert told.own == Way(4, 5.0, own["g"].median())
    assert in_words(told, {}).endswith(
        "no other way compared is better for as many answers, or as good for fewer."
    )


def test_advice_is_one_sentence_with_prices_where_they_are_known(tmp_path: Path) -> None:
    rows = answered(forms="abcd", n=5)
    apart = [rows[rows["form"] == form].assign(protocol=form) for form in "abcd"]
    found = table(tmp_path, apart, job(a=1, b=1, c=1, d=1))
    told = next(advice(found))
    assert told.own.forms == 1
    assert told.best is not None
    words = in_words(told, {told.own: "$1.00", told.best: "$1.10"})
    assert words.startswith("a (words, valence): asked with 1 form × 5 answers (g = .")
    assert ", $1.00); 4 forms × 1 answer (g = ." in words
    assert words.endswith("would be better for as many answers or fewer.")


def test_the_page_says_what_other_ways_of_asking_would_give(tmp_path: Path) -> None:
    norm_rows = norms(N_ITEMS)
    asked = study(protocols={"p": {"prompts": "plain"}, "q": {"prompts": "other"}})
    rows = pd.concat([answered("p", "a"), answered("q", "b", seed=2)], ignore_index=True)
    text = words_of(make_page(tmp_path, asked, rows, norm_rows))
    assert "How many forms and answers does it take?" in text
    assert "20 answers under one form have g = ." in text
    assert "in which all forms weigh the same (Yates, 1934): the coefficient g" in text
    assert "Cronbach et al., 1972" in text


def test_the_page_of_one_form_says_nothing_of_others(tmp_path: Path) -> None:
    rows = answered("p", "a")
    text = words_of(make_page(tmp_path, study(), rows, norms(N_ITEMS)))
    assert "How many forms" not in text
