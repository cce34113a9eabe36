from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.catalogue import REPORT_JOB
    from emoalign.analyses.precision.analysis import PrecisionJob
    from emoalign.analyses.preregistration.analysis import PreregistrationJob
    from emoalign.elicitation.rating import RatingJob
    from emoalign.planning.loading import read_model
    from emoalign.planning.preregistration import Planned, preregister

    preregister(
        Planned(
            job=PreregistrationJob.model_validate(snakemake.params.job),
            ratings=[RatingJob.model_validate(job) for job in snakemake.params.ratings],
            precision=PrecisionJob.model_validate(snakemake.params.precision),
            report=REPORT_JOB.model_validate(snakemake.params.report),
            cards={name: read_model(card, name) for name, card in snakemake.params.cards.items()},
            results=Path(snakemake.log[0]).parents[1],
            journal=Path(snakemake.params.journal),
        ),
        amend=snakemake.params.amend,
    )
