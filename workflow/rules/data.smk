"""The files of datasets: downloaded where they are openly licensed, else how to get them."""


rule data:
    """Fetch the missing files of all dataset cards, and verify those that are there.

    It declares no output and no benchmark, so that it runs whenever it is requested: Snakemake
    would delete declared outputs before it makes them again.
    """
    log:
        f"{RESULTS}/logs/data.log",
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        datasets=loaded.library.names("datasets"),
        needed=sorted(loaded.datasets),
        mirror=study.data_mirror,
    script:
        "../scripts/gather_data.py"


use rule data as study_data with:
    log:
        f"{RESULTS}/logs/study_data.log",
    params:
        datasets=sorted(loaded.datasets),
        needed=sorted(loaded.datasets),
        mirror=study.data_mirror,
