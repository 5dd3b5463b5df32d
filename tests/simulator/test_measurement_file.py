import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError
from coinfer.simulator.evaluation import CodecFacts, Evaluated
from coinfer.simulator.measurement_file import KEY, SEAL, read_measurements, write_measurements
from coinfer.simulator.measurements import Measurement

LABELS = np.array([3, 1, 2, 0], dtype=np.int64)
ABOUT = {"images": {"fingerprint": "four", "count": 4}}
THEN, NOW = {"versions": {"coinfer": "0"}}, {"versions": {"coinfer": "1"}, "files": {"mine.py": "ab"}}


def evaluated(codec, cuts=(), defaults=None, images=4):
    rng = np.random.default_rng(1)
    spec = CodecSpec.model_validate(codec)
    sizes = rng.integers(1_000, 2_000, images)
    measurement = Measurement(
        payload_bytes=sizes,
        correct=rng.random(images) < 0.8,
        device_cost=Cost(1.5e9, 1e-4),
        edge_cost=Cost(2.5e9, 2e-4),
        answers_on_device=spec.id == "local",
        cut_bytes=np.array([np.minimum(sizes, size) for size in cuts]) if cuts else None,
        cut_correct=rng.random((len(cuts), images)) < 0.6 if cuts else None,
    )
    known = defaults or {}
    facts = CodecFacts(
        settings={**known, **spec.settings},
        defaults=known,
        cuts=tuple(cuts),
        feature_bytes=None,
        fixed_width_bytes=None,
        device_parameters=0,
        device_parameter_bytes=0,
        encode_ms=1.0,
        decode_ms=1.0,
        load=None,
    )
    return Evaluated(spec, measurement, facts, THEN if cuts else NOW, 1_234.5 if cuts else None)


POINTS = [
    evaluated("local"),
    evaluated({"id": "jpeg", "quality": 5}, defaults={"quality": 75, "max_bytes": None}),
    evaluated({"id": "anytime", "split": "layer2"}, cuts=(100, 1_500)),
    evaluated({"plugin": "mine.py:Grey", "taps": [1, 2]}),
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "deep" / "four.parquet"
    write_measurements(path, POINTS, LABELS, ABOUT)
    return path


def test_what_is_written_is_read_again(file):
    stored = read_measurements(file)
    np.testing.assert_array_equal(stored.labels, LABELS)
    assert stored.about == {**ABOUT, "layout": 2, "evaluations": [NOW, THEN]}
    assert [point.codec for point in stored.points] == ["local", "jpeg", "anytime", "mine.py:Grey"]
    for made, read in zip(POINTS, stored.points, strict=True):
        assert (read.spec, read.facts, read.label) == (made.spec, made.facts, made.label)
        assert (read.circumstances, read.ideal_bytes_mean) == (made.circumstances, made.ideal_bytes_mean)
        for name, expected in vars(made.measurement).items():
            found = getattr(read.measurement, name)
            np.testing.assert_array_equal(found, expected)
            assert getattr(found, "dtype", None) == getattr(expected, "dtype", None), name


def test_the_same_measurements_give_the_same_bytes_and_others_do_not(file, tmp_path):
    again, fewer = tmp_path / "again.parquet", tmp_path / "fewer.parquet"
    write_measurements(again, POINTS, LABELS, ABOUT)
    write_measurements(fewer, POINTS[1:], LABELS, ABOUT)
    assert again.read_bytes() == file.read_bytes() != fewer.read_bytes()
    assert read_measurements(again).sha256 == read_measurements(file).sha256
    assert [path.name for path in file.parent.iterdir()] == ["four.parquet"]


def test_any_reader_of_parquet_finds_the_columns(file):
    table = pq.read_table(file)
    assert table.column_names[:3] == ["label", "local bytes", "local correct"]
    assert "anytime(split=layer2)@1500 bytes" in table.column_names
    assert len(table) == 4


def test_a_large_file_is_small_and_read_at_once_without_torch(tmp_path):
    many = [evaluated({"id": "c", "level": level}, (100, 300, 500), images=4_000) for level in range(30)]
    path = tmp_path / "many.parquet"
    write_measurements(path, many, np.zeros(4_000, dtype=np.int64), ABOUT)
    program = (
        "import sys, time\n"
        "start_s = time.process_time()\n"
        "from pathlib import Path\n"
        "from coinfer.simulator.measurement_file import read_measurements\n"
        f"read_measurements(Path({str(path)!r}))\n"
        "print(time.process_time() - start_s, 'torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    spent_s, torch = answer.stdout.split()
    assert float(spent_s) < 1.5
    assert torch == "False"
    assert path.stat().st_size < 1_000_000


def damage(file, how):
    table = pq.read_table(file)
    about = json.loads(table.schema.metadata[KEY])
    if how == "layout":
        about["layout"] = 99
    if how == "column":
        table = table.drop_columns(["local bytes"])
    if how == "points":
        del about["points"]
    if how == "number":
        sizes = table["local bytes"].to_numpy().copy()
        sizes[0] ^= 32
        place = table.column_names.index("local bytes")
        table = table.set_column(place, "local bytes", pa.array(sizes))
    metadata = {**table.schema.metadata, KEY: json.dumps(about)}
    if how in ("foreign", "seal"):
        del metadata[{"foreign": KEY, "seal": SEAL}[how]]
    pq.write_table(table.replace_schema_metadata(metadata), file)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("layout", "expected layout 2, got 99; run 'coinfer evaluate' again"),
        ("column", "expected a whole file of 'coinfer evaluate' (altered or damaged); make it again"),
        ("points", "expected a whole file of 'coinfer evaluate' (altered or damaged); make it again"),
        ("number", "expected a whole file of 'coinfer evaluate' (altered or damaged); make it again"),
        ("seal", "expected a whole file of 'coinfer evaluate' (b'coinfer.sha256'); make it again"),
        ("foreign", "expected a whole file of 'coinfer evaluate' (b'coinfer'); make it again"),
    ],
)
def test_a_file_that_lacks_something_is_refused(file, how, problem):
    damage(file, how)
    with pytest.raises(InputError) as caught:
        read_measurements(file)
    assert str(caught.value) == f"{file}: {problem}"


def test_no_flipped_bit_goes_unnoticed(file):
    """A value's, or a name's: it is told in a line, or the file means what it meant."""
    rng, whole, before = np.random.default_rng(0), file.read_bytes(), read_measurements(file)
    for place in rng.integers(0, len(whole), 200).tolist():
        altered = bytearray(whole)
        altered[place] ^= 1 << int(rng.integers(0, 8))
        file.write_bytes(altered)
        try:
            found = read_measurements(file)
        except InputError:
            continue
        assert found.about == before.about
        for one, other in zip(found.points, before.points, strict=True):
            np.testing.assert_array_equal(one.measurement.payload_bytes, other.measurement.payload_bytes)
            np.testing.assert_array_equal(one.measurement.correct, other.measurement.correct)


@pytest.mark.parametrize("kept", [0, 10, 1_000, -1])
def test_a_truncated_file_is_refused(file, kept):
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(InputError, match="expected a whole file of 'coinfer evaluate'"):
        read_measurements(file)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_measurements(tmp_path / "gone.parquet")
