"""What the report of a study, and its figures, are told."""

from __future__ import annotations

from emoalign.analyses.catalogue import FIGURES, REPORT_JOB, settings_of_report
from emoalign.figures.planned import FigureSet, figure_sets, undrawn_figures
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.planning.together import rule_names
from emoalign.report.report_job import ReportedBaseline, ReportedDataset, ReportedModel, ReportJob


def reported(loaded: LoadedStudy) -> ReportJob:
    """The job of report and manifest: the whole study."""
    study = loaded.study
    protocols = {name: loaded.protocol(name) for name in loaded.protocol_names()}
    return REPORT_JOB(
        study=study.study,
        title=study.title,
        seed=study.seed,
        **{key.key: getattr(study, key.key) for key in settings_of_report()},
        models={
            name: ReportedModel(title=card.title, card=card.answering())
            for name, card in sorted(loaded.models.items())
        },
        datasets={name: _dataset(loaded, name) for name in sorted(loaded.datasets)},
        protocols=protocols,
        prompts=dict(sorted(loaded.prompt_sets.items())),
        personas={
            name: loaded.participants(protocol)
            for name, protocol in protocols.items()
            if protocol.personas
        },
        figures=None if study.figures is None else tuple(sorted(study.figures)),
        baselines={
            name: ReportedBaseline(
                title=card.title,
                dataset=card.dataset,
                scale=card.scale,
                evaluate=card.evaluate,
                weights=card.weights,
                revision=card.revision,
                seeds=tuple(sorted(card.seeds)),
                training=card.training,
                leakage=card.leakage,
            )
            for name, card in sorted(loaded.baselines.items())
        },
    )


def _dataset(loaded: LoadedStudy, name: str) -> ReportedDataset:
    card, numbers = loaded.datasets[name], loaded.numbers(name)
    return ReportedDataset(
        title=card.title,
        modality=card.modality,
        show_items=card.redistribute,
        scales=numbers,
        labels=loaded.labels(name),
        frameworks=card.frameworks.within(numbers),
        keep=card.keep,
        sample=loaded.dataset_entry(name).sample,
        licence=card.licence,
        citation=card.citation,
        caveats=card.caveats,
    )


def figures(loaded: LoadedStudy) -> dict[str, FigureSet]:
    """The figures of a study by the name of the rule that draws them."""
    sets = figure_sets(FIGURES, reported(loaded).drawing())
    names = rule_names(
        "draw_figures" if drawn.dataset is None else f"draw_figures_{drawn.dataset}"
        for drawn in sets
    )
    return dict(zip(names, sets, strict=True))


def undrawn(loaded: LoadedStudy) -> list[str]:
    """Why figures that the study names are not drawn."""
    job = reported(loaded).drawing()
    named = job.figures or ()
    return [
        f"{name}: {why}" for name, why in undrawn_figures(FIGURES, job).items() if name in named
    ]
