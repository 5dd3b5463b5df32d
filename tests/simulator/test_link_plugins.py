"""A fading and a rate of one's own in a scenario."""

import numpy as np
import pytest

from coinfer.simulator import blocks
from coinfer.simulator.channel import draw_channels
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link_plugins import digests
from coinfer.simulator.loading import expand, load_scenario, resolved
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_link import Link

FILE = """
from dataclasses import dataclass
import numpy as np
from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.rate import ShannonRate

class Same(Rayleigh):
    pass

@dataclass(frozen=True)
class Louder(Rayleigh):
    factor: float = 1.0

    def gains(self, slots, slot_s, rng):
        return self.factor * super().gains(slots, slot_s, rng)

class Longer(Rayleigh):
    def gains(self, slots, slot_s, rng):
        return np.ones(slots + 1)

class Failing(Rayleigh):
    def gains(self, slots, slot_s, rng):
        raise KeyError("gone")

class Listed(Rayleigh):
    __hash__ = None

class Half(ShannonRate):
    def bits_per_s(self, snr):
        return 0.5 * super().bits_per_s(snr)

class Nothing:
    pass

function = len
"""


@pytest.fixture
def link(tmp_path, monkeypatch):
    """Makes a link whose fading, or rate, comes from a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(FILE)

    def make(**sections):
        return Link.model_validate({"bandwidth_hz": 1e6, "mean_snr_db": 5, **sections})

    return make


def test_a_fading_of_ones_own_draws_what_it_says(link):
    own = blocks.fading(link(fading={"plugin": "own.py:Same", "speed_mps": 2}), 0.0)
    built_in = Rayleigh(2.0, 3.5e9)
    assert own.longest_slot_s == built_in.longest_slot_s
    drawn, wanted = (fading.gains(64, 5e-4, np.random.default_rng(1)) for fading in (own, built_in))
    np.testing.assert_array_equal(drawn, wanted)


def test_a_rate_of_ones_own_gets_the_band_that_is_its_own(link):
    described = link(rate={"plugin": "own.py:Half", "settings": {"gap_db": 3.0}})
    assert described.rate.model == "plugin"
    assert described.policy == "integrate"
    snr = np.array([1.0, 10.0])
    half = 0.5 * ShannonRate(5e5, gap_db=3.0).bits_per_s(snr)
    np.testing.assert_allclose(blocks.rate(described, sharers=2).bits_per_s(snr), half)


def scenario(**fading):
    return Scenario.model_validate(
        {
            "name": "own",
            "tasks": 5,
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5, "fading": {"plugin": "own.py:Louder", **fading}},
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw"],
            "deadlines_s": [0.1],
            "sweep": {"link.fading.settings.factor": [1.0, 4.0]},
        }
    )


def test_settings_can_be_swept(link):
    snr = [draw_channels(point.scenario, 0, 1.0)[0].slot_snr(1.0) for point in expand(scenario())]
    np.testing.assert_allclose(snr[1], 4.0 * snr[0])


def test_a_resolved_scenario_names_the_plugin(link, tmp_path):
    described = scenario(settings={"factor": 2.0})
    assert Scenario.model_validate(resolved(described)) == described
    assert digests(described.link).keys() == {"own.py:Louder"}
    before = digests(described.link)
    (tmp_path / "own.py").write_text(f"{FILE}\n")
    assert digests(described.link) != before


@pytest.mark.parametrize(
    ("section", "described", "problem"),
    [
        ("fading", {"plugin": "gone.py:Same"}, "plugin: 'gone.py:Same': expected path/to/file.py:ClassName"),
        ("fading", {"plugin": "own.py:Some"}, "plugin: own.py:Some: no class of this name is there"),
        ("fading", {"plugin": "own.py:function"}, "plugin: own.py:function: no class of this name is there"),
        ("fading", {"plugin": "cascaded"}, "plugin: unknown 'cascaded'; nothing is installed under "),
        ("fading", {"plugin": "own.py:Nothing"}, "plugin: own.py:Nothing: a fading has gains(slots, "),
        ("fading", {"plugin": "own.py:Listed"}, "plugin: own.py:Listed: unhashable type: 'Listed'"),
        (
            "fading",
            {"plugin": "own.py:Louder", "settings": {"factr": 1}},
            "settings.factr: unknown setting, did you mean 'factor'?",
        ),
        (
            "fading",
            {"plugin": "own.py:Louder", "settings": {"speed_mps": 1}},
            "settings.speed_mps: the link gives it; remove this key",
        ),
        ("rate", {"plugin": "own.py:Nothing"}, "plugin: own.py:Nothing: a rate has bits_per_s(snr)"),
    ],
)
def test_a_plugin_that_cannot_be_made(link, section, described, problem):
    with pytest.raises(ScenarioError) as caught:
        getattr(blocks, section)(link(**{section: described}), *([1.0] if section == "fading" else []))
    assert str(caught.value).startswith(
        f"link.{section}.{problem}" if section == "fading" else f"link.rate.{problem}"
    )


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("Longer", "link.fading.plugin: own.py:Longer: gains gave shape (9,), expected (8,)"),
        ("Failing", "link.fading.plugin: own.py:Failing: KeyError: 'gone'"),
    ],
)
def test_a_fading_that_breaks_while_it_works(link, block, problem):
    fading = blocks.fading(link(fading={"plugin": f"own.py:{block}"}), 1.0)
    with pytest.raises(ScenarioError) as caught:
        fading.gains(8, 1e-3, np.random.default_rng(0))
    assert str(caught.value) == problem


def test_gains_below_zero(link):
    fading = blocks.fading(link(fading={"plugin": "own.py:Louder", "settings": {"factor": -1.0}}), 1.0)
    with pytest.raises(ScenarioError, match="gains gave NaN, infinity or numbers below 0"):
        fading.gains(8, 1e-3, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("{model: rayleigh, plugin: own}", "link.fading.plugin: this key belongs to model plugin, not to"),
        ("{model: plugin}", "link.fading.plugin: missing; model plugin needs it"),
        ("{plugin: 'own.py'}", None),
        ("{plugin: 'a b'}", "link.fading.plugin: expected"),
    ],
)
def test_how_a_scenario_names_it(tmp_path, section, line):
    if line is None:
        assert load_scenario("paper", [f"link.fading={section}"]).link.fading.plugin == "own.py"
        return
    with pytest.raises(ScenarioError) as caught:
        load_scenario("paper", [f"link.fading={section}"])
    assert str(caught.value).startswith(f"--set: {line}")
