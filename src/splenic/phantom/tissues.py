"""HU of tissues by contrast phase, and the numbers of the organ labels.

Means follow what abdominal CT at 120 kVp shows: unenhanced spleen 40–55 HU and liver 50–65 HU; spleen and
liver about 120 and 110 HU in the portal venous phase, 90–100 HU late; an unevenly enhanced spleen in the
arterial phase.
"""

from __future__ import annotations

import numpy as np

from splenic.phantom.options import Options
from splenic.phantom.shapes import stream

LABELS: dict[str, int] = {
    "air": 0,
    "couch": 1,
    "skin": 2,
    "fat": 3,
    "muscle": 4,
    "bone": 5,
    "lung": 6,
    "heart": 7,
    "vessel": 8,
    "liver": 9,
    "stomach": 10,
    "kidney": 11,
    "adrenal": 12,
    "pancreas": 13,
    "bowel": 14,
    "fluid": 15,
    "atelectasis": 16,
    "spleen": 17,
    "accessory spleen": 18,
    "gallbladder": 19,
    "nerve": 20,
    "bladder": 21,
}

#           unenhanced  arterial  portal  late, then the spread from patient to patient
_BY_PHASE: dict[str, tuple[tuple[float, float, float, float], float]] = {
    "spleen": ((47, 122, 122, 96), 10),
    "liver": ((57, 72, 108, 92), 9),
    "cortex": ((33, 175, 180, 150), 14),
    "medulla": ((30, 62, 140, 155), 12),
    "pelvis": ((5, 8, 15, 380), 5),
    "aorta": ((42, 300, 150, 112), 22),
    "cava": ((40, 75, 135, 110), 10),
    "portal": ((41, 95, 168, 115), 14),
    "hepatic vein": ((40, 60, 160, 110), 12),
    "pancreas": ((40, 105, 92, 72), 9),
    "wall": ((40, 85, 92, 78), 9),
    "muscle": ((54, 58, 65, 65), 5),
    "heart": ((42, 190, 140, 108), 14),
    "myocardium": ((45, 105, 108, 92), 8),
    "adrenal": ((28, 75, 75, 60), 8),
    "atelectasis": ((45, 88, 104, 84), 16),
    "bowel": ((38, 75, 88, 70), 12),
}
_PHASES = ("unenhanced", "arterial", "portal", "late")
_FIXED: dict[str, tuple[float, float]] = {
    "fat": (-104, 5),
    "skin": (25, 8),
    "lung": (-845, 30),
    "marrow": (190, 45),
    "cortical": (620, 90),
    "disc": (85, 10),
    "cartilage": (95, 12),
    "canal": (28, 5),
    "ascites": (9, 5),
    "effusion": (10, 6),
    "bile": (8, 5),
    "water": (6, 4),
    "contrast": (230, 70),
    "urine": (4, 3),
    "faeces": (10, 25),
    "lesion": (0, 14),
}


def tissue_hu(seed: int, options: Options) -> dict[str, float]:
    """The mean HU of every tissue in one patient and phase (a slow or quick circulation shifts all alike)."""
    rng = stream(seed, "tissues")
    column = _PHASES.index(str(options.phase))
    result = {}
    common = rng.normal()
    for name, (values, spread) in _BY_PHASE.items():
        scale = 0.35 if column == 0 else 1.0
        own = 0.6 * common + 0.8 * rng.normal()
        result[name] = float(values[column] + scale * spread * np.clip(own, -2.2, 2.2))
    for name, (value, spread) in _FIXED.items():
        result[name] = float(value + spread * np.clip(rng.normal(), -2, 2))
    if rng.random() < 0.25:
        result["liver"] -= float(rng.uniform(10, 35))  # a fatty liver
    return result
