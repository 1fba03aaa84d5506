"""Recordings: formats, decoding, lengths, levels, and where the speech is."""
