DROP FUNCTION orderwatch.notices_about(
    uuid, uuid, text, text, text, text, numeric, timestamptz, text[], uuid[]);
DROP TABLE orderwatch.notices;
