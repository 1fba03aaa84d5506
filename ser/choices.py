"""Functions by the value of an option, such that a code hash counts only the values that a job names."""

from typing import TypeVar

Entry = TypeVar("Entry")


class Choices(dict[str, Entry]):
    """A table from the value of an option to the function that implements it.

    A job's code hash covers only the entries whose key occurs in the job, so that a new choice reruns nothing. Assign
    it at the top of a module, from a dictionary literal: ``OPTIMISERS = Choices({"adam": _adam, "sgd": _sgd})``.
    """
