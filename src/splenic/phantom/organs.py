"""The layers of a patient, from the couch to the stomach: each painted over those before it."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from splenic.phantom.anatomy import Anatomy, Layer, around, tube_layer
from splenic.phantom.body import WALL_Y_MM, Patch
from splenic.phantom.shapes import Field, Waves, ellipsoid, smooth_max, stream, tube
from splenic.phantom.skeleton import bones, deep_muscles, pelvis, shoulders
from splenic.phantom.thorax import thorax, vessels

F = np.float32


def layers(a: Anatomy) -> list[Layer]:
    """All layers but the spleen, in the order of painting."""
    return [
        *_surroundings(a),
        *_wall(a),
        *thorax(a),
        *deep_muscles(a),
        *bones(a),
        *pelvis(a),
        *shoulders(a),
        *vessels(a),
        *_bowel(a),
        *_retroperitoneum(a),
        *_fluid(a),
        *_liver(a),
        *_stomach(a),
    ]


def _surroundings(a: Anatomy) -> list[Layer]:
    back = (WALL_Y_MM + float(a.frame.wall[1][1900:2500].max()) + a.frame.fat_mm[2]) * float(
        a.options.scale or 1.0
    )

    def couch(p: Patch) -> Field:
        arc = p.y - F(back + 8) + p.x * p.x * F(1 / 900)
        return np.maximum(np.abs(arc - 8) - 9, np.abs(p.x) - 215)

    result = []
    if a.options.couch:
        box = ((-230.0, back - 90, -900.0), (230.0, back + 60, 900.0))
        result += [
            Layer("couch", couch, -40.0, box, fixed=True),
            Layer("couch", lambda p: couch(p) + 3, -940.0, box, fixed=True),
        ]
    return result


def _wall(a: Anatomy) -> list[Layer]:
    hu = a.hu

    def muscle_hu(p: Patch) -> Field:
        streaks = np.maximum(a.fine(p.x, p.y, p.z * F(0.4)) - F(1.1), 0)
        return F(hu["muscle"]) + 3 * p.wave(a.texture) - 45 * streaks

    def planes(p: Patch) -> Field:
        """The fat planes between the layers of the flank's muscles, and between ribs and serratus."""
        middle = np.abs(F(0.68) * p.wall + F(0.32) * p.cavity) - F(1.0) - F(0.5) * p.wave(a.texture)
        return np.maximum(middle, 2 - p.cavity)

    def fat_hu(p: Patch) -> Field:
        return F(hu["fat"]) + 4 * p.wave(a.texture) + 5 * p.wave(a.fine)

    return [
        Layer("skin", lambda p: p.skin, hu["skin"]),
        Layer("fat", lambda p: p.skin + 2, fat_hu),
        Layer("muscle", lambda p: p.wall, muscle_hu),
        Layer("fat", planes, hu["fat"] + 20),
        Layer("muscle", lambda p: p.cavity, hu["muscle"], ((-180.0, -160.0, -450.0), (180.0, 160.0, 320.0))),
        Layer("fat", lambda p: p.abdomen, fat_hu, ((-180.0, -160.0, -450.0), (180.0, 160.0, 150.0))),
    ]


