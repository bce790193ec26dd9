-- Which orders of the shop are to be bought, which were sent and by whom: said here once, asked by
-- every statement. The server puts the bodies in place of the calls, so that they match the partial
-- indexes, whose predicates repeat them (0009, 0010): an index must not call functions of ours, for
-- the shop's own role evaluates it and need not have any right in this schema.
--
-- Words are compared as in the collation "C": lower('PENDING') is not 'pending' in Turkish.

CREATE FUNCTION orderwatch.is_pending(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(status COLLATE "C") = 'pending'
$$;
COMMENT ON FUNCTION orderwatch.is_pending IS 'The shop waits for somebody to send the order, or for its result.';

CREATE FUNCTION orderwatch.is_open(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(status COLLATE "C") NOT IN (
        'approved', 'rejected', 'completed', 'done', 'failed', 'cancelled', 'canceled', 'refunded')
$$;
COMMENT ON FUNCTION orderwatch.is_open IS 'Nobody has decided the order, whatever words the shop has for an order on its way.';

CREATE FUNCTION orderwatch.is_number(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT name ~ '^\s*[0-9]+\s*$'
$$;
COMMENT ON FUNCTION orderwatch.is_number IS 'A reference of a panel, as opposed to the name that a customer of the Client API gave.';

CREATE FUNCTION orderwatch.is_forwarded(order_id uuid, external_status text, external_order_id text)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(external_status COLLATE "C") = 'forwarded'
        OR COALESCE(external_order_id LIKE 'stub-%' AND external_order_id <> 'stub-' || order_id, false)
$$;
COMMENT ON FUNCTION orderwatch.is_forwarded IS 'Part of a chain of tenants: "stub-" and the id of the neighbour. The shop sends and follows these.';

-- A customer of the Client API names the order, in "externalOrderId" and provider_referans alike. Any
-- other name there, a number above all, is a sign that somebody sent it. A number in both columns
-- passes and is held later, so that somebody hears of it.
CREATE FUNCTION orderwatch.is_uuid(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT name ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
$$;

CREATE FUNCTION orderwatch.is_unsent(
    status text, external_status text, no_time boolean, external_order_id text, referans text,
    chained boolean)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT orderwatch.is_pending(status)
       AND lower(external_status COLLATE "C") = 'not_sent'
       AND no_time
       AND (COALESCE(btrim(external_order_id), '') = ''
            OR CASE WHEN external_order_id LIKE 'stub-%' THEN chained
                    ELSE external_order_id = referans OR orderwatch.is_uuid(external_order_id) END)
$$;
COMMENT ON FUNCTION orderwatch.is_unsent IS 'Nobody has sent the order. no_time: "sentAt" IS NULL; chained: dispatch.buy_chained.';

CREATE FUNCTION orderwatch.may_go_to(provider_id text, panel text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(btrim(provider_id), '') = '' OR provider_id IS NOT DISTINCT FROM panel
$$;
COMMENT ON FUNCTION orderwatch.may_go_to IS 'The order''s row names no provider, or the one that it is routed to.';

-- A claim of ours writes the order's id into "externalOrderId", or leaves the customer's name there
-- and replaces it in provider_referans: after a claim the two are not the same any more.
CREATE FUNCTION orderwatch.names_other(
    order_id uuid, external_order_id text, referans text, claimed boolean, chained boolean)
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(btrim(external_order_id), '') <> ''
       AND external_order_id <> order_id::text
       AND CASE WHEN orderwatch.is_number(external_order_id) THEN true
                WHEN external_order_id LIKE 'stub-%' THEN NOT chained
                ELSE NOT (orderwatch.is_uuid(external_order_id)
                          OR COALESCE(external_order_id = referans, false) OR claimed) END
$$;
COMMENT ON FUNCTION orderwatch.names_other IS '"externalOrderId" says that somebody else has sent or forwarded the order. claimed: we have given it a reference; chained: dispatch.buy_chained.';

CREATE FUNCTION orderwatch.kept_name(order_id uuid, external_order_id text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN COALESCE(btrim(external_order_id), '') = '' OR external_order_id LIKE 'stub-%'
                THEN order_id::text ELSE external_order_id END
$$;
COMMENT ON FUNCTION orderwatch.kept_name IS '"externalOrderId" of an order that we send: a customer of the Client API asks for it by the name that stands there.';

CREATE FUNCTION orderwatch.given_reference(referans text, external_order_id text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN referans = external_order_id AND NOT orderwatch.is_number(referans) THEN NULL
                ELSE NULLIF(btrim(referans), '') END
$$;
COMMENT ON FUNCTION orderwatch.given_reference IS 'What provider_referans says about a purchase; NULL where it is the customer''s own name for the order.';

CREATE FUNCTION orderwatch.is_in_flight(status text, external_status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT orderwatch.is_open(status)
       AND lower(external_status COLLATE "C") NOT IN (
               'not_sent', 'forwarded', 'completed', 'delivered', 'done', 'failed', 'rejected',
               'cancelled', 'canceled')
$$;
COMMENT ON FUNCTION orderwatch.is_in_flight IS 'Sent, if it has a "sentAt", and neither decided nor final, whatever words the row carries.';

CREATE FUNCTION orderwatch.asked_by(referans text, external_order_id text, order_no text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN orderwatch.is_number(referans) THEN btrim(referans)
                WHEN orderwatch.is_number(external_order_id)
                     AND btrim(external_order_id) IS DISTINCT FROM order_no THEN btrim(external_order_id)
                ELSE COALESCE(NULLIF(btrim(referans), ''), NULLIF(external_order_id, order_no)) END
$$;
COMMENT ON FUNCTION orderwatch.asked_by IS 'The reference of a purchase that the shop made: a number where there is one. The shop''s own order number, which staff''s dispatch leaves in "externalOrderId", is none.';

-- Staff and the panel contradict each other: why the order is held, and its row left alone.
CREATE FUNCTION orderwatch.contradiction(
    status text, external_status text, row_pin text, delivered boolean, not_delivered boolean, pin text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN delivered AND (
            lower(status COLLATE "C") IN ('rejected', 'failed', 'cancelled', 'canceled', 'refunded')
            OR lower(external_status COLLATE "C") IN ('failed', 'rejected', 'cancelled', 'canceled')
            -- Another code than ours: it was delivered another way.
            -- The shop's own poller stores the panel's " - " as a code.
            OR pin IS NOT NULL AND row_pin !~ '^[\s-]*$' AND btrim(row_pin) <> btrim(pin))
            THEN 'decided_then_delivered'
        WHEN not_delivered AND lower(status COLLATE "C") IN ('approved', 'completed', 'done')
            THEN 'decided_then_cancelled'
        END
$$;

-- What `notes` holds as a list, whatever is in it: NULL and {} are no note.
CREATE FUNCTION orderwatch.notes_of(notes jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN notes IS NULL OR notes IN ('null', '{}') THEN '[]'::jsonb
                WHEN jsonb_typeof(notes) = 'array' THEN notes
                ELSE jsonb_build_array(notes) END
$$;

CREATE FUNCTION orderwatch.note(said text, said_at timestamptz) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_array(jsonb_build_object('by', 'system', 'text', said,
        'at', to_char(said_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
$$;
COMMENT ON FUNCTION orderwatch.note IS 'A list of one note, as the shop writes them.';
