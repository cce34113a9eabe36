"""The analyses of a study: all rules that turn tables into tables, and a target for each analysis.

What is computed from what is said in src/emoalign/analyses, in the analysis.py of each.
"""

TABLES = analyses.targets()


rule statistics:
    """Stage target: the tables of all analyses."""
    input:
        [file for files_of_analysis in TABLES.values() for file in files_of_analysis],


for analysis, tables_of_analysis in TABLES.items():

    rule:
        name:
            analysis
        input:
            tables_of_analysis,

    list(workflow.rules)[-1].docstring = f"Stage target: the tables of {analysis}."


# Every value is direct: a lambda would see the last rule of the loop alone.
for planned in analyses.rules():

    rule:
        name:
            planned.name
        input:
            planned.inputs,
            rating_files if planned.reads_ratings else [],
            completion_files if planned.reads_completions else [],
            unprepared if planned.reads_ratings or planned.reads_completions else [],
        output:
            [
                (
                    report(
                        file,
                        caption="../captions/table.rst",
                        category="Tables",
                        labels={"table": Path(file).stem},
                    )
                    if file.endswith(".csv") and Path(file).parent.name == "statistics"
                    else file
                )
                for file in planned.outputs
            ],
        log:
            planned.log,
        benchmark:
            planned.benchmark
        localrule: planned.local
        conda:
            "../envs/emoalign.yaml"
        threads: planned.threads
        params:
            jobs=planned.jobs,
        script:
            "../scripts/analyse.py"

    list(workflow.rules)[-1].docstring = planned.docstring
