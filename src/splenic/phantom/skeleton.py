"""The layers of bones, deep muscles, limbs and neck."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from splenic.phantom.anatomy import Anatomy, Box, Layer, Shape, tube_layer
from splenic.phantom.body import Patch
from splenic.phantom.shapes import Field, cylinder, ellipsoid, smooth_max, stream, tube

F = np.float32


def bones(a: Anatomy) -> list[Layer]:
    """Spine, ribs and sternum."""
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
        ring = np.maximum(
            np.abs(cylinder(p.x, p.y, (0, 72), (13, 12))) - 2.2,
            np.minimum(70 - p.y, 2) + (np.abs(place + 2) - 9) * (p.y > 66),
        )
        spine = np.maximum(np.maximum(np.abs(p.x) - 3.2, np.abs(p.y - 92) - 12), np.abs(place + 4) - 11)
        wings = np.maximum(
            np.maximum(np.abs(p.y - 68 - np.abs(p.x) * F(0.15)) - 4, np.abs(p.x) - 36), np.abs(place) - 6
        )
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
        return np.maximum(
            np.maximum(np.abs(p.cavity - 7) - 5, np.abs(p.x) - 17),
            np.maximum(62 - p.z, np.maximum(p.z - 232, p.y)),
        )

    cartilage = F(0.84)
    return [
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


def deep_muscles(a: Anatomy) -> list[Layer]:
    """The muscles beside the spine and the crura, of much the spleen's HU without contrast."""
    hu = a.hu

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
        return np.maximum(
            ellipsoid(x, p.y + x * F(0.1), p.z * 0, (62, 76, 0), (22, 8, 99)),
            np.maximum(p.z + 40, -240 - p.z),
        )

    def crus(p: Patch) -> Field:
        x = np.abs(p.x - 4)
        f = np.abs(cylinder(x, p.y, (0, 30), (21, 24))) - (F(3.0) + np.clip(p.z * F(0.03), -1, 1.5))
        return np.maximum(f, np.maximum(np.maximum(p.diaphragm, p.y - 46), -70 - p.z))

    return [
        Layer(
            "fat",
            lambda p: np.maximum(back_muscle(p) - 1.6, 1 - p.cavity),
            hu["fat"] + 10,
            ((-80.0, 45.0, -340.0), (80.0, 135.0, 300.0)),
        ),
        Layer("muscle", back_muscle, hu["muscle"] - 6, ((-75.0, 50.0, -340.0), (75.0, 130.0, 300.0))),
        Layer("muscle", psoas, hu["muscle"], ((-140.0, -20.0, -420.0), (140.0, 90.0, 10.0))),
        Layer("muscle", quadratus, hu["muscle"], ((-95.0, 50.0, -245.0), (95.0, 95.0, -30.0))),
        Layer("muscle", crus, hu["muscle"], ((-45.0, -5.0, -80.0), (50.0, 60.0, 90.0))),
    ]


_LOW: Box = ((-215.0, -140.0, -770.0), (215.0, 140.0, -190.0))
_HIGH: Box = ((-230.0, -120.0, 170.0), (230.0, 120.0, 620.0))


def limb_planes(a: Anatomy) -> Shape:
    """The fat between the muscles of thighs and shoulders."""

    def planes(p: Patch) -> Field:
        f = np.abs(a.gap(p.x, p.y, p.z * F(0.25))) * 14 - 1.1
        return np.maximum(np.maximum(f, p.wall + 3), np.minimum(p.z + 395, 235 - p.z))

    return planes


