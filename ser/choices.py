"""Tables of alternatives, of which a code hash covers only the entries that a job uses."""

from typing import TypeVar

Chosen = TypeVar("Chosen")


class Choices(dict[str, Chosen]):
    """A table of alternatives, from the value of an option, or a kind of model, to what it selects.

    The code hash of a job covers only the entries whose key is a string in the job or in the code that it reaches, so
    that a new alternative reruns nothing. The class only marks the table for ``ser.provenance``, which reads it from
    the source text: define it at the top of a module, from a dictionary literal, as in
    ``OPTIMISERS = Choices({"adam": _adam, "sgd": _sgd})``.
    """
