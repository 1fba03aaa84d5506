"""The tables that one stage hands to another, as contracts."""
