"""Where the epochs of a training go while it runs, one tracker per file. They record, and decide no number."""
