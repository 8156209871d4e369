"""NIfTI in and out: the only place where RAS exists."""

from __future__ import annotations

import gzip
import hashlib
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from splenic.ct.find import Opener, name_of_file
from splenic.ct.geometry import Geometry, Vector
from splenic.ct.pixels import AIR_HU, MAX_HU
from splenic.ct.types import Finding, Scan, ScanInfo, Source
from splenic.errors import InputError

_RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
# sform and qform may differ by rounding of float32; more than this at any corner is a conflict.
_CONFLICT_MM = 1.0
_MAX_OBLIQUE_DEG = 35.0
_HEADER_BYTES = 1 << 16


def read_nifti(path: Path) -> Scan:
    """One NIfTI file as a scan; its pixels are read at the first use.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz`` in any orientation, of any number type.

    Returns
    -------
    Scan
        The array's axes are permuted to ``[slice, row, column]``, and the slices are put in the order of
        increasing projection on their normal; no voxel is moved in space.

    Raises
    ------
    InputError
        Where the file cannot be read as NIfTI.
    """
    source = Source(Path(path))
    with Opener() as opener, opener.open(source) as stream:
        return scan_of(source, stream)


def scan_of(source: Source, stream: BinaryIO) -> Scan:
    """As :func:`read_nifti`, from a stream that is open."""
    data = stream.read()
    stem = name_of_file(source)
    for suffix in (".gz", ".nii"):
        stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    info = ScanInfo(patient_id=stem, modality="CT")
    image = _header_image(source, data)
    findings: list[Finding] = []
    geometry, axes = None, None
    shape = _squeezed(image.shape)
    if len(shape) != 3 or min(shape) < 2:
        findings.append(
            Finding(
                "not-3d",
                f"{source}: holds an array of {' × '.join(map(str, image.shape))}, not one "
                "volume; give one file for each volume",
                gate=True,
            )
        )
    else:
        affine, conflict = _affine(image, source)
        findings += conflict
        geometry, axes, more = _grid(shape, affine, source)
        findings += more
    loader = None if axes is None else NiftiLoader(source, axes)
    return Scan(info, geometry, tuple(findings), (source,), hashlib.sha256(data).hexdigest(), "nifti", loader)


@dataclass(frozen=True, slots=True)
class Axes:
    """How the file's array becomes ``[slice, row, column]``: axes in order, slices reversed or not."""

    order: tuple[int, int, int]
    reverse: bool


@dataclass(frozen=True, slots=True)
class NiftiLoader:
    """Reads the HU of a NIfTI file."""

    source: Source
    axes: Axes

    def __call__(self) -> npt.NDArray[np.int16]:
        """All slices, int16 HU, shape (slices, rows, columns).

        Raises
        ------
        InputError
            ``nan-in-volume``, ``pixel-data-short``, ``not-hu``.
        """
        with Opener() as opener, opener.open(self.source) as stream:
            image = _image(self.source, stream.read())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = _scaled(image, self.source)
        except (OSError, EOFError, ValueError) as error:
            raise InputError(
                "pixel-data-short",
                f"{self.source}: its voxels cannot be read ({error})",
                "copy or export it again",
            ) from error
        values = values.reshape(_squeezed(values.shape))
        values = np.transpose(values, self.axes.order)
        if self.axes.reverse:
            values = values[::-1]
        return np.ascontiguousarray(values)

    def slices(self, indices: Sequence[int]) -> npt.NDArray[np.int16]:
        """Some slices, int16 HU; the file is read whole, for gzip allows nothing else."""
        return self()[list(indices)]


