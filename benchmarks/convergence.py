"""Does AECNN converge faster step by step than all at once? Draw the answers' loss against images seen.

    coinfer train aecnn --root DATA --split layer3 --preset short --network-step 0.2 \
        --out step-by-step.safetensors
    coinfer train aecnn --root DATA --split layer3 --preset short --network-step 0.2 --joint \
        --out all-at-once.safetensors
    python benchmarks/convergence.py step-by-step.safetensors all-at-once.safetensors

Takes checkpoints and the logs that `coinfer train` wrote with them (`runs/train-OUT/log.jsonl`). The loss is
that of the answers alone, on crops of training images that come for the first time or nearly so; step a
compresses nothing yet, so its images count and its loss is not drawn. Writes docs/figures/convergence.png and
.svg, and a table into docs/paper.md.
"""

import argparse
from pathlib import Path

import pandas as pd
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from rounds import write

from coinfer.models.checkpoints import read_checkpoint
from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.figures_style import blank_figure, codec_line, legend_above

DOCS = Path(__file__).parents[1] / "docs"


def curve(checkpoint: Path) -> pd.DataFrame:
    """The rows of a training's log, with `seen`: images from its beginning, in thousands."""
    log = Path("runs") / f"train-{checkpoint.stem}" / "log.jsonl"
    rows = pd.read_json(log, lines=True)
    before = rows.groupby("phase", sort=False)["images"].max().shift(fill_value=0).cumsum()
    return rows.assign(seen=(rows["images"] + rows["phase"].map(before)) / 1000)


def draw(curves: dict[str, pd.DataFrame], stem: Path) -> None:
    """Draw a line for each training, and the letter of each of its steps where that begins."""
    with house_style():
        figure = blank_figure(2.6)
        axes = figure.subplots()
        for number, rows in enumerate(curves.values()):
            compressed = rows[~rows["phase"].str.startswith("a")]
            line = codec_line(number)
            line.set_data(compressed["seen"], compressed["answers"])
            line.set_markersize(3)
            axes.add_line(line)
            for phase, of_phase in compressed.groupby("phase"):
                first = of_phase.iloc[0]
                axes.annotate(
                    str(phase)[0], (first["seen"], first["answers"]), xytext=(0, 4),
                    textcoords="offset points", color=line.get_color(), ha="center",
                )  # fmt: skip
        axes.autoscale_view()
        axes.set(xlabel="images seen, thousands", ylabel="loss of the answers", yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        legend_above(figure, [codec_line(number) for number in range(len(curves))], list(curves))
        save(figure, stem)


def table(checkpoints: list[Path], curves: dict[str, pd.DataFrame]) -> str:
    """The ends of the trainings as Markdown."""
    lines = [
        "| training | images seen | loss of the answers at the end | photos, top-1 % | scenes, top-1 % |",
        "| --- | --: | --: | --: | --: |",
    ]
    for checkpoint, (name, rows) in zip(checkpoints, curves.items(), strict=True):
        top1 = read_checkpoint(checkpoint, "aecnn").metadata["top1"]
        last = rows.iloc[-1]
        lines.append(
            f"| {name} | {1000 * last['seen']:,.0f} | {last['answers']:.2f} | "
            f"{100 * top1['imagenette']:.1f} | {100 * top1['scenes']:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main(checkpoints: list[Path]) -> None:
    """Write figure and table."""
    curves = {path.stem.replace("-", " "): curve(path) for path in checkpoints}
    draw(curves, DOCS / "figures" / "convergence")
    write("convergence", table(checkpoints, curves), DOCS / "paper.md")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", type=Path, nargs="+", help="what the trainings wrote")
    main(parser.parse_args().checkpoints)
