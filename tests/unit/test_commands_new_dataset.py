"""emoalign new dataset: odd tables, as people have them, make cards that read them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.commands.new_files import CHECK
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.stimuli.guessed_scales import likely_range
from emoalign.study.reading import read_card

SHARED = Path(__file__).parents[3] / "shared/data"
WORDS = ("beach", "jellyfish", "null", "storm", "ice cream", "café")


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def emoalign(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, list(map(str, arguments)))


def lines(header: str, *columns: Callable[[int], object], mark: str = ",") -> str:
    """A table of the six words with a field of each column."""
    rows = [mark.join(str(column(place)) for column in columns) for place in range(len(WORDS))]
    return "\n".join([header, *rows]) + "\n"


def word(place: int) -> str:
    return WORDS[place]


def nr(place: int) -> int:
    return place + 1


def mean(place: int) -> float:
    return (1.2, 8.6, 5.25, 3.5, 7.75, 4.0)[place]


def comma(place: int) -> str:
    return f"{mean(place):.2f}".replace(".", ",")


def rating(place: int) -> int:
    return (1, 9, 5, 3, 7, 4)[place]


@dataclass(frozen=True)
class Odd:
    """A table, and what a card must say to read it."""

    name: str
    content: str | bytes
    source: dict[str, Any]
    scales: dict[str, dict[str, Any]]
    file: str = "table.csv"
    items: int = 6
    top: dict[str, Any] = field(default_factory=dict)


V19 = {"valence": {"min": 1, "max": 9}}
LONG = "\n".join(
    ["word,participant,valence"]
    + [f"{WORDS[item]},p{who},{1 + (item + who) % 9}" for item in range(6) for who in range(9)]
)

ODD = [
    Odd(
        "german spreadsheet",
        lines("Nr;Wort;ValenzMW;ValenzSD", nr, word, comma, lambda _: "1,5", mark=";"),
        {
            "delimiter": ";",
            "decimal": ",",
            "id": "Nr",
            "text": "Wort",
            "scales": {"valence": {"mean": "ValenzMW", "sd": "ValenzSD"}},
        },
        V19,
    ),
    Odd(
        "sep= line of Excel",
        "sep=;\n" + lines("Nr;word;valence", nr, word, rating, mark=";"),
        {"id": "Nr", "text": "word", "scales": {"valence": {"mean": "valence"}}},
        V19,
    ),
    Odd(
        "cp1252",
        lines("word,valence", word, rating).encode("cp1252"),
        {"encoding": "cp1252", "id": "word", "text": "word"},
        V19,
    ),
    Odd(
        "latin-1 with a byte that cp1252 lacks",
        lines("word,valence", word, rating).replace("storm", "st\x81rm").encode("latin-1"),
        {"encoding": "latin-1", "text": "word"},
        V19,
    ),
    Odd(
        "utf-16, tabs in a .txt",
        lines("word\tvalence", word, rating, mark="\t").encode("utf-16"),
        {"encoding": "utf-16", "format": "tsv", "text": "word"},
        V19,
        "table.txt",
    ),
    Odd(
        "utf-8 with a mark, pipes",
        lines("word|V_mean|V_sd|V_n", word, mean, lambda _: 1.1, lambda _: 24, mark="|").encode(
            "utf-8-sig"
        ),
        {
            "delimiter": "|",
            "scales": {"valence": {"mean": "V_mean", "sd": "V_sd", "n": "V_n"}},
        },
        V19,
    ),
    Odd(
        "a title and an empty line above the header",
        "Norms of our laboratory,\n\n" + lines("word,valence", word, rating),
        {"header_line": 3, "text": "word"},
        V19,
    ),
    Odd(
        "n/a and - where there is no number",
        lines("word,valence,arousal", word, rating, lambda i: ("n/a", "-", 2, 3, 8, "n/a")[i]),
        {"na_values": ["", "-", "n/a"]},
        {**V19, "arousal": {"min": 1, "max": 9}},
    ),
    Odd(
        "names run together",
        lines("Word,ValMn,ValSD,AroMn,AroSD", word, mean, lambda _: 1, mean, lambda _: 2),
        {
            "scales": {
                "valence": {"mean": "ValMn", "sd": "ValSD"},
                "arousal": {"mean": "AroMn", "sd": "AroSD"},
            }
        },
        {**V19, "arousal": {"min": 1, "max": 9}},
    ),
    Odd(
        "men and women beside everybody",
        lines(
            ",Word,V.Mean.Sum,V.SD.Sum,V.Rat.Sum,V.Mean.M,V.SD.M,V.Rat.M",
            *(nr, word, mean, lambda _: 1.5, lambda _: 20, mean, lambda _: 1.5, lambda _: 9),
        ),
        {
            "id": "",
            "text": "Word",
            "scales": {"valence": {"mean": "V.Mean.Sum", "sd": "V.SD.Sum", "n": "V.Rat.Sum"}},
        },
        V19,
    ),
    Odd(
        "statistic before the scale, one n for all",
        lines(
            "id,text,meanV,stdV,meanA,stdA,N",
            *(nr, word, mean, lambda _: 1, mean, lambda _: 1, lambda _: 12),
        ),
        {
            "scales": {
                "valence": {"mean": "meanV", "sd": "stdV", "n": "N"},
                "arousal": {"mean": "meanA", "sd": "stdA", "n": "N"},
            }
        },
        {**V19, "arousal": {"min": 1, "max": 9}},
    ),
    Odd(
        "a column for each rater",
        lines("word,rater_1,rater_2,rater_3", word, rating, rating, lambda i: 10 - rating(i)),
        {
            "columns_are_raters": True,
            "scales": {"valence": {"ratings": ["rater_1", "rater_2", "rater_3"]}},
        },
        V19,
    ),
    Odd(
        "a column for each rater and scale",
        lines("word,val_p1,val_p2,aro_p1,aro_p2", word, rating, rating, rating, rating),
        {
            "scales": {
                "valence": {"ratings": ["val_p1", "val_p2"]},
                "arousal": {"ratings": ["aro_p1", "aro_p2"]},
            }
        },
        {**V19, "arousal": {"min": 1, "max": 9}},
    ),
    Odd(
        "a row for each rating",
        LONG,
        {
            "rows": "ratings",
            "rater": "participant",
            "id": "word",
            "scales": {"valence": {"ratings": ["valence"]}},
        },
        V19,
    ),
    Odd(
        "a row for each rating, without raters",
        "\n".join(
            line.replace(f",p{line.split(',p')[-1][0]}", "", 1) if ",p" in line else line
            for line in LONG.replace("participant,", "").splitlines()
        ),
        {"rows": "ratings", "scales": {"valence": {"ratings": ["valence"]}}},
        V19,
    ),
    Odd(
        "a lone quotation mark",
        'word\tvalence\n"Stop, he said\t7\nbeach\t9\nstorm\t1\n',
        {"quotes": "none", "text": "word"},
        V19,
        "table.tsv",
        3,
    ),
    Odd(
        "from -4 to 4",
        lines("word,valence", word, lambda i: (-3.4, 3.9, 0, -1, 2, 0.5)[i]),
        {"text": "word"},
        {"valence": {"min": 1, "max": 9, "native": {"min": -4, "max": 4}}},
    ),
    Odd(
        "from 0 to 100",
        lines("word,valence", word, lambda i: (3, 98, 50.5, 20, 80, 33)[i]),
        {"text": "word"},
        {"valence": {"min": 1, "max": 9, "native": {"min": 0, "max": 100}}},
    ),
    Odd(
        "columns that are no ratings",
        lines("word,length,freq,valence", word, lambda i: len(word(i)), lambda i: i * 10.5, rating),
        {"scales": {"valence": {"mean": "valence"}}},
        V19,
    ),
    Odd(
        "sentences",
        lines("id,sentence,valence", nr, lambda i: f"There is a {word(i)} over there.", rating),
        {"id": "id", "text": "sentence"},
        V19,
        top={"modality": "sentence"},
    ),
    Odd(
        "sentences without blanks",
        lines("id,sentence,valence", nr, lambda i: f"今天的故事说的是{i}个快乐的人", rating),
        {"id": "id", "text": "sentence"},
        V19,
        top={"modality": "sentence"},
    ),
    Odd(
        "words without blanks",
        lines("id,word,valence", nr, lambda i: f"{('爱', '希望', '一见钟情')[i % 3]}{i}", rating),
        {"id": "id", "text": "word"},
        V19,
        top={"modality": "word"},
    ),
    Odd(
        "JSON lines",
        "\n".join(json.dumps({"word": word(i), "valence": mean(i)}) for i in range(6)),
        {"text": "word", "scales": {"valence": {"mean": "valence"}}},
        V19,
        "table.jsonl",
    ),
    Odd(
        "names that YAML would take for something else",
        lines("no,word,y: mean", nr, word, rating),
        {"id": "no", "text": "word"},
        {},
    ),
    Odd(
        "three columns of one name",
        lines("word,valence,valence,valence", word, rating, rating, rating),
        {"scales": {"valence": {"ratings": ["valence.0", "valence.1", "valence.2"]}}},
        V19,
    ),
    Odd(
        "a comment above the header",
        "# norms of 2020\n" + lines("word,valence", word, rating),
        {"header_line": 2, "text": "word"},
        V19,
    ),
    Odd(
        "a column that says no more than rating",
        lines("word,rating", word, mean),
        {"scales": {"valence": {"mean": "rating"}}},
        V19,
    ),
    Odd(
        "people by their names",
        lines("word,Anna,Ben,Clara", word, rating, rating, rating),
        {
            "columns_are_raters": True,
            "scales": {"valence": {"ratings": ["Anna", "Ben", "Clara"]}},
        },
        V19,
    ),
    Odd(
        "labels as columns of 0 and 1",
        lines("text,joy,anger", word, lambda i: i % 2, lambda i: i // 3),
        {"text": "text"},
        {},
    ),
    Odd(
        "Spanish letters",
        lines("palabra,ValenciaMean", lambda i: word(i) + "ñ", mean),
        {"text": "palabra", "scales": {"valence": {"mean": "ValenciaMean"}}},
        V19,
        top={"language": "es"},
    ),
]


def _holds(part: object, whole: object) -> bool:
    """Tell whether all that a card must say stands in it."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _holds(value, whole[key]) for key, value in part.items()
        )
    return part == whole


