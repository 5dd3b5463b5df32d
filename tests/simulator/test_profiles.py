import pytest
from pydantic import ValidationError

from coinfer.simulator.errors import ProfileError
from coinfer.simulator.profiles import RESNET50_FLOPS, Profile, profile, profiles

RESNET50_LATENCY_S = {
    "raspberry-pi-4": 0.26283,
    "raspberry-pi-5": 0.0677,
    "jetson-nano": 1 / 36,
    "jetson-orin-nano": 0.01418,
    "jetson-agx-orin": 0.00608,
    "smartphone": 0.02761,
    "rtx-3090": 0.00164,
    "cpu-server": 0.01407,
}


def test_compute_time_is_overhead_plus_layers_plus_serial_code() -> None:
    device = Profile(effective_flops_per_s=1e9, overhead_s=0.25, cpu_speed=0.5)
    assert device.compute_s(2e9, 1.0) == 0.25 + 2.0 + 2.0
    assert device.compute_s(2e9) == 0.25 + 2.0
    assert device.compute_s(0.0, 1.0) == 0.25 + 2.0


def test_no_work_takes_no_time() -> None:
    assert Profile(effective_flops_per_s=1e9, overhead_s=0.25).compute_s(0.0, 0.0) == 0.0


def test_profiles_repeat_the_published_latencies() -> None:
    assert set(profiles()) == set(RESNET50_LATENCY_S)
    for name, latency_s in RESNET50_LATENCY_S.items():
        machine = profile(name)
        assert machine.compute_s(RESNET50_FLOPS) - machine.overhead_s == pytest.approx(latency_s, rel=5e-3)


@pytest.mark.parametrize("name", RESNET50_LATENCY_S)
def test_profiles_name_a_source_and_draw_power(name: str) -> None:
    machine = profile(name)
    assert machine.name == name
    assert " ms" in machine.source
    assert machine.source.endswith(".")
    assert machine.power_compute_w > 0


def test_devices_have_a_radio_and_servers_have_none() -> None:
    servers = {name for name in profiles() if profile(name).power_transmit_w == 0}
    assert servers == {"rtx-3090", "cpu-server"}


def test_an_unknown_profile_is_told_with_the_nearest() -> None:
    with pytest.raises(ProfileError) as caught:
        profile("raspberry-pi4")
    assert str(caught.value) == "unknown profile 'raspberry-pi4', did you mean 'raspberry-pi-4'?"
    with pytest.raises(
        ProfileError, match=r"^unknown profile 'abacus'; known: cpu-server, jetson-agx-orin, "
    ):
        profile("abacus")


def test_a_profile_without_speed_is_refused() -> None:
    with pytest.raises(ValidationError):
        Profile(effective_flops_per_s=0.0)
