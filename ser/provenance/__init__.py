"""What a file depends on: the code that decides its numbers, and why it would be rebuilt."""
