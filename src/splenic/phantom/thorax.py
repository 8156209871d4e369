"""The layers of the chest, and the vessels."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from splenic.phantom.anatomy import Anatomy, Box, Layer, tube_layer
from splenic.phantom.body import Patch
from splenic.phantom.shapes import Field, Waves, cylinder, ellipsoid, smooth_max, smooth_min, stream

F = np.float32
_CHEST: Box = ((-170.0, -140.0, -60.0), (170.0, 140.0, 310.0))


def thorax(a: Anatomy) -> list[Layer]:
    """Lungs, pleura, mediastinum and heart."""
    hu = a.hu
    box = _CHEST
    rng = stream(a.seed, "thorax")
    first, second = Waves.draw(rng, 28, 70, 7), Waves.draw(rng, 28, 70, 7)
    heart_at = (30.0 + 4 * rng.normal(), -34.0, a.frame.dome_left_mm + 36)

    def heart(p: Patch) -> Field:
        f = ellipsoid(p.x + (p.z - F(heart_at[2])) * F(0.35), p.y, p.z, heart_at, (55, 44, 52))
        return smooth_max(f, 2.5 - p.diaphragm, 6.0)

    def mediastinum(p: Patch) -> Field:
        column = cylinder(p.x, p.y, (2, 14), (30, 62))
        front = np.abs(p.x) - (4 + np.maximum(p.z - 170, 0) * F(0.25))
        f = smooth_min(np.maximum(column, -p.y - 40), np.maximum(front, p.y - 10), 14.0)
        return smooth_max(smooth_min(f, heart(p) - 5, 12.0), p.chest + 0.5, 4.0)

    def lung_hu(p: Patch) -> Field:
        return F(hu["lung"]) + 22 * p.wave(a.texture) + (p.y + 90) * F(0.45) + 12 * p.wave(a.fine)

    def vessels(p: Patch) -> Field:
        f = np.sqrt(p.wave(first) ** 2 + p.wave(second) ** 2) * 9 - 1.5
        return np.maximum(np.maximum(f, p.chest + 4), -mediastinum(p))

    result = [
        Layer("lung", lambda p: p.chest, lung_hu, box),
        Layer("vessel", vessels, hu["hepatic vein"] - 30, box),
    ]
    result += _pleura(a, rng)

    def gullet(p: Patch) -> Field:
        return cylinder(p.x, p.y, (4, 20), (9, 7))

    def chambers(p: Patch) -> Field:
        septum = np.abs(p.x * F(0.8) + p.y * F(0.6) - 5) - 5
        return smooth_max(heart(p) + 11, -septum, 4.0)

    arch = tube_layer([(-18, -12, 165), (-14, -14, 195), (2, 4, 212), (18, 26, 200), (16, 33, 160)], 13.0)
    result += [
        Layer("fat", mediastinum, hu["fat"] + 6, box),
        Layer("heart", heart, hu["myocardium"], box),
        Layer("heart", chambers, hu["heart"], box),
        Layer("vessel", arch[0], hu["aorta"], arch[1]),
        Layer(
            "air",
            lambda p: np.maximum(cylinder(p.x, p.y, (0, 4), (9, 8)), 172 - p.z),
            -990.0,
            ((-20.0, -15.0, 165.0), (20.0, 25.0, 420.0)),
        ),
        Layer(
            "muscle",
            lambda p: np.maximum(gullet(p), 62 - p.z),
            hu["wall"] - 25,
            ((-20.0, 0.0, 55.0), (25.0, 40.0, 420.0)),
        ),
    ]
    return result


def _pleura(a: Anatomy, rng: np.random.Generator) -> list[Layer]:
    """Atelectasis that wraps the dome, and effusion behind it."""
    hu, o, box = a.hu, a.options, _CHEST
    result: list[Layer] = []
    if o.atelectasis:
        thick = 4.0 + 26.0 * o.atelectasis
        ragged = Waves.draw(rng, 18, 70, 6)

        def collapsed(p: Patch) -> Field:
            # A band on the back of the diaphragm that wraps the spleen's dome.
            behind = (p.y + 5) * F(0.25) - 6
            band = p.diaphragm - np.clip(behind + 4 * ragged(p.x, p.y, p.z), -8, thick)
            return smooth_max(band, p.chest, 2.0)

        result.append(
            Layer("atelectasis", collapsed, lambda p: F(hu["atelectasis"]) + 9 * p.wave(a.fine), box)
        )
    if o.effusion:
        level = 78.0 - 62.0 * o.effusion
        side = rng.choice([-1.0, 1.0, 0.0], p=[0.2, 0.5, 0.3])

        def effusion(p: Patch) -> Field:
            f = (F(level) - p.y + np.maximum(p.z - 40, 0) * F(0.3)) * F(0.95)
            return np.maximum(smooth_max(f, p.chest, 4.0), -p.x * F(side))

        result.append(Layer("fluid", effusion, hu["effusion"], box))
    return result


def vessels(a: Anatomy) -> list[Layer]:
    """The great vessels of the abdomen, and those of the spleen with their varices."""
    hu = a.hu
    rng = stream(a.seed, "vessels")
    hilum = a.spleen.point(0.0, 0.05, -1.0, a.growth)
    sway = rng.normal(0, 3, 3)
    aorta = tube_layer([(12, 30, 210), (8, 26, 90), (6 + sway[0], 22, 0), (4, 20, -170)], 10.5)
    iliac = [
        tube_layer([(4 * s, 20, -168), (40 * s, 30, -260), (72 * s, -35, -390), (84 * s, -45, -620)], 6.5)
        for s in (-1, 1)
    ]
    cava = tube_layer([(-24, 4, 108), (-26, 20, 40), (-24, 26, -60), (-18, 26, -175)], 11.5)
    splenic = [(-14.0, -8.0, -22.0), (20.0, 2.0, -10.0), (hilum[0] - 26, hilum[1] - 14, hilum[2] + 2), hilum]
    wide = 3.6 + 1.6 * (a.growth - 1) + 1.5 * (a.options.varices or 0)
    vein = tube_layer(splenic, wide)
    artery = tube_layer(
        [(6, 14, 2), (18, 0, 10), (34, 14, 4), (hilum[0] - 20, hilum[1] - 8, hilum[2] + 12), hilum], 2.6
    )
    coeliac = tube_layer([(6, 20, 0), (4, -2, 2), (-20, -12, 0)], 3.4)
    mesenteric = tube_layer([(5, 18, -14), (2, -6, -40), (-4, -22, -130)], 4.2)
    result = [
        Layer("vessel", cava[0], hu["cava"], cava[1]),
        Layer("vessel", aorta[0], hu["aorta"], aorta[1]),
        Layer("vessel", coeliac[0], hu["aorta"], coeliac[1]),
        Layer("vessel", mesenteric[0], hu["aorta"], mesenteric[1]),
        Layer("vessel", lambda p: mesenteric[0](_shifted(p, 12.0)) - 1.2, hu["portal"], mesenteric[1]),
        *(Layer("vessel", leg[0], hu["aorta"], leg[1]) for leg in iliac),
        Layer("vessel", vein[0], hu["portal"], vein[1]),
        Layer("vessel", artery[0], hu["aorta"], artery[1]),
    ]
    for branch in range(3):
        end = a.spleen.point(-0.45 + 0.45 * branch, rng.uniform(-0.3, 0.3), -0.7, a.growth)
        start = splenic[2]
        twig = tube_layer([start, end], 2.4 + 0.8 * (a.options.varices or 0))
        result.append(Layer("vessel", twig[0], hu["portal"], twig[1]))
    if a.options.varices:
        for _ in range(int(2 + 5 * a.options.varices)):
            at = np.array(hilum) + rng.normal((-14, -8, 4), (9, 10, 20))
            path = [tuple(at + rng.normal(0, 9, 3)) for _ in range(5)]
            knot = tube_layer(path, rng.uniform(2.2, 5.0))
            result.append(Layer("vessel", knot[0], hu["portal"] - 6, knot[1]))
    return result


def _shifted(p: Patch, x_mm: float) -> Patch:
    return Patch(p.x + F(x_mm), p.y, p.z, p.frame)
