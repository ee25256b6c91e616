"""PostgreSQL: the pool, named queries, and the audit trail."""
