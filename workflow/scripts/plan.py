from emoalign.stage import stage

with stage(snakemake.log[0]):
    from pathlib import Path

    from emoalign.analyses.precision.analysis import PrecisionJob
    from emoalign.elicitation.rating import RatingJob
    from emoalign.planning.loading import MODELS
    from emoalign.planning.plan import plan_study
    from emoalign.study.library import Library

    plan_study(
        [RatingJob.model_validate(job) for job in snakemake.params.jobs],
        PrecisionJob.model_validate(snakemake.params.precision),
        {name: Library().card("models", name, MODELS) for name in snakemake.params.models},
        {Path(path).stem: Path(path) for path in snakemake.input.stimuli},
        {Path(path).stem: Path(path) for path in snakemake.input.norms},
        journal=Path(snakemake.params.journal),
        costs=Path(snakemake.params.costs),
        widths=Path(snakemake.params.widths),
        max_usd=snakemake.params.max_usd,
    )
