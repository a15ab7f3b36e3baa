"""What every channel kind does alike."""
