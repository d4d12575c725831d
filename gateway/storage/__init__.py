"""Tables, migrations and the unit of work; the same statements run on SQLite and on PostgreSQL."""