def _image(source: Source, data: bytes) -> Any:
    import nibabel
    from nibabel.imageglobals import LoggingOutputSuppressor

    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        second = data[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
        if not second and data[344:348] not in (b"n+1\0", b"ni1\0"):
            raise ValueError("it does not begin as NIfTI does")
        with LoggingOutputSuppressor():
            return (nibabel.Nifti2Image if second else nibabel.Nifti1Image).from_bytes(data)
    except Exception as error:  # zlib, nibabel and numpy each raise their own
        raise InputError(
            "nifti-unreadable", f"{source}: cannot be read as NIfTI ({error})", "copy or export it again"
        ) from error


def _header_image(source: Source, data: bytes) -> Any:
    """An image good for its header only: of a gzipped file the first bytes are unpacked."""
    if data[:2] != b"\x1f\x8b":
        return _image(source, data)
    try:
        start = gzip.GzipFile(fileobj=BytesIO(data)).read(_HEADER_BYTES)
        return _image(source, start)
    except (InputError, OSError, EOFError, zlib.error):  # a header longer than that, or a broken file
        return _image(source, data)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without trailing axes of length 1 beyond the third."""
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _scaled(image: Any, source: Source) -> npt.NDArray[np.int16]:
    """Scaled values as int16 HU; float64 never holds the whole volume."""
    raw = image.dataobj.get_unscaled()
    if raw.dtype.kind not in "iuf":
        raise InputError("not-hu", f"{source}: holds {raw.dtype} voxels, not HU", "give a grey-scale CT")
    slope, intercept = float(image.dataobj.slope), float(image.dataobj.inter)
    if raw.dtype.kind == "f":
        if not np.isfinite(raw).all():
            raise InputError(
                "nan-in-volume",
                f"{source}: holds voxels that are no number (NaN or infinite)",
                "write it again with air (-1024) in their place",
            )
    elif slope == 1.0 and intercept == int(intercept):
        whole: npt.NDArray[np.int16] = np.clip(raw.astype(np.int32) + int(intercept), AIR_HU, MAX_HU).astype(
            np.int16
        )
        return whole
    out = np.empty(raw.shape, np.int16)
    for index in range(raw.shape[2]):
        plane = raw[:, :, index].astype(np.float32) * np.float32(slope) + np.float32(intercept)
        out[:, :, index] = np.clip(np.rint(plane), AIR_HU, MAX_HU)
    return out


def _affine(image: Any, source: Source) -> tuple[npt.NDArray[np.float64], list[Finding]]:
    """The file's affine, RAS: the sform where it is set, else the qform; with the finding of a conflict."""
    header = image.header
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best = np.asarray(header.get_best_affine(), float)
        if sform > 0 and qform > 0:
            other = np.asarray(header.get_qform(), float)
            size = [n - 1 for n in image.shape[:3]]
            corners = np.array(np.meshgrid(*[(0, n) for n in size], indexing="ij")).reshape(3, -1)
            gap = float(np.abs((best - other)[:3, :3] @ corners + (best - other)[:3, 3:]).max())
            # A qform cannot hold a shear; one that agrees but for that is no conflict.
            if gap > _CONFLICT_MM and not _only_shear(best, other):
                return best, [
                    Finding(
                        "sform-qform-conflict",
                        f"{source}: sform and qform place it {gap:.1f} mm "
                        "apart; keep the right one (set the other's code to 0)",
                        gate=True,
                    )
                ]
    if sform <= 0 and qform <= 0:
        return best, [
            Finding(
                "no-orientation",
                f"{source}: has neither sform nor qform, so left and right are unknown; "
                "convert the original series again",
                gate=True,
            )
        ]
    return best, []


def _only_shear(sform: npt.NDArray[np.float64], qform: npt.NDArray[np.float64]) -> bool:
    steps = sform[:3, :3]
    unit = steps / np.linalg.norm(steps, axis=0)
    sheared = float(np.abs(unit.T @ unit - np.eye(3)).max()) > 1e-3
    return (
        sheared
        and np.allclose(sform[:3, 3], qform[:3, 3], atol=0.1)
        and bool(np.all(np.sum(unit * qform[:3, :3] / np.linalg.norm(qform[:3, :3], axis=0), axis=0) > 0.8))
    )


def _grid(
    shape: tuple[int, ...],
    affine: npt.NDArray[np.float64],
    source: Source,
) -> tuple[Geometry | None, Axes | None, list[Finding]]:
    steps = (affine[:3, :3] * _RAS_TO_LPS[:, None]).T  # row a: LPS step along file axis a
    lengths = np.linalg.norm(steps, axis=1)
    if not np.isfinite(affine).all() or lengths.min() < 1e-3 or abs(np.linalg.det(steps)) < 1e-6:
        return (
            None,
            None,
            [
                Finding(
                    "bad-affine",
                    f"{source}: its affine has no volume; convert the original series again",
                    gate=True,
                )
            ],
        )
    units = steps / lengths[:, None]
    axes = _axes(units)
    order = list(axes.order)
    origin = affine[:3, 3] * _RAS_TO_LPS
    steps, units, lengths = steps[order], units[order], lengths[order]
    if axes.reverse:
        origin = origin + (shape[order[0]] - 1) * steps[0]
        units[0] = -units[0]
    sizes = (shape[order[0]], shape[order[1]], shape[order[2]])
    geometry = Geometry(
        sizes, _vector(origin), _vector(lengths), (_vector(units[0]), _vector(units[1]), _vector(units[2]))
    )
    findings = []
    normal = np.cross(units[1], units[2])
    normal /= np.linalg.norm(normal)
    angle = float(np.degrees(np.arccos(min(1.0, abs(normal[2])))))
    if angle > _MAX_OBLIQUE_DEG:
        findings.append(
            Finding(
                "non-axial",
                f"{source}: its slices lie {angle:.0f}° from axial; give an axial scan",
                gate=True,
            )
        )
    lean = float(np.degrees(np.arccos(min(1.0, abs(float(units[0] @ normal))))))
    if lean > 0.1:
        findings.append(
            Finding(
                "gantry-tilt",
                f"{source}: slices lean {lean:.1f}° against the table's axis; the grid is "
                "kept sheared, and sizes are measured on it exactly",
            )
        )
    return geometry, axes, findings


def _axes(units: npt.NDArray[np.float64]) -> Axes:
    """Order the file's axes: columns run along the patient's left-right, rows front-back, slices foot-head.

    Of the six permutations the one with the largest alignment is taken. The slice axis is reversed where it
    descends along the normal of the slices.
    """
    orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    best = max(orders, key=lambda o: abs(units[o[0], 2]) + abs(units[o[1], 1]) + abs(units[o[2], 0]))
    return Axes(best, bool(units[best[0]] @ np.cross(units[best[2]], units[best[1]]) < 0))


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))


