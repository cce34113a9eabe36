"""Guesses about the scales of a table: their columns of human ratings, and their ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from emoalign.study.scales import VALENCE

_DIMENSIONS = {
    "valence": "v val valence pleasure pleasantness pleasant valencia valenz valenza",
    "arousal": "a aro ar arous arousal activation erregung activación activacion",
    "dominance": "d dom dominance control dominancia dominanz potency",
}
_EMOTIONS = {
    "happiness": "happiness happy joy hap freude alegría alegria felicidad joie",
    "anger": "anger angry ang ärger enfado ira colère",
    "sadness": "sadness sad trauer tristeza tristesse",
    "fear": "fear fea angst miedo peur",
    "disgust": "disgust dis dgst ekel asco dégoût",
    "surprise": "surprise sur überraschung sorpresa",
    "approach": "approach app",
    **{
        name: name
        for name in (
            *("trust", "anticipation", "love", "guilt", "shame", "pride", "contempt", "anxiety"),
            *("interest", "amusement", "awe", "calmness", "boredom", "hope", "relief", "regret"),
        )
    },
}
_OTHERS = {
    "concreteness": "concreteness conc cnc concreto",
    "imageability": "imageability imag img imagery",
    "familiarity": "familiarity fam",
    "age-of-acquisition": "aoa",
    "size": "size",
    "gender": "gender gend",
}
_KNOWN = {
    word: name
    for scales in (_DIMENSIONS, _EMOTIONS, _OTHERS)
    for name, words in scales.items()
    for word in words.split()
}
_STATISTICS = {
    "mean": "mean mn avg average mittel mw media moyenne moy mittelwert m",
    "sd": "sd std stdev stddev stdv dev dt ds et s",
    "n": "n num count obs rat raters nraters",
}
_STATISTIC = {word: name for name, words in _STATISTICS.items() for word in words.split()}
_SURE = {"mean", "mn", "avg", "average", "sd", "std", "stdev", "stddev", "rat", "raters"}
"""Words that stand for a statistic even where another does: V.Mean.M is a mean of men."""
_TOTAL = {"sum", "all", "total", "overall", "gesamt", "rating", "ratings", "score", "scale"}
_PEOPLE = {
    *("rater", "r", "p", "pp", "vp", "s", "sub", "subj", "subject", "participant", "part"),
    *("person", "judge", "j", "annotator", "coder", "resp", "respondent", "id", "ppt", "student"),
}
_IGNORED = {
    *("length", "len", "letters", "freq", "frequency", "syllables", "rt", "zipf", "year", "age"),
    *("index", "nr", "no", "number", "rank", "order", "trial", "percent", "pct", "time", "date"),
    *("created", "utc", "duration", "response", "min", "max", "median", "se", "sem", "var"),
}
RANGES = ((1, 5), (1, 7), (1, 9), (0, 1), (0, 4), (1, 10), (0, 10), (0, 100))
WIDEST = 200
"""From the lowest to the highest number of what may be a rating."""
SYMMETRIC = (1, 2, 3, 4, 5, 10, 100)


@dataclass(frozen=True)
class GuessedScale:
    """A scale that people rated on, with its columns as a card names them.

    `lowest` and `highest` are the extremes of its numbers; `native` is the range that the file
    likely uses. `named` says whether the name of a column identifies the scale.
    """

    name: str
    mean: str | None
    sd: str | None
    n: str | None
    ratings: tuple[str, ...]
    lowest: float
    highest: float
    native: tuple[float, float] = (0, 0)
    named: bool = True


def guess_scales(columns: Mapping[str, Sequence[float]]) -> list[GuessedScale]:
    """The scales of a table, from its columns of numbers that no other use was found for."""
    single, rest = _single_ratings(columns)
    summaries = _summaries({name: columns[name] for name in rest})
    scales = [*single, *summaries] or _unnamed(columns)
    named: dict[str, GuessedScale] = {}
    for scale in scales:
        named.setdefault(scale.name, scale)
    return _ranged(list(named.values()))


def _unnamed(columns: Mapping[str, Sequence[float]]) -> list[GuessedScale]:
    """Scales of columns whose names do not say which scale they are on, if they may be ratings.

    A single column is taken for valence; several with whole numbers for those of several people.
    """
    may_be = {
        name: values
        for name, values in columns.items()
        if not _ignored(_words(name)) and max(values) - min(values) <= WIDEST
    }
    every = [value for values in may_be.values() for value in values]
    whole = all(map(float.is_integer, every))
    if len(may_be) == 1 or (may_be and whole):
        names = tuple(may_be)
        single = len(names) > 1
        return [
            GuessedScale(
                VALENCE,
                None if single else names[0],
                None,
                None,
                names if single else (),
                min(every),
                max(every),
                named=False,
            )
        ]
    return [
        GuessedScale(scale_name(_words(name)), name, None, None, (), min(values), max(values))
        for name, values in may_be.items()
    ]


def _words(name: str) -> list[str]:
    """The words of a column's name: V.Mean.Sum, ValMn and mean_valence have each two or more."""
    parts = []
    for chunk in re.split(r"[\W_]+", name):
        if chunk.casefold() in _KNOWN:
            parts.append(chunk.casefold())
            continue
        spaced = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", chunk)
        for word in spaced.casefold().split():
            parts += _halves(word)
    return parts


