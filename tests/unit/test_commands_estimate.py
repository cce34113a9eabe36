"""`emoalign estimate`: the study of a list, its numbers beforehand, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from emoalign.commands.app import application
from emoalign.planning.loading import load_study
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_card, read_yaml
from emoalign.tables import ALIGNMENT

LIKE = """\
title: Norms of ours
modality: word
source:
  reader: table
  table: {file: resources/norms.csv}
  id: nr
  text: word
  cluster: lemma
  scales:
    valence: {mean: V.M, sd: V.SD, n: V.N}
    arousal: {mean: A.M}
scales:
  valence:
    min: 1
    max: 9
    native: {min: -4, max: 4}
    anchors: {1: unpleasant, 9: pleasant}
    direction: higher is more pleasant
  arousal: {min: 1, max: 9, direction: higher is more aroused}
frameworks: {dimensions: [valence, arousal]}
licence: CC-BY-NC-4.0
redistribute: false
remote_api: deny
citation: |
  @article{ours,
    title = {Norms: "ours"}
  }
caveats: ["People were few: three."]
"""

SERVED = """\
title: A model on this machine
engine: openai
model: small
base_url: http://localhost:1/v1
capabilities: {chat: true}
"""


def table(n: int = 150) -> pd.DataFrame:
    """Norms of many words; two of them are spelt as lists may spell them otherwise."""
    rng = np.random.default_rng(3)
    words = [f"w{place}x" for place in range(n)]
    words[:5] = ["joy", "Storm", "grief", "ice", "ice"]
    rows = pd.DataFrame({"nr": range(n), "word": words, "lemma": words})
    rows["V.M"], rows["A.M"] = rng.uniform(-3, 3, n).round(3), rng.uniform(2, 8, n).round(3)
    return rows.assign(**{"V.SD": 1.25, "V.N": 24})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with norms of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/datasets").mkdir(parents=True)
    (tmp_path / "config/datasets/norms.yaml").write_text(LIKE, encoding="utf-8")
    (tmp_path / "config/models").mkdir()
    (tmp_path / "config/models/small.yaml").write_text(SERVED, encoding="utf-8")
    (tmp_path / "resources").mkdir()
    table().to_csv("resources/norms.csv", index=False)
    return tmp_path


def estimate(texts: str, *options: str, like: str = "norms") -> Result:
    """The command on a list, by a model that is not there unless another is named."""
    Path("words.txt").write_text(texts, encoding="utf-8")
    model = () if "--model" in options else ("--model", "small")
    return CliRunner().invoke(
        application, ["estimate", "words.txt", "--like", like, *model, *options]
    )


def made(name: str = "words-like-norms") -> pd.DataFrame:
    return pd.read_csv(f"resources/{name}/items.csv", dtype=str, keep_default_na=False)


def flat(text: str) -> str:
    return " ".join(text.split())


NEW = "joy\nstorm\nice\nnull\n=sum\nblorp, the\n"


def test_a_list_becomes_a_study_that_loads_with_its_norms_and_asks_for_estimates(
    folder: Path,
) -> None:
    done = estimate(NEW, "--rated", "100")
    assert done.exit_code == 0, done.output
    path = Path("config/studies/words-like-norms.yaml")
    loaded = load_study(read_yaml(path)[0], Path("config"), path, [path])
    assert loaded.study.seed == 1
    assert read_yaml(path)[0]["estimates"] == {}
    assert loaded.scales("words-like-norms") == ("valence", "arousal")
    card = read_card(Path("config/datasets/words-like-norms.yaml"), DatasetCard)
    found = check_data(card)
    assert not found.problems
    assert found.items == 106
    assert {name: each.items for name, each in found.scales.items()} == {
        "valence": 102,
        "arousal": 102,
    }


def test_words_of_the_list_come_first_with_the_ratings_that_norms_have_of_them(
    folder: Path,
) -> None:
    done = estimate(NEW, "--rated", "100")
    rows, norms = made(), table().set_index("word")
    assert rows["text"][:6].tolist() == ["joy", "storm", "ice", "null", "=sum", "blorp, the"]
    assert rows["from"].value_counts().to_dict() == {"norms": 100, "list": 4, "both": 2}
    assert rows["id"].is_unique
    told = flat(done.output)
    assert "words.txt: 6 words." in told
    assert "People rated 2 of them for norms; 4 are to be estimated." in told
    assert (
        "norms writes 1 of them with other capitals; they have its ratings (storm, Storm)" in told
    )
    assert "norms has 1 of them more than once, with different ratings" in told
    joy = rows.set_index("text").loc["joy"]
    # In points of the scale, not of the file, whose range is −4 to 4.
    assert float(joy["valence.mean"]) == pytest.approx(norms.loc["joy", "V.M"] + 5)
    assert (joy["valence.sd"], joy["valence.n"]) == ("1.25", "24")
    assert float(joy["arousal.mean"]) == pytest.approx(norms.loc["joy", "A.M"])
    assert "arousal.sd" not in rows
    assert rows.set_index("text").loc["null", "valence.mean"] == ""


def test_items_to_learn_from_are_drawn_by_themselves_whatever_the_list(folder: Path) -> None:
    estimate(NEW, "--rated", "40")
    estimate("quux\nzyzzy\n", "--rated", "60", "--study", "other")
    first, second = made(), made("other")
    few = set(first["text"][first["from"] == "norms"])
    many = set(second["text"][second["from"] == "norms"])
    assert len(few) == 40
    assert few < many | {"grief"}
    assert not few & {"joy", "Storm", "ice"}
    drawn = second[second["from"] == "norms"].sort_values("id")
    order = {word: place for place, word in enumerate(table()["word"])}
    assert len({order[word] // 50 for word in drawn["text"]}) == 3


def test_terms_of_the_norms_are_those_of_the_new_card(folder: Path) -> None:
    done = estimate(NEW)
    assert "may not be passed on (CC-BY-NC-4.0)" in flat(done.output)
    new, old = (
        read_card(Path(f"config/datasets/{name}.yaml"), DatasetCard)
        for name in ("words-like-norms", "norms")
    )
    for key in ("licence", "redistribute", "remote_api", "citation", "language"):
        assert getattr(new, key) == getattr(old, key)
    assert set(new.frameworks.dimensions) == set(old.frameworks.dimensions)
    assert new.caveats[-1] == old.caveats[0]
    assert "6 words are those of the list words.txt; 2 of them have ratings" in new.caveats[0]
    assert new.scales["valence"].model_dump() == {
        **old.scales["valence"].model_dump(),
        "native": None,
    }


def test_single_ratings_stay_single(folder: Path) -> None:
    done = estimate("quux\nhappy\n", "--rated", "110", like="vader")
    assert done.exit_code == 0, done.output
    rows = made("words-like-vader")
    assert [name for name in rows if name.startswith("valence")] == [
        f"valence.{place}" for place in range(1, 11)
    ]
    card = read_card(Path("config/datasets/words-like-vader.yaml"), DatasetCard)
    checked = check_data(card)
    assert not checked.problems
    assert checked.norms is not None
    assert set(map(len, checked.norms["ratings"])) == {10}
    # VADER prints for happy a mean of 2.7 on −4 to 4.
    happy = rows.set_index("text").loc["happy"].filter(like="valence").astype(float)
    assert happy.mean() == pytest.approx(7.7)


# What is said before anything is spent


def test_widths_follow_from_the_spread_of_the_norms(folder: Path) -> None:
    done = estimate(NEW, "--scale", "valence")
    line = next(text for text in done.output.splitlines() if "valence (1 to 9)" in text)
    sd, *wide = map(float, line.split("9)")[1].split())
    assert sd == pytest.approx(table()["V.M"].std(), abs=0.01)
    uncut = [2 * 1.645 * sd * (1 - r * r) ** 0.5 for r in (0.5, 0.7, 0.8, 0.9)]
    assert all(width <= most + 0.01 for width, most in zip(wide, uncut, strict=True))
    assert wide[3] == pytest.approx(uncut[3], rel=0.1)
    apart = next(text for text in done.output.splitlines() if "least difference" in text)
    assert float(apart.split()[-1]) == pytest.approx(uncut[3] / 2**0.5, abs=0.01)


def test_costs_are_those_of_the_plan(folder: Path) -> None:
    done = estimate("quux\nhappy\n", "--rated", "110", "--model", "gpt-4o-mini", like="vader")
    told = flat(done.output)
    assert "gpt-4o-mini: 2,240 answers, 0 in the journal, 2,240 to ask in 112 requests" in told
    assert "US dollars" in told
    assert "max_usd = 5 covers this" in told
    assert "the environment variable OPENAI_API_KEY" in told


def test_agreement_that_was_measured_before_is_told_with_the_width_that_follows(
    folder: Path,
) -> None:
    cell = {"model": "small", "protocol": "p", "readout": "exact", "dataset": "norms"}
    known = {"scale": "valence", "pearson_r": 0.9, "pearson_low": 0.85, "pearson_high": 0.93}
    rows = pd.DataFrame(
        [
            {**cell, **known},
            {**cell, **known, "model": "other"},
            {**cell, **known, "dataset": "elsewhere"},
            {**cell, **known, "pearson_r": float("nan")},
        ]
    ).reindex(columns=ALIGNMENT.schema.names)
    ALIGNMENT.write(rows, Path("results/before") / ALIGNMENT.path)
    done = estimate(NEW, "--scale", "valence")
    said = re.findall(
        r"small \(p, exact\) on valence: r = \.90, 95% CI \[\.85, \.93\] in the study "
        r"before; intervals would be ([\d.]+) points wide\.",
        flat(done.output),
    )
    line = next(text for text in done.output.splitlines() if "valence (1 to 9)" in text)
    assert said == [line.split()[-1]]
    assert "other (p" not in done.output


def test_the_included_model_needs_no_network_and_is_said_to_be_for_trials(folder: Path) -> None:
    Path("words.txt").write_text(NEW, encoding="utf-8")
    arguments = ["estimate", "words.txt", "--like", "norms", "--scale", "valence"]
    done = CliRunner().invoke(application, arguments)
    assert done.exit_code == 0, done.output
    (protocol,) = read_yaml(Path("config/studies/words-like-norms.yaml"))[0]["protocols"]
    assert protocol["readouts"] == ["exact"]
    told = flat(done.output)
    assert "on this machine, at no cost" in told
    assert "The included model is there to try things out." in told


def test_too_few_rated_items_are_a_warning(folder: Path) -> None:
    told = flat(estimate(NEW, "--rated", "50").output)
    assert "Too few rated words to learn from: valence (52), arousal (52)." in told
    assert "at least 100" in told
    assert "Too few" not in estimate(NEW, "--study", "more").output


def test_many_models_need_more_rated_items(folder: Path) -> None:
    models = [f"m{place}" for place in range(25)]
    for name in models:
        Path(f"config/models/{name}.yaml").write_text(SERVED, encoding="utf-8")
    options = [part for name in models for part in ("--model", name)]
    told = flat(estimate(NEW, "--scale", "valence", "--rated", "100", *options).output)
    assert "valence (102). Estimates need at least 125" in told


def test_no_message_carries_out_what_a_list_says(folder: Path) -> None:
    done = estimate("joy\n\x1b[31mred\nquux\n" + 2 * f"long {'a' * 80}\n")
    assert "\x1b" not in done.output
    assert "a" * 60 not in done.output


# How it is asked


def test_a_list_is_asked_about_as_the_raters_were_where_a_protocol_follows_them(
    folder: Path,
) -> None:
    card = Path("config/datasets/warriner.yaml")
    card.write_text(LIKE.replace("@article{ours,", "@article{warriner,"), encoding="utf-8")
    done = estimate(NEW, "--rated", "110", like="warriner")
    assert done.exit_code == 0, done.output
    (protocol,) = read_yaml(Path("config/studies/words-like-warriner.yaml"))[0]["protocols"]
    # Its raters had 350 words in a list, and there are not as many.
    assert protocol == {"like": "as-warriner", "session": {"items": None}}
    assert "at most 5,040 answers" in flat(done.output)  # ten for practice among them


def test_the_cheap_way_stands_beside_the_sessions_ready_to_take_their_place(folder: Path) -> None:
    card = Path("config/datasets/warriner.yaml")
    card.write_text(LIKE, encoding="utf-8")
    assert estimate(NEW, "--rated", "110", like="warriner").exit_code == 0
    path = Path("config/studies/words-like-warriner.yaml")
    lines = path.read_text(encoding="utf-8").splitlines()
    sessions = next(place for place, line in enumerate(lines) if "like: as-warriner" in line)
    first = next(place for place, line in enumerate(lines) if line.startswith("#   - name:"))
    alone = [line.removeprefix("# ") for line in lines[first : first + 5]]
    path.write_text("\n".join([*lines[:sessions], *alone, *lines[first + 5 :]]), encoding="utf-8")
    loaded = load_study(read_yaml(path)[0], Path("config"), path, [path])
    assert [protocol.session for protocol in loaded.study.protocols] == [None]


def test_a_protocol_that_follows_the_same_article_is_found_by_its_address(folder: Path) -> None:
    cited = LIKE.replace("title = {", "doi = {10.3758/s13428-012-0314-x}, title = {")
    Path("config/datasets/norms.yaml").write_text(cited, encoding="utf-8")
    done = estimate(NEW, "--rated", "110")
    assert done.exit_code == 0, done.output
    (protocol,) = read_yaml(Path("config/studies/words-like-norms.yaml"))[0]["protocols"]
    assert protocol["like"] == "as-warriner"


def test_words_that_prompts_show_are_neither_estimated_nor_learned_from(folder: Path) -> None:
    card = Path("config/datasets/warriner.yaml")
    card.write_text(LIKE, encoding="utf-8")
    rows = table()
    rows.loc[10, "word"] = "chairs"  # which as-warriner shows for practice
    rows.to_csv("resources/norms.csv", index=False)
    done = estimate("joy\nFunerals\nquux\n", "--rated", "500", like="warriner")
    assert "1 that prompts show as examples (Funerals)" in flat(done.output)
    texts = set(made("words-like-warriner")["text"])
    assert not texts & {"Funerals", "chairs"}
    assert {"joy", "quux", "w11x"} < texts


def test_where_no_prompts_fit_a_first_draft_is_written(folder: Path) -> None:
    card = Path("config/datasets/norms.yaml")
    card.write_text(LIKE.replace("modality: word", "modality: word\nlanguage: fi"), "utf-8")
    done = estimate(NEW, "--rated", "110")
    assert done.exit_code == 0, done.output
    assert Path("config/prompts/words-like-norms.yaml").exists()
    path = Path("config/studies/words-like-norms.yaml")
    load_study(read_yaml(path)[0], Path("config"), path, [path])


def test_recorded_ratings_need_no_way_of_asking(folder: Path) -> None:
    texts = [*NEW.split("\n")[:5], *table()["word"]]
    rated = pd.DataFrame({"word": texts, "valence": 5, "arousal": 4}).drop_duplicates("word")
    rated.to_csv("recorded.csv", index=False)
    recorded = ["new", "model", "they", "--recorded", "recorded.csv"]
    assert CliRunner().invoke(application, recorded).exit_code == 0
    done = estimate("joy\nstorm\nnull\n", "--model", "they", "--rated", "110")
    assert done.exit_code == 0, done.output
    assert "No model is asked, and nothing is paid" in done.output
    assert "protocols" not in read_yaml(Path("config/studies/words-like-norms.yaml"))[0]


# What is refused, before anything is written

WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "a dataset that is not there": (("--like", "norm"), "did you mean 'norms'?"),
    "a scale that is not there": (("--scale", "valenz"), "did you mean 'valence'?"),
    "a model that is not there": (("--model", "gpt-4o-min"), "did you mean 'gpt-4o-mini'?"),
    "labels": (("--like", "goemotions"), "has no scale of numbers"),
    "images": (("--like", "oasis"), "are images"),
    "missing files": (("--like", "warriner"), "doi 10.3758/s13428-012-0314-x"),
    "a name that is none": (("--study", "my words"), "not a valid name"),
    "the name of an included dataset": (("--study", "vader"), "included entry of datasets"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_told_with_what_to_type(mistake: str, folder: Path) -> None:
    options, says = WRONG[mistake]
    done = estimate(NEW, *options)
    assert done.exit_code == 1
    assert says in done.stderr
    assert not list(folder.glob("config/studies/*"))
    assert not list(folder.glob("resources/*/items.csv"))


def test_sentences_are_not_estimated_from_words(folder: Path) -> None:
    done = estimate("We had a very long walk.\nShe left the room without a word.\n")
    assert done.exit_code == 1
    assert "Datasets of sentences: " in done.stderr
    assert "emobank" in done.stderr


def test_a_list_that_people_have_rated_needs_no_estimates(folder: Path) -> None:
    done = estimate("joy\nstorm\n")
    assert done.exit_code == 1
    assert "nothing to estimate" in done.stderr
    assert not list(folder.glob("config/studies/*"))


def test_nothing_is_overwritten_and_what_is_half_written_is_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert estimate(NEW).exit_code == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = estimate(NEW)
    assert again.exit_code == 1
    assert again.stderr.startswith(
        "config/studies/words-like-norms.yaml, config/datasets/words-like-norms.yaml and "
        "resources/words-like-norms/items.csv already exist, and nothing was written."
    )
    assert "--study my-words" in again.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("emoalign.commands.estimation.files.write_study", full)
    assert estimate(NEW, "--study", "second").exit_code == 1
    assert not list(folder.rglob("second*.yaml"))
    assert not Path("resources/second/items.csv").exists()
