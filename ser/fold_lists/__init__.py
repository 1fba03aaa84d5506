"""Published fold lists: what train and test share by the names of the recordings alone, without audio."""
