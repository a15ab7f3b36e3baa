"""The outside world behind the ports; vendor errors become domain errors here."""
