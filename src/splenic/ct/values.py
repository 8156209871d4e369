"""Values of DICOM elements, whatever scanners wrote."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

# PS3.5, table 6.2-1: these are written in the default repertoire, whatever SpecificCharacterSet says.
_ASCII_VRS = {"CS", "DA", "DS", "DT", "IS", "TM", "UI"}


@cache
def _known(keyword: str) -> tuple[BaseTag, str]:
    """Tag and value representation of a keyword, from the dictionary."""
    from pydicom.datadict import dictionary_VR
    from pydicom.tag import Tag

    return Tag(keyword), dictionary_VR(keyword)


def value_of(dataset: Dataset, keyword: str) -> Any:
    """An element's value; text that holds only ASCII straight from its bytes, which halves the time."""
    tag, known_vr = _known(keyword)
    item: Any = dataset.get_item(tag)
    if item is None:
        return None
    data = getattr(item, "value", None)
    if isinstance(data, bytes) and hasattr(item, "is_raw"):
        vr = known_vr if item.VR in (None, "UN") else item.VR
        if vr in _ASCII_VRS:
            parts = data.decode("latin-1").split("\\")
            texts = [part.strip(" \0\r\n\t") for part in parts]
            return texts[0] if len(texts) == 1 else texts
        if vr.startswith(("US", "SS")) and len(data) == 2:
            order: Literal["big", "little"] = "little" if item.is_little_endian else "big"
            return int.from_bytes(data, order, signed=vr == "SS")
    return dataset[tag].value


def listed(value: Any) -> list[Any]:
    """A value as a list: of none, one or several."""
    if value is None:
        return []
    return [value] if isinstance(value, (str, bytes, int, float)) else list(value)


def floats(value: Any) -> list[float]:
    """The finite numbers of a value; empty where it holds none or anything else."""
    try:
        numbers = [float(v) for v in listed(value)]
    except (TypeError, ValueError):
        return []
    return numbers if all(abs(n) < 1e9 for n in numbers) else []  # false for NaN too


def string(value: Any) -> str:
    """A value as text without padding; empty for None."""
    return "" if value is None else str(value).strip().strip("\0").strip()


def values_of(dataset: Dataset, keyword: str) -> list[Any]:
    """An element's values as a list."""
    return listed(value_of(dataset, keyword))


def text_of(dataset: Dataset, keyword: str) -> str:
    """An element's text without padding."""
    value = value_of(dataset, keyword)
    if isinstance(value, bytes):
        return value.decode("latin-1").strip("\0 ")
    return string(value)


def float_of(dataset: Dataset, keyword: str) -> float | None:
    """An element's first number."""
    numbers = floats(value_of(dataset, keyword))
    return numbers[0] if numbers else None


def int_of(dataset: Dataset, keyword: str) -> int | None:
    """An element's first number, whole."""
    value = value_of(dataset, keyword)
    number = floats(value)
    return int(number[0]) if number else None


def seconds_of(time: str) -> float | None:
    """Seconds since midnight of a DICOM time ``HHMMSS.FFFFFF``; None where it is none."""
    digits = time.replace(":", "").split("+")[0].split("-")[0]
    try:
        whole, fraction = int(digits[:6].ljust(6, "0")), float("0" + digits[6:]) if digits[6:] else 0.0
    except ValueError:
        return None
    return whole // 10000 * 3600 + whole // 100 % 100 * 60 + whole % 100 + fraction