def _bowel(a: Anatomy) -> list[Layer]:
    hu = a.hu
    rng = stream(a.seed, "bowel")
    field, lumen = Waves.draw(rng, 42, 90, 9), Waves.draw(rng, 12, 30, 8)
    strands = [
        (Waves.draw(rng, 60, 120, 5), Waves.draw(rng, 60, 120, 5), 11 + rng.uniform(-2, 3)) for _ in range(3)
    ]
    width = a.frame.half_width_mm(-60)
    low = -10 - 18 * (a.growth - 1)
    flexure = (width * 0.72, -16 + rng.normal(0, 8), -38 + 20 * rng.normal() * 0.5 - 40 * (a.growth - 1))
    colon = [
        (-width * 0.72, 30, -230),
        (-width * 0.76, 26, -140),
        (-width * 0.7, -10, -88),
        (-40, -60, -100),
        (20, -64, -88),
        (width * 0.5, -44, -66),
        flexure,
        (width * 0.8, 30, -80 + low),
        (width * 0.78, 40, -180),
        (width * 0.62, 20, -260),
        (20, 25, -300),
        (0, 42, -350),
    ]
    colon = [(float(x), float(y), float(z)) for x, y, z in colon]
    radii = [float(v) for v in rng.uniform(14, 25, len(colon))]
    radii[8:] = [0.7 * r for r in radii[8:]]
    gas = rng.uniform(-0.6, 1.0)
    box = around(tuple(colon), 40.0)
    oral = a.options.stomach == "contrast"

    def wall(p: Patch) -> Field:
        f = tube(p.x, p.y, p.z, colon, radii, 8.0)
        haustra = np.sin((p.x + p.y + p.z) * F(2 * np.pi / 28)) * F(2.0)
        return smooth_max(f + haustra, p.cavity + 5, 4.0)

    def faeces(p: Patch) -> Field:
        grains = p.wave(lumen)
        return F(hu["faeces"]) + 30 * grains - 500 * np.maximum(grains - F(0.9), 0)

    def colon_gas(p: Patch) -> Field:
        f = (p.y - F(-4)) * F(0.12) + p.wave(field) - F(gas)
        return np.maximum(wall(p) + 3, f * 12)

    def loops(p: Patch) -> Field:
        knots = [np.sqrt(p.wave(u) ** 2 + p.wave(v) ** 2) * 17 - size for u, v, size in strands]
        f = np.minimum(np.minimum(knots[0], knots[1]), knots[2])
        inside = np.maximum(np.maximum(p.cavity + 9, p.z + 58), np.maximum(-365 - p.z, p.y - 38))
        return smooth_max(f, inside, 4.0)

    def loop_hu(p: Patch) -> Field:
        fluid = lumen(p.x * F(0.6), p.y * F(0.6), p.z * F(0.6))
        base = F(hu["bowel"]) + 16 * fluid
        return base + 170 * np.maximum(fluid - F(0.2), 0) if oral else base - 25 * np.maximum(fluid, 0)

    small = ((-140.0, -130.0, -375.0), (140.0, 60.0, -50.0))
    return [
        Layer("bowel", loops, loop_hu, small),
        Layer("bowel", lambda p: np.maximum(loops(p) + 4, p.y + 50 - 16 * p.wave(field)), -930.0, small),
        Layer("bowel", wall, hu["wall"], box),
        Layer("bowel", lambda p: wall(p) + 2.5, faeces, box),
        Layer("bowel", colon_gas, -960.0, box),
    ]


def _retroperitoneum(a: Anatomy) -> list[Layer]:
    hu = a.hu
    result = []
    for left in (True, False):
        (cx, cy, cz), radii, _ = a.kidney_left if left else a.kidney_right
        reach = max(radii) + 16
        box = ((cx - 48, cy - 42, cz - reach), (cx + 48, cy + 42, cz + reach))
        side = 1.0 if left else -1.0

        def outer(p: Patch, left: bool = left) -> Field:
            return a.kidney(p, left)

        def pyramids(p: Patch, left: bool = left) -> Field:
            return np.maximum(a.kidney(p, left) + 6.5, (p.wave(a.mottle) - F(0.7)) * 6)

        def pelvis(p: Patch, at: tuple[float, float, float] = (cx - side * 16, cy - 8, cz)) -> Field:
            return ellipsoid(p.x, p.y, p.z, at, (8, 5, 11))

        result += [
            Layer("kidney", outer, hu["cortex"], box),
            Layer("kidney", pyramids, hu["medulla"], box),
            Layer("kidney", pelvis, hu["pelvis"], box),
        ]
        x, y, z = cx - side * 26, cy - 14, min(cz + 48, 12.0)
        limbs = [tube_layer([(x, y - 8, z + 10), (x + side * dx, y + 16, z - 12)], 2.6) for dx in (4, 16)]
        for limb in limbs:
            result.append(Layer("adrenal", limb[0], hu["adrenal"], limb[1]))
    hilum = a.spleen.point(0.1, 0.0, -1.35, a.growth)
    path = [
        (-34.0, -18.0, -44.0),
        (-14.0, -22.0, -26.0),
        (22.0, -10.0, -14.0),
        (hilum[0] - 14, hilum[1] - 10, hilum[2] - 2),
    ]

    def pancreas(p: Patch) -> Field:
        return tube(p.x, p.y, p.z, path, [14, 10, 9, 8], 6.0) + p.wave(a.fine) * F(1.3)

    result.append(
        Layer(
            "pancreas",
            pancreas,
            lambda p: F(hu["pancreas"]) - 14 * np.maximum(p.wave(a.fine), 0),
            around(tuple(path), 24),
        )
    )
    return result


