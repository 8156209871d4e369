"""Pixel data → HU: the fastest correct decoder for each transfer syntax."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from splenic.ct.find import Opener
from splenic.ct.headers import Frame, lenient
from splenic.ct.types import Source
from splenic.errors import InputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

AIR_HU = -1024
MAX_HU = 32767
# First the fastest plug-in measured on 512² CT, then what else can read it; what is not named here is
# uncompressed or deflated, or left to whatever pydicom finds.
_DECODERS = {
    "1.2.840.10008.1.2.4.51": ("gdcm", "pillow"),  # JPEG extended, 12 bit
    "1.2.840.10008.1.2.4.57": ("gdcm",),  # JPEG lossless
    "1.2.840.10008.1.2.4.70": ("gdcm",),  # JPEG lossless, first-order
    "1.2.840.10008.1.2.4.80": ("pyjpegls", "gdcm"),  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81": ("pyjpegls", "gdcm"),  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.90": ("pylibjpeg", "gdcm"),  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91": ("pylibjpeg", "gdcm"),  # JPEG 2000
    "1.2.840.10008.1.2.4.201": ("pylibjpeg",),  # HTJ2K lossless
    "1.2.840.10008.1.2.4.202": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.203": ("pylibjpeg",),
    "1.2.840.10008.1.2.5": ("gdcm", "pydicom"),  # RLE
}


_PIXEL_TAGS = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows",
    "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DicomLoader:
    """Reads the HU of a scan's frames, in slice order; None stands for a slice to interpolate."""

    frames: tuple[Frame | None, ...]
    name: str

    def __call__(self) -> npt.NDArray[np.int16]:
        """All slices, int16 HU, shape (slices, rows, columns)."""
        return self.slices(range(len(self.frames)))

    def slices(self, indices: Sequence[int]) -> npt.NDArray[np.int16]:
        """Some slices, int16 HU, shape (len(indices), rows, columns).

        Raises
        ------
        InputError
            With the slice's file and what is wrong with its pixels.
        """
        out = np.empty((len(indices), *self._plane), np.int16)
        wanted = sorted({int(i) for index in indices for i in self._needed(index)})
        filled = [index for index in indices if self.frames[index] is None]
        kept: dict[int, npt.NDArray[np.int16]] = {}
        places = {int(index): place for place, index in enumerate(indices)}
        for index, hu in self._decode(wanted):
            if index in places:
                out[places[index]] = hu
            if filled:
                kept[index] = hu
        for index in filled:
            out[places[index]] = (kept[index - 1].astype(np.int32) + kept[index + 1]) // 2
        return out

    @property
    def _plane(self) -> tuple[int, int]:
        first = next(frame for frame in self.frames if frame is not None)
        return first.file.rows, first.file.columns

    def _needed(self, index: int) -> tuple[int, ...]:
        return (index,) if self.frames[index] is not None else (index - 1, index + 1)

    def _decode(self, indices: Sequence[int]) -> Iterator[tuple[int, npt.NDArray[np.int16]]]:
        """Decode frames file by file, so that a multi-frame file is opened once."""
        by_file: dict[Source, list[tuple[int, Frame]]] = {}
        for index in indices:
            frame = self.frames[index]
            if frame is not None:
                by_file.setdefault(frame.file.source, []).append((index, frame))
        with Opener() as opener, lenient():
            for group in by_file.values():
                dataset = _read(opener, group[0][1])
                for index, frame in group:
                    yield index, self._hu(dataset, frame)

    def _hu(self, dataset: Dataset, frame: Frame) -> npt.NDArray[np.int16]:
        try:
            stored = _stored(dataset, frame)
        except InputError:
            raise
        except Exception as error:  # decoders raise anything on broken bytes
            short = frame.file.pixels == "short"
            raise InputError(
                "pixel-data-short" if short else "pixel-data-unreadable",
                f"{self.name}: the pixels of {frame.file.source} cannot be decoded "
                f"({(str(error).strip().splitlines() or ['?'])[-1].strip()[:160]})",
                "copy or export the series again",
            ) from error
        if stored.shape != (frame.file.rows, frame.file.columns):
            raise InputError(
                "pixel-data-unreadable",
                f"{self.name}: {frame.file.source} decodes to {stored.shape} pixels, its header says "
                f"{frame.file.rows} × {frame.file.columns}",
                "copy or export the series again",
            )
        return to_hu(stored, frame.slope or 1.0, frame.intercept or 0.0)


