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
_FUNCTIONALS = "extractor: functionals, options: {feature_set: %s}"
_SPECTROGRAM = "extractor: spectrogram, options: {%s}"
REPLACED_EXTRACTORS: Mapping[str, str] = {  # old module: what a feature's entry says instead
    "compare_functionals": _FUNCTIONALS % "ComParE_2016",
    "egemaps": _FUNCTIONALS % "eGeMAPSv02",
    "emobase": _FUNCTIONALS % "emobase",
    "spectrogram_10hz": _SPECTROGRAM % "window: 640, points: 1600, bins: 400, pad: 240",
    "spectrogram_20hz": _SPECTROGRAM % "window: 320, points: 800, bins: 200, pad: 80",
}


def unknown_name(kind: str, name: object, known: Iterable[str]) -> SerError:
    """Return the error for a name that is not in ``known``: its new name, or the most similar one."""
    names = list(known)
    new = RENAMED.get(kind, {}).get(str(name))
    if new in names:
        return SerError(f"{kind} '{name}' is called '{new}'.")
    return unknown(kind, name, names)
