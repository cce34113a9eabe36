"""Inputs that are known only when the stimuli are prepared: how many shards there are."""


def rating_files(wildcards):
    """All rating files of the dataset in the wildcards, or of the study when they name none."""
    return [
        file
        for dataset in sorted(
            [wildcards.dataset] if "dataset" in wildcards.keys() else loaded.datasets
        )
        for file in files.ratings(
            dataset,
            checkpoints.prepare_stimuli.get(dataset=dataset).output.shards,
        )
    ]
