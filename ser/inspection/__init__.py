"""What ``ser inspect`` finds in a folder or table of recordings, before anything is trained."""
