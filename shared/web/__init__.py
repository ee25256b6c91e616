"""HTTP for every service: the app, authentication, problems, idempotency, live views and pages."""
