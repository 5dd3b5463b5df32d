"""Codecs: images or feature maps to bytes, and bytes to class scores."""  # noqa: A005
