"""What the values of `params.yaml` may be: types that the sections of `tryon.config` share."""

from typing import Annotated

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=False)

Flag = Annotated[bool, Field(strict=True)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
Count = Annotated[int, Field(strict=True, ge=0)]
AtLeastOne = Annotated[int, Field(strict=True, ge=1)]
HashBits = Annotated[int, Field(strict=True, ge=0, le=64)]
Side = Annotated[int, Field(strict=True, ge=32, le=2048, multiple_of=32)]
PatternName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
SourceName = PatternName
DomainName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$")]

Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
