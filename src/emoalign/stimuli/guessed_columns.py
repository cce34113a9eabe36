"""Guesses about the columns of a user's table of items: id, stimulus, raters, ratings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import east_asian_width

from emoalign.stimuli.fetching import IMAGES
from emoalign.stimuli.guessed_format import GuessedTable, is_number, plain_number
from emoalign.stimuli.guessed_scales import GuessedScale, guess_scales

_NAMES = {
    "id": "id itemid itemnr itemno nr no number code wordid stimid stimulusid sentenceid imageid "
    "index item unnamed key uid",
    "text": "word words text sentence sentences stimulus stimuli item lemma phrase palabra wort "
    "mot comment tweet token term description target",
    "image": "image images picture pictures photo img file filename imagefile picturename "
    "imagename",
    "rater": "rater raterid participant participantid participants subject subjectid annotator "
    "annotatorid workerid worker judge respondent person personid vp ppt pp sub subj userid user "
    "student coder pid",
    "scale": "scale dimension measure emotion norm attribute question construct",
    "split": "split set fold partition",
    "cluster": "lemma document story cluster group",
    "stratum": "category genre stratum domain type class",
}
Key = Literal["id", "text", "image", "rater", "scale", "split", "cluster", "stratum"]
_LANGUAGES = (
    ("ja", r"[\u3040-\u30ff]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("pl", r"[łżźąęśćń]"),
    ("es", r"[ñ¿¡]|[áíóú]"),
    ("pt", r"[ãõ]"),
    ("de", r"[äöüß]"),
    ("fr", r"[èêëçœàùîôû]"),
)


@dataclass(frozen=True)
class GuessedColumns:
    """The columns of a table of items.

    Attributes:
        id, text, image: the columns of the item's id and of its text or image.
        modality: word, sentence or image.
        language: of the texts, guessed from their letters; en if these do not decide.
        rows: whether a row is an item, or one person's rating of it.
        rater: the column that identifies the rater of a row.
        scales: those that people rated on.
        others: columns with groups of items, by the key of a card that may name them.
        unused: all other columns.
        scale_column: the column that says which scale a row is about.
        labels: columns of 0 and 1, which may say who chose which label.
        named_text: whether a column of texts was found; else the id stands for it.
    """

    id: str
    text: str | None
    image: str | None
    modality: Literal["word", "sentence", "image"]
    language: str
    rows: Literal["items", "ratings"]
    rater: str | None
    scales: Sequence[GuessedScale]
    others: Mapping[str, str] = field(default_factory=dict)
    unused: Sequence[str] = ()
    scale_column: str | None = None
    named_text: bool = True
    labels: Sequence[str] = ()


def guess_columns(table: GuessedTable) -> GuessedColumns:
    """The likely use of each column of a table, by its name and by what it holds."""
    decimal = str(table.written.get("decimal", "."))
    missing = table.format.missing
    held = {
        name: [value for value in table.column(name) if not missing(value)] for name in table.header
    }
    numbers = {
        name: [_number(value, decimal) for value in values if is_number(value, decimal)]
        for name, values in held.items()
    }
    numeric = [
        name for name, values in held.items() if values and len(numbers[name]) > 0.9 * len(values)
    ]
    words = [name for name, values in held.items() if values and name not in numeric]
    image = next((name for name in words if _image(name, held[name])), None)
    text = None if image is not None else _text(words, held)
    shown = image or text
    rater = _named("rater", [name for name in held if name != shown], held, repeated=True)
    item = _id(table, shown, rater)
    scale_column = _named("scale", [name for name in words if name != shown], held, repeated=True)
    taken = {item, shown, rater, scale_column}
    others = {
        key: name
        for key in ("split", "cluster", "stratum")
        if (name := _named(key, [name for name in words if name not in taken], held, repeated=True))
    }
    left = [name for name in numeric if name not in taken and name.casefold() not in ("split",)]
    ratings = {name: numbers[name] for name in left if not _binary(numbers[name])}
    scales = guess_scales(ratings)
    used = {
        *taken,
        *others.values(),
        *(name for each in scales for name in (each.mean, each.sd, each.n, *each.ratings)),
    }
    ids = table.column(item)
    again = len(set(ids)) < len(ids)
    rows: Literal["items", "ratings"] = "ratings" if again else "items"
    texts = held[shown] if shown else held[item]
    return GuessedColumns(
        id=item,
        text=text if image is not None else (text or item),
        image=image,
        modality="image" if image else _modality(texts),
        language=_language(texts),
        rows=rows,
        rater=rater if rows == "ratings" else None,
        scales=scales,
        others=others,
        unused=[name for name in table.header if name not in used and name],
        named_text=shown is not None,
        labels=[name for name in left if name not in ratings and set(numbers[name]) == {0.0, 1.0}],
        scale_column=scale_column if rows == "ratings" else None,
    )


def _number(value: str, decimal: str) -> float:
    plain = plain_number(value)
    return float(plain.replace(",", ".") if decimal == "," else plain)


def _plain(name: str) -> str:
    return re.sub(r"[\W\d_]", "", name.casefold())


def names_texts(name: str) -> bool:
    """Tell whether a column of this name is likely to hold words or sentences."""
    return _plain(name) in _NAMES["text"].split()


def _named(
    key: Key, names: Sequence[str], held: Mapping[str, Sequence[str]], repeated: bool
) -> str | None:
    """The first column that has the name for a key, and values that come again if they must."""
    for name in names:
        again = len(set(held[name])) < len(held[name])
        if _plain(name) in _NAMES[key].split() and held[name] and (again or not repeated):
            return name
    return None


def _image(name: str, values: Sequence[str]) -> bool:
    files = sum(value.lower().endswith(IMAGES) for value in values)
    return files > 0.9 * len(values) or _plain(name) in _NAMES["image"].split()


def _text(words: Sequence[str], held: Mapping[str, Sequence[str]]) -> str | None:
    """The column with the words or sentences: by its name, or the one with the most of them."""
    for wanted in _NAMES["text"].split():
        for name in words:
            if _plain(name) == wanted:
                return name
    texts = [name for name in words if _plain(name) not in _NAMES["id"].split()]
    texts = [
        name
        for name in texts
        if not any(_plain(name) in _NAMES[key].split() for key in ("rater", "split", "scale"))
    ]
    return max(
        texts,
        key=lambda name: (len(set(held[name])), sum(map(len, held[name]))),
        default=None,
    )


def _id(table: GuessedTable, shown: str | None, rater: str | None) -> str:
    """The column that identifies items: an id, or else the stimulus."""
    pairs: dict[str, int] = {}
    for name in table.header:
        if name in (shown, rater) or (_plain(name) not in _NAMES["id"].split() and name):
            continue
        values = table.column(name)
        if not all(value.strip() for value in values):
            continue
        if len(set(values)) == len(values):
            # A number for each row tells no items apart where these stand in several rows.
            if shown is None or rater is None:
                return name
            continue
        if shown is None or len(set(zip(values, table.column(shown), strict=True))) == len(
            set(values)
        ):
            pairs[name] = len(set(values))
    if pairs:
        return max(pairs, key=lambda name: pairs[name])
    return shown if shown is not None else table.header[0]


def _binary(values: Sequence[float]) -> bool:
    return set(values) <= {0.0, 1.0} and 0.0 in values


def _modality(texts: Sequence[str]) -> Literal["word", "sentence"]:
    """The kind of most texts: sentences have more than three words, or eight wide letters."""
    wide = [sum(east_asian_width(letter) == "W" for letter in text) for text in texts]
    long = sum(len(text.split()) > 3 or n > 8 for text, n in zip(texts, wide, strict=True))
    return "sentence" if long > len(texts) / 2 else "word"


def _language(texts: Sequence[str]) -> str:
    """The language that the letters suggest, or English."""
    counts = {
        language: sum(bool(re.search(letters, text.casefold())) for text in texts)
        for language, letters in _LANGUAGES
    }
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] > 0.03 * len(texts) else "en"
