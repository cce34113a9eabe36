from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.elicitation.budget import study_account
    from emoalign.elicitation.rating import SESSIONS, RatingJob, rate
    from emoalign.planning.loading import read_model

    norms = snakemake.input.get("norms")
    jobs = [RatingJob.model_validate(job) for job in snakemake.params.jobs]
    files = [Path(file) for file in snakemake.output]
    rate(
        jobs,
        read_model(snakemake.params.card, snakemake.wildcards.model),
        stimuli=Path(snakemake.input.stimuli),
        norms=Path(norms) if norms else None,
        shard=snakemake.wildcards.get("shard", SESSIONS),
        journal=Path(snakemake.params.journal),
        outputs=files[: len(jobs)],
        trials=files[len(jobs) :],
        forbidden=snakemake.params.forbidden,
        # Read here and not as a param: a new limit must not run finished jobs again.
        account=study_account(snakemake.config, Path(snakemake.params.journal)),
    )
