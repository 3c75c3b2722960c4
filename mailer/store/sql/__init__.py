"""The parts of a store, in SQL that SQLite and PostgreSQL both speak."""
