"""Training: exact resume, negatives, labels that follow their patch, export that equals the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splenic.errors import EngineError, InputError
from splenic.train.data import TrainingCase, cache_case, read_cases

torch = pytest.importorskip("torch", reason="absent: the extra `train` (PyTorch)")
pytestmark = pytest.mark.torch

from dataclasses import replace  # noqa: E402

from splenic.train.augment import Variation, sample  # noqa: E402
from splenic.train.data import CachedCase  # noqa: E402
from splenic.train.export import export_onnx  # noqa: E402
from splenic.train.loop import StageSettings, loss_of, normalise, train_stage  # noqa: E402
from splenic.train.networks import StemUNet, build  # noqa: E402

SETTINGS = StageSettings(
    network={"widths": [4, 8, 12], "norm": "instance", "head": 4},
    patch=(24, 32, 32), window_hu=(-180.0, 280.0),
    steps=6, batch=2, checkpoint_every=2, learning_rate=3e-3, warm_up=2,
)  # fmt: skip
QUIET = Variation(phase=0, washout=0, mottle=0, thick=0, noise=0, truncation=0, splenectomy=0)


def case(name: str = "a", patient: str = "A", hu: int = 110) -> CachedCase:
    shape = (40, 60, 60)
    z, y, x = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape], indexing="ij")
    volume = np.full(shape, -1000, np.int16)
    volume[(y / 28) ** 2 + (x / 29) ** 2 < 1] = 30
    spleen = (z / 12) ** 2 + (y / 9) ** 2 + ((x - 10) / 8) ** 2 < 1
    volume[spleen] = hu
    return CachedCase(name, patient, volume, spleen.astype(np.float32), (2.5, 2.5, 2.5))


def tensors(one: CachedCase) -> tuple[torch.Tensor, torch.Tensor]:
    return (torch.from_numpy(one.hu.astype(np.float32) + 1024)[None, None],
            torch.from_numpy(one.fraction)[None, None])  # fmt: skip


def test_a_run_killed_and_resumed_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    cases = [case(), case("b", "B", 140)]
    whole = train_stage(cases, SETTINGS, tmp_path / "whole")
    stopped = tmp_path / "stopped"

    class Killed(Exception):
        pass

    def kill(step: int, loss: float, network: StemUNet) -> None:
        if step == 4:
            raise Killed

    with pytest.raises(Killed):
        train_stage(cases, SETTINGS, stopped, report=kill)
    resumed = train_stage(cases, SETTINGS, stopped)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    losses = [[row.split(",")[:2] for row in (tmp_path / run / "loss.csv").read_text().splitlines()]
              for run in ("whole", "stopped")]  # fmt: skip
    assert losses[0] == losses[1]
    assert len(losses[0]) == 4


def test_training_learns(tmp_path: Path) -> None:
    seen: list[float] = []
    settings = replace(SETTINGS, steps=60, checkpoint_every=10, learning_rate=1e-2, variation=QUIET)
    train_stage([case()], settings, tmp_path, report=lambda step, loss, network: seen.append(loss))
    assert seen[-1] < 0.6 * seen[0]


def test_a_loss_that_is_not_a_number_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not a number"):
        train_stage([case()], replace(SETTINGS, learning_rate=float("inf"), warm_up=1), tmp_path)


def test_the_label_moves_with_its_patch() -> None:
    hu, fraction = tensors(case(hu=200))
    for seed in range(6):
        image, label = sample(np.random.default_rng(seed), hu, fraction, (2.5,) * 3, (32, 32, 32), QUIET)
        bright = image > 120
        inside = label > 0.5
        union = (bright | inside).sum()
        assert union == 0 or (bright & inside).sum() / union > 0.75


def test_a_mirrored_or_emptied_abdomen_has_no_label() -> None:
    hu, fraction = tensors(case())
    for variation in (Variation(mirrored=1.0), Variation(splenectomy=1.0)):
        _, label = sample(np.random.default_rng(3), hu, fraction, (2.5,) * 3, (32, 32, 32), variation)
        assert not label.any()


def test_the_same_generator_gives_the_same_patch() -> None:
    hu, fraction = tensors(case())
    one, two = (sample(np.random.default_rng([7, 1]), hu, fraction, (2.5,) * 3, (32, 32, 32), Variation())
                for _ in range(2))  # fmt: skip
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])


def test_the_loss_is_least_where_the_answer_is_the_partial_volume() -> None:
    label = torch.zeros(1, 1, 8, 8, 8)
    label[..., 2:6] = 1.0
    label[..., 6] = 0.4
    right = torch.logit(label.clamp(1e-4, 1 - 1e-4))
    assert loss_of(right, label) < loss_of(torch.logit((label > 0.5).float().clamp(1e-4, 1 - 1e-4)), label)
    assert loss_of(right, label) < loss_of(-right, label)


def test_the_exported_network_equals_the_trained_one(tmp_path: Path) -> None:
    from splenic.models.plan import Stage
    from splenic.segment.runtime import open_network

    torch.manual_seed(1)
    network = build({"widths": [8, 16, 24], "norm": "instance", "head": 8}).eval()
    export_onnx(network, (24, 32, 32), tmp_path / "n.onnx")
    stage = Stage(role="outline", weights="n.onnx", spacing_mm=(2.5,) * 3, patch=(24, 32, 32), overlap=0.4,
                  window_hu=(-180, 280), input="hu", output="logits")  # fmt: skip
    patch = np.random.default_rng(5).standard_normal((24, 32, 32)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(patch)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(open_network(tmp_path, stage, "cpu", 1)([patch])[0], expected, atol=2e-4)


def test_normalising_maps_the_window_to_one() -> None:
    values = normalise(torch.tensor([-1024.0, -180.0, 50.0, 280.0, 3000.0]), (-180.0, 280.0))
    assert values.tolist() == pytest.approx([-1.0, -1.0, 0.0, 1.0, 1.0], abs=1e-6)


def test_cases_are_read_and_cached(tmp_path: Path) -> None:
    import nibabel

    affine = np.diag([-1.5, -1.5, 2.5, 1.0])
    array = np.full((40, 40, 20), -1000, np.int16)
    array[20:30, 10:20, 5:15] = 100
    nibabel.save(nibabel.Nifti1Image(array, affine), tmp_path / "i.nii.gz")
    nibabel.save(nibabel.Nifti1Image((array > 0).astype(np.uint8), affine), tmp_path / "m.nii.gz")
    (tmp_path / "cases.csv").write_text("case,patient,image,mask\none,P,i.nii.gz,m.nii.gz\n")
    cases = read_cases(tmp_path / "cases.csv")
    first = cache_case(cases[0], (2.5, 2.5, 2.5), tmp_path / "cache")
    again = cache_case(cases[0], (2.5, 2.5, 2.5), tmp_path / "cache")
    assert first.fraction.sum() * 2.5**3 == pytest.approx(1000 * 1.5 * 1.5 * 2.5, rel=0.02)
    np.testing.assert_array_equal(first.hu, again.hu)
    # x grows to the patient's right in this file's indices reversed: the block lies left and posterior.
    centre = np.argwhere(first.fraction > 0.5).mean(axis=0) / first.fraction.shape
    assert centre[2] > 0.5
    assert centre[1] < 0.5


def test_bad_tables_are_named(tmp_path: Path) -> None:
    table = tmp_path / "cases.csv"
    table.write_text("case,patient,image\na,A,i.nii.gz\n")
    with pytest.raises(InputError, match="column 'mask'"):
        read_cases(table)
    table.write_text("case,patient,image,mask\na,A,i.nii.gz,\n")
    with pytest.raises(InputError, match=r"row 2: i\.nii\.gz does not exist"):
        read_cases(table)


def test_mask_and_image_on_different_grids_are_refused(tmp_path: Path) -> None:
    import nibabel

    for name, size in (("i", 20), ("m", 21)):
        array = np.zeros((size, 20, 20), np.int16)
        nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / f"{name}.nii.gz")
    with pytest.raises(InputError, match="different grids"):
        cache_case(TrainingCase("c", "P", tmp_path / "i.nii.gz", tmp_path / "m.nii.gz"), (2.5,) * 3, tmp_path)
