import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coinfer.models.images import FolderImages, ImagesError, Preloaded, imagenette, read_pixels
from coinfer.models.scenes.scene import Scenes


def save(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (224, 224)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures of class `a`, two of class `b`, one of class `c`, and files that are no pictures."""
    root = tmp_path / "pictures"
    for number in range(4):
        save(root / "a" / f"{number}.png", (number, 0, 0))
    for number in range(2):
        save(root / "b" / f"{number}.PNG", (0, 10 + number, 0))
    save(root / "c" / "deep" / "0.bmp", (0, 0, 20))
    (root / "c" / "notes.txt").write_text("no picture")
    (root / "readme.md").write_text("no class")
    return root


def test_classes_are_the_sorted_folders(folder: Path) -> None:
    assert FolderImages(folder).class_names == ("a", "b", "c")
    assert len(FolderImages(folder)) == 7


def test_classes_take_turns(folder: Path) -> None:
    assert FolderImages(folder).labels.tolist() == [0, 1, 2, 0, 1, 0, 0]
    assert FolderImages(folder, count=5).labels.tolist() == [0, 1, 2, 0, 1]


def test_within_a_class_the_order_is_fixed_by_the_hash_of_the_name(folder: Path) -> None:
    names = sorted(
        (f"{number}.png" for number in range(4)), key=lambda name: hashlib.sha256(name.encode()).hexdigest()
    )
    images = FolderImages(folder)
    reds = [int(images.load([index])[0, 0, 0, 0]) for index in (0, 3, 5, 6)]
    assert reds == [int(name[0]) for name in names]


def test_a_smaller_count_is_a_prefix(folder: Path) -> None:
    whole, part = FolderImages(folder), FolderImages(folder, count=3)
    np.testing.assert_array_equal(part.load(range(3)), whole.load(range(3)))


def test_pixels_match_labels(folder: Path) -> None:
    images = FolderImages(folder)
    pixels = images.load(range(7))
    assert (pixels.shape, pixels.dtype) == ((7, 3, 224, 224), np.uint8)
    assert pixels[1, :, 0, 0].tolist() in ([0, 10, 0], [0, 11, 0])
    assert pixels[2, :, 100, 100].tolist() == [0, 0, 20]


def test_fingerprint_follows_names_contents_and_choice(folder: Path) -> None:
    before = FolderImages(folder).fingerprint
    assert FolderImages(folder).fingerprint == before
    assert FolderImages(folder, count=3).fingerprint != before
    save(folder / "a" / "0.png", (99, 0, 0))
    changed = FolderImages(folder).fingerprint
    (folder / "a" / "0.png").rename(folder / "a" / "9.png")
    assert len({before, changed, FolderImages(folder).fingerprint}) == 3


def test_fingerprint_does_not_depend_on_where_the_folder_is(folder: Path, tmp_path: Path) -> None:
    before = FolderImages(folder).fingerprint
    folder.rename(tmp_path / "elsewhere")
    assert FolderImages(tmp_path / "elsewhere").fingerprint == before


def test_errors(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ImagesError) as caught:
        len(FolderImages(tmp_path / "none"))
    assert (
        str(caught.value)
        == f"{tmp_path / 'none'}: no such image folder; expected one folder for each class in it"
    )
    with pytest.raises(ImagesError) as caught:
        len(FolderImages(folder, count=8))
    assert str(caught.value) == f"{folder}: images.count is 8 but only 7 images are there"
    empty = tmp_path / "empty"
    (empty / "a").mkdir(parents=True)
    with pytest.raises(ImagesError) as caught:
        len(FolderImages(empty))
    assert str(caught.value) == f"{empty}: no images found; expected {empty}/<class>/<picture>.jpg"


def test_what_is_no_picture_is_told_or_passed_over(folder: Path) -> None:
    before = FolderImages(folder).fingerprint
    (folder / "a" / "deep.png").mkdir()
    assert FolderImages(folder).fingerprint == before, "a folder called like a picture is none"
    odd = folder / "a" / os.fsdecode(b"caf\xe9.png")
    save(odd, (9, 9, 9))
    assert FolderImages(folder).fingerprint != before, "names need not be UTF-8"
    odd.unlink()
    (folder / "a" / "link.png").symlink_to(folder / "gone.png")
    with pytest.raises(ImagesError, match=r"link.png: not readable \(No such file or directory\); remove or"):
        _ = FolderImages(folder).fingerprint


def test_missing_imagenette_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ImagesError) as caught:
        imagenette(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/imagenette2/val: no Imagenette photos; run python -c "
        f"\"from torchvision.datasets import Imagenette; Imagenette('{tmp_path}', download=True)\""
    )


def test_imagenette_that_is_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "imagenette2").mkdir()
    folder.rename(tmp_path / "imagenette2" / "train")
    assert imagenette(tmp_path, "train", count=2) == FolderImages(tmp_path / "imagenette2" / "train", 2)


@pytest.mark.parametrize("size", [(448, 224), (224, 448), (100, 50), (300, 300)])
def test_pictures_of_another_size_are_cut_from_the_middle(tmp_path: Path, size: tuple[int, int]) -> None:
    """Left and top third red, the middle grey: of a picture twice as long as wide, the ends go."""
    width, height = size
    image = np.full((height, width, 3), 128, dtype=np.uint8)
    image[: height // 8 if height > width else 0, :] = (255, 0, 0)
    image[:, : width // 8 if width > height else 0] = (255, 0, 0)
    Image.fromarray(image).save(tmp_path / "x.png")
    pixels = read_pixels(tmp_path / "x.png")
    assert pixels.shape == (3, 224, 224)
    assert (pixels == 128).all()


def test_grey_and_transparent_pictures_become_rgb(tmp_path: Path) -> None:
    Image.new("L", (224, 224), 77).save(tmp_path / "grey.png")
    Image.new("RGBA", (224, 224), (1, 2, 3, 128)).save(tmp_path / "clear.png")
    assert read_pixels(tmp_path / "grey.png")[:, 0, 0].tolist() == [77, 77, 77]
    assert read_pixels(tmp_path / "clear.png")[:, 0, 0].tolist() == [1, 2, 3]


def test_preloaded_is_the_same_set(folder: Path, tmp_path: Path) -> None:
    images, seen = FolderImages(folder), []
    kept = Preloaded(images, tmp_path / "cache", lambda done, of: seen.append((done, of)))
    np.testing.assert_array_equal(kept.load([6, 0, 3]), images.load([6, 0, 3]))
    assert kept.labels.tolist() == images.labels.tolist()
    assert (len(kept), kept.class_names, kept.fingerprint) == (7, images.class_names, images.fingerprint)
    assert seen == [(7, 7)]


def test_preloaded_reads_its_file_the_second_time(tmp_path: Path) -> None:
    first = Preloaded(Scenes(2, seed=5), tmp_path)
    second = Preloaded(Scenes(2, seed=5), tmp_path, lambda done, of: pytest.fail("drawn again"))
    np.testing.assert_array_equal(first.load([1]), second.load([1]))
    assert len(list(tmp_path.iterdir())) == 1
    Preloaded(Scenes(1, seed=5), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
