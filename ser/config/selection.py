"""Protocols that select on the test part: what cannot be trained under them, checked before any job."""

from ser.config.schema import Config
from ser.errors import SerError

KEY = "selected_on: test"


def check_selection(config: Config) -> None:
    """Raise SerError for selection on test that selects nothing, that would train on test, or that is for use."""
    experiment = config.experiment
    leaking = {name for name in experiment.selected("protocols") if config.protocols[name].selected_on == "test"}
    for name in sorted(leaking):
        if config.protocols[name].selection == "last":
            raise SerError(f"protocols.{name}: '{KEY}' needs a selection by a score, such as dev_ua; it is last.")
    for number, block in enumerate(experiment.runs):
        for name in (name for name in block.protocols if name in leaking):
            refitted = [one for one in block.systems if config.systems[one].options.get("refit") == "train+dev"]
            if refitted:
                raise SerError(
                    f"experiment.runs[{number}]: protocol '{name}' has '{KEY}', so that '{refitted[0]}', which is "
                    "fitted once more on train and dev, would be trained on the test part; take 'refit: train'."
                )
    for number, one in enumerate(experiment.use):
        if one.protocol in leaking:
            raise SerError(
                f"experiment.use[{number}]: protocol '{one.protocol}' has '{KEY}', and what is trained for use has no "
                "test part; take a protocol that selects on dev."
            )
