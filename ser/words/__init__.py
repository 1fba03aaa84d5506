"""What was said: tokens, transcripts, word vectors."""
