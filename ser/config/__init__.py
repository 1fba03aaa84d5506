"""The configuration: its keys, how the files are read and checked, and the plan of an experiment."""
