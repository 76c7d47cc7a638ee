"""What a network costs: counts that can be done by hand, and times of every stage."""

import pytest

from vos_annotator.mobilevos.cost import milliseconds, operations
from vos_annotator.mobilevos.network import NETWORKS, NetworkConfig


def test_reading_compares_each_position_with_each_of_two_frames():
    config = NetworkConfig(key_dim=16)
    positions = 6 * 8
    by_hand = 2 * 16 * positions * 2 * positions  # a product and a sum for each channel
    assert operations(config, (96, 128))["read"] * 1e9 == pytest.approx(by_hand)


@pytest.mark.parametrize("name", ["mobilevos-fast", "mobilevos-mobilenetv2"])
def test_four_times_the_pixels_cost_four_times_as_much_and_reading_sixteen_times(name):
    small, large = (operations(NETWORKS[name], shape) for shape in ((96, 128), (192, 256)))
    assert large.pop("read") == pytest.approx(16 * small.pop("read"))
    for stage, cost in large.items():
        assert cost == pytest.approx(4 * small[stage], rel=0.01)


def test_a_lighter_value_encoder_costs_less_to_remember_and_nothing_else_less():
    shape = 96, 128
    usual = operations(NetworkConfig(), shape)
    light = operations(NetworkConfig(value_widths=(24, 32, 64)), shape)
    assert light.pop("memorize") < 0.7 * usual.pop("memorize")
    assert light == usual


def test_every_stage_takes_time():
    config = NetworkConfig(value_dim=16, decoder=(8, 8, 8))
    spent = milliseconds(config, (96, 96), seconds=0.01)
    assert list(spent) == ["encode", "read", "decode", "memorize"]
    assert all(0 < ms < 60_000 for ms in spent.values())
