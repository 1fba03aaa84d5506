"""Speech emotion recognition: the same systems under the same named protocols, from recordings to a report."""

__version__ = "0.1.0"
