"""Transcripts, their tokens, and word vectors."""
