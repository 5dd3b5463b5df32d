import pytest

from coinfer.simulator.validation import figures


def test_a_seed_gives_the_same_figures(tmp_path, monkeypatch):
    chosen = ("autocorrelation", "block_errors")
    monkeypatch.setattr(figures, "DRAWN", {name: figures.DRAWN[name] for name in chosen})
    first, again = (figures.draw_figures(1, tmp_path / name) for name in ("first", "again"))
    assert [path.name for path in first] == [f"{name}.{kind}" for name in chosen for kind in ("png", "svg")]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", ["gain_laws", "level_crossings", "contention"])
def test_every_curve_has_its_points(name, monkeypatch):
    monkeypatch.setattr(figures.figures_fading, "TRACES", 2)
    monkeypatch.setattr(figures.figures_traffic, "CONTENTION_RUNS", 1)
    drawn = figures.DRAWN[name](figures.np.random.default_rng(1))
    for axes in drawn.axes:
        curves, points = axes.lines[::2], axes.lines[1::2]
        assert len(curves) == len(points) > 0
        assert all(len(line.get_xdata()) > 3 for line in points)