@pytest.mark.parametrize("odd", ODD, ids=[odd.name for odd in ODD])
def test_an_odd_table_makes_a_card_that_reads_it(odd: Odd, tmp_path: Path) -> None:
    content = odd.content if isinstance(odd.content, bytes) else odd.content.encode()
    (tmp_path / odd.file).write_bytes(content)
    done = emoalign("new", "dataset", "mine", odd.file)
    assert done.exit_code == 0, done.output
    path = tmp_path / "config/datasets/mine.yaml"
    card = YAML(typ="safe").load(path)
    assert _holds(odd.source, card["source"]), card["source"]
    assert _holds(odd.scales, card["scales"]), card["scales"]
    assert _holds(odd.top, card)
    checked = check_data(read_card(path, DatasetCard))
    assert not checked.problems
    assert checked.items == odd.items
    assert set(checked.scales) >= odd.scales.keys()


@pytest.mark.parametrize("file", ["table.xlsx", "table.parquet"])
def test_a_spreadsheet_and_a_parquet_file_are_read_too(file: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"word": WORDS, "V_mean": [mean(place) for place in range(6)]})
    if file.endswith("parquet"):
        table.to_parquet(tmp_path / file)
    else:
        _workbook(tmp_path / file, table)
    assert emoalign("new", "dataset", "mine", file).exit_code == 0
    checked = check_data(read_card(tmp_path / "config/datasets/mine.yaml", DatasetCard))
    assert not checked.problems
    assert checked.items == 6
    assert checked.scales["valence"].highest == pytest.approx(8.6)


