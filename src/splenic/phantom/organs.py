"""The layers of a patient, from the couch to the spleen: each painted over those before it."""

from __future__ import annotations

import numpy as np

from splenic.phantom.anatomy import EVERYWHERE, Anatomy, Layer, around
from splenic.phantom.body import WALL_Y_MM, Patch
from splenic.phantom.shapes import Field, Waves, cylinder, ellipsoid, smooth_max, smooth_min, stream, tube

F = np.float32


def layers(a: Anatomy) -> list[Layer]:
    """All layers but the spleen, in the order of painting."""
    return [
        *_surroundings(a), *_wall(a), *_thorax(a), *_bones(a), *_limbs_and_neck(a), *_vessels(a),
        *_bowel(a), *_retroperitoneum(a), *_fluid(a), *_liver(a), *_stomach(a),
    ]


def _surroundings(a: Anatomy) -> list[Layer]:
    back = (WALL_Y_MM + float(a.frame.wall[1][1900:2500].max()) + a.frame.fat_mm[2]) * float(a.options.scale or 1.0)

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


def _thorax(a: Anatomy) -> list[Layer]:
    hu, o = a.hu, a.options
    box = ((-170.0, -140.0, -60.0), (170.0, 140.0, 310.0))
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

    def gullet(p: Patch) -> Field:
        return cylinder(p.x, p.y, (4, 20), (9, 7))

    def chambers(p: Patch) -> Field:
        septum = np.abs(p.x * F(0.8) + p.y * F(0.6) - 5) - 5
        return smooth_max(heart(p) + 11, -septum, 4.0)

    arch = tube_layer(a, [(-18, -12, 165), (-14, -14, 195), (2, 4, 212), (18, 26, 200), (16, 33, 160)], 13.0)
    result += [
        Layer("fat", mediastinum, hu["fat"] + 6, box),
        Layer("heart", heart, hu["myocardium"], box),
        Layer("heart", chambers, hu["heart"], box),
        Layer("vessel", arch[0], hu["aorta"], arch[1]),
        Layer("air", lambda p: np.maximum(cylinder(p.x, p.y, (0, 4), (9, 8)), 172 - p.z), -990.0,
              ((-20.0, -15.0, 165.0), (20.0, 25.0, 420.0))),
        Layer("muscle", lambda p: np.maximum(gullet(p), 62 - p.z), hu["wall"] - 25,
              ((-20.0, 0.0, 55.0), (25.0, 40.0, 420.0))),
    ]
    return result


def tube_layer(a: Anatomy, points: list[tuple[float, float, float]], radius_mm: float):  # type: ignore[no-untyped-def]
    """A vessel through some points: its shape and its box."""
    radii = [radius_mm] * len(points)
    return (lambda p: tube(p.x, p.y, p.z, points, radii, 4.0)), around(tuple(points), radius_mm + 8)


