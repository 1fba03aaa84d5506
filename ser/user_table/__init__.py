"""What users and benchmarks write about recordings: the table that describes them, and lists of folds."""