def test_images_are_found_beside_the_table(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "resources/pictures").mkdir(parents=True)
    for place in range(3):
        Image.new("RGB", (8, 8)).save(tmp_path / f"resources/pictures/picture {place}.png")
    rows = "".join(f"{place},picture {place},{place + 2}.5\n" for place in range(3))
    table = tmp_path / "resources/norms.csv"
    table.write_text("nr,image,valence_mean\n" + rows, encoding="utf-8")
    assert emoalign("new", "dataset", "mine", "resources/norms.csv").exit_code == 0
    card = read_card(tmp_path / "config/datasets/mine.yaml", DatasetCard)
    assert (card.modality, card.images) == ("image", "resources/pictures")
    assert not check_data(card).problems


def _workbook(path: Path, table: pd.DataFrame) -> None:
    """A spreadsheet whose first sheet is a note, as its own XML."""
    import zipfile

    def sheet(rows: list[list[object]]) -> str:
        cells = "".join(
            f'<row r="{number}">'
            + "".join(
                f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
                if isinstance(value, str)
                else f'<c r="{chr(65 + place)}{number}"><v>{value}</v></c>'
                for place, value in enumerate(row)
            )
            + "</row>"
            for number, row in enumerate(rows, 1)
        )
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        return f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'

    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/s1.xml" ContentType="{kind}.worksheet+xml"/>'
            f'<Override PartName="/xl/worksheets/s2.xml" ContentType="{kind}.worksheet+xml"/>'
            "</Types>",
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{relations}"><sheets><sheet name="Note" sheetId="1" r:id="r1"/>'
            '<sheet name="Norms" sheetId="2" r:id="r2"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{relations}/worksheet" Target="worksheets/s1.xml"/>'
            f'<Relationship Id="r2" Type="{relations}/worksheet" Target="worksheets/s2.xml"/>'
            "</Relationships>",
        )
        book.writestr("xl/worksheets/s1.xml", sheet([["Norms of our laboratory"]]))
        rows = [list(table.columns), *table.to_numpy().tolist()]
        book.writestr("xl/worksheets/s2.xml", sheet(rows))