def _bones(a: Anatomy) -> list[Layer]:
    hu = a.hu
    rng = stream(a.seed, "bones")
    period, phase, rib_phase = rng.uniform(29, 35), rng.uniform(0, 30), rng.uniform(0, 26)
    trunk = ((-190.0, -150.0, -130.0), (190.0, 150.0, 262.0))
    back = ((-70.0, 10.0, -330.0), (70.0, 130.0, 470.0))

    def vertebra(p: Patch) -> Field:
        waist = np.abs(np.mod((p.z + F(phase)) * F(1 / period), 1) - F(0.5)) * 2
        body = cylinder(p.x, p.y, (0, 47), (20, 16)) + 2.5 * (1 - waist) - 1
        return smooth_max(body, -330 - p.z, 5.0)

    def disc(p: Patch) -> Field:
        place = np.abs(np.mod((p.z + F(phase)) * F(1 / period), 1) - F(0.5)) * F(period)
        return np.maximum(cylinder(p.x, p.y, (0, 47), (19.5, 15.5)), F(period / 2 - 4) - place)

    def arch(p: Patch) -> Field:
        place = np.mod((p.z + F(phase)) * F(1 / period), 1) * F(period) - F(period / 2)
        ring = np.maximum(np.abs(cylinder(p.x, p.y, (0, 72), (13, 12))) - 2.2, np.minimum(70 - p.y, 2) + (np.abs(place + 2) - 9) * (p.y > 66))
        spine = np.maximum(np.maximum(np.abs(p.x) - 3.2, np.abs(p.y - 92) - 12), np.abs(place + 4) - 11)
        wings = np.maximum(np.maximum(np.abs(p.y - 68 - np.abs(p.x) * F(0.15)) - 4, np.abs(p.x) - 36), np.abs(place) - 6)
        return np.maximum(np.minimum(np.minimum(ring, spine), wings), -330 - p.z)

    def turn(p: Patch) -> Field:
        y = p.y + 6
        return (1 - y / np.sqrt(p.x * p.x + y * y + 1)) * F(0.5)

    def rib(p: Patch) -> Field:
        front = turn(p)
        wave = (p.z + F(rib_phase) + 92 * front) * F(1 / 26)
        band = np.abs(wave - np.floor(wave) - F(0.5)) * 26 - F(5.6)
        shell = np.abs(p.cavity - 6.5) - 4.4
        margin = -80 + 250 * np.maximum(front - F(0.48), 0) - p.z
        limits = np.maximum(np.maximum(margin, p.z - 256), 22 - np.abs(p.x))
        return np.maximum(smooth_max(shell, band, 3.0), limits)

    def sternum(p: Patch) -> Field:
        return np.maximum(np.maximum(np.abs(p.cavity - 7) - 5, np.abs(p.x) - 17), np.maximum(62 - p.z, np.maximum(p.z - 232, p.y)))

    def back_muscle(p: Patch) -> Field:
        x = np.abs(p.x)
        f = ellipsoid(x, p.y, p.z * 0, (31, 88, 0), (31, 26, 99))
        return np.maximum(f, p.wall + 1)

    def psoas(p: Patch) -> Field:
        grow = np.clip((-20 - p.z) * F(0.012), 0, 1)
        x = np.abs(p.x) + np.minimum(p.z + 60, 0) * F(0.12)
        f = np.sqrt(((x - 34) / (6 + 16 * grow)) ** 2 + ((p.y - 46) / (8 + 14 * grow)) ** 2) - 1
        return np.maximum(f * (6 + 12 * grow), np.maximum(p.z + 15, -410 - p.z))

    def quadratus(p: Patch) -> Field:
        x = np.abs(p.x)
        return np.maximum(ellipsoid(x, p.y + x * F(0.1), p.z * 0, (62, 76, 0), (22, 8, 99)), np.maximum(p.z + 40, -240 - p.z))

    def crus(p: Patch) -> Field:
        x = np.abs(p.x - 4)
        f = np.abs(cylinder(x, p.y, (0, 30), (21, 24))) - (F(3.0) + np.clip(p.z * F(0.03), -1, 1.5))
        return np.maximum(f, np.maximum(np.maximum(p.diaphragm, p.y - 46), -70 - p.z))

    cartilage = F(0.84)
    return [
        Layer("fat", lambda p: np.maximum(back_muscle(p) - 1.6, 1 - p.cavity), hu["fat"] + 10, ((-80.0, 45.0, -340.0), (80.0, 135.0, 300.0))),
        Layer("muscle", back_muscle, hu["muscle"] - 6, ((-75.0, 50.0, -340.0), (75.0, 130.0, 300.0))),
        Layer("muscle", psoas, hu["muscle"], ((-140.0, -20.0, -420.0), (140.0, 90.0, 10.0))),
        Layer("muscle", quadratus, hu["muscle"], ((-95.0, 50.0, -245.0), (95.0, 95.0, -30.0))),
        Layer("muscle", crus, hu["muscle"], ((-45.0, -5.0, -80.0), (50.0, 60.0, 90.0))),
        Layer("bone", lambda p: np.maximum(rib(p), turn(p) - cartilage), hu["cortical"] * 0.75, trunk),
        Layer("bone", lambda p: np.maximum(rib(p) + 2.2, turn(p) - cartilage), hu["marrow"] * 0.8, trunk),
        Layer("bone", lambda p: np.maximum(rib(p) - 1, cartilage - turn(p)), hu["cartilage"], trunk),
        Layer("bone", sternum, hu["marrow"] + 60, trunk),
        Layer("bone", vertebra, hu["cortical"] * 0.7, back),
        Layer("bone", lambda p: vertebra(p) + 2.2, lambda p: F(hu["marrow"]) + 18 * p.wave(a.fine), back),
        Layer("bone", disc, hu["disc"], back),
        Layer("bone", arch, hu["cortical"] * 0.6, back),
        Layer("nerve", lambda p: cylinder(p.x, p.y, (0, 72), (9.5, 8.5)), hu["canal"], back),
    ]


