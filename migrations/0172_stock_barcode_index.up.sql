-- A pass asks for hundreds of barcodes in a row. What fastupdate leaves waiting would be read through by each of
-- these queries until the next vacuum.
ALTER INDEX orderwatch.packages_by_barcode SET (fastupdate = off);
