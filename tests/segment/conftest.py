"""A network small enough to be understood: it calls spleen what has the HU of one organ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from splenic.models import write_sums

PLAN = """format: 1
name: by-density
version: 0.0.1
licence: Apache-2.0
stages:
  - role: locate
    weights: locate.onnx
    spacing_mm: [6.0, 6.0, 6.0]
    patch: [48, 64, 64]
    overlap: 0.5
    window_hu: [-180.0, 280.0]
    input: hu
    output: logits
  - role: outline
    weights: outline.onnx
    spacing_mm: [2.5, 2.5, 2.5]
    patch: [64, 64, 64]
    overlap: 0.4
    window_hu: [-180.0, 280.0]
    input: hu
    output: logits
    shifted_pass: true
"""


def density_network(path: Path, patch: tuple[int, int, int], hu: float, width_hu: float) -> None:
    """Write an ONNX network whose logit is 0 at ``hu`` ± ``width_hu`` and +8 in the middle."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def constant(name: str, value: float) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(value, np.float32), name)

    middle, half = (hu + 180) / 460 * 2 - 1, width_hu / 460 * 2
    nodes = [
        helper.make_node("Sub", ["hu", "middle"], ["offset"]),
        helper.make_node("Abs", ["offset"], ["distance"]),
        helper.make_node("Mul", ["distance", "slope"], ["fall"]),
        helper.make_node("Sub", ["top", "fall"], ["logits"]),
    ]
    shape = [1, 1, *patch]
    graph = helper.make_graph(
        nodes,
        "by-density",
        [helper.make_tensor_value_info("hu", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
        [constant("middle", middle), constant("slope", 8 / half), constant("top", 8.0)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)


def density_bundle(folder: Path, hu: float = 120.0, width_hu: float = 25.0) -> Path:
    """A valid bundle of two such networks."""
    folder.mkdir()
    (folder / "plan.yaml").write_text(PLAN)
    density_network(folder / "locate.onnx", (48, 64, 64), hu, width_hu)
    density_network(folder / "outline.onnx", (64, 64, 64), hu, width_hu)
    (folder / "metrics.json").write_text(json.dumps({"note": "a threshold, not trained"}))
    (folder / "card.md").write_text("# by-density\n\nA threshold for tests; SYNTHETIC.\n")
    write_sums(folder)
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid bundle whose networks are a threshold."""
    return density_bundle(tmp_path_factory.mktemp("bundle") / "by-density")
