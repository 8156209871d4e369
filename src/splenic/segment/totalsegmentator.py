"""TotalSegmentator behind the engine protocol (extra ``totalsegmentator``)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from splenic.ct.geometry import box_around
from splenic.ct.nifti import affine_ras
from splenic.ct.types import Finding, ScanInfo, Volume
from splenic.errors import EngineError, UsageError
from splenic.segment.cleanup import one_spleen
from splenic.segment.types import Segmentation


class TotalSegmentatorEngine:
    """Runs TotalSegmentator's task ``total`` for the spleen alone.

    Parameters
    ----------
    fast : bool
        Its 3 mm network instead of the one at 1.5 mm.
    device : {"cpu", "cuda"}

    Raises
    ------
    UsageError
        If the package is not installed.
    """

    name = "totalsegmentator"

    def __init__(self, *, fast: bool = False, device: str = "cpu") -> None:
        try:
            from totalsegmentator.python_api import totalsegmentator
        except ImportError as error:
            raise UsageError(
                "totalsegmentator-extra-missing",
                "TotalSegmentator is not installed",
                "install the extra: pip install 'splenic[totalsegmentator]'",
            ) from error
        self._run: Any = totalsegmentator
        self._fast = fast
        self._device = "gpu" if device == "cuda" else "cpu"

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        """The spleen of TotalSegmentator; see :class:`splenic.segment.types.Engine`."""
        import nibabel

        start = time.perf_counter()
        image = nibabel.Nifti1Image(  # type: ignore[no-untyped-call]
            volume.hu.transpose(2, 1, 0), affine_ras(volume.geometry)
        )
        try:
            answer = self._run(
                image,
                None,
                task="total",
                roi_subset=["spleen"],
                fast=self._fast,
                device=self._device,
                quiet=True,
                ml=True,
            )
        except Exception as error:  # its own, nnU-Net's and urllib's errors have no common ancestor
            said = str(error).splitlines()[0][:120] if str(error) else ""
            raise EngineError(
                "totalsegmentator-failed",
                f"TotalSegmentator could not finish ({type(error).__name__}: {said})",
                "if its weights could not be downloaded, copy them to its weights folder "
                "(~/.totalsegmentator) and try again",
            ) from error
        mask = one_spleen((np.asarray(answer.dataobj).transpose(2, 1, 0) > 0).astype(np.float32), 0.5, None)
        box = box_around(mask)
        findings: tuple[Finding, ...] = ()
        if box is None:
            box = (slice(0, 0), slice(0, 0), slice(0, 0))
            findings = (Finding("no-spleen-found", "no spleen was found on this scan"),)
        inside = np.ascontiguousarray(mask[box])
        return Segmentation(
            volume.geometry,
            box,
            inside.astype(np.float32),
            inside,
            findings,
            self.name,
            "total",
            seconds={"fine": time.perf_counter() - start},
        )
