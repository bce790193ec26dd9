ALTER INDEX orderwatch.packages_by_barcode RESET (fastupdate);
