"""The wireless link: fading, rate, capacity over time, and sharing."""
