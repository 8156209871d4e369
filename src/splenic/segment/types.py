"""What an engine takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry
from splenic.ct.types import Finding, ScanInfo, Volume


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A spleen on a scan, kept only inside a box of the scan's grid.

    Parameters
    ----------
    geometry : Geometry
        The scan's whole grid.
    box : tuple of three slices
        Where ``probability`` and ``mask`` lie in that grid. Outside it both are 0.
    probability : float32 array, 0..1, shape of the box
        The engine's probability of spleen, on the scan's voxels.
    mask : bool array, shape of the box
        The cleaned mask. All false where no spleen was found.
    findings : tuple of Finding
        E.g. ``no-spleen-found``, ``anatomy-mirrored``.
    engine, model, model_version, model_hash : str
        What made it; empty where an engine has no model.
    seconds : mapping of stage name to seconds
    disagreement : float or None
        Mean absolute difference between test-time variants inside the union of their masks, 0..1;
        None where an engine gives no variants.
    """

    geometry: Geometry
    box: Box
    probability: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    findings: tuple[Finding, ...] = ()
    engine: str = ""
    model: str = ""
    model_version: str = ""
    model_hash: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    disagreement: float | None = None

    def whole_mask(self) -> npt.NDArray[np.uint8]:
        """The mask on the scan's whole grid, uint8."""
        whole = np.zeros(self.geometry.shape, np.uint8)
        whole[self.box] = self.mask
        return whole

    @property
    def crop_geometry(self) -> Geometry:
        """The grid of ``mask`` and ``probability``."""
        return self.geometry.crop(self.box)


class Engine(Protocol):
    """Turns a volume into a segmentation. Deterministic: same volume, same engine, same result."""

    @property
    def name(self) -> str:
        """Short name, a value of the column ``engine``."""

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        """Find the spleen.

        ``info`` is what the headers say of the scan; an engine that takes masks made elsewhere needs it to
        know which is the scan's own.

        Raises
        ------
        EngineError
            If the engine could not do its work; finding no spleen is not an error.
        """
