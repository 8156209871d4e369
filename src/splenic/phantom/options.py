"""What can be asked of a phantom, and what is drawn where nothing is asked."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from splenic.ct.geometry import Geometry
from splenic.errors import UsageError
from splenic.phantom.shapes import stream

Phase = Literal["unenhanced", "arterial", "portal", "late"]
Region = Literal["abdomen", "abdomen-pelvis", "chest", "shoulders", "neck", "pelvis", "thighs", "whole-body"]
SpleenKind = Literal["organ", "ellipsoid", "absent"]
Stomach = Literal["air-fluid", "water", "contrast", "collapsed"]
Kernel = Literal["soft", "sharp"]
Cut = Literal["none", "superior", "inferior", "left", "posterior"]

# Lowest and highest level of each region in the body frame; 0 is about the twelfth thoracic vertebra.
REGION_MM: dict[str, tuple[float, float]] = {
    "abdomen": (-165.0, 115.0),
    "abdomen-pelvis": (-430.0, 110.0),
    "chest": (105.0, 300.0),
    "shoulders": (190.0, 340.0),
    "neck": (270.0, 470.0),
    "pelvis": (-460.0, -230.0),
    "thighs": (-700.0, -440.0),
    "whole-body": (-700.0, 470.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every option of :func:`splenic.phantom.make`; None means: draw it from the seed.

    Parameters
    ----------
    spleen : str
        ``organ`` (a spleen as in life), ``ellipsoid`` (exact, for tests) or ``absent`` (splenectomy).
    sv_ml : float
        Wanted splenic volume; ``truth.sv_ml`` says what was drawn. Log-normal around 250 ml otherwise.
    radii_mm : tuple of float
        Half axes (left, posterior, superior) of the ellipsoid.
    region : str
        The range of the body that is scanned.
    geometry : Geometry
        The grid; its centre is laid onto the middle of the region. Without it, ``shape`` (rows, columns
        and slices) and ``spacing_mm`` are used, and what is missing is chosen so that the region fits.
    thickness_mm : float
        Slice thickness, averaged through the slice; may differ from the distance of the slices.
    tilt_deg : float
        Gantry tilt: the slices keep their distance along the table and are inclined to it.
    cut : str
        Where the scan range or the field of view cuts the spleen.
    accessory_ml : float
        Volume of an accessory spleen (never part of the mask); 0 for none.
    ascites, effusion, atelectasis, varices : float
        Amounts from 0 to 1.
    fat : float
        0 lean … 1 obese.
    scale : float
        Size of the whole body.
    rotation_deg : tuple of float
        How the patient lies, turned about left, posterior and superior.
    liver_reach : float
        0: the left lobe ends at the midline … 1: it touches the spleen.
    streaks_hu, noise_hu : float
        Standard deviations in soft tissue.
    padding_hu : int
        Value outside the circle of reconstruction; 0 for no circle.
    """

    phase: Phase | None = None
    spleen: SpleenKind = "organ"
    sv_ml: float | None = None
    radii_mm: tuple[float, float, float] = (35.0, 25.0, 50.0)
    region: Region = "abdomen"
    geometry: Geometry | None = None
    shape: tuple[int, int, int] | None = None
    spacing_mm: tuple[float, float, float] | None = None
    thickness_mm: float | None = None
    tilt_deg: float = 0.0
    cut: Cut = "none"
    accessory_ml: float | None = None
    ascites: float | None = None
    effusion: float | None = None
    atelectasis: float | None = None
    varices: float | None = None
    fat: float | None = None
    scale: float | None = None
    rotation_deg: tuple[float, float, float] | None = None
    liver_reach: float | None = None
    stomach: Stomach | None = None
    arms: Literal["up", "down"] | None = None
    couch: bool = True
    kernel: Kernel | None = None
    noise_hu: float | None = None
    streaks_hu: float | None = None
    padding_hu: int = 0


