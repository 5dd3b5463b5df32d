from typing import Any

import pytest
from pydantic import ValidationError

from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.fields import first_mistake
from coinfer.simulator.loading import load_scenario
from coinfer.simulator.scenario_images import Images


def mistake_in(**keys: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        Images.model_validate(keys)
    return first_mistake(caught.value)


def test_scenes_are_measured_by_default() -> None:
    images = Images()
    assert (images.source, images.count, images.replay) == ("scenes", 256, None)
    assert Images.model_validate({"source": None, "replay": None}) == images


def test_photos_may_be_measured_without_saying_how_many() -> None:
    assert Images.model_validate({"source": "imagenette", "count": None}).count is None
    assert Images.model_validate({"source": "imagenette"}).count == 256


def test_replay_takes_all_there_are() -> None:
    images = Images.model_validate({"replay": "imagenette-val"})
    assert (images.source, images.count) == (None, None)
    assert Images.model_validate({"replay": "imagenette-val", "count": 9}).count == 9


@pytest.mark.parametrize(
    "images", [{}, {"replay": "a"}, {"replay": "a", "count": 3}, {"source": "imagenette"}]
)
def test_the_resolved_section_loads_to_itself(images: dict[str, Any]) -> None:
    loaded = Images.model_validate(images)
    assert Images.model_validate(loaded.model_dump(mode="json")) == loaded


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", "scenes"),
        ("source", "imagenette"),
        ("root", "data"),
        ("seed", 3),
        ("classifier", "mine.safetensors"),
        ("download", True),
    ],
)
def test_replay_leaves_nothing_else_to_say(key: str, value: Any) -> None:
    problem = (
        "replay has its own images and classifier; set images to {replay: imagenette-val}, or replay to null"
    )
    assert mistake_in(replay="imagenette-val", **{key: value}) == (key, problem)


@pytest.mark.parametrize(
    ("keys", "key", "problem"),
    [
        ({"count": None}, "count", "scenes are drawn; say how many"),
        ({"source": "photos"}, "source", "expected 'scenes', 'imagenette' or 'imagefolder', got 'photos'"),
        ({"sauce": "scenes"}, "sauce", "unknown key, did you mean 'source'?"),
    ],
)
def test_a_mistake_is_told_at_its_key(keys: dict[str, Any], key: str, problem: str) -> None:
    assert mistake_in(**keys) == (key, problem)


def test_what_that_mistake_asks_for_helps_on_the_command_line() -> None:
    with pytest.raises(ScenarioError, match=r"--set: images.source: .* set images to \{replay: scenes\}"):
        load_scenario("poor_channel", ["images.replay=scenes"])
    assert load_scenario("poor_channel", ["images={replay: scenes}"]).images == Images(replay="scenes")
