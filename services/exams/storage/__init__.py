"""What the exams service keeps."""
