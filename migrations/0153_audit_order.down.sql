DROP FUNCTION orderwatch.audit_order(text, text, text, jsonb);
