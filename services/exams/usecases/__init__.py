"""What the exams service does: one file for each thing, one transaction each."""