_CHOICES = {
    "phase": get_args(Phase),
    "spleen": get_args(SpleenKind),
    "region": get_args(Region),
    "stomach": get_args(Stomach),
    "kernel": get_args(Kernel),
    "cut": get_args(Cut),
    "arms": ("up", "down"),
}


def options_of(seed: int, **given: Any) -> Options:
    """The options of a phantom, with all that was not given drawn from the seed.

    Raises
    ------
    UsageError
        If an option is unknown or outside what it can be.
    """
    known = {f.name for f in fields(Options)}
    for name in given:
        if name not in known:
            raise UsageError("bad-option", f"a phantom has no option {name!r}", f"use one of {sorted(known)}")
    options = Options(**given)
    for name, choices in _CHOICES.items():
        value = getattr(options, name)
        if value is not None and value not in choices:
            raise UsageError(
                "bad-option", f"{name}={value!r} is not known", f"use one of {', '.join(choices)}"
            )
    drawn = {name: value for name, value in _draw(seed).items() if getattr(options, name) is None}
    options = replace(options, **drawn)
    _check_numbers(options)
    return options


def _draw(seed: int) -> dict[str, Any]:
    """One value for every option that is drawn, each from its own stream."""

    def pick(name: str, choices: tuple[str, ...], weights: tuple[float, ...]) -> str:
        return str(choices[int(stream(seed, name).choice(len(choices), p=weights))])

    def some(name: str, probability: float) -> float:
        rng = stream(seed, name)
        return float(rng.uniform(0.15, 1.0)) if rng.random() < probability else 0.0

    kernel = pick("kernel", ("soft", "sharp"), (0.8, 0.2))
    sharp = kernel == "sharp"
    rotation = stream(seed, "rotation").normal(0, (2.0, 2.0, 4.0))
    accessory = stream(seed, "accessory")
    return {
        "phase": pick("phase", ("unenhanced", "arterial", "portal", "late"), (0.2, 0.25, 0.4, 0.15)),
        "sv_ml": float(np.clip(stream(seed, "sv").lognormal(np.log(250), 0.6), 60, 2000)),
        "accessory_ml": float(accessory.uniform(0.4, 4.0)) if accessory.random() < 0.2 else 0.0,
        "ascites": some("ascites", 0.25),
        "effusion": some("effusion", 0.2),
        "atelectasis": some("atelectasis", 0.3),
        "varices": some("varices", 0.35),
        "fat": float(stream(seed, "fat").beta(1.6, 2.2)),
        "scale": float(np.clip(stream(seed, "scale").normal(1.0, 0.07), 0.82, 1.18)),
        "rotation_deg": tuple(float(v) for v in rotation),
        "liver_reach": float(stream(seed, "liver").beta(1.2, 1.4)),
        "stomach": pick("stomach", ("air-fluid", "water", "contrast", "collapsed"), (0.4, 0.2, 0.2, 0.2)),
        "arms": pick("arms", ("up", "down"), (0.85, 0.15)),
        "kernel": kernel,
        "noise_hu": float(stream(seed, "noise").uniform(*((20, 45) if sharp else (6, 18)))),
        "streaks_hu": 8.0 * some("streaks", 0.3),
    }


def _check_numbers(options: Options) -> None:
    limits = {
        "sv_ml": (20, 4000),
        "accessory_ml": (0, 20),
        "ascites": (0, 1),
        "effusion": (0, 1),
        "atelectasis": (0, 1),
        "varices": (0, 1),
        "fat": (0, 1),
        "scale": (0.5, 1.5),
        "liver_reach": (0, 1),
        "noise_hu": (0, 200),
        "streaks_hu": (0, 200),
        "tilt_deg": (-35, 35),
    }
    for name, (low, high) in limits.items():
        value = getattr(options, name)
        if not low <= value <= high:
            raise UsageError(
                "bad-option", f"{name}={value} is outside {low} to {high}", "choose a value inside"
            )
    if options.cut != "none" and options.spleen == "absent":
        raise UsageError("bad-option", "a scan cannot cut a spleen that is absent", "drop one of the two")
