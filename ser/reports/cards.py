"""What the card of a protocol says beyond its entry in the configuration."""

from ser import catalog
from ser.config.schema import Protocol


def grouping(protocol: Protocol) -> str:
    """Return what the protocol's rule keeps together, and which part validates, in its own words."""
    return (catalog.load("protocols", protocol.rule).__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
