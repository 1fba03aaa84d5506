"""Downloads, archives, atomic writes and checksums of files."""
