"""One file for each part of a report: from what was gathered to its tables."""
