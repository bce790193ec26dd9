DROP FUNCTION orderwatch.note_pushed;
DROP FUNCTION orderwatch.add_row;
