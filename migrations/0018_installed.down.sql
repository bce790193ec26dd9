DROP TABLE orderwatch.installed;
