"""How the exams service is reached: by people and by events."""
