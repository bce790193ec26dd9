-- The triggers go with it, wherever they are.
DROP FUNCTION orderwatch.notify_stock CASCADE;
