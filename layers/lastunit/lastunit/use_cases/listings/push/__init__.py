"""Pushing quantities to channels, absolute numbers and increments."""
