"""What may be recorded of whom, where and until when."""