def affine_ras(geometry: Geometry) -> npt.NDArray[np.float64]:
    """NIfTI affine (4, 4), RAS mm, of an array stored with axes ``[column, row, slice]``."""
    affine = np.eye(4)
    affine[:3, :3] = (geometry.steps_mm[::-1] * _RAS_TO_LPS).T
    affine[:3, 3] = np.asarray(geometry.origin_mm) * _RAS_TO_LPS
    return affine


def write_nifti(path: Path, array: npt.NDArray[Any], geometry: Geometry) -> None:
    """Write an array on its grid as NIfTI; same array and grid, same bytes.

    Parameters
    ----------
    path : Path
        ``.nii.gz`` or ``.nii``.
    array : ndarray, shape ``geometry.shape``
        Bool is written as uint8.
    geometry : Geometry
        LPS grid; a shear is kept in the sform, the qform then holds the nearest rotation.
    """
    import nibabel

    if array.shape != geometry.shape:
        raise ValueError(f"array of shape {array.shape} does not fit a grid of {geometry.shape}")
    values = array.astype(np.uint8) if array.dtype == bool else array
    affine = affine_ras(geometry)
    image: Any = nibabel.Nifti1Image(np.transpose(values, (2, 1, 0)), affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, code=1, strip_shears=True)
    image.set_sform(affine, code=1)
    data = image.to_bytes()
    if str(path).endswith(".gz"):
        buffer = BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=1, mtime=0) as file:
            file.write(data)
        data = buffer.getvalue()
    path.write_bytes(data)
