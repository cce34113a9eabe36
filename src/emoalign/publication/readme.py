"""README.md: what a bundle holds, for people, and as a dataset card of Hugging Face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emoalign.publication.configuration import as_yaml
from emoalign.publication.contents import Contents
from emoalign.study.fields import WRITTEN
from emoalign.study.protocols import Protocol
from emoalign.wording import ABSENT, READOUTS, coefficient, interval, number, percent

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
_LARGE = ((1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"))

_TEMPLATE = Path(__file__).with_name("readme_template.md")
_ESTIMATED = Path(__file__).with_name("readme_estimates.md")


def readme(contents: Contents) -> str:
    """The text of the file."""
    job = contents.job
    return _TEMPLATE.read_text(encoding="utf-8").format(
        card=as_yaml(card(contents)),
        title=job.title,
        description=job.description,
        files="\n".join(_files(contents)),
        emoalign=contents.emoalign,
        datasets=", ".join(each.title for each in job.datasets.values()),
        protocols=_table(
            ("protocol", "prompt sets", "readouts", "answers per item", "temperature"),
            map(_protocol, job.protocols.values()),
        ),
        models=_table(("model", "name"), ((f"`{name}`", t) for name, t in job.models.items())),
        agreement=_agreement(contents),
        estimates=_estimates(contents),
        limits="\n".join(f"* {each}" for each in (*contents.notes, *_LIMITS)),
        licence=f"[{job.licence.name}]({job.licence.url}) (`{job.licence.spdx}`). `LICENSE.txt` "
        "has the licences of the datasets.",
        citation=contents.citation,
        references="\n".join(_references(contents)),
    )


_LIMITS = (
    "The ratings are those of models. They are no evidence about people where people were not "
    "asked.",
    "Agreement was measured on the items that people rated, and holds for items like these.",
    "Models may have seen published norms in training, which makes them look better than they are "
    "on items that nobody rated.",
)


def card(contents: Contents) -> dict[str, Any]:
    """The head of the file: what Hugging Face reads."""
    job, licence = contents.job, contents.job.licence
    named = licence.hugging_face
    other = {"license_name": licence.spdx.lower(), "license_link": licence.url}
    return {
        "license": named or "other",
        **({} if named else other),
        **({"language": job.languages} if job.languages else {}),
        "pretty_name": job.title,
        "tags": job.keywords,
        "size_categories": [_size(max((table.rows for table in contents.tables), default=0))],
        "configs": [
            {
                "config_name": table.name,
                "data_files": [{"split": "train", "path": table.parquet}],
                **({"default": True} if place == 0 else {}),
            }
            for place, table in enumerate(contents.tables)
        ],
    }


def _size(rows: int) -> str:
    return next((name for most, name in (*_SIZES, *_LARGE) if rows < most), "100M<n<1B")


def _files(contents: Contents) -> Iterator[str]:
    for table in contents.tables:
        yield f"* `{table.csv}`, `.parquet`: {table.rows:,} rows. Row: {table.row}"


def _protocol(protocol: Protocol) -> Sequence[str]:
    prompts = protocol.prompts or ()
    temperature = "the provider's" if protocol.temperature is None else f"{protocol.temperature:g}"
    if not prompts:
        temperature = ABSENT
    return (
        f"`{protocol.name}`",
        ", ".join(prompts) or "recorded",
        ", ".join(READOUTS[readout] for readout in protocol.readouts),
        _answers(protocol),
        temperature,
    )


def _answers(protocol: Protocol) -> str:
    if not WRITTEN & set(protocol.readouts):
        return "1"
    return "all" if protocol.participants is None else str(protocol.participants)


def _agreement(contents: Contents) -> str:
    rows = contents.agreement
    if rows is None or rows.empty:
        return "There are no human means to compare with."
    cells = (
        (
            *(f"`{row[key]}`" for key in ("model", "protocol", "readout", "dataset", "scale")),
            number(row["n_items"], 0),
            _r(row),
            number(row["rmse"]),
        )
        for row in rows.to_dict("records")
    )
    head = ("model", "protocol", "readout", "dataset", "scale", "items", "r [95% CI]", "RMSE")
    return (
        "Item means of the models, and those of people: Pearson's r with a 95% bootstrap interval "
        f"over items, and RMSE in points of the scale.\n\n{_table(head, cells)}"
    )


def _estimates(contents: Contents) -> str:
    """How good the estimates are; nothing where there are none."""
    rows, job = contents.estimation, contents.job
    if rows is None or not job.estimated:
        return ""
    written = rows[(rows["method"] == "stack") & (rows["region"] == "all")]
    cells = (
        (
            *(f"`{row[key]}`" for key in ("dataset", "scale")),
            *(number(row[key], 0) for key in ("n_rated", "n_unrated")),
            *_quality(row),
        )
        for row in written[written["dataset"].isin(job.estimated)].to_dict("records")
    )
    head = ("dataset", "scale", "rated", "unrated", "r [95% CI]", "RMSE", "coverage", "width")
    return _ESTIMATED.read_text(encoding="utf-8").format(
        coverage=percent(job.coverage), quality=_table(head, cells)
    )


def _quality(row: Mapping[Any, Any]) -> Sequence[str]:
    ends = interval(row["r_low"], row["r_high"], bounded=True)
    return (
        f"{coefficient(row['r'])} {ends}".strip(),
        *(number(row["rmse"]), coefficient(row["coverage"]), number(row["width"])),
    )


def _r(row: Mapping[Any, Any]) -> str:
    ends = interval(row["pearson_low"], row["pearson_high"], bounded=True)
    return f"{coefficient(row['pearson_r'])} {ends}".strip()


def _references(contents: Contents) -> Iterator[str]:
    for source in contents.sources:
        title = source.fields.get("title", contents.job.datasets[source.dataset].title)
        yield f"* {source.in_markdown or title}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    if not written:
        return ""
    lines = [head, ["---"] * len(head), *written]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
