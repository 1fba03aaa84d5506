"""The folds of a protocol on rows that are known before the audio is read, checked as the stage ``split`` does."""

from collections.abc import Sequence

from ser.config.schema import Protocol
from ser.corpus import Facts, Utterance
from ser.preparation.fold_counts import fold_count, labelled

MOST = 500_000  # rows × folds; of more, a plan only counts the folds
COLUMNS = (  # that rules and checks read
    *("utterance", "speaker", "session", "dialog", "gender", "text", "emotion"),
    *("style", "intensity", "language"),
)


def planned_folds(protocol: Protocol, facts: Facts, rows: Sequence[Utterance] | None = None) -> int:
    """Return the number of folds; SerError where the protocol cannot be filled, with what can be done.

    Where ``rows`` are known and not too many, the rule is applied to them: a class that no train part has, a dev part
    that cannot be made and a text that is missing are known before anything runs.
    """
    count = fold_count(protocol, facts, rows)
    if rows is None or len(rows) * count > MOST:
        return count
    import pandas as pd  # a plan does without it where only facts are known

    from ser.checks.protocol import assigned, check_parts

    cells = [[*(getattr(row, name) for name in COLUMNS), label] for row, label in labelled(protocol, rows)]
    table = pd.DataFrame(cells, columns=[*COLUMNS, "label"], dtype=object)
    check_parts(assigned(protocol.load(), table, **protocol.options), table, protocol)
    return count
