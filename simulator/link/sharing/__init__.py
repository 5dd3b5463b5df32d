"""Ways of sharing one uplink among devices."""
