# Inputs and params of the rules from audio, or transcripts, to features.
import re

from ser.config import extractors
from ser.config.options import local_files, uses_device
from ser.stages.extract import ExtractJob
from ser.stages.extract_text import ExtractTextJob
from ser.stages.index import IndexJob

TRAINED = {"train_xvector": "data/{corpus}/xvector.safetensors"}  # rules that train weights for extractors

TEXT_FEATURES = [name for name, entry in CONFIG.features.items() if extractors.transcript(entry) is not None]


def any_of(names):
    """A regular expression that matches these names; without any it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def feature(wildcards):
    """The feature's entry, with the file of the rule that trains an option where the configuration names none."""
    entry = CONFIG.features[wildcards.feature]
    options = dict(entry.options)
    for option, trainer in extractors.trained(entry.extractor).items():
        options[option] = options.get(option) or TRAINED[trainer].format(corpus=wildcards.corpus)
    return entry.model_copy(update={"options": options})


@exit_on_error
def extractor_files(wildcards):
    """Files besides the audio that the extractor reads, such as weights."""
    return [literal(path) for path in local_files(feature(wildcards))]


@exit_on_error
def extract_job(wildcards):
    entry = feature(wildcards)
    return ExtractJob.params(feature=wildcards.feature, extractor=entry.extractor, options=entry.options)


@exit_on_error
def extract_text_job(wildcards):
    entry = feature(wildcards)
    return ExtractTextJob.params(feature=wildcards.feature, extractor=entry.extractor, options=entry.options)


def feature_transcripts(wildcards):
    """The shard of the transcripts that a feature is computed of."""
    name = extractors.transcript(feature(wildcards))
    return f"{layout.transcripts(wildcards.corpus, name)}/{wildcards.shard}.parquet"


def audio_shards(corpus):
    return [f"data/{corpus}/audio/{shard}.parquet" for shard in shards(corpus)]


@cache
def feature_folders(corpus, system):
    """Folder of shards by feature, of what a system reads."""
    names = sorted({view.feature for view in CONFIG.systems[system].inputs.views().values()})
    return {name: layout.features(corpus, name) for name in names}


@cache
def feature_indexes(corpus, system):
    return [str(layout.index(folder)) for folder in feature_folders(corpus, system).values()]


def read_shards(wildcards):
    """Every shard of the features and transcripts that the systems read: a training depends on their index, and a lost
    shard is made again only if it is an input of a target."""
    indexes = {
        (corpus, path)
        for corpus, system in CORPUS_SYSTEMS
        for path in [*feature_indexes(corpus, system), *transcript_index(corpus, system)]
    }
    indexes |= {(Path(path).parts[1], path) for path in all_copy_indexes()}
    return sorted(f"{Path(path).parent}/{shard}.parquet" for corpus, path in indexes for shard in shards(corpus))
