"""Value types of the configuration: parsed once, printed back the same. Pure.

Each type is frozen, has ``parse(text)`` (ValueError with words for the operator) and ``str()`` as its inverse, and
knows the words by which the manual calls it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

from admin.config.problems import fault, shown

if TYPE_CHECKING:  # the supervisor parses addresses, and shall not wait for pydantic
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class TextValue(ABC):
    """A value written as text. Subclasses are frozen values whose equality is that of their parts."""

    WORDS: ClassVar[str]
    """What the manual calls it."""
    PLURAL: ClassVar[str] = ""
    """What the manual calls several."""
    REMEDY: ClassVar[str]
    """What to write instead of a value of another type."""
    BARE_NUMBER: ClassVar[str] = ""
    """What to say of a number without a unit, for types that have units."""
    PATTERN: ClassVar[str] = ""
    """A regular expression (ECMA-262) for the text form, as far as one can say it."""

    @classmethod
    @abstractmethod
    def parse(cls, text: str) -> Self:
        """Read the text form; ValueError says what is wrong and what to write."""

    @classmethod
    def accept(cls, value: object) -> Self:
        """What pydantic calls: a value of the type itself, or its text."""
        if isinstance(value, cls):
            return value
        if cls.BARE_NUMBER and type(value) is int:
            raise fault(f"{shown(value)} has no unit; " + cls.BARE_NUMBER.format(value))
        if not isinstance(value, str):
            raise fault(f"{shown(value)} is not {cls.WORDS}; {cls.REMEDY}")
        try:
            return cls.parse(value)
        except ValueError as error:
            raise fault(str(error)) from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate by ``accept``, print by ``str``."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.accept, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        """The text form, for the description of the API."""
        said: dict[str, object] = {"type": "string", "description": cls.WORDS.capitalize()}
        return said | {"pattern": cls.PATTERN} if cls.PATTERN else said


def _quantity(text: str, units: dict[str, int]) -> int | None:
    """``12.5unit`` in the smallest unit; None if it has not this form or is no whole number of them."""
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-zµ]+)", text)
    if match is None or match[2] not in units:
        return None
    amount = Decimal(match[1]) * units[match[2]]
    return int(amount) if amount == int(amount) else None


def _largest_unit(amount: int, units: dict[str, int]) -> str:
    """The inverse of ``_quantity``: the largest unit that divides ``amount``."""
    unit = max((name for name in units if amount % units[name] == 0), key=lambda name: units[name])
    return f"{amount // units[unit]}{unit}"


_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MAX_DURATION = 3650 * _MILLISECONDS["d"]


@dataclass(frozen=True, slots=True)
class Duration(TextValue):
    """A length of time: ``500ms``, ``10s``, ``5m``, ``1h``, ``1d``."""

    WORDS: ClassVar[str] = "a duration"
    REMEDY: ClassVar[str] = "write a number with its unit (ms, s, m, h or d), for example 10s"
    BARE_NUMBER: ClassVar[str] = "write {0}s for seconds, or {0}m, {0}h, {0}d"
    PATTERN: ClassVar[str] = r"^[0-9]{1,12}(\.[0-9]{1,6})? ?(ms|s|m|h|d)$"

    milliseconds: int

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.milliseconds / 1000

    @classmethod
    def parse(cls, text: str) -> Self:
        """A number and one unit; at most ten years."""
        amount = _quantity(text, _MILLISECONDS)
        if amount is None:
            raise ValueError(f"{shown(text)} is not a duration; {cls.REMEDY}")
        if amount > _MAX_DURATION:
            raise ValueError(f"{shown(text)} is longer than ten years; write a shorter duration")
        return cls(amount)

    def __str__(self) -> str:
        """In the largest unit that fits."""
        return _largest_unit(self.milliseconds, _MILLISECONDS) if self.milliseconds else "0s"


_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_BYTES_SPELLINGS = {**_BYTES, "KB": 10**3}
_MAX_SIZE = 2**44


@dataclass(frozen=True, slots=True)
class Size(TextValue):
    """An amount of memory or storage: ``64MiB``, ``1GB``."""

    WORDS: ClassVar[str] = "a size"
    REMEDY: ClassVar[str] = "write a number with its unit (KiB, MiB, GiB, kB, MB or GB), for example 64MiB"
    BARE_NUMBER: ClassVar[str] = "write {0}MiB or {0}kB, or {0}B for bytes"
    PATTERN: ClassVar[str] = r"^[0-9]{1,12}(\.[0-9]{1,6})? ?(B|kB|KB|MB|GB|KiB|MiB|GiB)$"

    bytes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """A number and one unit; at most 16 TiB."""
        amount = _quantity(text, _BYTES_SPELLINGS)
        if amount is None:
            raise ValueError(f"{shown(text)} is not a size; {cls.REMEDY}")
        if amount > _MAX_SIZE:
            raise ValueError(f"{shown(text)} is larger than 16 TiB; write a smaller size")
        return cls(amount)

    def __str__(self) -> str:
        """In the largest unit that fits."""
        return _largest_unit(self.bytes, _BYTES) if self.bytes else "0B"


@dataclass(frozen=True, slots=True)
class Ratio(TextValue):
    """A share: ``50%``, ``300%``, ``0.25%``; kept in hundredths of a percent."""

    WORDS: ClassVar[str] = "a share"
    REMEDY: ClassVar[str] = "write a percentage, for example 50%"
    PATTERN: ClassVar[str] = r"^[0-9]{1,7}(\.[0-9]{1,2})? ?%$"

    hundredths: int

    @property
    def share(self) -> float:
        """As a plain number: 0.5 for ``50%``."""
        return self.hundredths / 10_000

    @classmethod
    def parse(cls, text: str) -> Self:
        """Digits, at most two decimals, ``%``; at most 1,000,000 %."""
        match = re.fullmatch(r"([0-9]{1,7})(?:\.([0-9]{1,2}))? ?%", text)
        if match is None:
            raise ValueError(f"{shown(text)} is not a share; {cls.REMEDY}")
        hundredths = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
        if hundredths > 100_000_000:
            raise ValueError(f"{shown(text)} is more than 1,000,000%; write a smaller share")
        return cls(hundredths)

    def __str__(self) -> str:
        """Without needless decimals."""
        whole, rest = divmod(self.hundredths, 100)
        return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%" if rest else f"{whole}%"


@dataclass(frozen=True, slots=True)
class Sample(TextValue):
    """Which share of queries is looked at: ``off``, ``1/1000``."""

    WORDS: ClassVar[str] = "a sampling rate"
    REMEDY: ClassVar[str] = "write off, or for example 1/1000"
    BARE_NUMBER: ClassVar[str] = "write 1/{0}, or off"
    PATTERN: ClassVar[str] = r"^(off|1/[0-9]{1,7})$"
    DENSEST: ClassVar[int] = 100
    """A denser sample would come close to a record of what people do."""

    one_in: int
    """0 is off."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """``off``, or ``1/N`` with N from 100 to 1,000,000."""
        if text == "off":
            return cls(0)
        match = re.fullmatch(r"1/([0-9]{1,7})", text)
        if match is None:
            raise ValueError(f"{shown(text)} is not a sampling rate; {cls.REMEDY}")
        if not cls.DENSEST <= int(match[1]) <= 1_000_000:
            raise ValueError(f"{shown(text)} is not within 1/{cls.DENSEST} and 1/1000000; {cls.REMEDY}")
        return cls(int(match[1]))

    def __str__(self) -> str:
        """As it is written."""
        return f"1/{self.one_in}" if self.one_in else "off"
