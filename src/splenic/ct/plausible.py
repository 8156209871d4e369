"""Are these HU those of a body in air?"""

from __future__ import annotations

import numpy as np

from splenic.ct.types import Finding, Volume

_STRIDE = 4


def check_hu(volume: Volume) -> tuple[Finding, ...]:
    """Judge the HU of a volume; reads it.

    Returns
    -------
    tuple of Finding
        ``all-air``, ``hu-constant``, ``hu-implausible`` (gate) and ``no-air`` (note).
    """
    hu = volume.hu[:, ::_STRIDE, ::_STRIDE]
    low, high = int(hu.min()), int(hu.max())
    if low == high:
        return (Finding("hu-constant", f"every voxel has {low} HU; export the series again", gate=True),)
    if low >= -10 and high <= 255 and np.unique(hu).size <= 64:
        return (
            Finding(
                "hu-implausible",
                f"its values ({low} to {high}) look like a mask, not HU; give the CT itself",
                gate=True,
            ),
        )
    tissue = float(np.mean((hu > -150) & (hu < 300)))
    fat_to_muscle = float(np.mean((hu > -150) & (hu < 120)))
    if tissue < 0.01:
        return (
            Finding(
                "all-air",
                f"only {tissue:.1%} of its voxels have the HU of tissue, so there is no body in it; "
                "give another series",
                gate=True,
            ),
        )
    if low >= -150 and fat_to_muscle < 0.6:
        return (
            Finding(
                "hu-implausible",
                f"its values ({low} to {high}) are not HU; export the original series",
                gate=True,
            ),
        )
    if low > -200:
        return (
            Finding(
                "no-air", f"its lowest value is {low} HU: the air outside was removed or the rescale is wrong"
            ),
        )
    return ()