def test_a_guess_is_marked_and_tells_what_it_saw(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(lines("word,valence", word, mean), encoding="utf-8")
    done = emoalign("new", "dataset", "mine", "table.csv")
    text = (tmp_path / "config/datasets/mine.yaml").read_text(encoding="utf-8")
    assert f"min: 1  {CHECK}: a guess: values in the table run from 1.2 to 8.6" in text
    assert "redistribute: false" in text
    assert "remote_api: ask" in text
    assert f"{text.count(CHECK)} lines" in done.output
    assert "emoalign new study" in done.output


@pytest.mark.parametrize(
    ("lowest", "highest", "native"),
    [
        (1.4, 8.1, (1, 9)),
        (1.1, 6.9, (1, 7)),
        (1, 5, (1, 5)),
        (0, 1, (0, 1)),
        (0.5, 3.9, (0, 4)),
        (-0.9, 0.8, (-1, 1)),
        (-2.7, 3, (-3, 3)),
        (-3.4, 3.9, (-4, 4)),
        (2, 97, (0, 100)),
        (-88, 97, (-100, 100)),
        (0, 9.5, (0, 10)),
    ],
)
def test_the_likely_range_is_the_smallest_usual_one(
    lowest: float, highest: float, native: tuple[float, float]
) -> None:
    assert likely_range(lowest, highest) == native


def test_a_table_without_a_header_is_refused_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("beach,2.4,0.7\nstorm,-1.2,1.3\n", encoding="utf-8")
    done = emoalign("new", "dataset", "mine", "table.csv")
    assert done.exit_code == 1
    assert "add a line of column names" in done.stderr
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("table.csv", b""),
        ("table.csv", b"\xef\xbb\xbf\n \n"),
        ("table.csv", b"a,b\0,c\n1,2,3\n"),
        ("table.csv", b"\xff\xfew\0o\0r"),
        ("table.csv", b"word,valence\n" + b"x" * 200_000 + b",7\n"),
        ("table.csv", b",,\nbeach,7,2\n"),
        ("table.xlsx", b"PK\x03\x04 and nothing else"),
        ("table.xls", b"\xd0\xcf\x11\xe0 and nothing else"),
        ("table.parquet", b"PAR1 and nothing else PAR1"),
        ("table.jsonl", b'{"word": "beach"\n'),
        ("table.jsonl", b'[{"word": "beach"}]'),
    ],
)
def test_what_is_no_table_is_told_in_words(file: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    for arguments in (["dataset", "mine", file], ["model", "mine", "--recorded", file]):
        done = emoalign("new", *arguments)
        assert done.exit_code == 1
        assert done.stderr.startswith(file)
        assert "Traceback" not in done.output
        assert "fault in emoalign" not in done.output
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    ("written", "says"), [("75%", "percent sign"), ("\N{MINUS SIGN}3", "dash")]
)
def test_numbers_that_have_to_be_written_otherwise_are_told(
    written: str, says: str, tmp_path: Path
) -> None:
    rows = lines("word,valence", word, lambda _: written)
    (tmp_path / "table.csv").write_text(rows, encoding="utf-8")
    done = emoalign("new", "dataset", "mine", "table.csv")
    assert done.exit_code == 0
    assert "Please check the table" in done.stderr
    assert says in done.stderr.casefold()


