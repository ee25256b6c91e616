"""What operators see: every metric in metrics.py, and logs."""