def _fluid(a: Anatomy) -> list[Layer]:
    amount = a.options.ascites or 0.0
    if not amount:
        return []
    rind = 3.0 + 16.0 * amount
    around_mm = rind + 62 * a.growth

    def ascites(p: Patch) -> Field:
        near = p.once("liver", a.liver) - F(rind * 1.2)
        flank = np.maximum(-p.cavity - F(rind * 1.4), p.z + 20)
        spleen = ellipsoid(p.x, p.y, p.z, a.spleen.anchor_mm, (0.75 * around_mm, 0.75 * around_mm, around_mm))
        f = np.minimum(np.minimum(near, flank), spleen)
        pool = np.maximum(p.z + 250, p.y - 60)
        f = np.minimum(f, pool) if amount > 0.4 else f
        f = f + 3 * p.wave(a.gap)
        return smooth_max(smooth_max(f, p.abdomen + 0.5, 3.0), p.y - 52 + np.abs(p.x) * F(-0.1), 6.0)

    return [Layer("fluid", ascites, a.hu["ascites"], ((-150.0, -140.0, -400.0), (150.0, 90.0, 120.0)))]


def _liver(a: Anatomy) -> list[Layer]:
    hu = a.hu
    rng = stream(a.seed, "liver-inside")
    box = ((-160.0, -120.0, -150.0), (140.0, 110.0, 120.0))
    first, second = Waves.draw(rng, 50, 110, 6), Waves.draw(rng, 50, 110, 6)

    def liver_hu(p: Patch) -> Field:
        return F(hu["liver"]) + 4 * p.wave(a.texture) + 2 * p.wave(a.fine)

    def veins(p: Patch) -> Field:
        f = np.sqrt(p.wave(first) ** 2 + p.wave(second) ** 2) * 20 - 3.6
        return np.maximum(f, p.once("liver", a.liver) + 7)

    trunk = tube_layer([(-14, -8, -22), (-34, -6, 0), (-62, -2, 12), (-100, 10, 20)], 6.0)
    result = [
        Layer("liver", lambda p: p.once("liver", a.liver), liver_hu, box),
        Layer("vessel", veins, hu["hepatic vein"], box),
        Layer("vessel", trunk[0], hu["portal"], trunk[1]),
    ]
    for _ in range(int(rng.integers(0, 4))):
        at = (float(rng.uniform(-110, -30)), float(rng.uniform(-50, 50)), float(rng.uniform(-20, 50)))
        radius = float(rng.uniform(6, 26))
        contrast = hu["lesion"] + {"arterial": 45.0, "portal": -25.0, "late": -28.0}.get(
            str(a.options.phase), -10.0
        )

        def lesion(p: Patch, at: tuple[float, float, float] = at, radius: float = radius) -> Field:
            f = ellipsoid(p.x, p.y, p.z, at, (radius, radius, radius)) + 1.2 * p.wave(a.fine)
            return np.maximum(f, p.once("liver", a.liver) + 2)

        result.append(Layer("liver", lesion, hu["liver"] + contrast, around((at,), radius + 8)))
    bladder = (-52.0, -52.0, -46.0)
    result.append(
        Layer(
            "gallbladder",
            lambda p: ellipsoid(p.x, p.y, p.z + p.y * F(0.3), (-52, -52, -62), (14, 20, 15)),
            hu["bile"],
            around((bladder,), 45),
        )
    )
    return result


def _stomach(a: Anatomy) -> list[Layer]:
    hu, o = a.hu, a.options
    rng = stream(a.seed, "stomach")
    path, radii = a.stomach_path
    box = around(path, max(radii) + 10)
    wall = float(rng.uniform(3, 6)) * (1.4 if o.stomach == "collapsed" else 1.0)
    filling = {"contrast": hu["contrast"], "collapsed": 35.0}.get(
        str(o.stomach), hu["water"] + float(rng.uniform(0, 30))
    )
    level = float(np.mean([q[1] for q in path])) + (
        rng.uniform(-10, 22) if o.stomach == "air-fluid" else rng.uniform(-38, -22)
    )

    def contents(p: Patch) -> Field:
        food = np.maximum(p.wave(a.fine) - F(0.8), 0)
        return F(filling) + 10 * p.wave(a.texture) + (40 if o.stomach == "air-fluid" else 0) * food

    return [
        Layer("stomach", lambda p: p.once("stomach", a.stomach), hu["wall"], box),
        Layer("stomach", lambda p: p.once("stomach", a.stomach) + F(wall), contents, box),
        Layer(
            "stomach",
            lambda p: np.maximum(p.once("stomach", a.stomach) + F(wall), p.y - F(level)),
            -965.0,
            box,
        ),
    ]
