"""Lists of words as people have them: what is read, and what is left out and why."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from emoalign.commands.estimation.wordlist import LONGEST, WordList, read_list
from emoalign.errors import DataError

WORDS = ("beach", "ice cream", "null", "=sum", "1e5", "TRUE", "NA")


def read(folder: Path, content: str | bytes, name: str = "words.txt") -> WordList:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_word_per_line_is_read_whatever_the_ends_of_lines_and_the_encoding(
    end: str, coding: str, tmp_path: Path
) -> None:
    texts = (*WORDS, "café", "naïve", "Ärger")
    found = read(tmp_path, end.join([*texts, "", "  ", ""]).encode(coding))
    assert found.texts == texts
    assert not found.left_out
    assert (found.modality, found.column) == ("word", None)


def test_words_are_told_apart_by_what_they_look_like(tmp_path: Path) -> None:
    found = read(tmp_path, "cafe\u0301\ncaf\u00e9\n ice \t cream \nice cream\nMay\nmay\n")
    assert found.texts == ("cafe\u0301", "ice cream", "May", "may")
    assert found.left_out == {"that repeats another": ["caf\u00e9", "ice cream"]}
    assert found.in_two_spellings == [("May", "may")]


def test_a_header_is_left_out_and_a_word_like_it_further_down_is_not(tmp_path: Path) -> None:
    found = read(tmp_path, "\nWord\nbeach\ntext\n")
    assert found.texts == ("beach", "text")
    assert found.left_out == {"that names the column": ["Word"]}


def test_what_nobody_can_be_asked_about_is_left_out_with_the_reason(tmp_path: Path) -> None:
    long = "a" * (LONGEST + 1)
    found = read(tmp_path, f"beach\n\x1b[31mred\nlo\N{REPLACEMENT CHARACTER}st\n{long}\n")
    assert found.texts == ("beach",)
    assert {reason.split(" (")[0]: len(texts) for reason, texts in found.left_out.items()} == {
        "with control characters": 1,
        "with characters that were lost": 1,
        "of more than 2,000 characters": 1,
    }


TABLES = {
    "words.csv": "id,Word,freq\n1,beach,3\n2,null,4\n3,ice cream,9\n",
    "semicolons.csv": "Word;freq\nbeach;3,5\nnull;4,5\nice cream;9,1\n",
    "words.tsv": "word\tsaid\nbeach\tb\nnull\tc\nice cream\td\n",
    "tabs.txt": "word\tfreq\nbeach\t3\nnull\t4\nice cream\t1\n",
    "header.csv": "word\nbeach\nnull\nice cream\n",
    "plain.csv": '"beach"\nnull\nice cream\n',
    "words.jsonl": '{"word": "beach"}\n{"word": "null"}\n{"word": "ice cream"}\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_gives_its_column_of_words(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, TABLES[name], name).texts == ("beach", "null", "ice cream")


@pytest.mark.parametrize("name", ["words.xlsx", "words.parquet"])
@pytest.mark.parametrize("columns", [["word"], ["nr", "word"]])
def test_a_spreadsheet_gives_its_column_of_words(
    name: str, columns: list[str], tmp_path: Path
) -> None:
    words = [word for word in WORDS if word != "=sum"]  # which pandas writes as a formula
    rows = pd.DataFrame({"nr": range(6), "word": words})[columns]
    write = rows.to_excel if name.endswith("xlsx") else rows.to_parquet
    write(tmp_path / name, index=False)
    assert read_list(tmp_path / name).texts == tuple(words)


def test_a_table_longer_than_what_is_guessed_from_is_read_to_its_end(tmp_path: Path) -> None:
    lines = "".join(f"{place},w{place}x\n" for place in range(20_500))
    assert len(read(tmp_path, f"nr,word\n{lines}", "words.csv").texts) == 20_500


def test_sentences_with_commas_stay_whole_and_are_known_as_sentences(tmp_path: Path) -> None:
    sentences = (
        "The concert, in the end, was wonderful.",
        'She said "no", and left the room.',
        "We had a very long walk along the river.",
    )
    found = read(tmp_path, "\n".join(sentences))
    assert found.texts == sentences
    assert found.modality == "sentence"


REFUSED = {
    "empty.txt": (b"", "no word was found"),
    "blank.txt": (b"\n \r\n\n", "no word was found"),
    "header.txt": (b"word\n", "no word was found"),
    "list.docx": (b"PK\x03\x04\0\0", "expected text, found a document or an archive"),
    "list.pdf": (b"%PDF-1.7\n", "expected text, found a PDF"),
    "nul.txt": (b"be\0ach\n", "NUL byte"),
    "numbers.csv": (b"x,y\n1,2\n3,4\n", "no column with words was found among x, y"),
    "images.csv": (b"file,valence\na.png,2\nb.png,4\n", "seems to name images"),
    "headless.csv": (b"beach,7.5\nstorm,3\n", "the first line contains data"),
    "ragged.csv": (b"word,n\nbeach,1\nice,cold,2\nnull,3\n", "expected 2"),
    "table.xlsx": (b"not a spreadsheet", "not"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_list_is_refused_with_what_was_expected(name: str, tmp_path: Path) -> None:
    content, says = REFUSED[name]
    with pytest.raises(DataError, match=says) as error:
        read(tmp_path, content, name)
    assert name in str(error.value)
