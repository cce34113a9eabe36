"""Parts of the items: a text is never in two, and nothing else decides where it is."""

from __future__ import annotations

import numpy as np

from emoalign.statistics.resampling import Keys, dealt_folds, hashed_folds, text_keys


def keys(n: int) -> Keys:
    return text_keys([f"text {number}" for number in range(n)])


def test_a_text_is_never_in_two_folds_and_folds_have_as_many_texts_as_each_other() -> None:
    texts = np.repeat(keys(23), np.arange(23) % 4 + 1)
    parts = dealt_folds(texts, 5, 1)
    for text in np.unique(texts):
        assert len(set(parts[texts == text])) == 1
    sizes = [len(np.unique(texts[parts == part])) for part in range(5)]
    assert max(sizes) - min(sizes) <= 1


def test_folds_follow_from_texts_and_seed_and_not_from_order_or_copies() -> None:
    texts = keys(40)
    parts = dealt_folds(texts, 5, 1)
    order = np.random.default_rng(0).permutation(40)
    assert np.array_equal(dealt_folds(texts[order], 5, 1), parts[order])
    assert np.array_equal(dealt_folds(np.concatenate((texts, texts[:7])), 5, 1)[:40], parts)
    assert not np.array_equal(dealt_folds(texts, 5, 2), parts)
    assert not np.array_equal(dealt_folds(texts, 5, 1, "inner"), parts)


def test_the_part_of_a_text_depends_on_nothing_else() -> None:
    texts = [f"text {number}" for number in range(500)]
    parts = hashed_folds(text_keys(texts), 5, seed=1)
    assert (hashed_folds(text_keys(texts[::-1]), 5, seed=1)[::-1] == parts).all()
    assert (hashed_folds(text_keys(texts[:7]), 5, seed=1) == parts[:7]).all()
    assert (hashed_folds(text_keys(texts), 5, seed=2) != parts).mean() > 0.7
    assert (hashed_folds(text_keys(texts), 5, seed=1, draw="inner") != parts).mean() > 0.7
    assert np.bincount(parts).min() > 70
