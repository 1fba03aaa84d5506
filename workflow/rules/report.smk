# The tables, figures and page of an experiment.


rule render:
    """Tables, figures and index.html."""
    input:
        plan=f"{RESULTS}/plan.json",
        scores=f"{RESULTS}/scores.parquet",
        confusions=f"{RESULTS}/confusions.parquet",
        intervals=f"{RESULTS}/intervals.parquet",
        comparisons=f"{RESULTS}/comparisons.parquet",
        contrasts=f"{RESULTS}/contrasts.parquet",
        audits=[layout.audit(*pair) for pair in CORPUS_PROTOCOLS],
        folds=[layout.folds(*pair) for pair in CORPUS_PROTOCOLS],
        cards=[f"{folder}/run.json" for folder in FOLDERS],
        uses=[run.folder / name for run in USES for name in ("run.json", "history.parquet")],
        manifests=[
            layout.manifest(corpus) for corpus in with_members(CONFIG.corpora, PLAN.experiment.selected("corpora"))
        ],
        measures=[layout.measures(corpus) for corpus in CONFIG.experiment.selected("corpora")],
        warnings=[layout.warnings(corpus) for corpus in PLAN.experiment.selected("corpora")],
        histories=[f"{folder}/history.parquet" for folder in FOLDERS],
        predictions=[f"{folder}/predictions.parquet" for folder in FOLDERS],
        attentions=[f"{folder}/attention.parquet" for folder in FOLDERS],
        audio=[path for corpus in PLAN.experiment.selected("corpora") for path in audio_shards(corpus)],
        transcripts=recognised_shards,
        disturbed=DISTURBED,
    output:
        index=report(
            f"{RESULTS}/index.html", category="Report", labels={"name": "page", "content": "Everything below."}
        ),
        tables=[labelled("tables", name, "csv") for name in TABLES],
        texts=expand(f"{RESULTS}/tables/{{name}}.{{suffix}}", name=TABLES, suffix=["md", "tex"]),
        figures=[labelled("figures", name, "svg") for name in FIGURES],
        pictures=expand(f"{RESULTS}/figures/{{name}}.png", name=FIGURES),
    log:
        "logs/report.log",
    benchmark:
        "logs/report.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(ALL_RUNS_MB),
        runtime=growing(30),
    params:
        out=subpath(output.index, parent=True),
        code=code("report", "ser.report"),
        versions=versions("matplotlib", "jinja2", "scipy"),
    shell:
        "ser report --plan {input.plan} --scores {input.scores} --confusions {input.confusions}"
        " --intervals {input.intervals} --comparisons {input.comparisons} --contrasts {input.contrasts}"
        " --out {params.out} > {log} 2>&1"


rule report:
    """Target: the report."""
    input:
        f"{RESULTS}/index.html",
