# The workflow is in workflow/Snakefile, which says how to call it; this file lets `snakemake` find it from the root.
configfile: f"{workflow.basedir}/config/config.yaml"


module pipeline:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from pipeline


onsuccess:
    pipeline.onsuccess()
