-- The database roles of orderwatch, and all that each of them may do.
--
--   orderwatch_migrator   owns schema orderwatch; runs `orderwatch migrate` and `trendyol forget-account`
--   orderwatch_daemon     runs everything else: `orderwatch run` and the other commands
--   orderwatch_reader     looks: dashboards and reports, without codes, accounts and customers' data
--
-- None of them can log in and none has a password. Give them to users of your own:
--
--   psql -d shop -f config/roles.sql
--   CREATE ROLE orderwatch LOGIN PASSWORD '…' IN ROLE orderwatch_daemon;
--   CREATE ROLE orderwatch_deploy LOGIN PASSWORD '…' IN ROLE orderwatch_migrator;
--   ALTER ROLE orderwatch_deploy SET role = 'orderwatch_migrator';  -- what it makes belongs to the role
--
-- Run it as a superuser, or as the owner of the database and once more as the owner of each application's
-- tables: what the one may not grant is named by a warning. Run it again after each `orderwatch migrate`; it
-- takes away what it does not list from the tables that it names. docs/install.md has the steps in order.
--
-- `orderwatch doctor` reads the list below, too: what it misses, and what the daemon's user may do beyond it.
BEGIN;
SET LOCAL lock_timeout = '5s';

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['orderwatch_migrator', 'orderwatch_daemon', 'orderwatch_reader'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- Made at the same moment, for another database of this server.
        END;
    END LOOP;
END
$$;

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO orderwatch_migrator, orderwatch_daemon, orderwatch_reader',
                   current_database());
    -- To make schema orderwatch, and the applications' tables where there are none yet.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO orderwatch_migrator', current_database());
    GRANT USAGE, CREATE ON SCHEMA public TO orderwatch_migrator;
    GRANT USAGE ON SCHEMA public TO orderwatch_daemon, orderwatch_reader;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'the database or schema public is not yours: run this file as their owner, too';
END
$$;

-- Where another role has migrated before, what it made is handed to the migrator.
DO $$
DECLARE
    migrator CONSTANT oid := 'orderwatch_migrator'::regrole;
    thing record;
BEGIN
    IF to_regnamespace('orderwatch') IS NULL THEN
        RAISE WARNING 'there is no schema orderwatch yet: run `orderwatch migrate` as a member of orderwatch_migrator, then this file again';
        RETURN;
    END IF;
    FOR thing IN
        SELECT n.nspowner AS owner, 'SCHEMA orderwatch' AS name FROM pg_namespace n WHERE n.nspname = 'orderwatch'
        UNION ALL
        SELECT c.relowner, CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass FROM pg_class c
        WHERE c.relnamespace = to_regnamespace('orderwatch') AND c.relkind IN ('r', 'p', 'S')
          -- The sequence of a column goes with its table.
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE (d.classid, d.objid) = ('pg_class'::regclass, c.oid)
                             AND d.deptype IN ('a', 'i'))
        UNION ALL
        SELECT p.proowner, 'FUNCTION ' || p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = to_regnamespace('orderwatch')
    LOOP
        CONTINUE WHEN thing.owner = migrator;
        -- It would be cut off from its own tables in the middle of a purchase.
        IF EXISTS (SELECT FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
                   WHERE a.datname = current_database() AND a.application_name = 'orderwatch'
                     AND a.usesysid = thing.owner AND NOT r.rolsuper) THEN
            RAISE EXCEPTION 'orderwatch runs as %, the owner of schema orderwatch: stop it, and start it again as a member of orderwatch_daemon',
                thing.owner::regrole;
        END IF;
        EXECUTE format('ALTER %s OWNER TO orderwatch_migrator', thing.name);
    END LOOP;
    GRANT USAGE ON SCHEMA orderwatch TO orderwatch_daemon, orderwatch_reader;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'schema orderwatch is not yours: run this file as its owner, too (%)', SQLERRM;
END
$$;

CREATE TEMPORARY TABLE orderwatch_rights (role text, side text, privileges text, columns text, relations text)
    ON COMMIT DROP;

