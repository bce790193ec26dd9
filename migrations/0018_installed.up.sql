-- Since when orderwatch is here: what is older was never its business.
CREATE TABLE orderwatch.installed (at timestamptz NOT NULL);
INSERT INTO orderwatch.installed VALUES (now());
COMMENT ON TABLE orderwatch.installed IS 'One row: when orderwatch came to this database.';
