from tests.support.postgres import database_kind, postgres_server

__all__ = ["database_kind", "postgres_server"]
