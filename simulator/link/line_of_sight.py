"""Line of sight: whether a device sees its base station, consistently over the plane."""

import numpy as np
from numpy.typing import NDArray
from scipy import special


def line_of_sight(probability: NDArray[np.float64], field_values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which places see the base station: those where Phi(G) < p.

    G is a field of N(0, 1) values (`CorrelatedField`), so Phi(G) is uniform: a place is in sight with
    exactly its probability, and places close together are alike.

    Args:
        probability: The probability of a line of sight at each place, of any shape.
        field_values: The value of the field at each place, of the same shape.

    Returns:
        Whether each place is in sight, of the same shape.

    References:
        3GPP TR 38.901, section 7.6.3.3 (the hard state, without its soft transition).

    Examples:
        >>> line_of_sight(np.array([1.0, 0.6, 0.4, 0.0]), np.zeros(4)).tolist()
        [True, True, False, False]
    """
    return np.asarray(special.ndtr(field_values) < probability)
