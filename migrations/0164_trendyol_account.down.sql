DROP TABLE orderwatch.trendyol_account;
