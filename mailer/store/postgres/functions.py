"""The functions that the store's SQL uses and PostgreSQL lacks: SQLite's, with the same results, and one more."""

WRITER = 7_305_001
"""The advisory lock of a writing transaction."""

MOVED_STATE = "ML001"
"""SQLSTATE of `begin_writing` in a store that was copied to another one, whose place is the message."""

FUNCTIONS = (
    # one way to the server; each statement in it sees what was committed before it got the lock
    f"""CREATE OR REPLACE FUNCTION begin_writing() RETURNS VOID LANGUAGE plpgsql AS $$
    DECLARE moved_to TEXT;
    BEGIN
        PERFORM pg_advisory_xact_lock({WRITER});
        SELECT place INTO moved_to FROM moved;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = '{MOVED_STATE}', MESSAGE = moved_to;
        END IF;
    END $$""",
    # the elements of an array, or the values of an object, each as text; ROWS: of a batch. The planner would
    # expect 1,000, and read a whole table for them.
    """CREATE OR REPLACE FUNCTION json_each(document TEXT, OUT key TEXT, OUT value TEXT) RETURNS SETOF RECORD
    LANGUAGE plpgsql IMMUTABLE STRICT ROWS 20 AS $$
    BEGIN
        IF json_typeof(document::json) = 'object' THEN
            RETURN QUERY SELECT o.key, o.value FROM json_each_text(document::json) o;
        ELSE
            RETURN QUERY SELECT (a.number - 1)::text, a.value
                FROM json_array_elements_text(document::json) WITH ORDINALITY a(value, number);
        END IF;
    END $$""",
    # of objects whose values are text (RFC 7396): keys keep their places, new ones are added at the end
    """CREATE OR REPLACE FUNCTION json_patch(document TEXT, patch TEXT) RETURNS TEXT
    LANGUAGE sql IMMUTABLE STRICT AS $$
        SELECT '{' || coalesce(string_agg(
            to_json(key)::text || ':' || to_json(value)::text, ',' ORDER BY place), '') || '}'
        FROM (
            SELECT key, (array_agg(value ORDER BY number DESC))[1] AS value, min(number) AS place
            FROM (SELECT key, value, row_number() OVER () AS number FROM (
                SELECT key, value FROM json_each_text(document::json)
                UNION ALL SELECT key, value FROM json_each_text(patch::json)) both_of_them) numbered
            GROUP BY key
        ) merged
    $$""",
    """CREATE OR REPLACE FUNCTION json_array_add(elements TEXT, value TEXT) RETURNS TEXT
    LANGUAGE sql IMMUTABLE AS $$
        SELECT elements || CASE elements WHEN '[' THEN '' ELSE ',' END || to_json(value)::text
    $$""",
    """CREATE OR REPLACE FUNCTION json_array_end(elements TEXT) RETURNS TEXT
    LANGUAGE sql IMMUTABLE AS $$ SELECT elements || ']' $$""",
    """CREATE OR REPLACE AGGREGATE json_group_array(TEXT) (
        SFUNC = json_array_add, STYPE = TEXT, INITCOND = '[', FINALFUNC = json_array_end)""",
    """CREATE OR REPLACE FUNCTION instr(document TEXT, part TEXT) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE AS $$ SELECT strpos(document, part) $$""",
)
