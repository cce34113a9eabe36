from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.precision.analysis import PrecisionJob
    from emoalign.elicitation.rating import RatingJob
    from emoalign.planning.loading import read_model
    from emoalign.planning.plan import plan_study

    plan_study(
        [RatingJob.model_validate(job) for job in snakemake.params.jobs],
        PrecisionJob.model_validate(snakemake.params.precision),
        {name: read_model(card, name) for name, card in snakemake.params.cards.items()},
        {Path(path).stem: Path(path) for path in snakemake.input.stimuli},
        {Path(path).stem: Path(path) for path in snakemake.input.norms},
        journal=Path(snakemake.params.journal),
        costs=Path(snakemake.params.costs),
        widths=Path(snakemake.params.widths),
        max_usd=snakemake.params.max_usd,
        found=Path(snakemake.params.found),
    )
