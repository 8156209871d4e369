"""Every constant of the room in one place, with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IntervalModel:
    """How SV's interval follows from the probability map (docs/measure.md, "The interval").

    Parameters
    ----------
    inner_level, outer_level : float
        The mask taken where the probability reaches ``inner_level`` gives the lower, where it reaches
        ``outer_level`` the upper volume.
    reach_mm : float
        Only voxels this near to the mask may join the upper volume: what the clean-up removed elsewhere
        is not an uncertain edge.
    edge_mm : float
        Shift of the whole surface that stands for the voxel grid and for where a reader draws the edge,
        which a sharp probability map cannot show. Two readers of one scan differed by 0.1 and 1.0 % in
        volume, 0.1 mm of edge on a spleen of 380 ml.
    widen : float
        Factor on both half widths, for calibration against real errors. 1: not calibrated.
    """

    inner_level: float = 0.75
    outer_level: float = 0.25
    reach_mm: float = 6.0
    edge_mm: float = 0.1
    widen: float = 1.0


@dataclass(frozen=True, slots=True)
class CutModel:
    """When a mask at the edge of the scan counts as cut (docs/measure.md, "Completeness").

    Parameters
    ----------
    area_mm2 : float
        Area of spleen on the face from which the rest is taken to lie outside. A pole with radius of
        curvature R that is cut with area A lacks about A²/(4πR): under 1 ml for 300 mm² and any R from
        8 mm up. In the reference masks, poles that just end on the first slice have 73 and 251 mm² there,
        poles that are cut 1,683 mm² and more.
    near_mm : float
        A mask that stops one slice short of the scan's end is judged too, if slices are this close.
    padding_hu : int
        Highest HU that can be the filling outside the round reconstruction circle.
    """

    area_mm2: float = 300.0
    near_mm: float = 5.0
    padding_hu: int = -1000


@dataclass(frozen=True, slots=True)
class DensityModel:
    """Where HU are read.

    Parameters
    ----------
    erosion_mm : tuple of float
        Distances from the mask's edge, tried in turn until enough is left. The last is 0: the whole mask.
    least_voxels : int
        How many voxels are enough.
    """

    erosion_mm: tuple[float, ...] = (4.0, 2.0, 0.0)
    least_voxels: int = 100


@dataclass(frozen=True, slots=True)
class HilumModel:
    """Where the level of the hilum is looked for.

    Parameters
    ----------
    middle : float
        Share of the slices, around the middle one, on which the hilum can lie.
    least_bay : float
        Least share of the convex hull's area that the bays take; under it no hilum shows in the outline.
    reach_mm : float
        How far along the width, to both sides of the deepest point of the hilum, chords are drawn; the
        thickness is the median chord, so that a narrow fissure does not make it.
    """

    middle: float = 0.5
    least_bay: float = 0.05
    reach_mm: float = 3.0


INTERVAL = IntervalModel()
CUT = CutModel()
DENSITY = DensityModel()
HILUM = HilumModel()
