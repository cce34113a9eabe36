"""A bundle: nothing that may not be passed on, the same bytes again, all files or none."""

from __future__ import annotations

import hashlib
import html
import json
import unicodedata
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.errors import DataError, StudyError
from emoalign.publication import bundle as bundles
from emoalign.publication.absence import require_absent
from emoalign.publication.bundle import write_publication
from emoalign.publication.configuration import model_configuration, prompt_configuration
from emoalign.publication.data_tables import item_table, write_table
from emoalign.publication.publication_job import PublishedDataset
from emoalign.study.prompt_sets import PromptSet
from emoalign.tables import ITEMS, RATINGS, STIMULI
from tests.kit.published import (
    HIDDEN,
    OPEN,
    PUBLICATION,
    UNRATED,
    bundle,
    job,
    loaded_study,
    results,
    whole,
    write_files,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a dataset that may be passed on and one that may not."""
    return bundle(tmp_path_factory.mktemp("study"))


def said(path: Path) -> str:
    """All that a file says, unpacked, with what JSON and Python make of letters."""
    raw = path.read_bytes()
    parts = [raw.decode("utf-8", errors="replace")]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            parts += [book.read(name).decode("utf-8", errors="replace") for name in book.namelist()]
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        parts += [table.to_json(force_ascii=force) for force in (True, False)]
        parts.append(str(table.columns.tolist()))
    return "\n".join(parts).casefold()


def telling(folder: Path, texts: tuple[str, ...]) -> dict[str, set[str]]:
    """The files of a folder in which one of these texts is, as it is or escaped."""
    wanted = {form.casefold() for text in texts for form in (text, json.dumps(text).strip('"'))}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = {str(path.relative_to(folder)): said(path) for path in files}
    return {
        name: {each for each in wanted if each in text}
        for name, text in found.items()
        if any(each in text for each in wanted)
    }


def test_the_search_finds_words_that_may_be_passed_on(made: Path) -> None:
    found = telling(made, ("Ärger", "喜び"))
    assert {"data/open-items.csv", "data/open-items.parquet", "data/open-ratings.csv"} <= set(found)


def test_no_text_of_a_restricted_dataset_is_in_any_file(made: Path) -> None:
    assert telling(made, HIDDEN) == {}
    ratings = pd.read_parquet(made / "data/secret-ratings.parquet")
    assert len(ratings) == 4 * len(HIDDEN)
    assert ratings["item_id"].str.fullmatch(r"[0-9a-f]{10}").all()
    assert not {"text", "request_id", "prompt_tokens", "reply_id"} & set(ratings.columns)
    shown = pd.read_parquet(made / "data/open-ratings.parquet")
    assert "request_id" not in shown  # of prompts with an example that is not passed on


def test_no_human_number_of_a_restricted_dataset_is_in_any_file(made: Path) -> None:
    table = pd.read_csv(made.parent / "resources/secret.csv", keep_default_na=False)
    assert telling(made, tuple(str(mean) for mean in table["m"])) == {}
    items = pd.read_parquet(made / "data/secret-items.parquet")
    assert not [name for name in items.columns if name.startswith("human")]
    assert items["mean"].between(1, 9).all()


def test_a_dataset_that_may_be_passed_on_is_there_with_its_norms(made: Path) -> None:
    items = pd.read_parquet(made / "data/open-items.parquet")
    assert set(items["word"]) == set(OPEN)
    norms = pd.read_csv(made.parent / "resources/open.csv", keep_default_na=False)
    known = dict(zip(norms["word"], pd.to_numeric(norms["m"]), strict=True))
    np.testing.assert_array_equal(items["human_mean"], [known[word] for word in items["word"]])
    assert set(items["word"][items["human_mean"].isna()]) == set(UNRATED)
    assert pd.read_parquet(made / "data/open-ratings.parquet")["text"].str.contains("say").any()


def test_csv_files_have_the_rows_of_the_parquet_files(made: Path) -> None:
    for path in made.glob("data/*.csv"):
        whole = pd.read_parquet(path.with_suffix(".parquet"))
        texts = pd.read_csv(path, keep_default_na=False, dtype=str)
        assert texts.columns.tolist() == whole.columns.tolist()
        assert len(texts) == len(whole)
        name = next(name for name in ("rating", "mean", "Valence.M") if name in whole)
        numbers = pd.to_numeric(texts[name]).to_numpy(dtype=float)
        np.testing.assert_array_equal(numbers, whole[name].to_numpy(dtype=float))
    words = pd.read_csv(made / "data/open-items.csv", keep_default_na=False, dtype=str)["word"]
    kept = [word for word in words if not word.startswith("'")]
    assert {"NA", "TRUE", "null", "1e5", "007", 'quo"te', "com,ma"} <= set(kept)
    assert {"'=SUM(A1:A9)", "'-joy", "'+1", "'@home"} <= set(words)
    shares = pd.read_csv(made / "data/open-items.csv")["distribution"].map(json.loads)
    assert shares.map(sum).between(0.999, 1.001).all()


def test_estimates_are_those_of_the_dataset_that_may_be_passed_on(made: Path) -> None:
    norms = pd.read_csv(made / "data/open-norms.csv", keep_default_na=False)
    assert norms.columns[:3].tolist() == ["id", "Word", "Valence.M"]
    assert set(norms["Word"]) >= {"NA", "TRUE", "'=SUM(A1:A9)"}
    assert set(norms["Word"][norms["Valence.rated"] == 0]) == set(UNRATED)
    long = pd.read_parquet(made / "data/open-estimates.parquet")
    assert long["rated"].sum() == len(OPEN) - len(UNRATED)
    assert not [
        path.name
        for path in made.rglob("secret-*")
        if "ratings" not in path.name and "items" not in path.name
    ]
    assert telling(made, ("5.123456",)).keys() <= {
        "data/open-norms.csv",
        "data/open-norms.parquet",
        "norms.xlsx",
        "data/open-estimates.csv",
        "data/open-estimates.parquet",
    }
    readme = (made / "README.md").read_text(encoding="utf-8")
    assert "| `open` | `valence` | 17 | 3 | .81 [.70, .90] | 0.90 | .88 | 3.25 |" in readme


def test_a_study_that_estimates_nothing_publishes_items_and_ratings(tmp_path: Path) -> None:
    made = bundle(tmp_path, estimates=None)
    assert not [path.name for path in made.rglob("*") if "norms" in path.name]
    assert "Estimated norms" not in (made / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in made.glob("data/*.csv")} == {
        f"{name}-{part}.csv" for name in ("open", "secret") for part in ("items", "ratings")
    }


def test_estimates_that_the_study_does_not_make_cannot_be_included(tmp_path: Path) -> None:
    publication = {**PUBLICATION, "include": ["estimates"]}
    write_files(tmp_path, estimates=None, publication=publication)
    with pytest.raises(StudyError, match=r"publication\.include: the study estimates no norms"):
        loaded_study(tmp_path)


def test_a_bundle_without_any_table_is_refused(tmp_path: Path) -> None:
    publication = {**PUBLICATION, "include": ["estimates"]}
    write_files(tmp_path, datasets=[{"dataset": "secret"}], publication=publication)
    with pytest.raises(StudyError, match=r"publication\.include: nothing would be in it"):
        loaded_study(tmp_path)


def test_two_runs_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    loaded = loaded_study(made.parent)
    again = tmp_path / "again"
    results_again = results(made.parent, loaded)
    write_publication(job(made.parent), results_again, again)
    names = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    assert names == {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
    assert [
        name for name in names if (made / name).read_bytes() != (again / name).read_bytes()
    ] == []


def test_a_bundle_has_the_files_that_its_job_names(made: Path) -> None:
    there = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert there == set(job(made.parent).files())


def test_checksums_are_those_of_all_files(made: Path) -> None:
    lines = (made / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ", 1)) for line in lines)
    there = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert set(sums) == there - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest


def test_every_column_has_a_row_in_the_codebook(made: Path) -> None:
    book = pd.read_csv(made / "codebook.csv", keep_default_na=False)
    columns = {
        (path.stem, name)
        for path in made.glob("data/*.parquet")
        for name in pd.read_parquet(path).columns
    }
    assert set(zip(book["table"], book["variable"], strict=True)) == columns
    assert not book.duplicated(["table", "variable"]).any()
    assert book["label"].str.len().min() > 5
    human = book[book["source"] == "people"]
    assert human["citation"].str.endswith("doi:10.1234/open").all()


def test_no_file_tells_of_the_machine(made: Path) -> None:
    assert telling(made, (str(made.parent), str(Path.home()), "data_mirror")) == {}
    card = YAML(typ="safe").load(made / "configuration/models/recorded.yaml")
    assert card["source"]["file"] == "recorded.csv"


def test_a_failure_leaves_the_bundle_as_it_was(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded = loaded_study(made.parent)
    output = tmp_path / "publication"
    output.mkdir()
    (output / "README.md").write_text("An older one")

    def fails(*_: object) -> str:
        raise DataError("something is wrong")

    monkeypatch.setattr(bundles, "readme", fails)
    with pytest.raises(DataError, match="something is wrong"):
        write_publication(job(made.parent), results(made.parent, loaded), output)
    assert [path.name for path in tmp_path.rglob("*")] == ["publication", "README.md"]


def test_what_a_power_cut_has_left_is_taken_away(made: Path, tmp_path: Path) -> None:
    left = tmp_path / ".publication.partial/data/old.csv"
    left.parent.mkdir(parents=True)
    left.write_text("old")
    found = AnalysisFiles.within(made.parent / "results")
    write_publication(job(made.parent), found, tmp_path / "publication")
    assert [path.name for path in tmp_path.iterdir()] == ["publication"]
    assert not list(tmp_path.rglob("old.csv"))


TELLING = 'The quélbopse: "it\'s" & 50% \\ zorv\nand mixed.'


@pytest.mark.parametrize(
    "written",
    [
        TELLING,
        TELLING.upper(),
        json.dumps(TELLING),
        json.dumps(TELLING, ensure_ascii=False),
        TELLING.replace("'", "''").replace("\n", " "),
        unicodedata.normalize("NFD", TELLING),
        quote(TELLING),
        html.escape(TELLING),
        repr(TELLING),
    ],
)
def test_a_long_text_is_found_however_it_is_written(tmp_path: Path, written: str) -> None:
    stimuli, folder = tmp_path / "stimuli.parquet", tmp_path / "bundle"
    rows = [{"item_id": "1", "text": TELLING}, {"item_id": "2", "text": "—— —— —— —— —— —— ——"}]
    STIMULI.write(whole(STIMULI, pd.DataFrame(rows)), stimuli)
    folder.mkdir()
    (folder / "README.md").write_text("The quélbopse, and mixed zorvs", encoding="utf-8")
    require_absent(stimuli, "Secret words", folder)
    (folder / "README.md").write_text(f"Rated: {written}, too", encoding="utf-8")
    with pytest.raises(DataError, match=r"README\.md would hold an item of Secret words"):
        require_absent(stimuli, "Secret words", folder)


def test_a_bundle_that_would_hold_a_long_text_is_not_written(tmp_path: Path) -> None:
    write_files(tmp_path)
    loaded = loaded_study(tmp_path)
    made = results(tmp_path, loaded)
    stimuli = made.by_dataset("stimuli")["secret"]
    rows = STIMULI.read(stimuli)
    STIMULI.write(rows.assign(text=[TELLING, *rows["text"][1:]]), stimuli)
    asked = job(tmp_path)
    write_publication(asked, made, tmp_path / "fine")
    told = asked.settings.model_copy(update={"description": f"Rated: {TELLING}"})
    with pytest.raises(DataError, match=r"CITATION\.cff would hold an item of Secret words"):
        write_publication(asked.model_copy(update={"settings": told}), made, tmp_path / "not")
    assert not (tmp_path / "not").exists()


def test_the_readme_says_what_is_left_out(made: Path) -> None:
    readme = (made / "README.md").read_text(encoding="utf-8")
    assert "The terms of Secret words do not allow" in readme
    assert "Nothing that was fitted to these human ratings is in it" in readme
    assert "demonstrations and practice in prompts, choices of items" in readme
    licence = (made / "LICENSE.txt").read_text(encoding="utf-8")
    assert "SPDX-License-Identifier: CC-BY-4.0" in licence
    assert "Terms: see paper" in licence
    assert "@article{secret" in licence


def test_only_what_is_named_is_included(tmp_path: Path) -> None:
    made = bundle(tmp_path, publication={**PUBLICATION, "include": ["ratings"]})
    assert sorted(path.name for path in made.glob("data/*.csv")) == [
        "open-ratings.csv",
        "secret-ratings.csv",
    ]


def test_the_configuration_of_a_study_without_restrictions_is_the_same_study(
    tmp_path: Path,
) -> None:
    from emoalign.planning.loading import load_study
    from emoalign.study.reading import read_yaml

    made = bundle(tmp_path, datasets=[{"dataset": "open"}])
    written, problems = read_yaml(made / "configuration/study.yaml")
    assert not problems
    again = load_study(written, made / "configuration")
    before = loaded_study(tmp_path)
    assert again.study == before.study.model_copy(update={"data_mirror": None})
    assert again.prompt_sets == before.prompt_sets
    assert again.datasets["open"].scales == before.datasets["open"].scales
    assert "request_id" in pd.read_parquet(made / "data/open-ratings.parquet")


def test_the_configuration_has_the_lexicon_that_the_study_names(tmp_path: Path) -> None:
    write_files(tmp_path, transparency={"seeds": "mine"})
    (tmp_path / "config/lexicons").mkdir()
    words = {"title": "Mine", "source": "Me", "seeds": {"joy": ["glad"]}}
    with (tmp_path / "config/lexicons/mine.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(words, stream)
    assert job(tmp_path).configuration["lexicons/mine.yaml"] == words


def test_examples_and_chosen_rows_are_left_out_where_they_may_be_items(tmp_path: Path) -> None:
    wording = {
        "instruction": "Rate.",
        "written_for": {"min": 1, "max": 9},
        "demonstrations": [{"text": "zorvexample", "rating": 4}],
        "practice": ["zorvpractice"],
    }
    prompts = PromptSet.model_validate(
        {
            "title": "T",
            "kind": "chat",
            "template": "{{ item.text }}",
            "answer": {"kind": "text"},
            "scales": {"valence": wording},
        }
    )
    assert "zorv" not in str(prompt_configuration(prompts, demonstrations=False))
    assert "zorvpractice" in str(prompt_configuration(prompts, demonstrations=True))
    write_files(tmp_path)
    card = loaded_study(tmp_path).models["recorded"]
    assert "zorv" not in str(model_configuration(card, choice=False))
    assert "zorv" in str(model_configuration(card, choice=True))


@pytest.mark.parametrize(
    ("naming", "included"),
    [((), True), (("demonstrations",), False), (("keep",), False), (("only",), False)],
)
def test_a_frozen_plan_is_included_only_where_nothing_in_it_may_name_restricted_items(
    tmp_path: Path, naming: tuple[str, ...], included: bool
) -> None:
    write_files(tmp_path)
    places = {
        "demonstrations": ("prompts/asked", ("scales", "valence")),
        "keep": ("datasets/secret", ()),
        "only": ("models/recorded", ()),
    }
    for key, (name, way) in places.items():
        path = tmp_path / f"config/{name}.yaml"
        entry = YAML(typ="safe").load(path)
        holder = entry
        for step in way:
            holder = holder[step]
        if key not in naming:
            del holder[key]
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(entry, stream)
    (tmp_path / "config/preregistrations").mkdir()
    (tmp_path / "config/preregistrations/shared.md").write_text("Planned.\n")
    files = job(tmp_path).files()
    assert ("preregistration.md" in files) == included


def test_a_frozen_plan_is_included_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config/preregistrations").mkdir(parents=True)
    frozen = tmp_path / "config/preregistrations/shared.md"
    frozen.write_text(f"Planned: {OPEN[0]}\n")
    made = bundle(tmp_path, datasets=[{"dataset": "open"}])
    assert (made / "preregistration.md").read_bytes() == frozen.read_bytes()


def test_an_image_is_named_and_its_folder_is_not(tmp_path: Path) -> None:
    made = image_tables(tmp_path)
    card = PublishedDataset(
        title="Images",
        modality="image",
        language="en",
        scales={},
        licence="CC0-1.0",
        citation="",
        redistribute=True,
    )
    for redistribute in (True, False):
        to = tmp_path / str(redistribute)
        item_table("images", card.model_copy(update={"redistribute": redistribute}), made, to)
        table = pd.read_parquet(to / "data/images-items.parquet")
        assert table.get("image", pd.Series()).tolist() == ["a b.jpg"] * redistribute
        assert telling(to, ("/home", "secret-folder")) == {}


def image_tables(folder: Path) -> dict[Any, Path]:
    """Items and stimuli of one image."""
    stimuli, items = folder / "stimuli.parquet", folder / "items.parquet"
    image = {"item_id": "1", "modality": "image", "image_path": "/home/secret-folder/a b.jpg"}
    STIMULI.write(whole(STIMULI, pd.DataFrame([image])), stimuli)
    item = {"item_id": "1", "model": "m", "dataset": "images", "scale": "valence", "mean": 4.0}
    ITEMS.write(whole(ITEMS, pd.DataFrame([item])), items)
    return {"items": items, "stimuli": stimuli}


def test_a_table_without_rows_is_one_without_rows(tmp_path: Path) -> None:
    import pyarrow as pa

    columns = RATINGS.columns
    empty = pa.Table.from_pylist([], schema=RATINGS.schema)
    table = write_table("none", "words", "nothing", columns, [empty], tmp_path)
    assert table.rows == 0
    assert len(pd.read_parquet(tmp_path / table.parquet)) == 0
    assert pd.read_csv(tmp_path / table.csv).columns.tolist() == RATINGS.schema.names


def test_parquet_files_hold_no_time(made: Path) -> None:
    import pyarrow.parquet as pq

    for path in made.glob("data/*.parquet"):
        assert set(pq.read_metadata(path).metadata) == {b"ARROW:schema"}