def to_hu(stored: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[np.int16]:
    """Rescale stored values to int16 HU (PS3.3, C.11.1.1.2); what is under -1024 (padding) becomes -1024."""
    if slope == 1.0 and intercept == int(intercept):
        hu = stored.astype(np.int32)
        hu += int(intercept)
    else:
        hu = np.rint(stored.astype(np.float32) * np.float32(slope) + np.float32(intercept))
    out = np.empty(stored.shape, np.int16)
    np.clip(hu, AIR_HU, MAX_HU, out=out, casting="unsafe")
    return out


@cache
def _tags() -> list[BaseTag | int]:
    from pydicom.tag import Tag

    return [Tag(keyword) for keyword in _PIXEL_TAGS]


def _read(opener: Opener, frame: Frame) -> Dataset:
    from pydicom import dcmread

    with opener.open(frame.file.source) as stream:
        try:
            return dcmread(stream, force=True, specific_tags=_tags())
        except Exception as error:
            raise InputError(
                "pixel-data-unreadable",
                f"{frame.file.source}: cannot be read ({error})",
                "copy or export the series again",
            ) from error


def _stored(dataset: Dataset, frame: Frame) -> npt.NDArray[Any]:
    """The stored values of one frame, shape (rows, columns), before rescale."""
    from pydicom.pixels.decoders.base import get_decoder

    if "PixelData" not in dataset:
        raise InputError(
            "no-pixel-data", f"{frame.file.source}: has no pixel data", "export the series again"
        )
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is None or not syntax.is_compressed or syntax.is_deflated:
        return _native(dataset, frame)
    plugins = _DECODERS.get(str(syntax), ("",))
    for number, plugin in enumerate(plugins):
        try:
            array, _ = get_decoder(syntax).as_array(
                dataset, index=frame.index, raw=True, decoding_plugin=plugin
            )
            return _used_bits(array, frame.file.bits_stored, frame.file.signed)
        except Exception:
            if number == len(plugins) - 1:
                raise
    raise AssertionError("no decoder tried")


def _native(dataset: Dataset, frame: Frame) -> npt.NDArray[Any]:
    """Uncompressed pixels, as the header lays them out (PS3.5, section 8)."""
    bits = int(dataset.BitsAllocated)
    if bits not in (8, 16, 32) or int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise InputError(
            "pixel-data-unreadable",
            f"{frame.file.source}: has {bits} bits and {dataset.get('SamplesPerPixel', 1)} samples a pixel",
            "give a grey-scale CT series",
        )
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    order = ">" if syntax is not None and not syntax.is_little_endian else "<"
    dtype = np.dtype(f"{order}{'i' if frame.file.signed else 'u'}{bits // 8}")
    count = frame.file.rows * frame.file.columns
    data = dataset.PixelData
    start = frame.index * count * dtype.itemsize
    if len(data) < start + count * dtype.itemsize:
        raise InputError(
            "pixel-data-short",
            f"{frame.file.source}: its pixel data end after {len(data)} of "
            f"{start + count * dtype.itemsize} bytes",
            "copy or export the series again",
        )
    stored = np.frombuffer(data, dtype, count, start).reshape(frame.file.rows, frame.file.columns)
    return _used_bits(stored, frame.file.bits_stored, frame.file.signed)


def _used_bits(stored: npt.NDArray[Any], used: int, signed: bool) -> npt.NDArray[Any]:
    """Set right what lies above BitsStored: overlays of old scanners, or a sign that was not extended.

    Signed values that need more bits than the header says are kept: the header is wrong then, not the pixels.
    """
    bits = stored.dtype.itemsize * 8
    if used >= bits:
        return stored.view(stored.dtype.str.replace("u", "i")) if signed else stored
    native = stored.astype(f"{'i' if signed else 'u'}{bits // 8}")
    low, high = int(native.min()), int(native.max())
    unextended = signed and low >= 0 and 1 << (used - 1) <= high < 1 << used
    overlays = not signed and high >= 1 << used
    return (native << (bits - used)) >> (bits - used) if unextended or overlays else native


def digest(frame: Frame, opener: Opener) -> str:
    """SHA-256 of a frame's stored values; where they cannot be decoded, of the bytes of its pixel data.

    A slice that cannot be read is left to the loader, which names it.
    """
    with lenient():
        try:
            return hashlib.sha256(
                np.ascontiguousarray(_stored(_read(opener, frame), frame)).tobytes()
            ).hexdigest()
        except Exception:
            return raw_digest(frame, opener)


def raw_digest(frame: Frame, opener: Opener) -> str:
    """SHA-256 of the pixel data of a frame's file, as they are stored."""
    try:
        with lenient():
            data = _read(opener, frame).get("PixelData") or b""
    except InputError as error:
        data = str(error).encode()
    return hashlib.sha256(bytes(data)).hexdigest()
