"""How the shipped bundle is trained: the settings of both stages, and the plan that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splenic.train.augment import Variation
from splenic.train.loop import StageSettings

WINDOW_HU = (-180.0, 280.0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One stage: its grid, its training, and the patch and overlap with which it is run."""

    role: str
    spacing_mm: tuple[float, float, float]
    settings: StageSettings
    run_patch: tuple[int, int, int]
    overlap: float
    shifted_pass: bool


def locate(steps: int) -> Recipe:
    """The locator: the whole width of a body at 6 mm, shown every place where no spleen is."""
    settings = StageSettings(
        network={"widths": [16, 32, 64, 96], "norm": "instance", "head": 16},
        patch=(48, 64, 64),
        window_hu=WINDOW_HU,
        steps=steps,
        batch=2,
        learning_rate=2e-3,
        variation=Variation(
            centre_jitter_mm=90.0,
            anywhere=0.4,
            mirrored=0.25,
            splenectomy=0.1,
            truncation=0.25,
            displacement_mm=8.0,
        ),
    )
    return Recipe("locate", (6.0, 6.0, 6.0), settings, (48, 64, 64), 0.5, False)


def outline(steps: int) -> Recipe:
    """The outlining network: 200 mm around the spleen at 2.5 mm in training, 240 mm when it is run."""
    settings = StageSettings(
        network={"widths": [24, 48, 96, 160], "norm": "instance", "head": 16},
        patch=(80, 80, 80),
        window_hu=WINDOW_HU,
        steps=steps,
        batch=2,
        learning_rate=1.5e-3,
    )
    return Recipe("outline", (2.5, 2.5, 2.5), settings, (96, 96, 96), 0.4, True)


def plan_of(name: str, version: str, licence: str, recipes: tuple[Recipe, ...]) -> dict[str, Any]:
    """``plan.yaml`` of a bundle of these stages, as plain data."""
    return {
        "format": 1,
        "name": name,
        "version": version,
        "licence": licence,
        "stages": [
            {
                "role": recipe.role,
                "weights": f"{recipe.role}.onnx",
                "spacing_mm": list(recipe.spacing_mm),
                "patch": list(recipe.run_patch),
                "overlap": recipe.overlap,
                "window_hu": list(recipe.settings.window_hu),
                "input": "hu",
                "output": "logits",
                "shifted_pass": recipe.shifted_pass,
            }
            for recipe in recipes
        ],
        "post_processing": {
            "threshold": 0.5,
            "locate_threshold": 0.1,
            "smallest_spleen_ml": 8.0,
            "smallest_candidate_ml": 4.0,
            "margin_mm": 25.0,
        },
    }
