"""A corpus that joins others: which these are, that its entry has no key of theirs, and what only it can have."""

from collections.abc import Iterable, Mapping

from ser.config.recipe import Inputs
from ser.config.renamed import require_known
from ser.config.schema import Config, Corpus, Protocol
from ser.errors import SerError

OWN = frozenset({"adapter", "joins"})  # every entry has an adapter: its name where none is given


def with_members(corpora: Mapping[str, Corpus], names: Iterable[str]) -> list[str]:
    """Return ``names`` and the corpora that they join, each once."""
    return list(dict.fromkeys(every for name in names for every in (name, *corpora[name].joins)))


def check_joins(corpora: Mapping[str, Corpus], names: Iterable[str]) -> None:
    """Raise SerError for a joined corpus that has fewer than two members, an unknown or joined one, or their keys."""
    for name in names:
        entry, where = corpora[name], f"corpora.{name}"
        if not entry.joins:
            continue
        require_known("corpus", entry.joins, corpora, f"{where}.joins")
        if len(entry.joins) < 2:
            raise SerError(f"{where}.joins: names {', '.join(entry.joins)} alone; at least two corpora are joined.")
        if nested := [member for member in entry.joins if corpora[member].joins]:
            raise SerError(f"{where}.joins: {', '.join(nested)} joins others itself; name those instead.")
        more = sorted(entry.model_fields_set - OWN) + ["adapter"] * (entry.adapter != name)
        if more:
            raise SerError(
                f"{where}: {', '.join(more)} cannot be set of a corpus that joins others; set it of each of "
                f"{', '.join(entry.joins)}."
            )


def check_normalisation(config: Config) -> None:
    """Raise SerError for normalisation by corpus on a corpus that joins no others, and for what is trained for use."""
    for number, one in enumerate(config.experiment.use):
        protocol = config.protocols[one.protocol]
        if system := next((s for s in one.systems if normalises_by_corpus(protocol, config.systems[s].inputs)), None):
            raise SerError(
                f"experiment.use[{number}]: '{system}' is normalised by the statistics of a corpus under "
                f"'{one.protocol}', and new recordings have none; take a protocol with 'normalisation: train'."
            )
    for number, block in enumerate(config.experiment.runs):
        for name in (name for name in block.protocols if config.protocols[name].normalisation == "corpus"):
            if single := [corpus for corpus in block.corpora if not config.corpora[corpus].joins]:
                raise SerError(
                    f"experiment.runs[{number}]: protocol '{name}' normalises by corpus, so that each corpus needs "
                    f"the key 'joins'; {', '.join(single)} has none."
                )


def normalises_by_corpus(protocol: Protocol, inputs: Inputs) -> bool:
    """Return whether a view is normalised by the statistics of a corpus, which a new recording does not have."""
    views = inputs.views().values()
    return protocol.normalisation == "corpus" and any(view.normalise == "statistics" for view in views)
