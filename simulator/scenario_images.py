"""The key of a scenario that says what is classified."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from coinfer.simulator.fields import Section, Switch, Whole, mistake


class Images(Section):
    """The images that devices classify: a set to measure on, or measurements of one to replay."""

    source: Literal["scenes", "imagenette", "imagefolder"] | None = Field(
        None,
        description="drawn scenes, the Imagenette photos, or a folder of class folders; null: scenes, or "
        "those of replay",
    )
    replay: str | None = Field(
        None,
        min_length=1,
        description="measurements to take instead of measuring: a bundled set's name, or a file of "
        "'coinfer evaluate' (.parquet), relative to the working folder",
    )
    count: Whole | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="number of different images, 256 where it is not given; null, or not given with replay: "
        "all there are [1]",
    )
    seed: Whole = Field(0, ge=0, description="which scenes are drawn; only for source scenes [1]")
    root: Path | None = Field(None, description="folder of the photos, relative to the working folder")
    classifier: Path | None = Field(
        None,
        description="checkpoint of 'coinfer train classifier' (on the backbone that comes with coinfer) or "
        "'coinfer train backbone' (a network of its own); null: the one that knows the source's classes",
    )
    download: Switch = Field(False, description="fetch the photos if they are missing; only for imagenette")

    @model_validator(mode="before")
    @classmethod
    def _measured_by_default(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("replay") is not None:
            return data
        source = data.get("source")
        return {"count": 256} | data | {"source": "scenes" if source is None else source}

    @model_validator(mode="after")
    def _replay_settles_the_images(self) -> Self:
        for key in ("source", "root", "seed", "classifier", "download"):
            if self.replay is not None and getattr(self, key) != type(self).model_fields[key].default:
                raise mistake(
                    "replay has its own images and classifier; "
                    f"set images to {{replay: {self.replay}}}, or replay to null",
                    key,
                )
        return self

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> Self:
        if self.replay is not None:
            return self
        if self.source == "imagefolder" and self.root is None:
            raise mistake("missing; source imagefolder needs the folder of class folders", "root")
        if self.source == "scenes" and self.root is not None:
            raise mistake("scenes are drawn and have no folder; remove this key", "root")
        if self.source == "scenes" and self.count is None:
            raise mistake("scenes are drawn; say how many", "count")
        if self.source != "scenes" and self.seed:
            raise mistake("only scenes are drawn with a seed; remove this key", "seed")
        if self.source != "imagenette" and self.download:
            raise mistake("only imagenette can be downloaded; remove this key", "download")
        return self
