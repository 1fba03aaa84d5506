"""One finished experiment as a file that others can cite and check without the project: a zip that is an RO-Crate.

    ro-crate-metadata.json                     what it is, by whom, under which licences; SHA-256 of every other file
    README.md                                  the same in words
    results/<experiment>/plan.json             the resolved experiment
    results/<experiment>/*.parquet             scores, confusions, intervals, comparisons, contrasts
    results/<experiment>/tables/*.csv          the tables of the report
    results/runs/…/predictions.parquet         one per run, with history.parquet, run.json and robustness/*.parquet

Paths are those of a project, so that every command and notebook that reads results reads the unpacked archive.
"""