-- One right a row: the role, for whose work, what, on which columns (all where none is named), of which
-- tables. "own" is schema orderwatch, everything else schema public. "stock" is what the Trendyol store
-- needs, "mirror" what keeping the warehouse's orders and returns (trendyol.mirror) or `orderwatch pick`
-- needs besides, "history" what is done without where it is refused. orders_* are all of the warehouse's
-- tables of orders, known to orderwatch or not.
INSERT INTO orderwatch_rights VALUES
    ('daemon', 'own', 'SELECT', '', 'created, installed, migrations'),
    -- Only ever added to: the timeline, what people did, and evidence. What has grown old leaves the timeline
    -- by prune_events, which takes nothing of an order that is open.
    ('daemon', 'own', 'SELECT, INSERT', '', 'events, actions, overwritten, unexplained'),
    ('daemon', 'own', 'EXECUTE', '', 'prune_events'),
    -- Never deleted: orders, what was bought, what is known of panels, products and the store.
    ('daemon', 'own', 'SELECT, INSERT, UPDATE', '', 'orders, purchases, coded_products, player_fields, delivery_times, pruned, panels, paces, feeds, order_delays, stock_items, stock_sends, stock_pauses, picking_outbox, claims, trendyol_account'),
    -- What is taken back, done, or grown old.
    ('daemon', 'own', 'SELECT, INSERT, DELETE', '', 'brakes, shadow, unsettled, readings'),
    ('daemon', 'own', 'SELECT, INSERT, UPDATE, DELETE', '', 'notices, job_runs, daemons, stats, packages, order_places, order_calls, stock_batches'),
    ('daemon', 'own', 'USAGE', '', 'stock_plans'),

    ('daemon', 'shop', 'SELECT', '', 'product_orders, integrations, package_routing, package_mappings, product_packages'),
    ('daemon', 'shop', 'UPDATE', 'status, providerId, externalOrderId, externalStatus, provider_referans, lastMessage, providerMessage, pinCode, notes, notesCount, sentAt, lastSyncAt, completedAt, durationMs, costAmount, costCurrency', 'product_orders'),
    ('daemon', 'shop', 'UPDATE', 'balance, balanceUpdatedAt', 'integrations'),
    ('daemon', 'shop', 'SELECT', 'tenantId, code, rate, isActive', 'currencies'),

    ('daemon', 'stock', 'SELECT', '', 'central_stock, stock_push_log, raf_urunleri, stock_movement, orders_*'),
    ('daemon', 'stock', 'SELECT', 'alias_barcode, main_barcode', 'barcode_aliases'),
    ('daemon', 'stock', 'SELECT', 'barcode, product_main_id, quantity', 'products'),
    ('daemon', 'stock', 'SELECT', 'barcode, extra_buffer', 'stock_listing_policy'),
    ('daemon', 'stock', 'SELECT', 'platform, extra_config', 'platform_configs'),
    ('daemon', 'stock', 'INSERT, UPDATE', 'push_time, total_items, total_quantity, reserved_quantity, batch_count, success, error_message, duration_seconds', 'stock_push_log'),
    ('daemon', 'stock', 'UPDATE', 'qty, updated_at, last_push_date', 'central_stock'),
    ('daemon', 'stock', 'UPDATE', 'adet', 'raf_urunleri'),

    -- A row that is moved takes along every column that both tables have.
    ('daemon', 'mirror', 'INSERT', '', 'orders_created, orders_picking, orders_shipped, orders_delivered, orders_cancelled'),
    ('daemon', 'mirror', 'DELETE', '', 'orders_created, orders_hazirlaniyor, orders_picking, orders_ready_to_ship, orders_shipped, orders_delivered, orders_cancelled'),
    ('daemon', 'mirror', 'UPDATE', 'order_number, order_date, status, customer_id, customer_name, customer_surname, customer_address, merchant_sku, product_barcode, product_name, product_code, product_size, product_color, product_main_id, stockCode, line_id, details, quantity, amount, discount, commission, vat_base_amount, currency_code, shipment_package_id, package_number, shipping_barcode, cargo_tracking_number, cargo_provider_name, cargo_tracking_link, origin_shipment_date, estimated_delivery_start, estimated_delivery_end, agreed_delivery_date, last_modified_date, updated_at, picking_start_time, picked_by, shipping_time, delivery_date, cancellation_date, cancellation_reason', 'orders_created, orders_hazirlaniyor, orders_picking, orders_ready_to_ship, orders_shipped, orders_delivered, orders_cancelled'),
    ('daemon', 'mirror', 'SELECT', '', 'return_orders, return_products'),
    ('daemon', 'mirror', 'INSERT', 'id, order_number, return_request_number, status, return_date, process_date, customer_first_name, customer_last_name, cargo_tracking_number, cargo_provider_name, cargo_sender_number, cargo_tracking_link, return_reason, customer_explanation, refund_amount', 'return_orders'),
    ('daemon', 'mirror', 'UPDATE', 'status, process_date, cargo_tracking_number, cargo_provider_name, cargo_sender_number, cargo_tracking_link, refund_amount', 'return_orders'),
    ('daemon', 'mirror', 'INSERT', 'id, return_order_id, barcode, product_name, size, color, quantity, reason, return_to_stock', 'return_products'),
    ('daemon', 'mirror', 'UPDATE', 'claim_line_item_id', 'return_products'),
    ('daemon', 'mirror', 'UPDATE', 'quantity', 'products'),
    ('daemon', 'mirror', 'INSERT', 'created_at, barcode, shelf_code, delta, reason, order_number, idempotency_key, source, note', 'stock_movement'),
    ('daemon', 'history', 'INSERT', 'ts, order_number, package_number, barcode, event_type, status_from, status_to, quantity, source, severity, message, details', 'order_audit_logs'),

    -- By these `orderwatch adopt` sees who sends orders and stock before the switch-over.
    ('daemon', 'history', 'SELECT', 'platform, is_active', 'platform_configs'),
    ('daemon', 'history', 'SELECT', 'platform, created_at', 'sync_sessions'),
    ('daemon', 'history', 'SELECT', 'name, task, enabled, last_run_at', 'django_celery_beat_periodictask'),

    -- Triggers on the warehouse's tables, and tables beside them. What the shop's tables need, only their
    -- owner can do: see below.
    ('migrator', 'stock', 'SELECT, REFERENCES, TRIGGER', '', 'central_stock, return_orders, orders_*'),

    -- Columns are named where a table also holds what a dashboard must not show: codes, passwords, the panels'
    -- answers, names and addresses.
    ('reader', 'own', 'SELECT', '', 'purchases, readings, overwritten, unexplained, unsettled, coded_products, player_fields, delivery_times, shadow, pruned, actions, brakes, panels, paces, job_runs, daemons, stats, order_places, order_calls, feeds, order_delays, stock_items, stock_batches, stock_sends, stock_pauses, claims, created, installed, migrations'),
    ('reader', 'own', 'SELECT', 'order_id, tenant_id, integration_id, reference, stage, held_reason, due_at, tracked_at, dispatched_at, sent_at, give_up_at, finished_at, processing, attempts, errors, unknowns, may_resend, fell_back, outcome, package_id, waited_at, row_lost, loss_accepted', 'orders'),
    ('reader', 'own', 'SELECT', 'order_id, id, at, kind', 'events'),
    ('reader', 'own', 'SELECT', 'id, endpoint, order_id, tenant_id, created_at, due_at, attempts, delivered_at, given_up_at', 'notices'),
    ('reader', 'own', 'SELECT', 'package_id, order_number, status, effect, changed_at, first_seen_at, last_seen_at, taken_at, unpicked, late, mirrored, released_at, released_by, release_reason, transferred, owing, recorded_at, asked_in_vain, barcodes', 'packages'),
    ('reader', 'own', 'SELECT', 'package_id, order_number, written_at, due_at, tries, reported_at', 'picking_outbox'),
    ('reader', 'own', 'SELECT', 'seller_id, environment, since, webhook_checked_at, webhook_silent_since', 'trendyol_account'),
    ('reader', 'shop', 'SELECT', 'id, tenantId, orderNo, status, productId, packageId, quantity, sellPriceCurrency, sellPriceAmount, price, costCurrency, costAmount, profitAmount, providerId, externalOrderId, externalStatus, provider_referans, attempts, notesCount, sentAt, lastSyncAt, completedAt, durationMs, createdAt', 'product_orders'),
    ('reader', 'shop', 'SELECT', 'id, tenantId, name, provider, scope, enabled, balance, balanceUpdatedAt, createdAt', 'integrations'),
    ('reader', 'shop', 'SELECT', 'id, tenantId, name, product_id', 'product_packages'),
    ('reader', 'shop', 'SELECT', 'tenantId, package_id, mode, providerType, primaryProviderId, fallbackProviderId', 'package_routing'),
    ('reader', 'shop', 'SELECT', 'tenantId, our_package_id, provider_api_id, provider_package_id', 'package_mappings'),
    ('reader', 'stock', 'SELECT', '', 'central_stock, stock_push_log, raf_urunleri'),
    ('reader', 'stock', 'SELECT', 'order_number, order_date, status, product_barcode, product_name, quantity, amount, created_at, updated_at', 'orders_*'),
    ('reader', 'stock', 'SELECT', 'id, order_number, return_request_number, status, return_date, process_date, return_reason, refund_amount', 'return_orders'),
    ('reader', 'stock', 'SELECT', 'return_order_id, barcode, quantity, reason', 'return_products');

