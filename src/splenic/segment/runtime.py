"""Networks at run time: OpenVINO on a CPU, ONNX Runtime where a GPU is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from splenic.errors import EngineError, UsageError
from splenic.models.plan import Stage

Float32 = npt.NDArray[np.float32]


class Network(Protocol):
    """A loaded network: normalised patch in, logits out, both float32 of the stage's patch shape."""

    def __call__(self, patch: Float32) -> Float32:
        """Logits of one patch."""


class OpenVinoNetwork:
    """A network compiled for the CPU."""

    def __init__(self, path: Path, stage: Stage, threads: int | None) -> None:
        import openvino

        core = openvino.Core()
        # f32 everywhere: on CPUs with bf16 the default would trade digits for speed, and results would
        # differ between machines.
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            model = core.read_model(path)
            model.reshape([1, 1, *stage.patch])
            self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            raise EngineError(
                "network-unusable",
                f"{path.name}: OpenVINO cannot load this network",
                "run `splenic models verify`, then `splenic doctor`",
            ) from error
        self._shape = (1, 1, *stage.patch)

    def __call__(self, patch: Float32) -> Float32:
        """Logits of one patch."""
        import openvino

        tensor = openvino.Tensor(np.ascontiguousarray(patch.reshape(self._shape)), shared_memory=True)
        self._request.infer([tensor])
        return np.array(self._request.get_output_tensor(0).data, np.float32).reshape(patch.shape)


class OnnxNetwork:
    """A network run by ONNX Runtime, on a GPU if it has one."""

    def __init__(self, path: Path, stage: Stage, device: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UsageError(
                "gpu-extra-missing",
                f"--device {device}: ONNX Runtime is not installed",
                "install the extra: pip install 'splenic[gpu]'",
            ) from error
        wanted = "CUDAExecutionProvider"
        if wanted not in onnxruntime.get_available_providers():
            raise UsageError(
                "no-gpu",
                f"--device {device}: ONNX Runtime sees no GPU here",
                "use --device cpu, or install a driver and onnxruntime-gpu",
            )
        self._session = onnxruntime.InferenceSession(str(path), providers=[wanted])
        self._input, self._output = stage.input, stage.output

    def __call__(self, patch: Float32) -> Float32:
        """Logits of one patch."""
        answer = self._session.run([self._output], {self._input: patch[None, None]})
        return np.asarray(answer[0], np.float32).reshape(patch.shape)


def open_network(folder: Path, stage: Stage, device: str, threads: int | None) -> Network:
    """Load one stage's network.

    Parameters
    ----------
    device : {"cpu", "cuda"}
    threads : int or None
        Threads on the CPU; None lets OpenVINO take the machine's cores.

    Raises
    ------
    UsageError
        If the device does not exist here.
    EngineError
        If the network cannot be loaded.
    """
    if device == "cpu":
        return OpenVinoNetwork(folder / stage.weights, stage, threads)
    if device == "cuda":
        return OnnxNetwork(folder / stage.weights, stage, device)
    raise UsageError("no-such-device", f"--device {device}: unknown", "use cpu or cuda")
