"""ANEW with Stevenson, Warriner, NAPS: tables that a card describes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import SourceItem
from tests.kit.datasets import items, prepared, rated, shipped, write


def anew_table(words: int = 120, *, swapped: bool = False, negative: bool = False) -> str:
    """Words as in ANEW: dominance follows valence, arousal does not."""
    rng = np.random.default_rng(1)
    valence = rng.uniform(1.5, 8.5, words)
    dominance = (valence + rng.uniform(4, 6, words)) / 2
    arousal = rng.uniform(2, 8, words)
    columns = (dominance, arousal) if swapped else (arousal, dominance)
    lines = ["Word\tWdnum\tValMn\tValSD\tAroMn\tAroSD\tDomMn\tDomSD"]
    for number, (one, two, three) in enumerate(zip(valence, *columns, strict=True), 1):
        sd = "-1.64" if negative and number == 7 else "1.64"
        # Two different words are spelt alike, with ratings of their own.
        word = "bow" if number < 3 else f"word{number}"
        lines.append(f"{word}\t{number}\t{one:.2f}\t{sd}\t{two:.2f}\t2.1\t{three:.2f}\t1.9")
    return "\n".join(lines) + "\n"


STEVENSON_HEADER = "word\tANEW #\tcategory\t" + "".join(
    f"mean_{name}\tsd_{name}\tsex_{name}\t" for name in ("hap", "ang", "sad", "fear", "dis")
)


def stevenson(numbers: range) -> str:
    """Stevenson, Mikels & James: CR alone, stray suffixes, two tabs too many in some lines."""
    lines = [f"{STEVENSON_HEADER}n"]
    for number in numbers:
        values = "\t".join(["2.5\t1.25\t0"] * 5)
        stray = "\t\t" if number in (4, 5) else ""
        lines.append(f"word{number}\u00a0*\u00e9\t{number}\tneutral\t{values}\t48{stray}")
    return "\r".join(lines) + "\r"


def as_circulated(numbers: range) -> str:
    """The same with a note in field 21 of a line, and a last line of tabs alone."""
    lines = stevenson(numbers).split("\r")
    lines[7] += "\t\tsee line 9\u00a0: spelt otherwise"
    return "\r".join([*lines[:-1], "\t" * 18, ""])


def anew(folder: Path, table: str, joined: str | None = None) -> list[SourceItem]:
    files = {"table": write(folder / "ANEW2010All.txt", table)}
    if joined is None:
        return items("anew", files)
    files["joined.0.table"] = write(folder / "stevenson2007.txt", joined, "mac_roman")
    return items("anew-stevenson", files)


def test_words_of_anew_are_known_by_their_number(tmp_path: Path) -> None:
    found = anew(tmp_path, anew_table())
    assert len(found) == 120
    assert [item.text for item in found[:3]] == ["bow", "bow", "word3"]
    assert [item.item_id for item in found[:3]] == ["1", "2", "3"]
    assert rated(found[0], "valence").mean != rated(found[1], "valence").mean
    # ANEW does not say how many people rated a word.
    assert rated(found[0], "arousal").n is None
    assert rated(found[0], "arousal").sd == 2.1


def test_discrete_emotions_are_joined_by_number_and_not_by_word(tmp_path: Path) -> None:
    found = anew(tmp_path, anew_table(), stevenson(range(1, 61)))
    assert found[3].text == "word4"
    for scale in ("happiness", "anger", "sadness", "fear", "disgust"):
        human = rated(found[3], scale)
        assert (human.mean, human.sd, human.n) == (2.5, 1.25, 48)
        assert f"stevenson2007.txt, line 5, column 'mean_{scale[:3]}" in human.where
    assert set(found[70].ratings) == {"valence", "arousal", "dominance"}


def test_the_file_of_stevenson_is_read_as_it_circulates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = anew(tmp_path, anew_table(), as_circulated(range(1, 61)))
    assert len([item for item in found if "anger" in item.ratings]) == 60
    assert rated(found[6], "disgust").n == 48
    told = [line.rpartition("stevenson2007.txt: ")[2] for line in caplog.messages]
    assert "notes to the right of the last named column left out: 1 (line 8)" in told
    assert "empty rows left out: 1 (line 62)" in told


def test_a_study_of_discrete_emotions_uses_the_words_that_have_them(tmp_path: Path) -> None:
    card = shipped("anew-stevenson")
    files = {
        "table": {"file": str(write(tmp_path / "anew.tsv", anew_table()))},
        "joined": [
            card.source.model_dump()["joined"][0]
            | {"table": {"file": str(write(tmp_path / "s.tsv", stevenson(range(1, 61))))}}
        ],
    }
    source = type(card.source).model_validate(card.source.model_dump() | files)
    told = card.model_copy(update={"source": source})
    stimuli, norms = prepared(tmp_path, told)
    assert len(stimuli) == 60
    assert len(norms) == 60 * 8
    only = {name: card.scales[name] for name in ("valence", "arousal")}
    stimuli, norms = prepared(tmp_path, told, scales=only)
    assert len(stimuli) == 120
    assert norms["n"].isna().all()


def test_a_copy_with_arousal_and_dominance_swapped_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"valence correlates 0\.\d+ with arousal .*swapped"):
        anew(tmp_path, anew_table(swapped=True))


def test_a_copy_with_negative_sds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 8, column 'ValSD': .*never below 0, found -1\.64"):
        anew(tmp_path, anew_table(negative=True))


def test_the_words_null_and_true_survive_in_warriner(tmp_path: Path) -> None:
    columns = [
        f"{name}.{part}.{group}"
        for name in "VAD"
        for group in ("Sum", *"MFYOLH")
        for part in ("Mean", "SD", "Rat")
    ]
    header = ",Word," + ",".join(columns)
    lines = [header]
    words = ("null", "true", "None", "NA", "Christmas", "ice cream")
    for number, word in enumerate(words, 1):
        lines.append(f"{number},{word}," + ",".join(["5.5,1.2,20"] * 21))
    text = "\r\n".join(lines) + "\r\n"
    found = items("warriner", {"table": write(tmp_path / "warriner.csv", text)})
    assert [item.text for item in found] == list(words)
    assert [item.item_id for item in found] == ["1", "2", "3", "4", "5", "6"]
    assert rated(found[0], "dominance").n == 20


def test_spanish_words_keep_their_accents_and_columns_without_names_do_not_matter(
    tmp_path: Path,
) -> None:
    text = (
        ",Word,ValenceMean,ValenceSD,%ValenceRaters ,ArousalMean,ArousalSD,%ArousalRaters,,,\r\n"
        "1,abnegación,5.85,1.5,95,4.6,2.1,95,,,\r\n2,niño,7.9,1.3,100,5.0,2.2,100,,,\r\n"
    )
    table = write(tmp_path / "spanish.csv", text, "latin-1")
    first, second = items("spanish-words", {"table": table})
    assert (first.text, second.text) == ("abnegación", "niño")
    assert (rated(second, "valence").mean, rated(second, "arousal").sd) == (7.9, 2.2)


def test_the_columns_of_naps_are_for_the_card_to_name(tmp_path: Path) -> None:
    header = ["ID", "Category", *["M", "SD"] * 9]
    values = [str(1 + number / 4) for number in range(18)]
    lines = [
        "NAPS,,",
        "Women,,Men",
        ",".join(header),
        ",".join(["Animals_001_h", "Animals", *values]),
    ]
    table = write(tmp_path / "naps.csv", "\n".join(lines) + "\n")
    (image,) = items("naps", {"table": table}, format="csv")
    assert image.image == "Animals_001_h.jpg"
    assert [rated(image, name).mean for name in ("valence", "approach", "arousal")] == [4, 4.5, 5]
    with pytest.raises(DataError, match=r"no column 'M.12' \(scales.valence.mean in the dataset's"):
        items(
            "naps",
            {"table": table},
            format="csv",
            scales={
                "valence": shipped("naps")
                .source.scales["valence"]
                .model_copy(update={"mean": "M.12"})
            },
        )