-- What of the list is here: older databases lack some columns, and one of a single application has only that
-- one's tables.
CREATE TEMPORARY TABLE orderwatch_found ON COMMIT DROP AS
SELECT c.oid AS relation, c.relkind = 'S' AS is_sequence, r.side, 'orderwatch_' || r.role AS role, privilege,
       -- NULL where none of the columns is here: then there is nothing to grant.
       CASE WHEN r.columns = '' THEN ''
            ELSE (SELECT format(' (%s)', string_agg(quote_ident(a.attname), ', ')) FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND a.attname = ANY (string_to_array(r.columns, ', '))
                  HAVING count(*) > 0) END AS columns
FROM orderwatch_rights r
CROSS JOIN unnest(string_to_array(r.privileges, ', ')) AS privilege
CROSS JOIN unnest(string_to_array(r.relations, ', ')) AS name
JOIN pg_class c ON c.relnamespace = to_regnamespace(CASE r.side WHEN 'own' THEN 'orderwatch' ELSE 'public' END)
 AND c.relkind IN ('r', 'p', 'S')
 AND CASE name WHEN 'orders_*'
     THEN (c.relname LIKE 'orders\_%' OR c.relname = 'archive') AND to_regclass('public.central_stock') IS NOT NULL
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'order_number'
                         AND NOT a.attisdropped)
     ELSE c.relname = name END;

