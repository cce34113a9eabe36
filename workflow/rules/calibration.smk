"""Calibration: what models say, mapped to what people say, learnt on items that people rated."""


rule calibration:
    """Stage target: calibrated distributions, the calibrators, and what they gain."""
    input:
        expand(f"{RESULTS}/calibrated/{{dataset}}.parquet", dataset=loaded.datasets),
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=CALIBRATIONS,
            kind=["parquet", "csv"],
        ),


rule calibrate:
    """Items, norms and stimuli of a dataset in; calibrated distributions and calibrators out."""
    input:
        item_table=f"{RESULTS}/items/{{dataset}}.parquet",
        norms=f"{RESULTS}/norms/{{dataset}}.parquet",
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
    output:
        calibrated=f"{RESULTS}/calibrated/{{dataset}}.parquet",
        calibrators=f"{RESULTS}/calibrators/{{dataset}}.json",
    log:
        f"{RESULTS}/logs/calibrate/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate/{{dataset}}.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=lambda wildcards: analyses.calibration(wildcards.dataset).params(),
    script:
        "../scripts/calibrate.py"


rule review_calibration:
    """Calibrated distributions beside those of people in; what was gained out, and curves."""
    input:
        item_tables=expand(
            f"{RESULTS}/items/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        norms=expand(
            f"{RESULTS}/norms/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        stimuli=expand(
            f"{RESULTS}/stimuli/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        calibrated=expand(
            f"{RESULTS}/calibrated/{{dataset}}.parquet",
            dataset=sorted(loaded.datasets),
        ),
        calibrators=expand(
            f"{RESULTS}/calibrators/{{dataset}}.json", dataset=sorted(loaded.datasets)
        ),
    output:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=CALIBRATIONS,
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/review_calibration.log",
    benchmark:
        f"{RESULTS}/benchmarks/review_calibration.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.calibration_review().params(),
    script:
        "../scripts/review_calibration.py"
