# From predictions to intervals, and to every two systems against each other.


rule compare:
    """Intervals of WA and UA, and paired tests between the systems of a protocol."""
    input:
        plan=f"{RESULTS}/plan.json",
        runs=[f"{folder}/predictions.parquet" for folder in FOLDERS],
    output:
        intervals=f"{RESULTS}/intervals.parquet",
        comparisons=f"{RESULTS}/comparisons.parquet",
    log:
        "logs/compare.log",
    benchmark:
        "logs/compare.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(ALL_RUNS_MB),
        runtime=growing(60),
    params:
        code=catalog.fingerprint("ser.stages.compare"),
        versions=versions("scipy", "statsmodels"),
    shell:
        "ser compare --plan {input.plan} --intervals {output.intervals} --comparisons {output.comparisons} > {log} 2>&1"


rule comparisons:
    """Target: intervals and comparisons."""
    input:
        f"{RESULTS}/comparisons.parquet",