def pelvis(a: Anatomy) -> list[Layer]:
    """Pelvis and thighs: muscle and bone where no spleen can be."""
    hu, low, thigh_planes = a.hu, _LOW, limb_planes(a)

    def ilium(p: Patch) -> Field:
        x = np.abs(p.x)
        shell = np.abs(ellipsoid(x, p.y, p.z, (30, -10, -285), (92, 78, 80))) - 5
        return np.maximum(np.maximum(shell, 28 - x), np.maximum(np.abs(p.z + 290) - 75, -p.y - 35))

    def sacrum(p: Patch) -> Field:
        return ellipsoid(p.x, p.y + (p.z + 340) * F(0.3), p.z, (0, 68, -335), (46, 19, 62))

    def femur(p: Patch) -> Field:
        x = np.abs(p.x)
        head = ellipsoid(x, p.y, p.z, (88, -4, -385), (24, 24, 24))
        shaft = tube(
            x,
            p.y,
            p.z,
            [(100, 4, -395), (128, 10, -425), (92, 2, -560), (84, 6, -760)],
            [15, 16, 14, 14],
            8.0,
        )
        return np.minimum(head, shaft)

    def gluteal(p: Patch) -> Field:
        x = np.abs(p.x)
        f = ellipsoid(x, p.y, p.z, (70, 62, -355), (64, 36, 88)) + 2 * p.wave(a.texture)
        return np.maximum(f, p.skin + 5)

    def bladder(p: Patch) -> Field:
        return ellipsoid(p.x, p.y, p.z, (0, -28, -352), (44, 36, 34))

    return [
        Layer("muscle", gluteal, hu["muscle"], low),
        Layer("fat", thigh_planes, hu["fat"] + 25, ((-215.0, -140.0, -770.0), (215.0, 140.0, -385.0))),
        Layer("bone", ilium, hu["cortical"] * 0.7, low),
        Layer("bone", lambda p: ilium(p) + 2.2, hu["marrow"], low),
        Layer("bone", sacrum, hu["marrow"] + 20, low),
        Layer("bone", femur, hu["cortical"], low),
        Layer("bone", lambda p: femur(p) + 5, hu["marrow"] - 60, low),
        Layer("bladder", bladder, hu["urine"], low),
    ]


def shoulders(a: Anatomy) -> list[Layer]:
    """Shoulders, neck and head; the arms where they lie beside the body."""
    hu, high, thigh_planes = a.hu, _HIGH, limb_planes(a)

    def shoulder(p: Patch) -> Field:
        x = np.abs(p.x)
        humerus = ellipsoid(x, p.y, p.z, (168, 2, 278), (25, 25, 27))
        blade = np.maximum(
            np.abs((p.y - 62) * F(0.85) + (x - 100) * F(0.5)) - 4,
            np.sqrt((x - 102) ** 2 + (p.z - 230) ** 2) - 54,
        )
        clavicle = tube(x, p.y, p.z, [(14, -52, 268), (70, -52, 280), (145, 0, 302)], [9, 6, 8])
        return np.minimum(np.minimum(humerus, blade), clavicle)

    def skull(p: Patch) -> Field:
        return np.abs(ellipsoid(p.x, p.y, p.z, (0, 10, 520), (70, 86, 88))) - 4

    result = [
        Layer("fat", thigh_planes, hu["fat"] + 25, ((-230.0, -120.0, 235.0), (230.0, 120.0, 430.0))),
        Layer("bone", shoulder, hu["cortical"] * 0.7, high),
        Layer("bone", lambda p: shoulder(p) + 3, hu["marrow"], high),
        Layer("bone", skull, hu["cortical"] * 1.4, high),
        Layer("nerve", lambda p: ellipsoid(p.x, p.y, p.z, (0, 10, 520), (66, 82, 84)), 34.0, high),
    ]
    for side in (-1.0, 1.0):
        vessel = tube_layer([(side * 22, 2, 240), (side * 30, 0, 320), (side * 34, 8, 470)], 6.0)
        result.append(Layer("vessel", vessel[0], hu["aorta"], vessel[1]))
    if a.options.arms == "down":
        result += _arms(a)
    return result


def _arms(a: Anatomy) -> list[Layer]:
    hu, out = a.hu, a.frame.fat_mm[0]
    path = [
        (192.0, 6.0, 262.0),
        (198.0 + out, 22.0, 60.0),
        (206.0 + out, 10.0, -60.0),
        (196.0 + out, -12.0, -300.0),
    ]
    box = ((-290.0, -80.0, -320.0), (290.0, 110.0, 320.0))

    def arm(radius: tuple[float, float, float, float]) -> Shape:
        return lambda p: tube(np.abs(p.x), p.y, p.z, path, radius, 10.0)

    return [
        Layer("skin", arm((54, 46, 42, 32)), hu["skin"], box),
        Layer("fat", arm((52, 44, 40, 30)), hu["fat"], box),
        Layer("muscle", arm((46, 37, 33, 24)), hu["muscle"], box),
        Layer("bone", arm((22, 12, 13, 9)), hu["cortical"], box),
        Layer("bone", arm((16, 6, 7, 4)), hu["marrow"] - 80, box),
    ]
