import pytest

from coinfer.simulator.link.nr_tables import mcs_table

# The spectral efficiency column of TS 38.214, Tables 5.1.3.1-1 and 5.1.3.1-2: it follows from Q_m and R.
EFFICIENCIES = {
    1: "0.2344 0.3066 0.3770 0.4902 0.6016 0.7402 0.8770 1.0273 1.1758 1.3262 1.3281 1.4766 1.6953 "
    "1.9141 2.1602 2.4063 2.5703 2.5664 2.7305 3.0293 3.3223 3.6094 3.9023 4.2129 4.5234 4.8164 "
    "5.1152 5.3320 5.5547",
    2: "0.2344 0.3770 0.6016 0.8770 1.1758 1.4766 1.6953 1.9141 2.1602 2.4063 2.5703 2.7305 3.0293 "
    "3.3223 3.6094 3.9023 4.2129 4.5234 4.8164 5.1152 5.3320 5.5547 5.8906 6.2266 6.5703 6.9141 "
    "7.1602 7.4063",
}


@pytest.mark.parametrize("number", [1, 2])
def test_efficiencies_are_the_published_ones(number):
    published = [float(value) for value in EFFICIENCIES[number].split()]
    assert [mcs.efficiency for mcs in mcs_table(number)] == pytest.approx(published, abs=5.1e-5)


def test_modulations_change_at_the_published_indices():
    assert [mcs.bits_per_symbol for mcs in mcs_table(1)] == [2] * 10 + [4] * 7 + [6] * 12
    assert [mcs.bits_per_symbol for mcs in mcs_table(2)] == [2] * 5 + [4] * 6 + [6] * 9 + [8] * 8


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match="no MCS table 3"):
        mcs_table(3)