def _halves(word: str) -> list[str]:
    """A word that is a scale and a statistic run together: valmn, aro_sd without its mark."""
    if word in _KNOWN or word in _STATISTIC:
        return [word]
    for cut in range(1, len(word)):
        first, last = word[:cut], word[cut:]
        if len(first) > 1 and first in _KNOWN and last in _STATISTIC:
            return [first, last]
        if len(last) > 2 and first in _SURE and last in _KNOWN:
            return [first, last]
    return [word]


def _summaries(columns: Mapping[str, Sequence[float]]) -> list[GuessedScale]:
    """Scales with a column of means, and of SDs and numbers of raters where there are any."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    plain: dict[tuple[str, ...], str] = {}
    for name in columns:
        words = [word for word in _words(name) if word not in _TOTAL]
        at = [place for place, word in enumerate(words) if word in _STATISTIC]
        if len(words) == 1 and words[0] in _KNOWN:
            at = []
        sure = [place for place in at if words[place] in _SURE]
        place = next(iter(sure or at[::-1]), None)
        if place is None:
            plain.setdefault(tuple(words), name)
        else:
            key = tuple(words[:place] + words[place + 1 :])
            found.setdefault(key, {}).setdefault(_STATISTIC[words[place]], name)
    shared_n = found.pop((), {}).get("n")
    for key, name in plain.items():
        if "mean" not in found.get(key, {}) and (key in found or _is_scale(key)):
            found.setdefault(key, {})["mean"] = name
    keys = [key for key, each in found.items() if "mean" in each and not _ignored(key)]
    # Means of men or of women alone are not those of everybody.
    keys = [
        key
        for key in keys
        if not any(key != short and key[: len(short)] == short for short in keys)
    ]
    if not keys:
        return []
    if any(_is_scale(key) or len(found[key]) > 1 for key in keys):
        keys = [key for key in keys if _is_scale(key) or len(found[key]) > 1]
    return [
        _scale(key, columns[found[key]["mean"]], shared_n, **found[key])
        for key in keys
        if columns[found[key]["mean"]]
    ]


def _scale(
    key: Sequence[str],
    values: Sequence[float],
    shared_n: str | None,
    mean: str,
    sd: str | None = None,
    n: str | None = None,
) -> GuessedScale:
    return GuessedScale(scale_name(key), mean, sd, n or shared_n, (), min(values), max(values))


def _single_ratings(
    columns: Mapping[str, Sequence[float]],
) -> tuple[list[GuessedScale], list[str]]:
    """Scales whose single ratings have a column for each person, and the columns left."""
    alike: dict[str, list[str]] = {}
    for name in columns:
        numbered = re.fullmatch(r"(.*?)([0-9]+)(\D*)", name)
        if numbered:
            alike.setdefault(f"{numbered[1]}#{numbered[3]}", []).append(name)
    scales, used = [], set()
    for pattern, names in alike.items():
        words = [word for word in _words(pattern.replace("#", " ")) if word not in _PEOPLE]
        values = [value for name in names for value in columns[name]]
        statistic = any(word in _SURE for word in words)
        if len(names) < 2 or statistic or not values or not all(map(float.is_integer, values)):
            continue
        if max(values) - min(values) > WIDEST or _ignored(words):
            continue
        scales.append(
            GuessedScale(
                scale_name(words) if words else VALENCE,
                None,
                None,
                None,
                tuple(names),
                min(values),
                max(values),
                named=bool(words),
            )
        )
        used.update(names)
    return scales, [name for name in columns if name not in used]


def is_scale(word: str) -> bool:
    """Tell whether a word is the name of a scale in full."""
    return any(word.casefold() in scales for scales in (_DIMENSIONS, _EMOTIONS, _OTHERS))


def _is_scale(key: Sequence[str]) -> bool:
    return len(key) == 1 and key[0] in _KNOWN


def _ignored(key: Sequence[str]) -> bool:
    return any(word in _IGNORED for word in key)


def scale_name(words: Sequence[str]) -> str:
    """The name of a scale as prompt sets know it."""
    known = [_KNOWN[word] for word in words if word in _KNOWN]
    if len(words) == 1 and known:
        return known[0]
    plain = re.sub(r"[^a-z0-9]+", "-", "-".join(words)).strip("-")
    return plain or "rating"


def _ranged(scales: Sequence[GuessedScale]) -> list[GuessedScale]:
    """The scales with their likely ranges: dimensions have one, and so have emotions."""
    ranged = []
    for scale in scales:
        family = next(
            (kind for kind in (_DIMENSIONS, _EMOTIONS) if scale.name in kind), {scale.name: ""}
        )
        alike = [
            each
            for each in scales
            if each.name in family and bool(each.ratings) == bool(scale.ratings)
        ]
        lowest, highest = min(each.lowest for each in alike), max(each.highest for each in alike)
        ranged.append(replace(scale, native=likely_range(lowest, highest)))
    return ranged


def likely_range(lowest: float, highest: float) -> tuple[float, float]:
    """The range of a usual scale that such numbers fit best."""
    if lowest < 0:
        most = max(-lowest, highest)
        bound = next((each for each in SYMMETRIC if most <= each), most)
        return -bound, bound
    fitting = [
        (low, high)
        for low, high in RANGES
        if low <= lowest and highest <= high and (high != 1 or lowest < 1)
    ]
    if lowest >= 1:
        fitting = [each for each in fitting if each[0] == 1] or fitting
    return min(fitting, key=lambda each: each[1] - each[0], default=(lowest, highest))
