"""Who stands where: pure, exact, and the only place that compares candidates."""
