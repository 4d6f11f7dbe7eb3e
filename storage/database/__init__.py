"""The published plan in SQL: SQLite embedded, PostgreSQL in production, by SQLAlchemy Core."""
