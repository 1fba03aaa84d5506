# From predictions to scores, intervals and comparisons.


rule plan:
    """The resolved experiment, kept with its results."""
    output:
        f"{RESULTS}/plan.json",
    log:
        "logs/plan.log",
    benchmark:
        "logs/plan.benchmark.jsonl"
    priority: 2  # first of all jobs: `ser watch` reads which runs the experiment has
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        job=plan_job(),
        code=code("plan"),
    shell:
        # an argument has at most 128 KiB, and a plan of many systems is longer
        "ser plan --job - --out {output} > {log} 2>&1 <<'PLAN'\n{params.job}\nPLAN\n"


rule score:
    """Metrics, recalls and confusions of every run, and pooled over folds."""
    input:
        plan=f"{RESULTS}/plan.json",
        runs=[f"{folder}/predictions.parquet" for folder in FOLDERS],
    output:
        scores=f"{RESULTS}/scores.parquet",
        confusions=f"{RESULTS}/confusions.parquet",
    log:
        "logs/score.log",
    benchmark:
        "logs/score.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(ALL_RUNS_MB),
        runtime=growing(30),
    params:
        code=code("score"),
    shell:
        "ser score --plan {input.plan} --scores {output.scores} --confusions {output.confusions} > {log} 2>&1"


rule compare:
    """Intervals of the metrics, and paired tests: between the systems of a protocol, and of declared contrasts."""
    input:
        plan=f"{RESULTS}/plan.json",
        runs=[f"{folder}/predictions.parquet" for folder in FOLDERS],
    output:
        intervals=f"{RESULTS}/intervals.parquet",
        comparisons=f"{RESULTS}/comparisons.parquet",
        contrasts=f"{RESULTS}/contrasts.parquet",
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
        method="jackknife",
        code=code("compare"),
        versions=versions("scipy", "statsmodels"),
    shell:
        "ser compare --plan {input.plan} --method {params.method} --intervals {output.intervals}"
        " --comparisons {output.comparisons} --contrasts {output.contrasts} > {log} 2>&1"


rule scores:
    """Target: the score tables."""
    input:
        f"{RESULTS}/scores.parquet",


rule comparisons:
    """Target: intervals, comparisons and contrasts."""
    input:
        f"{RESULTS}/comparisons.parquet",
