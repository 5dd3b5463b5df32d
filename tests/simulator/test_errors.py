from coinfer.simulator.errors import (
    CoinferError,
    InputError,
    ProfileError,
    ScenarioError,
    nearest,
    suggestion,
)


def test_only_wrong_input_ends_with_exit_code_2() -> None:
    assert CoinferError.exit_code == 1
    assert {InputError.exit_code, ProfileError.exit_code, ScenarioError.exit_code} == {2}
    assert issubclass(InputError, CoinferError)


def test_nearest_ignores_case_and_gives_up_on_strangers() -> None:
    assert nearest("AECN", ["raw", "aecnn"]) == "aecnn"
    assert nearest("zip", ["raw", "aecnn"]) is None
    assert nearest("zip", []) is None


def test_a_suggestion_names_the_nearest_word_or_all() -> None:
    assert suggestion("rwa", ["raw", "aecnn"]) == ", did you mean 'raw'?"
    assert suggestion("zip", ["raw", "aecnn"]) == "; known: aecnn, raw"
