"""Networks at run time: OpenVINO on a CPU, ONNX Runtime where a GPU is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from splenic.errors import EngineError, UsageError
from splenic.models.plan import Stage

Float32 = npt.NDArray[np.float32]


# Patches in work at once; each needs its own activations, and a scan rarely has more tiles than this.
MOST_AT_ONCE = 4


class Network(Protocol):
    """A loaded network: normalised patches in, logits out, all float32 of the stage's patch shape."""

    def __call__(self, patches: Sequence[Float32]) -> list[Float32]:
        """Logits of each patch, in the same order."""


class OpenVinoNetwork:
    """A network compiled for the CPU.

    Every patch is worked on by one thread, and several patches at a time: unlike one patch on several
    threads, this gives the same digits for any number of threads.
    """

    def __init__(self, path: Path, stage: Stage, threads: int | None) -> None:
        import openvino

        core = openvino.Core()
        at_once = min(threads or len(os.sched_getaffinity(0)), MOST_AT_ONCE)
        # f32 everywhere: on CPUs with bf16 the default would trade digits for speed, and results would
        # differ between machines.
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": at_once,
            "INFERENCE_NUM_THREADS": at_once,
        }
        try:
            model = core.read_model(path)
            model.reshape([1, 1, *stage.patch])
            compiled = core.compile_model(model, "CPU", settings)
            self._queue: Any = openvino.AsyncInferQueue(compiled, at_once)
        except RuntimeError as error:
            raise EngineError(
                "network-unusable",
                f"{path.name}: OpenVINO cannot load this network",
                "run `splenic models verify`, then `splenic doctor`",
            ) from error
        self._shape = (1, 1, *stage.patch)

    def __call__(self, patches: Sequence[Float32]) -> list[Float32]:
        """Logits of each patch, in the same order."""
        import openvino

        answers: dict[int, Float32] = {}

        def keep(request: Any, number: int) -> None:
            answers[number] = np.array(request.get_output_tensor(0).data, np.float32).reshape(self._shape[2:])

        self._queue.set_callback(keep)
        for number, patch in enumerate(patches):
            self._queue.start_async(
                [openvino.Tensor(np.ascontiguousarray(patch.reshape(self._shape)))], number
            )
        self._queue.wait_all()
        return [answers[number] for number in range(len(patches))]


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

    def __call__(self, patches: Sequence[Float32]) -> list[Float32]:
        """Logits of each patch, in the same order."""
        return [self._run(patch) for patch in patches]

    def _run(self, patch: Float32) -> Float32:
        answer = self._session.run([self._output], {self._input: patch[None, None]})
        return np.asarray(answer[0], np.float32).reshape(patch.shape)


def open_network(folder: Path, stage: Stage, device: str, threads: int | None) -> Network:
    """Load one stage's network.

    Parameters
    ----------
    device : {"cpu", "cuda"}
    threads : int or None
        Threads on the CPU; None takes the cores that the process may use.

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
