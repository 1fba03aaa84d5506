"""Types of options with a range or a choice. The annotation of a keyword is its only check (``ser.config.options``)."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Counts = Annotated[Sequence[Count], Field(min_length=1)]
Index = Annotated[int, Field(ge=0)]  # also a number that may be 0
Share = Annotated[float, Field(ge=0, le=1)]
Channel = Literal["mix", "first", "left", "right", "best"]  # what is read of a recording of several channels
Seconds = Annotated[float, Field(gt=0)]
Overlap = Annotated[float, Field(ge=0)]  # seconds