def _limbs_and_neck(a: Anatomy) -> list[Layer]:
    """Pelvis, thighs, shoulders, neck: muscle and bone where no spleen can be."""
    hu = a.hu

    def ilium(p: Patch) -> Field:
        x = np.abs(p.x)
        shell = np.abs(ellipsoid(x, p.y, p.z, (30, -10, -285), (92, 78, 80))) - 5
        return np.maximum(np.maximum(shell, 28 - x), np.maximum(np.abs(p.z + 290) - 75, -p.y - 35))

    def sacrum(p: Patch) -> Field:
        return ellipsoid(p.x, p.y + (p.z + 340) * F(0.3), p.z, (0, 68, -335), (46, 19, 62))

    def femur(p: Patch) -> Field:
        x = np.abs(p.x)
        head = ellipsoid(x, p.y, p.z, (88, -4, -385), (24, 24, 24))
        shaft = tube(x, p.y, p.z, [(100, 4, -395), (128, 10, -425), (92, 2, -560), (84, 6, -760)], [15, 16, 14, 14], 8.0)
        return np.minimum(head, shaft)

    def gluteal(p: Patch) -> Field:
        x = np.abs(p.x)
        f = ellipsoid(x, p.y, p.z, (70, 62, -355), (64, 36, 88)) + 2 * p.wave(a.texture)
        return np.maximum(f, p.skin + 5)

    def thigh_planes(p: Patch) -> Field:
        f = np.abs(a.gap(p.x, p.y, p.z * F(0.25))) * 14 - 1.1
        return np.maximum(np.maximum(f, p.wall + 3), np.minimum(p.z + 395, 235 - p.z))

    def bladder(p: Patch) -> Field:
        return ellipsoid(p.x, p.y, p.z, (0, -28, -352), (44, 36, 34))

    def shoulder(p: Patch) -> Field:
        x = np.abs(p.x)
        humerus = ellipsoid(x, p.y, p.z, (168, 2, 278), (25, 25, 27))
        blade = np.maximum(np.abs((p.y - 62) * F(0.85) + (x - 100) * F(0.5)) - 4, np.sqrt((x - 102) ** 2 + (p.z - 230) ** 2) - 54)
        clavicle = tube(x, p.y, p.z, [(14, -52, 268), (70, -52, 280), (145, 0, 302)], [9, 6, 8])
        return np.minimum(np.minimum(humerus, blade), clavicle)

    def skull(p: Patch) -> Field:
        return np.abs(ellipsoid(p.x, p.y, p.z, (0, 10, 520), (70, 86, 88))) - 4

    low, high = ((-215.0, -140.0, -770.0), (215.0, 140.0, -190.0)), ((-230.0, -120.0, 170.0), (230.0, 120.0, 620.0))
    result = [
        Layer("muscle", gluteal, hu["muscle"], low),
        Layer("fat", thigh_planes, hu["fat"] + 25, ((-215.0, -140.0, -770.0), (215.0, 140.0, -385.0))),
        Layer("fat", thigh_planes, hu["fat"] + 25, ((-230.0, -120.0, 235.0), (230.0, 120.0, 430.0))),
        Layer("bone", ilium, hu["cortical"] * 0.7, low),
        Layer("bone", lambda p: ilium(p) + 2.2, hu["marrow"], low),
        Layer("bone", sacrum, hu["marrow"] + 20, low),
        Layer("bone", femur, hu["cortical"], low),
        Layer("bone", lambda p: femur(p) + 5, hu["marrow"] - 60, low),
        Layer("bladder", bladder, hu["urine"], low),
        Layer("bone", shoulder, hu["cortical"] * 0.7, high),
        Layer("bone", lambda p: shoulder(p) + 3, hu["marrow"], high),
        Layer("bone", skull, hu["cortical"] * 1.4, high),
        Layer("nerve", lambda p: ellipsoid(p.x, p.y, p.z, (0, 10, 520), (66, 82, 84)), 34.0, high),
    ]
    for side in (-1.0, 1.0):
        vessel = tube_layer(a, [(side * 22, 2, 240), (side * 30, 0, 320), (side * 34, 8, 470)], 6.0)
        result.append(Layer("vessel", vessel[0], hu["aorta"], vessel[1]))
    if a.options.arms == "down":
        result += _arms(a)
    return result


