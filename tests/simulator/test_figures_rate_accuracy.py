import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.figures_rate_accuracy import rate_accuracy_figure


@pytest.fixture
def table():
    rows = [("raw", 150_528, 0.86), ("jpeg", 11_000, 0.85), ("jpeg", 2_000, 0.7), ("jpeg", 4_000, 0.8)]
    return pd.DataFrame(
        {
            "codec": family,
            "family": family,
            "label": f"{family}@{sent_bytes}",
            "split": None,
            "payload_bytes_mean": sent_bytes,
            "top1": top1,
            "top1_low": top1 - 0.02,
            "top1_high": top1 + 0.01,
            "images": 3_925,
        }
        for family, sent_bytes, top1 in rows
    )


def test_a_family_is_a_line_by_bytes_with_error_bars(table):
    figure = rate_accuracy_figure(table, 0.86, "imagenette-val")
    (panel,) = figure.axes
    assert panel.get_xscale() == "log"
    uncompressed, raw, jpeg = panel.lines
    np.testing.assert_array_equal(uncompressed.get_ydata(), [0.86, 0.86])
    np.testing.assert_array_equal(raw.get_xdata(), [150_528])
    np.testing.assert_array_equal(jpeg.get_xdata(), [2_000, 4_000, 11_000])
    np.testing.assert_array_equal(jpeg.get_ydata(), [0.7, 0.8, 0.85])
    bars = panel.collections[1].get_segments()
    np.testing.assert_allclose(
        [segment[:, 1] for segment in bars], [[0.68, 0.71], [0.78, 0.81], [0.83, 0.86]]
    )
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["raw", "jpeg", "uncompressed"]
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in panel.lines}) == 3


def test_splits_of_a_codec_share_its_style_and_have_their_layer_beside_them(table):
    table["family"] = ["raw", "aecnn(split=layer2)", "aecnn(split=layer2)", "aecnn(split=layer4)"]
    table["codec"] = ["raw", "aecnn", "aecnn", "aecnn"]
    table["split"] = [None, "layer2", "layer2", "layer4"]
    figure = rate_accuracy_figure(table, 0.86, "imagenette-val")
    (panel,) = figure.axes
    _, raw, layer2, layer4 = panel.lines
    np.testing.assert_array_equal(layer2.get_xdata(), [2_000, 11_000])
    np.testing.assert_array_equal(layer4.get_xdata(), [4_000])
    assert layer2.get_color() == layer4.get_color() != raw.get_color()
    assert {text.get_text(): text.xy for text in panel.texts} == {"2": (2_000, 0.7), "4": (4_000, 0.8)}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["raw", "aecnn(split=*)", "uncompressed"]


def test_deep_losses_leave_the_figure_below_and_are_named(table):
    table.loc[2, "top1"] = 0.3
    figure = rate_accuracy_figure(table, 0.86, "imagenette-val")
    assert figure.axes[0].get_ylim()[0] == pytest.approx(0.66)
    assert figure.get_supxlabel().endswith("Below the axis: jpeg@2000.")


def test_what_sends_nothing_has_no_place_on_a_logarithmic_axis(table):
    table.loc[0, "payload_bytes_mean"] = 0
    (panel,) = rate_accuracy_figure(table, 0.86, "imagenette-val").axes
    assert len(panel.lines) == 2


def test_the_same_table_gives_the_same_files(table, tmp_path):
    files = []
    for name in ("first", "again"):
        with house_style():
            files.append(save(rate_accuracy_figure(table, 0.86, "imagenette-val"), tmp_path / name))
    assert [path.suffix for path in files[0]] == [".png", ".svg"]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_families_of_a_codec_share_its_colour_and_differ_in_their_marker(table):
    table["family"] = ["raw", "jpeg(quality=*)", "jpeg(max_bytes=*)", "jpeg(max_bytes=*)"]
    _, raw, quality, budget = rate_accuracy_figure(table, 0.86, "imagenette-val").axes[0].lines
    assert quality.get_color() == budget.get_color() != raw.get_color()
    assert quality.get_marker() != budget.get_marker()


def test_codecs_with_most_points_get_a_colour_of_their_own(table):
    rows = [
        table.iloc[[0]].assign(codec=f"c{place}", family=f"c{place}", label=f"c{place}") for place in range(9)
    ]
    table = pd.concat([*rows, table[1:]])
    lines = rate_accuracy_figure(table, 0.86, "imagenette-val").axes[0].lines[1:]
    *single, jpeg = [line.get_color() for line in lines]
    assert single.count(jpeg) == 1
    assert single.index(jpeg) == 7
