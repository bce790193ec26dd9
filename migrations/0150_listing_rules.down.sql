DROP FUNCTION orderwatch.listing_rules();
DROP FUNCTION orderwatch.empties_what_no_shelf_has();
