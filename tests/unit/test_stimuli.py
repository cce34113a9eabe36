"""Stimuli and norms: read strictly, mapped exactly, drawn by hash, written whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.errors import DataError
from emoalign.planning.jobs import Jobs
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.norms import to_scale
from emoalign.stimuli.preparation import prepare, shard_names
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.readers.vader import VaderLexiconSource
from emoalign.stimuli.selection import sample_ids, select
from emoalign.study.fields import FileSource, FolderSource
from emoalign.study.scales import HumanScale, NativeRange
from emoalign.study.source_files import locate, locate_verified
from emoalign.tables import NORMS, STIMULI, TABLES, atomic, metadata

Prepare = Callable[..., PreparationJob]
Write = Callable[..., Path]
Limit = Callable[[int], AbstractContextManager[None]]

# The reader


def lexicon_items(file: Path) -> list[SourceItem]:
    source = VaderLexiconSource(reader="vader-lexicon", lexicon=FileSource(file=str(file)))
    return source.read({"lexicon": file})


def test_means_and_sds_are_recomputed_where_the_file_states_wrong_ones(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text("glad\t-3.9\t0.0\t[1, 2, 2, 3, 4]\n")
    (item,) = lexicon_items(file)
    human = item.ratings["valence"]
    assert item.text == "glad"
    assert human.ratings == (1, 2, 2, 3, 4)
    assert human.mean == pytest.approx(12 / 5)
    # Deviations -1.4, -.4, -.4, .6, 1.6: squares sum to 5.2; four degrees of freedom.
    assert human.sd == pytest.approx((5.2 / 4) ** 0.5)
    assert human.n == 5


def test_a_token_that_occurs_twice_is_two_items_each_with_its_own_ratings(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text("d:\t0\t0\t[1, 2]\njoy\t0\t0\t[3, 3]\nd:\t0\t0\t[-1, -2]\n")
    first, _, third = lexicon_items(file)
    assert (first.item_id, first.text, first.ratings["valence"].mean) == ("vader-00001", "d:", 1.5)
    assert (third.item_id, third.text, third.ratings["valence"].mean) == ("vader-00003", "d:", -1.5)


def test_an_id_is_the_line_of_the_file_even_after_an_empty_line(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text("joy\t0\t0\t[1]\n\nwoe\t0\t0\t[2]")
    assert [item.item_id for item in lexicon_items(file)] == ["vader-00001", "vader-00003"]


def test_a_file_with_the_line_ends_of_windows_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_bytes(b"joy\t0\t0\t[1, 2]\r\nwoe\t0\t0\t[-2, 0]\r\n")
    joy, woe = lexicon_items(file)
    assert (joy.text, joy.ratings["valence"].ratings) == ("joy", (1, 2))
    assert (woe.text, woe.ratings["valence"].ratings) == ("woe", (-2, 0))


def test_a_byte_order_mark_is_no_part_of_the_first_token(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text("joy\t0\t0\t[1]\n", encoding="utf-8-sig")
    assert [item.text for item in lexicon_items(file)] == ["joy"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("joy\t1.0\t0.5", "expected 4 tab-separated fields"),
        ("joy 1.0 0.5 [1, 2]", "found 1"),
        ("joy\t1.0\t0.5\t[1, 2]\tnote", "found 5"),
        ("joy\t1.0\t0.5\t[1, 2", "found '[1, 2'"),
        ("joy\t1.0\t0.5\t", "found ''"),
        ("joy\t1.0\t0.5\t3", "found '3'"),
        ("joy\t1.0\t0.5\t(1, 2)", "list of whole numbers"),
        ("joy\t1.0\t0.5\t[1, 2.5]", "list of whole numbers"),
        ("joy\t1.0\t0.5\t[1, None]", "list of whole numbers"),
        ("joy\t1.0\t0.5\t[1, True]", "list of whole numbers"),
        ("joy\t1.0\t0.5\t['1']", "list of whole numbers"),
        ("joy\t1.0\t0.5\t[1, [2]]", "list of whole numbers"),
        ("joy\t1.0\t0.5\t__import__('os').abort()", "list of whole numbers"),
        ("joy\t1.0\t0.5\t[1, 2].clear()", "list of whole numbers"),
    ],
)
def test_a_line_of_another_form_is_an_error_that_names_it(
    line: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text(f"good\t1.9\t0.9\t[1, 2]\n{line}\nbad\t-2.5\t0.9\t[-2, -3]\n")
    with pytest.raises(DataError) as error:
        lexicon_items(file)
    assert f"{file}, line 2: " in str(error.value)
    assert told in str(error.value)


def test_a_file_that_is_no_text_is_an_error_of_the_data(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_bytes("naïve\t0\t0\t[1]\n".encode("latin-1"))
    with pytest.raises(DataError, match="not utf-8-sig text"):
        lexicon_items(file)


# Mapping


@pytest.mark.parametrize(("native", "mapped"), [(-4, 1), (-2.5, 2.5), (0, 5), (0.1, 5.1), (4, 9)])
def test_minus_4_to_4_is_mapped_to_1_to_9(
    native: float, mapped: float, nine_points: HumanScale
) -> None:
    assert to_scale(native, nine_points, "here") == pytest.approx(mapped)


def test_a_scale_without_a_native_range_is_left_as_it_is(nine_points: HumanScale) -> None:
    plain = nine_points.model_copy(update={"native": None})
    assert to_scale([1, 4.25, 9], plain, "here").tolist() == [1, 4.25, 9]


@pytest.mark.parametrize("value", [-4.01, 4.5, 5, -100])
def test_a_rating_outside_the_native_range_is_an_error_never_a_clamp(
    value: float, nine_points: HumanScale
) -> None:
    with pytest.raises(DataError, match=f"here: rating {value:g} is outside -4 to 4"):
        to_scale([0, value], nine_points, "here")


def test_a_rating_outside_the_range_stops_the_preparation_and_names_the_item(
    tmp_path: Path, preparation: Prepare
) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text("fine\t0\t0\t[1, 2]\nwild\t0\t0\t[1, 5]\n")
    with pytest.raises(DataError, match=r"vader-00002: rating 5 is outside"):
        run(preparation(file), tmp_path)
    assert not (tmp_path / "norms.parquet").exists()


def test_sds_are_stretched_with_the_scale_and_null_where_there_is_none(
    tmp_path: Path, nine_points: HumanScale, preparation: Prepare
) -> None:
    percent = nine_points.model_copy(update={"native": NativeRange(min=0, max=100)})
    file = tmp_path / "lexicon.txt"
    file.write_text("many\t0\t0\t[0, 50, 100]\none\t0\t0\t[25]\nnone\t0\t0\t[]\n")
    _, norms, _ = run(preparation(file, scales={"valence": percent}), tmp_path)
    assert norms["n"].tolist() == [3, 1], "an item that nobody rated is left out"
    assert norms["mean"].tolist()[:2] == [5, 3]
    assert norms["sd"][0] == pytest.approx(50 * 8 / 100)
    assert norms["ratings"][0].tolist() == [1, 5, 9]
    written = pq.read_table(tmp_path / "norms.parquet")
    assert written["sd"].to_pylist()[1:] == [None]


def test_a_file_that_counts_the_other_way_round_is_mapped_onto_the_scale(
    tmp_path: Path, nine_points: HumanScale, preparation: Prepare
) -> None:
    reversed_scale = nine_points.model_copy(update={"native": NativeRange(min=9, max=1)})
    file = tmp_path / "lexicon.txt"
    file.write_text("many\t0\t0\t[9, 7, 2]\n")
    _, norms, _ = run(preparation(file, scales={"valence": reversed_scale}), tmp_path)
    assert norms["ratings"][0].tolist() == [1, 3, 8]
    assert norms["mean"][0] == 4
    assert norms["sd"][0] == pytest.approx(np.std([9, 7, 2], ddof=1))
    file.write_text("many\t0\t0\t[9, 0]\n")
    with pytest.raises(DataError, match="rating 0 is outside 1 to 9"):
        run(preparation(file, scales={"valence": reversed_scale}), tmp_path)


# The sample

IDS = [f"item-{number}" for number in range(200)]


def test_a_sample_does_not_depend_on_the_order_of_the_items() -> None:
    assert sample_ids(reversed(IDS), 20, seed=7) == sample_ids(IDS, 20, seed=7)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 2**63))
def test_a_larger_sample_contains_the_smaller_one(small: int, large: int, seed: int) -> None:
    small, large = sorted((small, large))
    drawn = sample_ids(IDS, large, seed)
    assert len(drawn) == large
    assert drawn == sorted(drawn)
    assert set(sample_ids(IDS, small, seed)) <= set(drawn)


@given(st.sampled_from(IDS), st.integers(0, 1000))
def test_leaving_out_one_item_changes_at_most_one_of_the_sample(left_out: str, seed: int) -> None:
    before = set(sample_ids(IDS, 50, seed))
    after = set(sample_ids([one for one in IDS if one != left_out], 50, seed))
    assert before - after == ({left_out} & before)
    assert len(after - before) == len(before - after)


def test_another_seed_draws_another_sample_and_every_item_has_its_chance() -> None:
    drawn = [sample_ids(IDS, 20, seed) for seed in range(2000)]
    assert len({tuple(sample) for sample in drawn}) == 2000
    times = pd.Series([one for sample in drawn for one in sample]).value_counts()
    assert len(times) == len(IDS)
    # Each is drawn 200 times on average; a binomial SD is 13.4.
    assert times.between(200 - 5 * 13.4, 200 + 5 * 13.4).all()


def test_without_a_size_all_items_are_used() -> None:
    assert sample_ids(reversed(IDS), None, seed=1) == sorted(IDS)


def test_shards_are_consecutive_runs_and_no_smaller_than_they_must_be() -> None:
    assert shard_names(5, 2) == ["0000", "0000", "0001", "0001", "0002"]
    assert shard_names(4, 2) == ["0000", "0000", "0001", "0001"]
    assert shard_names(3, None) == ["0000", "0000", "0000"]
    assert shard_names(0, None) == []


def test_too_few_eligible_items_are_told_with_their_number(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    file = lexicon(["joy", "Joyful", "glee", ":-)", "awe"])
    job = preparation(file, keep="[a-z]+", excluded_texts=("glee",), sample=3)
    with pytest.raises(DataError, match="a sample of 3, but only 2 of 5 words can be used"):
        run(job, tmp_path)
    assert list(tmp_path.glob("*.parquet")) == []


def test_items_left_out_and_items_that_look_alike_are_counted_where_they_are_prepared(
    tmp_path: Path, preparation: Prepare, lexicon: Write, caplog: pytest.LogCaptureFixture
) -> None:
    file = lexicon(["joy", "Joyful", "glee", ":-)", "awe", "awe", "woe ", "fear"])
    job = preparation(file, keep="[a-zA-Z ]+", excluded_texts=("GLEE",), sample=5)
    with caplog.at_level("INFO"):
        run(job, tmp_path)
    stimuli = tmp_path / "stimuli.parquet"
    used = metadata(stimuli)["items_used"]
    assert used.startswith(
        "Of 8 words, 1 shown as an example in a prompt and 1 not matching the pattern [a-zA-Z ]+ "
        "were excluded. The sample was drawn from the remaining 6."
    )
    assert all(sentence.rstrip(".") in caplog.text for sentence in used.split(". "))
    letters = job.model_copy(update={"sample": None, "keep": "[a-z]+", "excluded_texts": ()})
    run(letters, tmp_path)
    assert metadata(stimuli)["items_used"].startswith(
        "Of 8 words, 3 with characters other than a to z were excluded. Items"
    )
    whole = job.model_copy(update={"sample": None})
    run(whole, tmp_path)
    used = metadata(stimuli)["items_used"]
    assert "Items that show the same text or image as an earlier one: 1. " in used
    assert "dataset mine: texts that begin or end with blanks: 1. " in caplog.text


def test_a_dataset_of_which_nothing_is_left_is_refused_even_without_a_sample(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    job = preparation(lexicon(["joy"]), keep="[0-9]+")
    with pytest.raises(DataError, match="at least one, but none of 1 word can be used"):
        run(job, tmp_path)


def test_keep_must_match_the_whole_text(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    file = lexicon(["joy", "joy!", "Joy", "in joy", "j0y", "über"])
    stimuli, _, _ = run(preparation(file, keep="[a-z]+"), tmp_path)
    assert stimuli["text"].tolist() == ["joy"]


def test_demonstrations_are_left_out_whatever_their_case(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    file = lexicon(["joy", "JOY", "Straße", "STRASSE", "joyful"])
    job = preparation(file, excluded_texts=("Joy", "straße"))
    stimuli, _, _ = run(job, tmp_path)
    assert stimuli["text"].tolist() == ["joyful"]


def test_an_id_that_stands_for_two_items_is_refused(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    items = lexicon_items(lexicon(["joy", "woe"]))
    with pytest.raises(DataError, match="'vader-00002' is used for more than one"):
        select([*items, items[1]], preparation(tmp_path / "lexicon.txt"))


# The source file


def test_another_file_than_expected_is_refused_with_both_checksums_and_where_to_get_it(
    lexicon: Write,
) -> None:
    file = lexicon(["joy"])
    source = FileSource(file=str(file), sha256="0" * 64, obtain="Ask the authors for version 2.")
    with pytest.raises(DataError) as error:
        locate_verified(source)
    for part in (str(file), "0" * 64, hashlib.sha256(file.read_bytes()).hexdigest()):
        assert part in str(error.value)
    assert str(error.value).endswith("Ask the authors for version 2.")


def test_nothing_is_prepared_from_another_file_than_expected(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    file = lexicon(["joy"])
    other = FileSource(file=str(file), sha256="0" * 64)
    source = VaderLexiconSource(reader="vader-lexicon", lexicon=other)
    with pytest.raises(DataError, match="another file than expected"):
        run(preparation(file, source=source), tmp_path)
    assert list(tmp_path.iterdir()) == [file]


def test_the_expected_file_is_found_with_its_checksum(tmp_path: Path, lexicon: Write) -> None:
    file = lexicon(["joy"])
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    assert locate_verified(FileSource(file=str(file), sha256=checksum)) == (file, checksum)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"file": "no/such/file.csv"}, "no/such/file.csv: no such file."),
        ({"file": "."}, ".: a folder, not a file."),
        ({"package": "no_such_package", "file": "a.txt"}, "package 'no_such_package'"),
        ({"package": "no_such.package", "file": "a.txt"}, "package 'no_such.package'"),
        ({"package": "emoalign", "file": "a.txt"}, "emoalign/a.txt: no such file."),
    ],
)
def test_a_missing_file_or_package_is_told_with_how_to_get_it(
    source: dict[str, str], told: str
) -> None:
    with pytest.raises(DataError) as error:
        locate(FileSource(**source, obtain="Run `make env`."))
    assert told in str(error.value)
    assert str(error.value).endswith(" Run `make env`.")


def test_a_file_inside_a_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "carries_data"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "words.txt").write_text("joy")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = locate(FileSource(package="carries_data", file="words.txt"))
    assert found == package / "words.txt"


def test_a_folder_is_known_by_all_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "carries_model/model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    for name in ("config.json", "1_Pooling/config.json", ".hidden"):
        (folder / name).write_text(name)
    monkeypatch.syspath_prepend(str(tmp_path))
    printed = "".join(
        f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n"
        for name in ("1_Pooling/config.json", "config.json")
    )
    checksum = hashlib.sha256(printed.encode()).hexdigest()
    source = FolderSource(package="carries_model", file="model", sha256=checksum)
    assert locate_verified(source) == (folder, checksum)
    for changed in ("config.json", "1_Pooling/config.json", "another.txt"):
        before = (folder / changed).read_text() if (folder / changed).exists() else None
        (folder / changed).write_text("other content")
        with pytest.raises(DataError, match=r"these are other files than expected: sha256 .*Ask"):
            locate_verified(source.model_copy(update={"obtain": "Ask the authors."}))
        if before is None:
            (folder / changed).unlink()
        else:
            (folder / changed).write_text(before)
    assert locate_verified(source) == (folder, checksum)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"file": "no/such/folder"}, "no/such/folder: no such folder."),
        ({"package": "emoalign", "file": "__init__.py"}, "__init__.py: a file, not a folder."),
        ({"package": "no_such_package", "file": "model"}, "package 'no_such_package'"),
    ],
)
def test_a_missing_folder_is_told_with_how_to_get_it(source: dict[str, str], told: str) -> None:
    with pytest.raises(DataError) as error:
        locate(FolderSource(**source, obtain="Type this."))
    assert told in str(error.value)
    assert str(error.value).endswith(" Type this.")


# The files that are written


def run(job: PreparationJob, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    stimuli, norms = folder / "stimuli.parquet", folder / "norms.parquet"
    prepare(job, stimuli, norms, folder / "shards.json")
    shards = orjson.loads((folder / "shards.json").read_bytes())
    return STIMULI.read(stimuli), NORMS.read(norms), shards


def test_the_default_study_rates_300_lowercase_words_none_of_them_a_demonstration(
    tmp_path: Path, default_study: LoadedStudy
) -> None:
    job = Jobs(default_study).prepare("vader")
    stimuli, norms, shards = run(job, tmp_path)
    assert len(stimuli) == 300
    assert stimuli["text"].str.fullmatch("[a-z]+").all()
    assert stimuli["text"].is_unique
    assert set(stimuli["modality"]) == {"word"}
    shown = {
        demonstration.text
        for prompts in default_study.prompt_sets.values()
        for wording in prompts.scales.values()
        for demonstration in wording.demonstrations
    }
    assert len(shown) > 20
    assert not shown & set(stimuli["text"])
    assert stimuli["item_id"].is_monotonic_increasing
    assert sorted(set(stimuli["shard"])) == shards
    assert norms["item_id"].tolist() == stimuli["item_id"].tolist()
    assert set(norms["n"]) == {10}
    assert norms["mean"].between(1, 9).all()
    single = np.stack(norms["ratings"].tolist())
    assert set(np.unique(single)) <= set(range(1, 10))
    assert norms["mean"].to_numpy() == pytest.approx(single.mean(axis=1))
    assert norms["sd"].to_numpy() == pytest.approx(single.std(axis=1, ddof=1))
    assert norms["sd"].gt(0).mean() > 0.95


def test_preparing_twice_gives_the_same_bytes(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    job = preparation(lexicon(IDS), sample=50)
    run(job, tmp_path)
    first = [file.read_bytes() for file in sorted(tmp_path.iterdir())]
    run(job, tmp_path)
    assert [file.read_bytes() for file in sorted(tmp_path.iterdir())] == first


def test_written_files_keep_the_data_contract_and_say_what_they_were_made_from(
    tmp_path: Path, preparation: Prepare, lexicon: Write
) -> None:
    file = lexicon(["joy", "woe", "awe"])
    _, _, shards = run(preparation(file, shard_items=2), tmp_path)
    assert shards == ["0000", "0001"]
    for name, table in (("stimuli", STIMULI), ("norms", NORMS)):
        written = pq.ParquetFile(tmp_path / f"{name}.parquet")
        assert written.schema_arrow.remove_metadata().equals(table.schema)
        assert written.metadata.row_group(0).column(0).compression == "ZSTD"
        metadata = written.schema_arrow.metadata
        assert metadata[b"source"] == b"lexicon.txt"
        assert metadata[b"source_sha256"].decode() == hashlib.sha256(file.read_bytes()).hexdigest()


def test_every_column_of_every_contract_is_named_once_and_explained() -> None:
    for table in TABLES:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names), table.path
        assert all(column.meaning for column in table.columns), table.path


NORM = {
    "item_id": ["a"],
    "scale": ["valence"],
    "mean": [5.0],
    "sd": [1.0],
    "n": [3],
    "ratings": [None],
    "labels": [None],
    "raters": [None],
}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"extra": [1]}, "columns unknown.*extra"),
        ({"mean": ["five"]}, "do not fit the contract"),
        ({"n": [2.5]}, "do not fit the contract"),
        ({"item_id": [7]}, "do not fit the contract"),
        ({"ratings": [["a"]]}, "do not fit the contract"),
    ],
)
def test_rows_that_break_the_contract_are_refused_and_nothing_is_written(
    wrong: dict[str, list[object]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        NORMS.write(pd.DataFrame(NORM | wrong), tmp_path / "norms.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not fit the contract"):
        NORMS.write(pd.DataFrame(NORM).drop(columns="sd"), tmp_path / "norms.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_not_read(tmp_path: Path) -> None:
    NORMS.write(pd.DataFrame(NORM), tmp_path / "norms.parquet")
    with pytest.raises(DataError, match="its columns are not those of stimuli"):
        STIMULI.read(tmp_path / "norms.parquet")


def many_norms() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame({"item_id": IDS, "mean": random.random(len(IDS)), "n": 3}).assign(
        scale="valence",
        sd=1.0,
        labels=None,
        raters=None,
        ratings=[random.random(50).tolist() for _ in IDS],
    )


def test_a_table_that_does_not_fit_on_the_disk_leaves_no_file(
    tmp_path: Path, no_file_above: Limit
) -> None:
    with no_file_above(4096), pytest.raises(OSError, match="File too large"):
        NORMS.write(many_norms(), tmp_path / "norms.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_does_not_fit_on_the_disk_leaves_the_old_file(
    tmp_path: Path, no_file_above: Limit
) -> None:
    NORMS.write(pd.DataFrame(NORM), tmp_path / "norms.parquet")
    before = (tmp_path / "norms.parquet").read_bytes()
    with no_file_above(4096), pytest.raises(OSError, match="File too large"):
        NORMS.write(many_norms(), tmp_path / "norms.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["norms.parquet"]
    assert (tmp_path / "norms.parquet").read_bytes() == before


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "made" / "file.txt"
    with atomic(target) as partial:
        partial.write_text("half")
        assert not target.exists()
        partial.write_text("whole")
    assert target.read_text() == "whole"
    assert [file.name for file in target.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_file_leaves_nothing_behind(
    interruption: type[BaseException], tmp_path: Path
) -> None:
    writing: Callable[[Path], AbstractContextManager[Path]] = atomic

    def half() -> None:
        with writing(tmp_path / "file.txt") as partial:
            partial.write_text("half")
            raise interruption

    with pytest.raises(interruption):
        half()
    assert list(tmp_path.iterdir()) == []


# The data as their authors publish them


def test_the_packaged_lexicon_states_some_sds_wrongly_and_none_is_taken_over(
    default_study: LoadedStudy,
) -> None:
    file = locate(default_study.datasets["vader"].files()["lexicon"])
    stated = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    items = lexicon_items(file)
    assert len(items) == len(stated) == 7520
    single = np.array([item.ratings["valence"].ratings for item in items])
    assert single.shape == (7520, 10)
    disagree = np.abs(single.std(axis=1) - [float(sd) for _, _, sd, _ in stated]) > 1e-3
    assert disagree.sum() == 6
    read = [(item.ratings["valence"].mean, item.ratings["valence"].sd) for item in items]
    assert np.array(read) == pytest.approx(
        np.column_stack([single.mean(axis=1), single.std(axis=1, ddof=1)])
    )
    texts = pd.Series([item.text for item in items])
    assert texts[texts.duplicated()].nunique() == 14
    assert len({item.item_id for item in items}) == len(items)


@pytest.mark.shared_data
def test_a_list_of_raw_ratings_in_the_same_format_reads_too_with_its_byte_order_mark(
    shared: Path,
) -> None:
    file = shared / "vader_icwsm2014" / "amazonReviewSnippets_anonDataRatings.txt"
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    items = lexicon_items(file)
    assert len(items) == 3708
    assert items[0].text == "1_1"
    assert items[0].ratings["valence"].mean == pytest.approx(-0.9)
    assert {item.ratings["valence"].n for item in items} == {20}
