"""The typed configuration: what may stand in it, and how the files are read."""
