"""What is sold, where it is, and which location serves an order."""