def _arms(a: Anatomy) -> list[Layer]:
    hu, out = a.hu, a.frame.fat_mm[0]
    path = [(192.0, 6.0, 262.0), (198.0 + out, 22.0, 60.0), (206.0 + out, 10.0, -60.0), (196.0 + out, -12.0, -300.0)]
    box = ((-290.0, -80.0, -320.0), (290.0, 110.0, 320.0))

    def arm(radius: tuple[float, float, float, float]):  # type: ignore[no-untyped-def]
        return lambda p: tube(np.abs(p.x), p.y, p.z, path, radius, 10.0)

    return [
        Layer("skin", arm((54, 46, 42, 32)), hu["skin"], box),
        Layer("fat", arm((52, 44, 40, 30)), hu["fat"], box),
        Layer("muscle", arm((46, 37, 33, 24)), hu["muscle"], box),
        Layer("bone", arm((22, 12, 13, 9)), hu["cortical"], box),
        Layer("bone", arm((16, 6, 7, 4)), hu["marrow"] - 80, box),
    ]


def _vessels(a: Anatomy) -> list[Layer]:
    hu = a.hu
    rng = stream(a.seed, "vessels")
    hilum = a.spleen.point(0.0, 0.05, -1.0, a.growth)
    sway = rng.normal(0, 3, 3)
    aorta = tube_layer(a, [(12, 30, 210), (8, 26, 90), (6 + sway[0], 22, 0), (4, 20, -170)], 10.5)
    iliac = [tube_layer(a, [(4 * s, 20, -168), (40 * s, 30, -260), (72 * s, -35, -390), (84 * s, -45, -620)], 6.5) for s in (-1, 1)]
    cava = tube_layer(a, [(-24, 4, 108), (-26, 20, 40), (-24, 26, -60), (-18, 26, -175)], 11.5)
    splenic = [(-14.0, -8.0, -22.0), (20.0, 2.0, -10.0), (hilum[0] - 26, hilum[1] - 14, hilum[2] + 2), hilum]
    wide = 3.6 + 1.6 * (a.growth - 1) + 1.5 * (a.options.varices or 0)
    vein = tube_layer(a, splenic, wide)
    artery = tube_layer(a, [(6, 14, 2), (18, 0, 10), (34, 14, 4), (hilum[0] - 20, hilum[1] - 8, hilum[2] + 12), hilum], 2.6)
    coeliac = tube_layer(a, [(6, 20, 0), (4, -2, 2), (-20, -12, 0)], 3.4)
    mesenteric = tube_layer(a, [(5, 18, -14), (2, -6, -40), (-4, -22, -130)], 4.2)
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
        twig = tube_layer(a, [start, end], 2.4 + 0.8 * (a.options.varices or 0))
        result.append(Layer("vessel", twig[0], hu["portal"], twig[1]))
    if a.options.varices:
        for _ in range(int(2 + 5 * a.options.varices)):
            at = np.array(hilum) + rng.normal((-14, -8, 4), (9, 10, 20))
            path = [tuple(at + rng.normal(0, 9, 3)) for _ in range(5)]
            knot = tube_layer(a, path, rng.uniform(2.2, 5.0))
            result.append(Layer("vessel", knot[0], hu["portal"] - 6, knot[1]))
    return result


def _shifted(p: Patch, x_mm: float) -> Patch:
    return Patch(p.x + F(x_mm), p.y, p.z, p.frame)