def test_a_column_that_names_the_scale_is_told(tmp_path: Path) -> None:
    rows = [f"{each},p{who},{scale},5" for each in WORDS for who in (1, 2) for scale in "VA"]
    text = "\n".join(["word,rater,dimension,rating", *rows])
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    done = emoalign("new", "dataset", "mine", "table.csv")
    assert done.exit_code == 1
    assert "'dimension'" in done.stderr
    assert "--recorded table.csv" in done.stderr


def test_nothing_is_overwritten_and_a_bad_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(lines("word,valence", word, rating), encoding="utf-8")
    assert emoalign("new", "dataset", "mine", "table.csv").exit_code == 0
    path = tmp_path / "config/datasets/mine.yaml"
    path.write_text("title: edited\n", encoding="utf-8")
    again = emoalign("new", "dataset", "mine", "table.csv")
    assert again.exit_code == 1
    assert "already exists" in again.stderr
    assert path.read_text(encoding="utf-8") == "title: edited\n"
    for name in ("my words", "../mine", "mine.yaml", "", "-mine", "x" * 101):
        refused = emoalign("new", "dataset", "--", name, "table.csv")
        assert refused.exit_code == 1, name
        assert "is not a valid name" in refused.stderr
    assert [file.name for file in path.parent.iterdir()] == ["mine.yaml"]


def test_a_table_from_elsewhere_is_copied_and_not_over_another(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "table.csv"
    elsewhere.write_text(lines("word,valence", word, rating), encoding="utf-8")
    done = emoalign("new", "dataset", "mine", elsewhere)
    assert "resources/mine/table.csv" in done.output
    assert (tmp_path / "resources/mine/table.csv").read_bytes() == elsewhere.read_bytes()
    (tmp_path / "config/datasets/mine.yaml").unlink()
    (tmp_path / "resources/mine/table.csv").write_text("mine\n", encoding="utf-8")
    assert emoalign("new", "dataset", "mine", elsewhere).exit_code == 1
    assert (tmp_path / "resources/mine/table.csv").read_text(encoding="utf-8") == "mine\n"


def test_the_schema_travels_with_a_project(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(lines("word,valence", word, rating), encoding="utf-8")
    emoalign("new", "dataset", "mine", "table.csv")
    path = tmp_path / "config/datasets/mine.yaml"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = path.parent / first.partition("$schema=")[2]
    assert json.loads(schema.read_text(encoding="utf-8"))["title"].startswith("Dataset")


REAL = {
    "emobank/emobank.csv": ("sentence", {"valence", "arousal", "dominance"}),
    "emobank/individual_reader_ratings.csv": ("word", {"valence", "arousal", "dominance"}),
    "emobank/reader.csv": ("word", {"valence", "arousal", "dominance"}),
    "emobank/writer.csv": ("word", {"valence", "arousal", "dominance"}),
    "emobank/raw.csv": ("sentence", set()),
    "glasgow/glasgow.csv": (
        "word",
        {
            *("valence", "arousal", "dominance", "concreteness", "imageability", "familiarity"),
            *("age-of-acquisition", "size", "gender"),
        },
    ),
    "glasgow/glasgow_gpt-4.csv": ("word", {"valence", "arousal", "dominance", "concreteness"}),
    "goemotions/raw_first_4999rows_no_rater_id.csv": ("sentence", set()),
    "oasis/OASIS.csv": ("word", {"valence", "arousal"}),
    "warriner2013/first_300_rows.csv": ("word", {"valence", "arousal", "dominance"}),
}


@pytest.mark.shared_data
@pytest.mark.parametrize("file", REAL)
def test_a_real_table_makes_a_card_that_reads_it(file: str, tmp_path: Path) -> None:
    if not (SHARED / file).is_file():
        pytest.skip("real data are not at hand")
    modality, scales = REAL[file]
    shutil.copyfile(SHARED / file, tmp_path / Path(file).name)
    done = emoalign("new", "dataset", "mine", Path(file).name)
    assert done.exit_code == 0, done.output
    card = read_card(tmp_path / "config/datasets/mine.yaml", DatasetCard)
    checked = check_data(card)
    assert not checked.problems
    assert card.modality == modality
    assert set(checked.scales) >= scales
