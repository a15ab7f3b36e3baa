"""Channels, locations, SKUs and listings as a person configures them."""