def _bowel(a: Anatomy) -> list[Layer]:
    hu = a.hu
    rng = stream(a.seed, "bowel")
    field, lumen = Waves.draw(rng, 42, 90, 9), Waves.draw(rng, 12, 30, 8)
    strands = [(Waves.draw(rng, 60, 120, 5), Waves.draw(rng, 60, 120, 5), 11 + rng.uniform(-2, 3)) for _ in range(3)]
    width = a.frame.half_width_mm(-60)
    low = -10 - 18 * (a.growth - 1)
    flexure = (width * 0.72, -16 + rng.normal(0, 8), -38 + 20 * rng.normal() * 0.5 - 40 * (a.growth - 1))
    colon = [
        (-width * 0.72, 30, -230), (-width * 0.76, 26, -140), (-width * 0.7, -10, -88), (-40, -60, -100),
        (20, -64, -88), (width * 0.5, -44, -66), flexure, (width * 0.8, 30, -80 + low), (width * 0.78, 40, -180),
        (width * 0.62, 20, -260), (20, 25, -300), (0, 42, -350),
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
        limbs = [tube_layer(a, [(x, y - 8, z + 10), (x + side * dx, y + 16, z - 12)], 2.6) for dx in (4, 16)]
        for limb in limbs:
            result.append(Layer("adrenal", limb[0], hu["adrenal"], limb[1]))
    hilum = a.spleen.point(0.1, 0.0, -1.35, a.growth)
    path = [(-34.0, -18.0, -44.0), (-14.0, -22.0, -26.0), (22.0, -10.0, -14.0), (hilum[0] - 14, hilum[1] - 10, hilum[2] - 2)]

    def pancreas(p: Patch) -> Field:
        return tube(p.x, p.y, p.z, path, [14, 10, 9, 8], 6.0) + p.wave(a.fine) * F(1.3)

    result.append(
        Layer("pancreas", pancreas, lambda p: F(hu["pancreas"]) - 14 * np.maximum(p.wave(a.fine), 0),
              around(tuple(path), 24))
    )
    return result


def _fluid(a: Anatomy) -> list[Layer]:
    amount = a.options.ascites or 0.0
    if not amount:
        return []
    rind = 3.0 + 16.0 * amount

    def ascites(p: Patch) -> Field:
        near = p.once("liver", a.liver) - F(rind * 1.2)
        flank = np.maximum(-p.cavity - F(rind * 1.4), p.z + 20)
        spleen = p.x * F(0) + ellipsoid(p.x, p.y, p.z, a.spleen.anchor_mm, tuple(
            rind + 62 * a.growth * r for r in (0.75, 0.75, 1.0)))  # type: ignore[arg-type]
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

    trunk = tube_layer(a, [(-14, -8, -22), (-34, -6, 0), (-62, -2, 12), (-100, 10, 20)], 6.0)
    result = [
        Layer("liver", lambda p: p.once("liver", a.liver), liver_hu, box),
        Layer("vessel", veins, hu["hepatic vein"], box),
        Layer("vessel", trunk[0], hu["portal"], trunk[1]),
    ]
    for _ in range(int(rng.integers(0, 4))):
        at = (float(rng.uniform(-110, -30)), float(rng.uniform(-50, 50)), float(rng.uniform(-20, 50)))
        radius = float(rng.uniform(6, 26))
        contrast = hu["lesion"] + {"arterial": 45.0, "portal": -25.0, "late": -28.0}.get(str(a.options.phase), -10.0)

        def lesion(p: Patch, at: tuple[float, float, float] = at, radius: float = radius) -> Field:
            f = ellipsoid(p.x, p.y, p.z, at, (radius, radius, radius)) + 1.2 * p.wave(a.fine)
            return np.maximum(f, p.once("liver", a.liver) + 2)

        result.append(Layer("liver", lesion, hu["liver"] + contrast, around((at,), radius + 8)))
    bladder = (-52.0, -52.0, -46.0)
    result.append(
        Layer("gallbladder", lambda p: ellipsoid(p.x, p.y, p.z + p.y * F(0.3), (-52, -52, -62), (14, 20, 15)),
              hu["bile"], around((bladder,), 45))
    )
    return result


def _stomach(a: Anatomy) -> list[Layer]:
    hu, o = a.hu, a.options
    rng = stream(a.seed, "stomach")
    path, radii = a.stomach_path
    box = around(path, max(radii) + 10)
    wall = float(rng.uniform(3, 6)) * (1.4 if o.stomach == "collapsed" else 1.0)
    filling = {"contrast": hu["contrast"], "collapsed": 35.0}.get(str(o.stomach), hu["water"] + float(rng.uniform(0, 30)))
    level = float(np.mean([q[1] for q in path])) + (rng.uniform(-10, 22) if o.stomach == "air-fluid" else rng.uniform(-38, -22))

    def contents(p: Patch) -> Field:
        food = np.maximum(p.wave(a.fine) - F(0.8), 0)
        return F(filling) + 10 * p.wave(a.texture) + (40 if o.stomach == "air-fluid" else 0) * food

    return [
        Layer("stomach", lambda p: p.once("stomach", a.stomach), hu["wall"], box),
        Layer("stomach", lambda p: p.once("stomach", a.stomach) + F(wall), contents, box),
        Layer("stomach", lambda p: np.maximum(p.once("stomach", a.stomach) + F(wall), p.y - F(level)), -965.0, box),
    ]


__all__ = ["EVERYWHERE", "layers"]
