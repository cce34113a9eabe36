"""Inputs that are known only when the stimuli are prepared: how many shards there are."""

PREPARED = (
    f"{RESULTS}/stimuli/{{dataset}}.parquet",
    f"{RESULTS}/norms/{{dataset}}.parquet",
    f"{RESULTS}/stimuli/{{dataset}}.shards.json",
)


def concerned(wildcards):
    """The dataset in the wildcards, or those of the study when they name none."""
    return sorted(
        [wildcards.dataset] if "dataset" in wildcards.keys() else loaded.datasets
    )


def unprepared(wildcards):
    """Those files of the stimuli that somebody has deleted; none when rating files are known.

    For a checkpoint whose files are not all there Snakemake asks for the first one alone: where
    that is there, it would see nothing to be done, and never ask for ratings.
    """
    return [
        file
        for file in expand(PREPARED, dataset=concerned(wildcards))
        if not Path(file).exists()
    ]


def rating_files(wildcards):
    """All rating files of the dataset in the wildcards, or of the study when they name none."""
    return [
        file
        for dataset in concerned(wildcards)
        for file in files.ratings(
            dataset,
            checkpoints.prepare_stimuli.get(dataset=dataset).output.shards,
        )
    ]
