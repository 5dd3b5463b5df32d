"""Discrete-event simulation of device-edge co-inference over a wireless uplink."""
