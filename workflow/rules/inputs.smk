"""Inputs that are known only once the stimuli are prepared: the shards of each dataset."""

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
    """Files of the stimuli that have been deleted; none once rating files are known.

    If some files of a checkpoint are missing, Snakemake checks only the first: if that exists, it
    finds nothing to be done, and never collects ratings.
    """
    return [
        file
        for file in expand(PREPARED, dataset=concerned(wildcards))
        if not Path(file).exists()
    ]


def rating_files(wildcards):
    """All rating files of the dataset in the wildcards, or of the study when they name none."""
    return answer_files(files.ratings, wildcards)


def completion_files(wildcards):
    """The files with completions of norms, likewise."""
    return answer_files(files.completions, wildcards)


def answer_files(of_dataset, wildcards):
    return [
        file
        for dataset in concerned(wildcards)
        for file in of_dataset(
            dataset,
            checkpoints.prepare_stimuli.get(dataset=dataset).output.shards,
        )
    ]
