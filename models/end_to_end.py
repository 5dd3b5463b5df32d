"""Students that are trained end to end, codec first and then with the network around it."""

from __future__ import annotations

from torch import nn

from coinfer.models.student import NETWORK_PARTS, Student
from coinfer.models.training import Phase

PRESETS = {
    "cpu": (
        Phase("a-codec", 1.0, 128, 2e-3),
        Phase("b-joint", 5.0, 128, 1e-3),
        Phase("c-joint-192", 2.5, 192, 5e-4),
        Phase("d-joint-224", 1.5, 224, 4e-4),
    ),
    "short": (
        Phase("a-codec", 0.7, 128, 2e-3),
        Phase("b-joint", 1.8, 128, 1e-3),
        Phase("c-joint-192", 0.8, 192, 5e-4),
    ),
    "finish": (Phase("d-joint-224", 1.0, 224, 3e-4),),
    "gpu": (
        Phase("a-codec", 2.0, 224, 2e-3, 256),
        Phase("b-joint", 20.0, 224, 1e-3, 256),
        Phase("c-joint-again", 4.0, 192, 3e-4, 256),
    ),
    "smoke": (Phase("a-codec", 0.5, 64, 1e-3), Phase("b-joint", 0.5, 64, 1e-3)),
}
"""Steps for codecs trained end to end: `a` without the parts of the network, then with them.

On two idle cores with bfloat16 instructions `cpu` takes about two hours at layer2, `short` a fifth and
`finish`, which goes on from a trained codec, a tenth, without these instructions three times as long; `smoke`
shows in a minute that it runs.
"""


class EndToEndStudent(Student):
    """A student whose encoder has its own part in `compress`, its decoder in `restore`; see `PRESETS`."""

    step_scale = dict.fromkeys(NETWORK_PARTS, 0.15)

    def prepare(self, phase: str) -> None:
        """Trains the codec in `a`, the parts of the network as well from `b` on, batch norm up to `b`."""
        self.requires_grad_(False).eval()
        codec = [self.encoder.get_submodule("compress"), self.decoder.get_submodule("restore")]
        network = [self.encoder.get_submodule("last"), self.decoder.get_submodule("following")]
        for part in (*codec, *self.extra(), *([] if phase[0] == "a" else network)):
            part.requires_grad_(True)
        for part in codec:
            part.train(phase[0] in "ab")

    def extra(self) -> list[nn.Module | nn.Parameter]:
        """What else is trained in all phases."""
        return []