DO $$
DECLARE
    t record;
    r record;
BEGIN
    FOR t IN
        SELECT c.oid::regclass AS relation, c.relowner::regrole AS owner, pg_has_role(c.relowner, 'USAGE') AS ours
        FROM pg_class c
        WHERE c.oid IN (SELECT relation FROM orderwatch_found)
           OR c.relnamespace = to_regnamespace('orderwatch') AND c.relkind IN ('r', 'p', 'S')
        ORDER BY c.oid
    LOOP
        IF NOT t.ours THEN
            RAISE WARNING '% belongs to %, so its rights stay as they are: run this file as %, too', t.relation, t.owner, t.owner;
            CONTINUE;
        END IF;
        -- What was granted before and is not listed any more.
        EXECUTE format('REVOKE ALL ON %s FROM orderwatch_daemon, orderwatch_reader', t.relation);
        FOR r IN
            SELECT f.role, f.is_sequence, string_agg(f.privilege || f.columns, ', ') AS rights
            FROM orderwatch_found f WHERE f.relation = t.relation GROUP BY 1, 2
        LOOP
            CONTINUE WHEN r.rights IS NULL;
            EXECUTE format('GRANT %s ON %s %s TO %I', r.rights, CASE WHEN r.is_sequence THEN 'SEQUENCE' END,
                           t.relation, r.role);
        END LOOP;
    END LOOP;

    -- The numbers of rows that are inserted into the applications' tables.
    FOR r IN
        SELECT DISTINCT f.role, d.refobjid::regclass AS sequence
        FROM orderwatch_found f
        JOIN pg_attrdef a ON a.adrelid = f.relation
        JOIN pg_depend d ON (d.classid, d.objid, d.refclassid) = ('pg_attrdef'::regclass, a.oid, 'pg_class'::regclass)
        JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
        WHERE f.privilege = 'INSERT' AND pg_has_role(s.relowner, 'USAGE')
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', r.sequence, r.role);
    END LOOP;

    FOR r IN
        SELECT p.oid::regprocedure AS routine, 'orderwatch_' || w.role AS role
        FROM orderwatch_rights w JOIN pg_proc p ON p.proname = ANY (string_to_array(w.relations, ', '))
         AND p.pronamespace = to_regnamespace('orderwatch') AND pg_has_role(p.proowner, 'USAGE')
        WHERE w.privileges = 'EXECUTE'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', r.routine, r.role);
    END LOOP;
END
$$;

-- What is missing here, in words.
DO $$
DECLARE
    side record;
    t record;
BEGIN
    FOR side IN SELECT * FROM (VALUES ('shop', 'shop'), ('stock', 'warehouse')) AS s (name, words)
                WHERE NOT EXISTS (SELECT FROM orderwatch_found f WHERE f.side = s.name AND f.role = 'orderwatch_daemon') LOOP
        RAISE NOTICE 'no tables of the % are here; run this file again once there are', side.words;
    END LOOP;
    -- A column and indexes can only be added by a table's owner, or by somebody who is a member of it.
    FOR t IN
        SELECT c.relowner::regrole AS owner, r.rolsuper, string_agg(c.oid::regclass::text, ', ' ORDER BY c.relname) AS names
        FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE c.oid IN (to_regclass('public.product_orders'), to_regclass('public.package_routing'),
                        to_regclass('public.package_mappings'))
          AND NOT pg_has_role('orderwatch_migrator', c.relowner, 'USAGE')
        GROUP BY 1, 2
    LOOP
        IF t.rolsuper THEN
            RAISE NOTICE '% belong to %: migrate as that role, or give them to another one', t.names, t.owner;
        ELSE
            RAISE NOTICE '% belong to %: GRANT % TO orderwatch_migrator before `orderwatch migrate`, and REVOKE it afterwards',
                t.names, t.owner, t.owner;
        END IF;
    END LOOP;
END
$$;
COMMIT;
