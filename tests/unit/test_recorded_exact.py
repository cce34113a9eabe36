"""The exact readout of recorded answers: distributions from the log-probabilities in a batch."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.errors import DataError
from emoalign.study.protocols import Protocol
from tests.kit.batches import Positions, choice, gemini, lines, openai, openai_refused
from tests.kit.project import ROOT
from tests.kit.recorded import Table, csv

SEVEN = {"min": 1, "max": 7, "direction": "more"}
TEN = {"min": 1, "max": 10, "direction": "more"}
COLUMNS = {"item": "item", "answer": "answer"}
BATCH = {"custom_id": "{item}"}
ONE = [("7", {"7": 0.5, "6": 0.3, "I": 0.1})]


@pytest.fixture
def batch(tmp_path: Path) -> Table:
    table = Table(tmp_path)
    table.job |= {"range": SEVEN, "readouts": ("sampled", "exact")}
    return table


def exact(table: Table, *each: Any, **changes: Any) -> pd.DataFrame:
    """The exact rows by item."""
    if each:
        table.write(lines(*each), "output.jsonl")
    rows = table.rate(**{"batch": BATCH, "columns": COLUMNS, **changes})
    return rows[rows["readout"] == "exact"].set_index("item_id")


def points(row: Any, scale: dict[str, Any] = SEVEN) -> dict[float, float]:
    """The probabilities of points that have any."""
    numbers = enumerate(row["probabilities"])
    step = scale.get("step", 1)
    return {round(scale["min"] + at * step, 6): p for at, p in numbers if p > 5e-7}


def answered(item: str, text: str, positions: Positions, **more: Any) -> dict[str, Any]:
    return openai(item, choice(text, positions=positions), **more)


# Files of a published study


FILES = ROOT.parent / "shared/data/openai_batch_logprobs"
FAMILIARITY = {"custom_id": "familiarity_english_task_{item}"}


def published(table: Table, name: str, **changes: Any) -> pd.DataFrame:
    (table.file,) = FILES.glob(f"{name}_*.jsonl")
    table.texts = {"1": "abdication", "2": "abdomen"}
    return exact(table, batch=FAMILIARITY, **changes)


# exp(log-probability) of each of the five tokens of a line, by hand, and how each is read: as a
# rating, as words (off the scale), or not at all (undecided, as a fence is, behind which the number
# may follow).
BY_HAND: dict[tuple[str, str], tuple[dict[float, float], float]] = {
    ("v01", "1"): ({4: 0.286885, 5: 0.325084, 6: 0.153559}, 0.135515 + 0.056491),  # I, As
    ("v01", "2"): ({4: 0.068457, 6: 0.041521}, 0.393943 + 0.393943 + 0.028537),  # I, As, I'll
    ("v02", "1"): ({3: 0.005550, 4: 0.726879, 5: 0.267404, 6: 0.000168}, 0.0),
    ("v02", "2"): ({4: 0.002356, 5: 0.950330, 6: 0.047314}, 0.0),
    ("v04", "1"): ({}, 0.698361 + 0.044645 + 0.000076 + 0.000004),  # {" and other braces, no fence
    ("v04", "2"): ({}, 0.643269 + 0.052803 + 0.000062 + 0.000005),
    ("v06", "1"): ({2: 0.000083, 3: 0.318672, 4: 0.674628, 5: 0.006614, 6: 0.000003}, 0.0),
    ("v06", "2"): ({3: 0.000002, 4: 0.002468, 5: 0.878622, 6: 0.118909}, 0.0),
    # "4", then "." and "00", or the end; 4.50, 4.75 and 4.25 are no points. What would have
    # followed "5", "3" and "6", which were not drawn, is not known; and "5" after "4." could
    # go on too, because the number that was drawn has two decimals.
    ("v07", "1"): (
        {4: 0.560865 * (0.998072 * 0.774343 + 0.001927 + 0.000001)},
        0.560865 * 0.998072 * (0.221853 + 0.001027 + 0.000260),
    ),
    ("v07", "2"): ({4: 0.000844, 5: 0.816884, 6: 0.182271}, 0.0),
}


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "item"), BY_HAND)
def test_published_answers_have_the_mass_mean_and_bounds_computed_by_hand(
    name: str, item: str, batch: Table
) -> None:
    mass, off_scale = BY_HAND[name, item]
    row = published(batch, name).loc[item]
    assert points(row) == pytest.approx(mass, abs=3e-6)
    assert row["off_scale_mass"] == pytest.approx(off_scale, abs=3e-6)
    on_scale = sum(mass.values())
    returned = on_scale + off_scale
    assert row["returned_mass"] == pytest.approx(returned, abs=6e-6)
    assert row["status"] == ("ok" if mass else "unparsable")
    if not mass:
        return
    mean = sum(point * p for point, p in mass.items()) / on_scale
    undecided = max(1 - returned, 0)
    low = (on_scale * mean + undecided * 1) / (on_scale + undecided)
    high = (on_scale * mean + undecided * 7) / (on_scale + undecided)
    read = pd.Series(row["probabilities"], index=range(1, 8))
    u = max(1 - row["returned_mass"], 0)
    found = (read * read.index).sum()
    assert found / read.sum() == pytest.approx(mean, abs=2e-5)
    assert (found + u) / (read.sum() + u) == pytest.approx(low, abs=5e-5)
    assert (found + 7 * u) / (read.sum() + u) == pytest.approx(high, abs=5e-5)
    assert (low, mean, high) == pytest.approx(MEANS[name, item], abs=5e-4)


# The same as numbers: lowest, mean, and highest mean that the undecided mass allows.
MEANS = {
    ("v01", "1"): (4.625, 4.826, 4.940),
    ("v01", "2"): (3.250, 4.755, 5.655),
    ("v02", "1"): (4.262, 4.262, 4.262),
    ("v02", "2"): (5.045, 5.045, 5.045),
    ("v06", "1"): (3.688, 3.688, 3.688),
    ("v06", "2"): (5.116, 5.116, 5.116),
    ("v07", "1"): (2.490, 4.000, 5.510),
    ("v07", "2"): (5.181, 5.181, 5.181),
}


@pytest.mark.shared_data
def test_rescaled_answers_are_read_on_the_range_that_was_asked_for(batch: Table) -> None:
    fine = {**SEVEN, "step": 0.06}
    batch.job["range"] = fine
    rows = published(batch, "v08", native={"min": 0, "max": 100})
    # 40 of 100 is 1 + 40 * 6 / 100 = 3.4 of 7
    first = {2.8: 0.004232, 3.4: 0.554341, 3.7: 0.008960, 4.0: 0.431721, 4.6: 0.000394}
    assert points(rows.loc["1"], fine) == pytest.approx(first, abs=3e-6)
    second = {3.4: 0.000394, 4.0: 0.432536, 4.3: 0.011527, 4.6: 0.555387, 4.9: 0.000088}
    assert points(rows.loc["2"], fine) == pytest.approx(second, abs=3e-6)
    assert rows["off_scale_mass"].sum() == 0
    batch.job["range"] = SEVEN
    wrong = batch.refusal(batch=FAMILIARITY, columns=COLUMNS, native={"min": 0, "max": 100})
    assert "step" in wrong


@pytest.mark.shared_data
def test_decimals_that_were_not_drawn_are_undecided_on_a_scale_that_has_them(batch: Table) -> None:
    fine = {**SEVEN, "step": 0.01}
    batch.job["range"] = fine
    rows = published(batch, "v07")
    path = 0.560865 * 0.998072
    held = points(rows.loc["1"], fine)
    assert held[4] == pytest.approx(path * 0.774343 + 0.560865 * 0.001928, abs=3e-6)
    assert held[4.5] == pytest.approx(path * 0.221853, abs=3e-6)
    assert rows.loc["1", "off_scale_mass"] == 0
    assert points(rows.loc["2"], fine) == {}, "5 may have been the beginning of 5.25"
    assert rows.loc["2", "returned_mass"] < 1e-6


# Files of our own


def test_answers_and_their_probabilities_are_two_readouts_of_the_same_reply(batch: Table) -> None:
    batch.write(lines(answered("w1", "7", ONE)), "output.jsonl")
    rows = batch.rate(batch=BATCH, columns=COLUMNS).dropna(subset="status")
    assert list(rows["readout"]) == ["sampled", "exact"]
    assert list(rows["rating"].fillna(0)) == [7, 0]
    assert rows["participant"].isna().tolist() == [False, True]
    assert rows["request_id"].nunique() == rows["reply_id"].nunique() == 1
    assert list(rows["prompt_tokens"]) == [20, 0]
    row = rows.iloc[1]
    assert points(row) == pytest.approx({6: 0.3, 7: 0.5})
    assert (row["off_scale_mass"], row["returned_mass"]) == pytest.approx((0.1, 0.9))
    batch.job["readouts"] = ("exact",)
    only = exact(batch)
    assert list(only["probabilities"].iloc[0]) == pytest.approx(list(row["probabilities"]))


def test_the_distribution_of_an_item_is_the_mean_of_those_of_its_answers(batch: Table) -> None:
    other = [("1", {"1": 0.8, "7": 0.1})]
    both = openai("w1", choice("7", positions=ONE), choice("1", positions=other, index=1))
    row = exact(batch, both, answered("w1", "1", other)).loc["w1"]
    assert points(row) == pytest.approx({1: 1.6 / 3, 6: 0.1, 7: 0.7 / 3})
    assert row["returned_mass"] == pytest.approx((0.9 + 0.9 + 0.9) / 3)
    batch.job["participants"] = 1
    assert points(exact(batch).loc["w1"]) == pytest.approx({6: 0.3, 7: 0.5})


def test_ten_after_one_is_never_read_as_one(batch: Table) -> None:
    batch.job["range"] = TEN
    drawn = [("1", {"1": 0.6, "7": 0.3}), ("0", {"0": 0.9, ".": 0.05})]
    row = exact(batch, answered("w1", "10", drawn, model="mistral-large")).loc["w1"]
    assert points(row, TEN) == pytest.approx({7: 0.3, 10: 0.54})
    short = [("7", {"1": 0.6, "7": 0.3})]
    single = answered("w1", "7", short, model="mistral-large")
    assert points(exact(batch, single).loc["w1"], TEN) == pytest.approx({7: 0.3})
    known = exact(batch, single, batch={**BATCH, "vocabulary": "llama3"})
    assert points(known.loc["w1"], TEN) == pytest.approx({1: 0.6, 7: 0.3})
    openais = exact(batch, answered("w1", "7", short)).loc["w1"]
    assert points(openais, TEN) == pytest.approx({1: 0.6, 7: 0.3})


def test_a_number_that_its_vocabulary_would_not_split_is_refused(batch: Table) -> None:
    batch.job["range"] = TEN
    split = answered("w1", "10", [("1", {"1": 0.6, "7": 0.4}), ("0", {"0": 1})], model="gpt-4o")
    with pytest.raises(DataError, match="write vocabulary: digits under batch"):
        exact(batch, split)
    rows = exact(batch, split, batch={**BATCH, "vocabulary": "digits"})
    assert points(rows.loc["w1"], TEN) == pytest.approx({7: 0.4, 10: 0.6})


def test_probabilities_of_another_text_are_none_of_the_answer(batch: Table) -> None:
    thought = [("Well", {"Well": 1}), (",", {",": 1}), (" 7", {" 7": 1})]
    row = exact(batch, answered("w1", "7", thought)).loc["w1"]
    assert (row["status"], row["probabilities"]) == ("error", None)


def test_a_reversed_range_gives_each_point_the_probability_of_what_was_written(
    batch: Table,
) -> None:
    row = exact(batch, answered("w1", "7", ONE), native={"min": 7, "max": 1}).loc["w1"]
    assert points(row) == pytest.approx({1: 0.5, 2: 0.3})


def test_a_structured_answer_is_read_from_where_its_value_begins(batch: Table) -> None:
    drawn = [
        ('{"', {'{"': 1.0}),
        ("rating", {"rating": 1.0}),
        ('":', {'":': 1.0}),
        ("5", {"5": 0.7, "4": 0.3}),
        ("}", {"}": 1.0}),
    ]
    text = '{"rating":5}'
    form = {"kind": "json", "key": "rating", "structured": True}
    row = exact(batch, answered("w1", text, drawn), answer=form).loc["w1"]
    assert points(row) == pytest.approx({4: 0.3, 5: 0.7})
    unforced = exact(batch, answer={**form, "structured": False}).loc["w1"]
    assert points(unforced) == {}


def test_what_was_withheld_keeps_its_status_and_what_has_no_probabilities_has_none(
    batch: Table, caplog: pytest.LogCaptureFixture
) -> None:
    rows = exact(
        batch,
        answered("w1", "7", ONE),
        openai("w2", choice(None, "content_filter")),
        openai("w3", "6"),
        openai_refused("w4", 400, message="Too long."),
    )
    told = rows["status"].fillna("none").to_dict()
    assert told == {"w1": "ok", "w2": "content_filter", "w3": "none", "w4": "rejected"}
    assert rows["probabilities"].notna().tolist() == [True, False, False, False]
    assert "items whose answers have no log-probabilities: 1 of 4" in caplog.text


def test_log_probabilities_that_cannot_be_any_are_refused(batch: Table) -> None:
    line = answered("w1", "7", ONE)
    for top in line["response"]["body"]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
        top["logprob"] = math.log2(0.9)
    batch.write(lines(line), "output.jsonl")
    wrong = batch.refusal(batch=BATCH, columns=COLUMNS)
    assert "line 1: gave log-probabilities whose probabilities add up to" in wrong


def test_very_unlikely_tokens_and_those_without_a_number_have_no_mass(batch: Table) -> None:
    line = answered("w1", "7", ONE)
    top = line["response"]["body"]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    top += [{"token": "1", "logprob": -9999.0}, {"token": "2", "logprob": None}]
    assert points(exact(batch, line).loc["w1"]) == pytest.approx({6: 0.3, 7: 0.5})


def test_probabilities_of_gemini_are_read_at_the_first_token(batch: Table) -> None:
    tops = [{"token": "7", "logProbability": math.log(0.6)}]
    tops += [{"token": "6", "logProbability": math.log(0.3)}]
    line = gemini("w1", "7", logprobsResult={"topCandidates": [{"candidates": tops}]})
    assert points(exact(batch, line).loc["w1"]) == pytest.approx({6: 0.3, 7: 0.6})


# What a study may ask for


def reasons(table: Table, **changes: Any) -> str:
    asked = {"name": "p", "readouts": ["exact"], **changes.pop("protocol", {})}
    card = table.card(**{"batch": BATCH, "columns": COLUMNS, **changes})
    return "\n".join(card.cannot_follow("m", Protocol.model_validate(asked), []))


def test_a_study_may_ask_for_exact_answers_where_a_file_has_probabilities(batch: Table) -> None:
    batch.write(lines(openai("w1", "7"), answered("w2", "7", ONE)), "output.jsonl")
    assert reasons(batch) == ""
    assert "at temperature 0.7" in reasons(batch, protocol={"temperature": 0.7})
    form = {"kind": "json", "key": "rating"}
    assert "write structured: true beside the key" in reasons(batch, answer=form)
    assert reasons(batch, answer={**form, "structured": True}) == ""
    batch.write(lines(openai("w1", "7")), "output.jsonl")
    assert "output.jsonl have no log-probabilities" in reasons(batch)
    assert reasons(batch, source={"file": "missing.jsonl"}) == "", "told where it is read"


def test_a_study_is_read_without_what_computes(batch: Table) -> None:
    # Snakemake reads it for each job of a cluster.
    batch.write(lines(answered("w1", "7", ONE)), "output.jsonl")
    card = batch.card(batch=BATCH, columns=COLUMNS).model_dump_json()
    program = (
        "import sys; from emoalign.planning.loading import MODELS; "
        "from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel; "
        "from emoalign.study.protocols import Protocol; "
        f"card = RecordedModel.model_validate_json({card!r}); "
        "asked = Protocol(name='p', readouts=('exact',)); "
        "assert not list(card.cannot_follow('m', asked, [])); "
        "print([name for name in ('pandas', 'pyarrow', 'numpy', 'openai') if name in sys.modules])"
    )
    environment = {"PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert ended.stdout.decode().strip() == "[]"


def test_ratings_of_a_table_have_no_probabilities(batch: Table) -> None:
    batch.write(csv(("w1", "a", 7)))
    said = reasons(batch, batch=None, columns={"item": "id", "rating": "rating"})
    assert "probabilities cannot be read from ratings" in said


def test_labels_have_no_exact_readout(batch: Table, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    batch.job |= {"range": {"kind": "labels", "labels": ["joy", "fear"]}, "answers": "labels"}
    batch.write(lines(answered("w1", '["joy"]', ONE)), "output.jsonl")
    assert "labels have no exact readout" in batch.refusal(batch=BATCH, columns=COLUMNS)
