"""How human-like each cell is: correlations, errors, spread, ceilings, labels, readouts."""

TABLES = ["reliability", "alignment", "labels", "readouts"]
COMPARISONS = [
    *["contrasts", "framework", "arousal", "arousal_items", "residuals", "scorecard"]
]
DISTRIBUTIONS = [
    *["distributions", "entropy", "item_entropies", "categories"],
    "distribution_contrasts",
]
STRUCTURES = ["structure", "similarity"]
CALIBRATIONS = ["calibration", "calibration_curves"]


rule statistics:
    """Stage target: all statistics."""
    input:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=[
                *[*TABLES, *COMPARISONS, *STRUCTURES, "variance"],
                *[*DISTRIBUTIONS, *CALIBRATIONS],
            ],
            kind=["parquet", "csv"],
        ),
        files.transparency_tables(),


rule align:
    """Item tables and norms of all datasets in; one row per cell out, and one per scale."""
    input:
        item_tables=expand(
            f"{RESULTS}/items/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        norms=expand(
            f"{RESULTS}/norms/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
    output:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=TABLES,
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/align.log",
    benchmark:
        f"{RESULTS}/benchmarks/align.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.statistics().params(),
    script:
        "../scripts/align.py"
