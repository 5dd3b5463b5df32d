"""The simulator's own classes against closed forms and published values: what `coinfer validate` runs."""
