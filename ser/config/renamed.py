"""Old names of configuration keys, systems, protocols and features, so that an error can give the new one.

Add a line when a name changes, and keep it for as long as configurations with the old name may exist. The keys of other
tools are in the table for the same reason.
"""

from collections.abc import Iterable, Mapping

from ser.errors import SerError, unknown

RENAMED: Mapping[str, Mapping[str, str]] = {  # kind as in the error: old name: new name
    "key": {
        "batch_size": "batch",
        "lr": "learning_rate",
        "max_epochs": "epochs",
        "normalize": "normalise",
        "optimizer": "optimiser",
    },
    "system": {},
    "protocol": {},
    "feature": {},
}


def unknown_name(kind: str, name: object, known: Iterable[str]) -> SerError:
    """Return the error for a name that is not in ``known``: its new name, or the most similar one."""
    names = list(known)
    new = RENAMED.get(kind, {}).get(str(name))
    if new in names:
        return SerError(f"{kind} '{name}' is called '{new}'.")
    return unknown(kind, name, names)
