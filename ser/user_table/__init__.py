"""The CSV or text table with which a user describes recordings: from its bytes to utterances."""
