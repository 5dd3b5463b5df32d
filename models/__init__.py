"""Split ResNet-50, AECNN modules, datasets, training and checkpoints."""
