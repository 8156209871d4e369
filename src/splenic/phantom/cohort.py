"""Options for many phantoms: a cohort of patients, or the variety that a network should have seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from splenic.phantom.shapes import stream


def cohort(n: int, seed: int, *, cirrhosis: float = 0.5) -> tuple[dict[str, Any], ...]:
    """Keyword arguments of :func:`splenic.phantom.make` (with the seed) for ``n`` patients.

    SV is log-normal: median 200 ml (log deviation 0.33) in the healthy and 550 ml (0.5) in cirrhosis, kept
    within 60 to 2000 ml. Ascites, effusion and varices go with cirrhosis. The first patients of a larger
    cohort are those of a smaller one of the same seed.

    Parameters
    ----------
    cirrhosis : float
        Probability of cirrhosis, 0 to 1.

    Examples
    --------
    >>> patients = cohort(3, seed=1)
    >>> len(patients), sorted(patients[0])[:3]
    (3, ['accessory_ml', 'arms', 'ascites'])
    """
    return tuple(_patient(seed, k, cirrhosis) for k in range(n))


def _patient(seed: int, k: int, cirrhosis: float) -> dict[str, Any]:
    rng = stream(seed, f"cohort {k}")
    ill = bool(rng.random() < cirrhosis)
    median, deviation = (550.0, 0.5) if ill else (200.0, 0.33)
    thickness = float(rng.choice([2.5, 3.0, 5.0], p=[0.5, 0.2, 0.3]))
    return {
        "seed": int(rng.integers(0, 2**31)),
        "sv_ml": float(np.clip(rng.lognormal(np.log(median), deviation), 60, 2000)),
        "phase": str(rng.choice(["portal", "late", "arterial", "unenhanced"], p=[0.7, 0.1, 0.1, 0.1])),
        "ascites": float(rng.uniform(0.1, 1)) if ill and rng.random() < 0.4 else 0.0,
        "effusion": float(rng.uniform(0.1, 0.7)) if ill and rng.random() < 0.2 else 0.0,
        "varices": float(rng.uniform(0.2, 1)) if ill and rng.random() < 0.7 else 0.0,
        "accessory_ml": float(rng.uniform(0.4, 3)) if rng.random() < 0.15 else 0.0,
        "kernel": "soft",
        "arms": "up",
        "spacing_mm": (thickness, 1.5, 1.5),
    }


def variety(seed: int, *, spacing_mm: tuple[float, float, float] | None = None) -> dict[str, Any]:
    """Keyword arguments of :func:`splenic.phantom.make` for one phantom of the widest variety.

    Seven in ten show an abdomen with a spleen (one in five of them cut by the scan range or the field of
    view); the others have none: after splenectomy, or another part of the body with its muscle.

    Parameters
    ----------
    spacing_mm : tuple of float, optional
        A fixed grid (slice, row, column); drawn otherwise, with slices of 1 to 10 mm.
    """
    rng = stream(seed, "variety")
    draw = rng.random()
    result: dict[str, Any] = {"seed": seed}
    if draw < 0.70:
        result["region"] = str(rng.choice(["abdomen", "abdomen-pelvis", "whole-body"], p=[0.85, 0.11, 0.04]))
        if rng.random() < 0.2:
            result["cut"] = str(
                rng.choice(["superior", "inferior", "left", "posterior"], p=[0.35, 0.4, 0.15, 0.1])
            )
        ill = rng.random() < 0.5
        result["sv_ml"] = float(np.clip(rng.lognormal(np.log(550 if ill else 200), 0.5), 60, 2000))
    elif draw < 0.80:
        result["spleen"] = "absent"
    else:
        result["region"] = str(
            rng.choice(["chest", "shoulders", "neck", "pelvis", "thighs"], p=[0.3, 0.25, 0.1, 0.2, 0.15])
        )
        result["spleen"] = "absent"
    thickness = float(
        rng.choice([1.25, 2.0, 2.5, 3.0, 5.0, 7.5, 10.0], p=[0.06, 0.12, 0.3, 0.12, 0.25, 0.07, 0.08])
    )
    if spacing_mm is None:
        pixel = float(rng.uniform(1.3, 2.4))
        spacing_mm = (max(thickness * float(rng.choice([0.8, 1.0], p=[0.2, 0.8])), 1.25), pixel, pixel)
    result["spacing_mm"] = spacing_mm
    result["thickness_mm"] = thickness
    if rng.random() < 0.08:
        result["tilt_deg"] = float(rng.uniform(-18, 18))
    if rng.random() < 0.15:
        result["padding_hu"] = int(rng.choice([-1024, -2000, -3024]))
    result["couch"] = bool(rng.random() < 0.85)
    return result
