"""The reference of keys: complete, with a unit where the name has one, and the page up to date."""

from pathlib import Path

import pytest

from coinfer.simulator.cli.scenario_page import page
from coinfer.simulator.loading import load_scenario, resolved
from coinfer.simulator.scenario_keys import keys, sources
from coinfer.simulator.scenario_origins import values

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenario.md"
BY_PATH = {key.path: key for key in keys()}
UNITS = {
    "_s": "s",
    "_hz": "Hz",
    "_db": "dB",
    "_dbm": "dBm",
    "_m": "m",
    "_mps": "m/s",
    "_bps": "bit/s",
    "_bps_per_hz": "bit/s/Hz",
    "_bytes": "byte",
    "_w": "W",
    "_slots": "slot",
    "_flops_per_s": "FLOP/s",
}


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: coinfer scenario keys --out docs/scenario.md"


def test_every_source_is_of_a_key():
    assert sources().keys() - BY_PATH.keys() == set()


def test_every_number_with_a_default_in_the_link_has_a_source_or_is_neutral():
    neutral = {"0", "1", "null", "needed", ""}
    unsaid = [
        key.path
        for key in keys()
        if key.path.startswith(("link.", "downlink."))
        and key.kind.startswith(("number", "whole"))
        and key.default not in neutral
        and not key.source
    ]
    assert unsaid == []


@pytest.mark.parametrize("key", [key for key in keys() if "number" in key.kind], ids=lambda key: key.path)
def test_the_unit_is_that_of_the_name(key):
    suffixes = [suffix for suffix in UNITS if key.path.endswith(suffix)]
    if suffixes:
        assert key.unit == UNITS[max(suffixes, key=len)]


def test_every_value_of_a_scenario_is_a_key():
    for name in ("nr_umi", "walk", "poor_channel", "trace"):
        for path, _ in values(resolved(load_scenario(name))):
            if path[0] in ("codecs", "sweep"):
                continue
            known = ".".join("N" if part.isdigit() else part for part in path)
            assert known in BY_PATH, path


def test_one_key_in_full():
    key = BY_PATH["link.rate.target_bler"]
    assert (key.section, key.kind, key.unit, key.default, key.limits) == (
        "link.rate",
        "number",
        "",
        "0.1",
        "above 0 below 1",
    )
    assert key.meaning == "nr: block error rate that the MCS aims at"
    assert key.source == "3GPP TS 38.214, section 5.2.2.1"
    assert BY_PATH["link.bandwidth_hz"].default == "needed"
    assert BY_PATH["tasks"].limits == "from 1 to 1e+07"
    assert BY_PATH["link.fading.model"].kind.startswith("`rayleigh`, `rician`")
