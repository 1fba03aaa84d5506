# What a job hears and reads: input and parameter functions of transcripts and word vectors.


def listener(wildcards):
    """The recogniser's module; None where the corpus's own transcripts are taken."""
    name = CONFIG.transcripts[wildcards.transcript].recogniser
    return None if name is None else catalog.load("recognisers", name)


def heard_audio(wildcards):
    return f"data/{wildcards.corpus}/audio/{wildcards.shard}.parquet" if listener(wildcards) else []


@told
def heard_by(wildcards):
    """Local files of the recogniser's model."""
    entry = CONFIG.transcripts[wildcards.transcript]
    found = local_files("recognisers", entry.recogniser, entry.options) if entry.recogniser else []
    return [literal(file) for file in found]


def listening(wildcards):
    """Arguments of the job that listens; none where nobody does."""
    entry = CONFIG.transcripts[wildcards.transcript]
    if entry.recogniser is None:
        return ""
    options = quote(json.dumps(entry.options, sort_keys=True))
    return f"--audio {heard_audio(wildcards)} --recogniser {entry.recogniser} --options {options}"


def listening_code(wildcards):
    heard = listener(wildcards)
    return catalog.fingerprint("ser.stages.transcribe", *([heard.__name__] if heard else []))


def listens_on_gpu(wildcards):
    entry = CONFIG.transcripts[wildcards.transcript]
    return entry.recogniser is not None and uses_device("recognisers", entry.recogniser, entry.options)


def transcript_shards(corpus, transcript):
    return [str(layout.transcripts(corpus, transcript) / f"{shard}.parquet") for shard in shards(corpus)]


@told
def local_vectors(wildcards):
    """The file of word vectors; nothing where the job itself fetches it."""
    source = CONFIG.embeddings[wildcards.embedding].source
    return [] if "://" in source else literal(Path(source).expanduser())


def checksum(wildcards):
    given = CONFIG.embeddings[wildcards.embedding].checksum
    return f"--checksum {given}" if given else ""


def words(system):
    """How a system reads transcripts; None where it reads none."""
    return CONFIG.systems[system].inputs.words


def transcript_index(corpus, system):
    read = words(system)
    return [str(layout.index(layout.transcripts(corpus, read.transcript)))] if read else []


def word_vectors(corpus, system):
    """Word vectors to start from, where the recipe names some and the configuration says where they are."""
    read = words(system)
    if read is None or read.embedding is None or CONFIG.embeddings[read.embedding].source is None:
        return []
    return [str(layout.embedding(corpus, read.embedding, read.transcript))]


def word_arguments(corpus, system):
    """Arguments of a training that reads words; none of one that does not."""
    read = words(system)
    if read is None:
        return []
    vectors = [f"--embedding {path}" for path in word_vectors(corpus, system)]
    return [f"--transcripts {layout.transcripts(corpus, read.transcript)}", *vectors]


def recognised_shards(wildcards):
    """Every transcript of the runs that is not the corpus's own."""
    pairs = {(corpus, words(system).transcript) for corpus, system in LEARNERS if words(system)}
    return [path for pair in sorted(pairs) if pair[1] != "given" for path in transcript_shards(*pair)]
