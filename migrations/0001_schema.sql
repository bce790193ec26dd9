-- Our own schema, and the list of what the migrations create in the applications' schema:
-- only what is listed here may be dropped again.
CREATE SCHEMA IF NOT EXISTS orderwatch;

CREATE TABLE orderwatch.created (
    kind text NOT NULL CHECK (kind IN ('table', 'column')),
    name text NOT NULL,
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE orderwatch.created IS
    'Objects in schema public that did not exist before the migrations made them.';

-- Since when orderwatch is here: what is older was never its business.
CREATE TABLE orderwatch.installed (at timestamptz NOT NULL);
INSERT INTO orderwatch.installed VALUES (now());
COMMENT ON TABLE orderwatch.installed IS 'One row: when orderwatch came to this database.';
