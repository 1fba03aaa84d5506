# Corpora that join others: their manifests and shards are those of their members, under other names.
from ser.config.joins import with_members
from ser.stages.join import JoinJob
from ser.stages.join_shard import JoinShardJob

JOINED = [name for name, entry in CONFIG.corpora.items() if entry.joins]
# Weights that are trained on a corpus's own speakers differ between the members: such features are extracted once more.
EXTRACTED_AGAIN = [
    name
    for name, entry in CONFIG.features.items()
    if any(entry.options.get(option) is None for option in extractors.trained(entry.extractor))
]
IN_JOINED = any_of(JOINED)
COPIED = rf"audio|fingerprints|transcripts/[^/]+|features/(?!(?:{any_of(EXTRACTED_AGAIN)})/)[^/+]+"
# For the rules that make the same files of other corpora: what a joined corpus copies from its members is not theirs.
NOT_COPIED = rf"(?!(?:{IN_JOINED})/(?:(?:{COPIED})/\d+\.parquet|[a-z]+\.(?:parquet|csv)))[^/]+"


@cache
def member_shards(corpus):
    """The shards of a joined corpus, by name of the member: the member and the number of its shard."""
    return [(member, shard) for member in sorted(CONFIG.corpora[corpus].joins) for shard in shards(member)]


def of_members(path):
    """One file of each member of a joined corpus, such as the manifest."""
    return lambda wildcards: [path(member) for member in CONFIG.corpora[wildcards.corpus].joins]


@exit_on_error
def join_job(wildcards):
    joins = CONFIG.corpora[wildcards.corpus].joins
    return JoinJob.params(
        corpus=wildcards.corpus, joins=joins, shards={member: len(shards(member)) for member in joins}
    )


def member_shard(wildcards):
    member, shard = member_shards(wildcards.corpus)[int(wildcards.shard)]
    return f"data/{member}/{wildcards.kind}/{shard}.parquet"


@exit_on_error
def join_shard_job(wildcards):
    return JoinShardJob.params(member=member_shards(wildcards.corpus)[int(wildcards.shard)][0])
