"""A preregistration and its amendments as texts for people, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from emoalign.analyses.preregistration.frozen import canonical, digest, dotted, sides
from emoalign.study.fields import WRITTEN
from emoalign.wording import counted, listed

STRUCTURED = (
    *("models", "datasets", "protocols", "prompts", "personas", "seed", "answers"),
    *("contrasts", "tests"),
)
"""The parts that the text tells by themselves; it lists the keys of all others."""

LEFT_OUT = (
    "Only answers of the status {ratings} are ratings. Answers of any other status ({others}) are "
    "kept and counted, and enter no statistic of ratings. No answer is asked for again because of "
    "its content, and none is corrected, moved onto the scale or filled in."
)

SHORT = 80
"""Characters of a value that stands in a line."""


def preregistration_text(study: str, stated: Mapping[str, Any]) -> str:
    """The text of what was stated first."""
    parts = [
        f"# Preregistration: {study}",
        _plain(stated["title"]),
        f"Frozen on {stated['date']} by emoalign {_version(stated)}. sha256 of the content: "
        f"`{stated['sha256']['whole']}`. `{study}.json` beside this text has every key. Neither "
        "file is overwritten: changes follow at the end, each as an amendment with its date.",
        *_answers("## Answers before this preregistration", stated["answers"]),
        *_items(stated["content"]),
        *_models(stated["content"]),
        *_asking(stated["content"]),
        *_prompts(stated["content"]["prompts"], stated["examples"]),
        "## Answers that are left out",
        LEFT_OUT.format(
            ratings=_names(stated["content"]["answers"]["ratings"]),
            others=_names(stated["content"]["answers"]["no_ratings"]),
        ),
        *_comparisons(stated["content"], stated["expectations"]),
        *_tests(stated["content"]["tests"]),
        *_settings(stated["content"]),
        "## Planned precision",
        *(_code("\n".join(stated["precision"]["words"])),),
    ]
    return "\n\n".join(parts) + "\n"


def _version(stated: Mapping[str, Any]) -> str:
    """The version of emoalign that wrote a statement, with its commit where that is known."""
    commit = stated["git_commit"]
    return f"{stated['emoalign']} ({commit[:12]})" if commit else f"{stated['emoalign']}"


def amendment_text(number: int, stated: Mapping[str, Any]) -> str:
    """The text of an amendment, which follows all that was there before."""
    changes = stated["changes"]
    parts = [
        f"## Amendment {number}, {stated['date']}",
        f"Made by emoalign {_version(stated)}. {counted(len(changes), 'key')} changed.",
        *(part for change in changes for part in _change(change)),
        *_answers("### Answers before this amendment", stated["answers"]),
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def _change(change: Mapping[str, Any]) -> Iterator[str]:
    key = f"**{dotted(change['key'])}**"
    values = [_value(change[side]) for side in ("from", "to") if side in change]
    if "from" not in change or "to" not in change:
        yield f"{key}: {'removed' if 'from' in change else 'added'}."
    elif all(len(value) <= SHORT and "\n" not in value for value in values):
        yield f"{key}: {_inline(values[0])} → {_inline(values[1])}"
        return
    else:
        yield f"{key}: from the first to the second."
    for value in values:
        yield _code(value)


def _answers(heading: str, answers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield heading
    asked = [row for row in answers if row["planned"] is not None]
    recorded = sorted({row["model"] for row in answers} - {row["model"] for row in asked})
    if asked:
        held, planned = (sum(row[name] for row in asked) for name in ("held", "planned"))
        yield f"{held:,} of {planned:,} planned answers were in the journal."
        yield _table(
            ("Model", "Protocol", "Planned", "In the journal"),
            [
                (row["model"], row["protocol"], f"{row['planned']:,}", f"{row['held']:,}")
                for row in asked
            ],
        )
    if recorded:
        one = len(recorded) == 1
        yield (
            f"{listed(recorded)} {'is' if one else 'are'} not asked: {'its' if one else 'their'} "
            "ratings are recorded elsewhere."
        )


def _items(content: Mapping[str, Any]) -> Iterator[str]:
    yield "## Items and scales"
    yield f"Seed of the study: {content['seed']}."
    for name, dataset in content["datasets"].items():
        yield f"### {name}"
        drawn = dataset["drawn"]
        lines = [
            f"{counted(drawn['n'], dataset['modality'])} ({dataset['language']}). sha256 of their "
            f"ids: `{drawn['item_ids_sha256']}`",
            f"sha256 of the files: `{dataset['files_sha256']}`",
            *(
                f"{key}: {_inline(_value(dataset[key]))}"
                for key in ("sample", "strata", "min_raters", "items", "keep")
                if dataset.get(key) is not None
            ),
            f"models: {listed(dataset['models'])}",
            *(f"{scale}: {_scale(told)}" for scale, told in dataset["scales"].items()),
        ]
        yield "\n".join(f"- {line}" for line in lines)


def _scale(scale: Mapping[str, Any]) -> str:
    if scale["kind"] == "labels":
        return f"labels {_names(scale['labels'])}"
    step = f", in steps of {scale['step']:g}" if scale.get("step") else ""
    return f"{scale['min']:g} to {scale['max']:g}{step}; {_plain(scale['direction'])}"


def _models(content: Mapping[str, Any]) -> Iterator[str]:
    yield "## Models"
    rows = [
        (name, card.get("engine", ""), _known_as(card), f"`{digest(card)}`")
        for name, card in content["models"].items()
    ]
    yield _table(("Model", "Engine", "Name and revision", "sha256 of the card"), rows)
    for name, card in content["models"].items():
        yield f"{name}:"
        yield _code(_value(card))


def _known_as(card: Mapping[str, Any]) -> str:
    """What says which model it is: its name and revision, or its file and checksum."""
    files = [card[key] for key in ("weights", "source") if isinstance(card.get(key), Mapping)]
    named = [card.get("model"), card.get("revision")]
    named += [file.get(key) for file in files for key in ("file", "sha256")]
    named.append(card.get("ratings_sha256"))
    return ", ".join(dict.fromkeys(str(name) for name in named if name))


def _asking(content: Mapping[str, Any]) -> Iterator[str]:
    yield "## Ways of asking"
    keys = [
        *("kind", "readouts", "participants", "temperature", "thinking", "wave", "prompts"),
        *("personas", "session"),
    ]
    told = {
        name: {key: each.get(key) for key in keys if key != "participants" or _writes(each)}
        for name, each in content["protocols"].items()
    }
    shown = [key for key in keys if any(_setting(each, key) != "–" for each in told.values())]
    yield _table(
        ("Protocol", *shown),
        [(name, *(_setting(each, key) for key in shown)) for name, each in told.items()],
    )
    for name, personas in content["personas"].items():
        yield f"Personas of {name}:"
        yield "\n".join(f"{number}. {_plain(text)}" for number, text in enumerate(personas, 1))


def _setting(protocol: Mapping[str, Any], key: str) -> str:
    """A setting of a protocol; a dash where it has none."""
    value = protocol.get(key)
    if value is None:
        return "all" if key in protocol and key == "participants" else "–"
    return ", ".join(value) if isinstance(value, list) else _value(value)


def _writes(protocol: Mapping[str, Any]) -> bool:
    """Tell whether a protocol reads what models write, once for each participant."""
    return not WRITTEN.isdisjoint(protocol["readouts"])


def _prompts(prompts: Mapping[str, Any], examples: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not prompts:
        return
    yield "## Prompts"
    yield "Examples, as a model sees them:"
    for shown in examples:
        form = f" ({shown['form']})" if shown["form"] else ""
        yield f"{shown['protocol']}{form}, {shown['dataset']}, {shown['scale']}:"
        yield _code(shown["text"])
    yield "Templates and wording:"
    for name, asked in prompts.items():
        for scales, template in asked.items():
            yield f"{name}, {scales}:"
            if template["system"]:
                yield _code(template["system"])
            yield _code(template["template"])
            yield _code(_value({"answer": template["answer"], "wording": template["wording"]}))


def _comparisons(
    content: Mapping[str, Any], expectations: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    yield "## Contrasts and expectations"
    for dataset, contrasts in content["contrasts"].items():
        for kind, pairs in contrasts.items():
            if pairs:
                yield f"{dataset}, {kind}: {'; '.join(pairs)}."
    yield "The report compares the results with published findings, as far as they apply:"
    yield "\n".join(f"- {each['expected']} ({each['source']})" for each in expectations)


def _tests(tests: Mapping[str, Any]) -> Iterator[str]:
    yield "## Tables and tests that are read"
    rows = [
        (
            family["table"],
            tested,
            ", ".join(family["p"]),
            "; ".join(f"{column}: {how}" for column, how in family["adjusted"].items()) or "none",
            ", ".join(family["within"]) or "all rows",
            read_as,
        )
        for read_as, families in tests.items()
        for tested, family in families.items()
    ]
    yield _table(("Table", "Tests of", "p", "Adjusted p", "One family for each", "Read as"), rows)


def _settings(content: Mapping[str, Any]) -> Iterator[str]:
    yield "## Settings"
    rows = [
        (dotted(key), _value(value))
        for part, told in content.items()
        if part not in STRUCTURED
        for key, value, _ in sides(told, told, (part,))
    ]
    yield _table(("Key", "Value"), rows)


def _value(value: object) -> str:
    """A value as a text: a text as it is, anything else as JSON, in lines where it is long."""
    if isinstance(value, str):
        return value
    compact = canonical(value).decode()
    return compact if len(compact) <= SHORT else _in_lines(value)


def _in_lines(value: object, indent: str = "") -> str:
    """A value as JSON with a line for each key, in the order of the keys."""
    compact = canonical(value).decode()
    if not isinstance(value, Mapping | list) or len(compact) + len(indent) <= SHORT:
        return compact
    inner = f"{indent}  "
    if isinstance(value, Mapping):
        parts = [
            f"{canonical(key).decode()}: {_in_lines(part, inner)}"
            for key, part in sorted(value.items())
        ]
        opened, closed = "{", "}"
    else:
        parts = [_in_lines(part, inner) for part in value]
        opened, closed = "[", "]"
    lines = ",\n".join(f"{inner}{part}" for part in parts)
    return f"{opened}\n{lines}\n{indent}{closed}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _code(text: str) -> str:
    """A text as it is, fenced by more backquotes than it has."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _inline(text: str) -> str:
    return f"`{text}`" if "`" not in text else text


def _plain(text: str) -> str:
    """A text in one line, without signs that Markdown would take for its own."""
    return re.sub(r"([\\`*_<>\[\]#|])", r"\\\1", re.sub(r"\s+", " ", text))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
