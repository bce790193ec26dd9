DROP FUNCTION orderwatch.name_pieces(uuid[], text[]);
