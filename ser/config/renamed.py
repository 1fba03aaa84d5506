"""Old names of configuration keys, systems, protocols and features, so that an error can give the new one.

Add a line when a name changes, and keep it for as long as configurations with the old name may exist. The keys of other
tools are in the table for the same reason.
"""

from collections.abc import Collection, Iterable, Mapping

from ser.errors import SerError, unknown

RENAMED: Mapping[str, Mapping[str, str]] = {  # kind as in the error: old name: new name
    "key": {
        "batch_size": "batch",
        "lr": "learning_rate",
        "max_epochs": "epochs",
        "normalize": "normalise",
        "optimizer": "optimiser",
    },
    "system": {"MSCNN-SPU-ATT-all-pairs": "MSCNN-SPU-ATT"},
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


def require_known(kind: str, names: Iterable[object], known: Collection[str], where: str = "") -> None:
    """Raise SerError for the first of ``names`` that is not ``known``: with its new name, or the most similar one."""
    for name in names:
        if name not in known:
            new = RENAMED.get(kind, {}).get(str(name))
            text = f"{kind} '{name}' is called '{new}'." if new in known else str(unknown(kind, name, known))
            raise SerError(f"{where}: {text}" if where else text)
