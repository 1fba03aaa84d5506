# The whole workflow is in workflow/Snakefile; this file lets `snakemake` find it from the root.
#
#   snakemake --cores 8 --resources gpu=1 -- features     up to one target: see workflow/Snakefile
configfile: f"{workflow.basedir}/config/config.yaml"


module pipeline:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from pipeline


onsuccess:
    pipeline.onsuccess()
