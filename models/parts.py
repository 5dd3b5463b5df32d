"""Which parts of the network around a split a codec may tune, as copies of its own; the rest serves them all.

    split     the head's last part, tuned on the device     the tail's first part, tuned at the edge
    layer1    layer1            .4 MB                        layer2 and layer3, 16.6 MB
    layer2    layer2           2.4 MB                        layer3, 14.2 MB
    layer3    its last block   2.2 MB                        none (layer4 would be 30 MB)
    layer4    none (30 MB)                                   none

Sizes are float16; new checkpoints hold kernels in 8 bits a weight, half of that.
"""

from __future__ import annotations

import copy

from torch import nn

from coinfer.models.backbone import SPLITS, Backbone


def frozen_head(backbone: Backbone, split: str) -> nn.Sequential:
    """The head up to what a codec tunes; never changed."""
    stages = [getattr(backbone, name) for name in SPLITS[: SPLITS.index(split)]]
    match split:
        case "layer3":
            stages += [getattr(backbone, split)[:-1]]
        case "layer4":
            stages += [getattr(backbone, split)]
    return nn.Sequential(*stages)


def last_part(backbone: Backbone, split: str) -> nn.Module:
    """The head's last part, as the backbone has it: from `frozen_head` to the features at the split."""
    stage: nn.Module = getattr(backbone, split)
    match split:
        case "layer3":
            return list(stage.children())[-1]
        case "layer4":
            return nn.Identity()
    return stage


def stage_behind(split: str) -> str:
    """The stage after which a codec's decoder hands over to the common tail."""
    return {"layer1": "layer3", "layer2": "layer3"}.get(split, split)


def following(backbone: Backbone, split: str) -> nn.Sequential:
    """The blocks from the split to `stage_behind`, as the backbone has them."""
    stages = SPLITS[SPLITS.index(split) + 1 : SPLITS.index(stage_behind(split)) + 1]
    return nn.Sequential(*(block for stage in stages for block in getattr(backbone, stage)))


def own_last_part(backbone: Backbone, split: str) -> nn.Module:
    """A copy of `last_part`, to tune."""
    return copy.deepcopy(last_part(backbone, split))


def own_following(backbone: Backbone, split: str) -> nn.Sequential:
    """A copy of `following`, to tune."""
    return copy.deepcopy(following(backbone, split))
