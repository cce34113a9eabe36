from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.publication.bundle import Results, write_publication
    from emoalign.publication.publication_job import PublicationJob

    job = PublicationJob.model_validate(snakemake.params.job)
    write_publication(
        job,
        Results(
            manifest=Path(snakemake.input.manifest),
            stimuli={Path(path).stem: Path(path) for path in snakemake.input.stimuli},
            items={Path(path).stem: Path(path) for path in snakemake.input.item_tables},
            ratings={
                # ratings/<model>/<protocol>/<dataset>/<scale>/<shard>.parquet
                name: [
                    path for path in map(Path, snakemake.input.ratings) if path.parts[-3] == name
                ]
                for name in job.datasets
            },
            agreement=next(map(Path, snakemake.input.agreement), None),
            preregistration=next(map(Path, snakemake.input.preregistration), None),
        ),
        output=Path(snakemake.output[0]).parent,
    )
